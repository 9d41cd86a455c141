"""Composes a branch: a run that begins at a checkpoint of another run, its trunk, and goes on with another schedule.

It keeps what the trunk's state depends on: model, data, optimizer, seed, batch size, precision. The rest may differ.
"""

import math
from fractions import Fraction
from pathlib import Path

from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from annealkit.configuration.composition import compose, parse
from annealkit.configuration.identity import run_name
from annealkit.configuration.schema import OPERATIONAL
from annealkit.configuration.stored_settings import build_curve
from annealkit.curve.rates import learning_rates
from annealkit.curve.span import Run, parse_duration
from annealkit.errors import ConfigError, RunError, did_you_mean
from annealkit.fields.checks import check_choice, check_duration
from annealkit.groups import GROUPS
from annealkit.jobs.trunk import STATE, Trunk, read_trunk, trunks_of_branches
from annealkit.plugin_system.registry import Registry
from annealkit.runs.checkpoint import Checkpoints
from annealkit.runs.folder import CHECKPOINTS, RunFolder
from annealkit.start_tensorflow import start_tensorflow

HOLD, STRETCH, REWARM = "hold", "stretch", "rewarm"
THEN = {
    HOLD: "keeps the last rate",
    STRETCH: "takes the schedule as if the run had been this long from its beginning",
    REWARM: "rises again from the last rate, over warmup.length, and follows the schedule once more",
}
OWN_WORDS = ("at", "length", "then")

_FREE = tuple(name for name, group in GROUPS.items() if group.free_in_branch)
_PLAIN = ("outputs", "rerun", "resume")
_KEPT = ("model", "data", "seed", "experiment")
_ACCUMULATION = "gradient_accumulation_steps"


def compose_branch(folder: Path, words: list[str], registry: Registry) -> DictConfig:
    """The configuration of a branch of the run in `folder`.

    Args:
        folder: of the trunk. It may be gone, and its checkpoints may be, once the branch has one of its own.
        words: `at=`, `length=`, `then=` and overrides, each with one value.
        registry: where parts come from.

    Raises:
        ConfigError: a word cannot be.
        RunError: the folder holds no run, or no checkpoint of that weight update.
    """
    own = {key: text for key, _, text in (word.partition("=") for word in words) if key in OWN_WORDS}
    overrides = parse([word for word in words if word.partition("=")[0] not in OWN_WORDS])
    for override in overrides:
        _refuse_what_is_kept(override, folder)
    if (folder / STATE).is_file():
        trunk = read_trunk(folder)
        config = _compose_branch(trunk, own, overrides, registry)
        _check_checkpoint(trunk, config, own.get("at"))
        return config
    outputs = next((Path(str(o.value())) for o in overrides if o.key_or_group == "outputs"), folder.parent)
    for branch, trunk in trunks_of_branches(folder, outputs):
        config = _compose_branch(trunk, own, overrides, registry)
        if branch.name == run_name(_root_=config) and _has_begun(branch, config):
            return config
    near = did_you_mean(folder.name, [path.parent.name for path in folder.parent.glob(f"*/{STATE}")])
    raise RunError(f"branch: {folder} holds no run (no {STATE}).{near} Name the folder of a run, as outputs/….")


def _compose_branch(trunk: Trunk, own: dict[str, str], overrides: list[Override], registry: Registry) -> DictConfig:
    """The configuration, whether or not there is a checkpoint to begin at."""
    given = [override.key_or_group for override in overrides]
    steps_per_epoch = trunk.span.steps_per_epoch
    at = _at(trunk, own.get("at"))
    length = _length(trunk, at, own.get("length"))
    curve = build_curve(trunk.node, registry)
    if curve.needs_tensorflow:  # Once it runs it cannot change its number of threads.
        threads = next((o.value() for o in overrides if o.key_or_group == "trainer.threads"), trunk.threads)
        start_tensorflow(threads if isinstance(threads, int) else None)
    last = float(curve.rates(steps_per_epoch)[at - 1])
    if "feedback" in given and trunk.settings["feedback"] != "none":
        last *= _scale(trunk, at)  # The scale that feedback has reached ends with the feedback.
    then = _then(own.get("then"), given, last)
    implied = {
        None: ["warmup=none"],
        HOLD: ["schedule=constant", "warmup=none", f"optimizer.lr={last!r}"],
        STRETCH: [],
        REWARM: ["warmup=linear"],
    }[then]
    config = _compose(trunk, [*(o for o in parse(implied) if o.key_or_group not in given), *overrides], registry)
    begins = at
    if then == STRETCH:
        begins = 0 if curve.branch is None else curve.branch.begins
    run = str(trunk.folder.absolute())
    config.branch = {"run": run, "at": at, "length": length, "begins": begins, "trunk": trunk.node}
    config.trainer.epochs = math.ceil((at + length) / steps_per_epoch)
    if "outputs" not in given:
        config.outputs = str(trunk.folder.parent)
    if "trainer.threads" not in given:
        config.trainer.threads = trunk.threads  # With others the trunk's bits could not be gone on from.
    if then == REWARM and "warmup.start" not in given and {"start", "length"} <= set(config.warmup):
        _start_warmup_at(last, config, Run(length, steps_per_epoch), registry)
    return config


def _start_warmup_at(rate: float, config: DictConfig, span: Run, registry: Registry) -> None:
    """Let the warmup of a branch of this length rise from that rate to the first one of the schedule."""
    schedule = registry.build("schedule", config.schedule)
    check_duration("warmup", "length", config.warmup.length, hint="warmup.length=5%")
    left = max(1, span.total_steps - span.steps(config.warmup.length))
    first = float(learning_rates(schedule, config.optimizer.lr, Run(left, span.steps_per_epoch))[0])
    if first < rate:
        raise ConfigError(
            f"branch: then=rewarm rises from the last rate, {rate:.4g}, to the first of the schedule, and that is "
            f"{first:.4g}. Try optimizer.lr={rate:.4g} or more, then=hold, or schedule=… without then=."
        )
    config.warmup.start = rate / first if first else 1.0


def _scale(trunk: Trunk, at: int) -> float:
    """What feedback had come to scale the trunk's rates by."""
    return float(Checkpoints(trunk.folder / CHECKPOINTS).at(at).state["progress"]["feedback"]["scale"])


def _has_begun(branch: Path, config: DictConfig) -> bool:
    """Whether the branch needs its trunk no more."""
    if config.rerun or not branch.is_dir():
        return False
    return bool(Checkpoints(branch / CHECKPOINTS).steps()) or RunFolder(branch).ended() is not None


def _check_checkpoint(trunk: Trunk, config: DictConfig, duration: str | None) -> None:
    """Refuse a branch that has yet to begin where there is no checkpoint for it, or none that can be read."""
    if _has_begun(Path(config.outputs) / run_name(_root_=config), config):
        return
    step = config.branch.at
    if step not in trunk.kept:
        asked = duration or f"{step}st"
        raise RunError(
            f"branch: at={asked} is weight update {step} of {trunk.folder}, and there is no checkpoint of it. "
            f"{trunk.where} To leave it elsewhere, train it again and keep one there: "
            f"trainer.keep_at=[{asked}], with rerun=true or another outputs=…."
        )
    Checkpoints(trunk.folder / CHECKPOINTS).at(step)


def _refuse_what_is_kept(override: Override, folder: Path) -> None:
    """A branch goes on from the trunk's state, so it cannot have what that state would not fit."""
    group, _, rest = override.key_or_group.partition(".")
    takes = (*OWN_WORDS, *_FREE, "optimizer", "trainer", *_PLAIN)
    if group not in (*takes, *_KEPT):
        near = did_you_mean(group, takes)
        raise ConfigError(f"{override.input_line}: there is no such key.{near} A branch takes {', '.join(takes)}.")
    if group == "trainer":
        allowed = rest in OPERATIONAL or rest.startswith("early_stopping")
    else:
        allowed = group in (*_FREE, *_PLAIN) or (group == "optimizer" and rest not in ("", _ACCUMULATION))
    if not allowed:
        raise ConfigError(
            f"{override.input_line}: a branch keeps the model, data, optimizer, seed and trainer of its trunk, "
            f"{folder}. It may have its own schedule, warmup, feedback, optimizer.lr and other settings of the "
            f"optimizer, trainer.early_stopping; its length is length=…. For another {group}, train a run of its own."
        )


def _at(trunk: Trunk, duration: str | None) -> int:
    """The weight update after which the branch leaves."""
    if duration is None:
        if trunk.end is None:
            raise ConfigError(f"branch: {trunk.folder} is {trunk.status}, so say where to leave it. {trunk.where}")
        return trunk.end
    _check_duration("at", duration, "80%")
    step = trunk.span.steps(duration)
    if step > trunk.span.total_steps:
        raise ConfigError(
            f"branch: at={duration} is weight update {step}, and {trunk.folder} has {trunk.span.total_steps}. "
            f"{trunk.where}"
        )
    return step


def _check_duration(word: str, duration: str, example: str) -> None:
    try:
        number, _ = parse_duration(duration)
    except ConfigError:
        number = Fraction(0)
    if number == 0:
        raise ConfigError(
            f"branch: {word} must be a duration longer than nothing: 2ep (epochs), 1500st (weight updates) or "
            f"{example} (of the whole length of the run that is left); got {duration!r}. Try {word}={example}."
        )


def _length(trunk: Trunk, at: int, duration: str | None) -> int:
    if duration is not None:
        _check_duration("length", duration, "20%")
        return trunk.span.steps(duration)
    if at < trunk.span.total_steps:
        return trunk.span.total_steps - at
    raise ConfigError(
        f"branch: {trunk.folder} has ended at weight update {at}, so say how much longer to train: "
        f"length=2ep, length=500st or length=25% (of that run)."
    )


def _then(then: str | None, given: list[str], last: float) -> str | None:
    """What the rate does from here on; to be said in one of two ways."""
    if then is not None:
        check_choice("branch", "then", then, tuple(THEN))
    fixed = [key for key in given if key.split(".")[0] in ("schedule", "warmup") or key == "optimizer.lr"]
    if then == HOLD and fixed and "schedule" not in given:
        raise ConfigError(
            f"branch: then=hold keeps the last rate, {last:.4g}, so {fixed[0]} cannot be set beside it. "
            f"Leave it out, or try schedule=constant optimizer.lr={last:.4g} instead of then=hold."
        )
    if (then is None) == ("schedule" not in given):
        what = "both say" if then else "neither then= nor schedule= says"
        choices = "".join(f"\n  then={name:<9} {text}" for name, text in THEN.items())
        raise ConfigError(
            f"branch: {what} what the learning rate, {last:.4g} at that point, does from there on. "
            f"Give one of{choices}\n"
            "  schedule=…     another schedule, from its beginning and at optimizer.lr, such as schedule=linear"
        )
    return then


def _compose(trunk: Trunk, overrides: list[Override], registry: Registry) -> DictConfig:
    """What the overrides say, and for the rest what the trunk was trained with."""
    given = [override.key_or_group for override in overrides]
    inherited = [group for group in GROUPS if group not in given]
    choices = [f"{group}={trunk.settings[group]}" for group in inherited]
    config = compose([*choices, *(override.input_line or "" for override in overrides)], registry)
    for key, value in trunk.settings.items():
        named_anew = any(f"{key}.".startswith(f"{other}.") or other.startswith(f"{key}.") for other in given)
        if "." in key and key.split(".")[0] in (*inherited, "trainer") and not named_anew:
            OmegaConf.update(config, key, value, force_add=True)
    config.seed = config.trainer.seed
    return config
