"""Composes a branch: a run that begins at a checkpoint of another run, its trunk, and goes on with another schedule.

It keeps what the trunk's state depends on: model, data, optimizer, seed, batch size, precision. The rest may differ.
"""

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from annealkit.checks import check_choice
from annealkit.composition import compose, parse
from annealkit.course import Branch, Course
from annealkit.errors import ConfigError, RunError, did_you_mean
from annealkit.plan import build_course
from annealkit.registry import Registry
from annealkit.result import FINISHED
from annealkit.run import Run
from annealkit.run_folder import CHECKPOINTS, RunFolder
from annealkit.settings import Trainer
from annealkit.stored_settings import trunk_node
from annealkit.training.checkpoint import Checkpoints

HOLD, STRETCH, REWARM = "hold", "stretch", "rewarm"
THEN = {
    HOLD: "keeps the last rate",
    STRETCH: "takes the schedule as if the run had been this long from its beginning",
    REWARM: "rises again from the last rate, over warmup.length, and follows the schedule once more",
}
OWN_WORDS = ("at", "length", "then")

_FREE = ("schedule", "warmup", "feedback")
_PLAIN = ("outputs", "rerun", "resume")
_ACCUMULATION = "gradient_accumulation_steps"
_OPERATIONAL = [setting.name for setting in fields(Trainer) if setting.metadata.get("operational")]


@dataclass(frozen=True)
class Trunk:
    """A run that is to be branched, as its folder describes it.

    Args:
        folder: the run folder.
        settings: `group.key` -> value.
        span: its length.
        status: of the run.
        threads: with which it was trained.
        kept: weight updates that a checkpoint is kept of, newest first.
    """

    folder: Path
    settings: dict[str, Any]
    span: Run
    status: str
    threads: int
    kept: list[int]

    def step(self, word: str, duration: str) -> int:
        """A duration in weight updates of this run. Raises ConfigError for what is none."""
        try:
            return self.span.steps(duration)
        except ConfigError as error:
            raise ConfigError(f"branch: {word}={error} Try {word}=80%.") from None


def compose_branch(folder: Path, words: list[str], registry: Registry) -> DictConfig:
    """The configuration of a branch of the run in `folder`.

    Args:
        folder: of the trunk.
        words: `at=`, `length=`, `then=` and overrides, each with one value.
        registry: where parts come from.

    Raises:
        ConfigError: a word cannot be.
        RunError: the folder holds no run, or no checkpoint of that weight update.
    """
    trunk = _read_trunk(folder)
    own = {key: text for key, _, text in (word.partition("=") for word in words) if key in OWN_WORDS}
    overrides = parse([word for word in words if word.partition("=")[0] not in OWN_WORDS])
    for override in overrides:
        _refuse_what_is_kept(override, trunk)
    given = [override.key_or_group for override in overrides]
    at = _at(trunk, own.get("at"))
    length = _length(trunk, at, own.get("length"))
    node = trunk_node(trunk.settings, trunk.span.total_steps)
    course = build_course(node, registry)
    last = float(course.rates(trunk.span.steps_per_epoch)[at - 1])
    then = _then(own.get("then"), given, last)
    implied = {
        None: ["warmup=none"],
        HOLD: ["schedule=constant", "warmup=none", f"optimizer.lr={last!r}"],
        STRETCH: [],
        REWARM: ["warmup=linear"],
    }[then]
    overrides = [*(o for o in parse(implied) if o.key_or_group not in given), *overrides]
    config = _compose(trunk, overrides, registry)
    begins = at
    if then == STRETCH:
        begins = 0 if course.branch is None else course.branch.begins
    config.branch = {"run": str(folder.absolute()), "at": at, "length": length, "begins": begins, "trunk": node}
    config.trainer.epochs = math.ceil((at + length) / trunk.span.steps_per_epoch)
    if "outputs" not in given:
        config.outputs = str(folder.parent)
    if "trainer.threads" not in given:
        config.trainer.threads = trunk.threads  # With others the trunk's bits could not be gone on from.
    if then == REWARM and not {"warmup", "warmup.start"} & set(given):
        schedule = registry.build("schedule", config.schedule)
        again = Course(schedule, None, config.optimizer.lr, at + length, Branch(at, at, course))
        first = float(again.rates(trunk.span.steps_per_epoch)[at])
        config.warmup.start = min(1.0, last / first) if first else 1.0
    return config


def _read_trunk(folder: Path) -> Trunk:
    file = folder / "run.json"
    if not file.is_file():
        near = did_you_mean(folder.name, [path.parent.name for path in folder.parent.glob("*/run.json")])
        raise RunError(f"branch: {folder} holds no run (no run.json).{near} Name the folder of a run, as outputs/….")
    state = RunFolder(folder).read_state()
    try:
        span = Run(state["total_steps"], state["steps_per_epoch"])
        threads = state["environment"]["threads"]
        settings = dict(state["settings"])
    except (KeyError, TypeError, ConfigError) as error:
        raise RunError(f"branch: {file} does not say how the run was trained ({error!r}): it did not begin.") from None
    kept = Checkpoints(folder / CHECKPOINTS).steps()
    return Trunk(folder, settings, span, str(state.get("status")), threads, kept)


def _refuse_what_is_kept(override: Override, trunk: Trunk) -> None:
    """A branch goes on from the trunk's state, so it cannot have what that state would not fit."""
    key = override.key_or_group.lstrip("+~")
    group, _, rest = key.partition(".")
    if group == "trainer":
        allowed = rest in _OPERATIONAL or rest.startswith("early_stopping")
    else:
        allowed = group in (*_FREE, *_PLAIN) or (group == "optimizer" and rest not in ("", _ACCUMULATION))
    if not allowed:
        raise ConfigError(
            f"{override.input_line}: a branch keeps the model, data, optimizer, seed and trainer of its trunk, "
            f"{trunk.folder}. It may have its own schedule, warmup, feedback, optimizer.lr and other settings of the "
            f"optimizer, trainer.early_stopping; its length is length=…. For another {group}, train a run of its own."
        )


def _at(trunk: Trunk, duration: str | None) -> int:
    """The weight update after which the branch leaves, of which there must be a checkpoint."""
    if duration is None:
        if trunk.status != FINISHED or not trunk.kept:
            raise ConfigError(f"branch: {trunk.folder} is {trunk.status}, so say where to leave it: {_where(trunk)}")
        return trunk.kept[0]
    step = trunk.step("at", duration)
    if step not in trunk.kept:
        raise RunError(
            f"branch: at={duration} is weight update {step} of {trunk.folder}, and there is no checkpoint of it. "
            f"{_where(trunk)} To leave it elsewhere, train it again and keep one there: "
            f"trainer.keep_at=[{duration}], with rerun=true or another outputs=…."
        )
    return step


def _where(trunk: Trunk) -> str:
    kept = [f"at={step}st ({100 * step / trunk.span.total_steps:.4g}%)" for step in sorted(trunk.kept)]
    return f"Checkpoints are kept for {', '.join(kept)}." if kept else "It has no checkpoints."


def _length(trunk: Trunk, at: int, duration: str | None) -> int:
    if duration is not None:
        return trunk.step("length", duration)
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
    if (then is None) == ("schedule" not in given):
        what = "both say" if then else "neither then= nor schedule= says"
        choices = "".join(f"\n  then={name:<9} {text}" for name, text in THEN.items())
        raise ConfigError(
            f"branch: {what} what the learning rate, {last:.4g} at that point, does from there on. "
            f"Give one of{choices}\n  schedule=…     another schedule, from its beginning, such as schedule=linear"
        )
    return then


def _compose(trunk: Trunk, overrides: list[Override], registry: Registry) -> DictConfig:
    """What the overrides say, and for the rest what the trunk was trained with."""
    given = [override.key_or_group for override in overrides]
    inherited = [group for group in (*_FREE, "model", "data", "optimizer") if group not in given]
    choices = [f"{group}={trunk.settings[group]}" for group in inherited]
    config = compose([*choices, *(override.input_line or "" for override in overrides)], registry)
    for key, value in trunk.settings.items():
        named_anew = any(f"{key}.".startswith(f"{other}.") or other.startswith(f"{key}.") for other in given)
        if "." in key and key.split(".")[0] in (*inherited, "trainer") and not named_anew:
            OmegaConf.update(config, key, value, force_add=True)
    config.seed = config.trainer.seed
    return config
