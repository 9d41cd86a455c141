"""From a composed configuration to what will be trained: the parts, the number of updates, every learning rate.

Preview and training both come through here. Nothing here needs TensorFlow, but for a schedule of Keras.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from annealkit.configuration.settings import Trainer
from annealkit.curve.course import Branch, Course
from annealkit.curve.span import Run
from annealkit.errors import ConfigError
from annealkit.feedback.metric import PER_EPOCH, is_per_epoch
from annealkit.groups import GROUPS
from annealkit.plugin_system.faulty_parts import naming_the_faulty
from annealkit.plugin_system.registry import Part, Registry
from annealkit.start_tensorflow import start_tensorflow


@dataclass
class Parts:
    """Everything that was named, built and checked.

    Args:
        made_of: group -> the registry's entry for the part and for those within it, so that a faulty one can be named.
        origin: where a branch began; None for a run of its own.
    """

    model: Any
    data: Any
    schedule: Any
    warmup: Any
    feedback: Any
    optimizer: Any
    trainer: Trainer
    made_of: dict[str, list[Part]]
    origin: "Origin | None" = None


@dataclass(frozen=True)
class Origin:
    """Where a branch began.

    Args:
        run: the folder of the run that it left.
        branch: at which weight update, and how that run was trained.
        length: weight updates from there on.
        keeps_feedback: whether it goes on with that run's feedback, and so with what the rule remembers.
    """

    run: Path
    branch: Branch
    length: int
    keeps_feedback: bool


def build_parts(config: DictConfig, registry: Registry) -> Parts:
    """The parts that the configuration names. Raises ConfigError for a name or value that cannot be."""
    if config.resume not in ("exact", "inexact"):
        raise ConfigError(f"resume must be exact or inexact; got {config.resume!r}.")
    if not config.outputs.strip():
        raise ConfigError("outputs must name a folder; got an empty text. Try outputs=outputs.")
    if config.outputs.startswith("~"):
        raise ConfigError(f"outputs={config.outputs}: the shell has not replaced ~ here. Try outputs=$HOME/….")
    built = {group: registry.build(group, config[group]) for group in GROUPS}
    try:
        trainer = OmegaConf.to_object(config.trainer)
    except OmegaConfBaseException as error:
        raise ConfigError(f"trainer: {error}") from None
    assert isinstance(trainer, Trainer)
    made_of = {group: registry.parts_of(group, config[group]) for group in GROUPS}
    origin = None
    if config.branch is not None:
        node: Any = OmegaConf.to_container(config.branch, resolve=True)
        keeps_feedback = node["trunk"]["feedback"] == OmegaConf.to_container(config.feedback, resolve=True)
        origin = Origin(Path(node["run"]), build_branch(node, registry), node["length"], keeps_feedback)
    parts = Parts(**built, trainer=trainer, made_of=made_of, origin=origin)
    _check_monitors(parts)
    return parts


def build_branch(node: Mapping[str, Any], registry: Registry) -> Branch:
    """What `stored_settings.branch_node` gives, with its parts built. Raises ConfigError for one missing."""
    return Branch(node["at"], node["begins"], build_course(node["trunk"], registry))


def build_course(node: Mapping[str, Any], registry: Registry) -> Course:
    """What `stored_settings.trunk_node` gives, with its parts built. Raises ConfigError for one missing."""
    return Course(
        registry.build("schedule", node["schedule"]),
        registry.build("warmup", node["warmup"]),
        float(node["optimizer"]["lr"]),
        node["total_steps"],
        None if node["branch"] is None else build_branch(node["branch"], registry),
    )


def training_images(data: Any, train_size: int) -> tuple[int, int]:
    """How many of the `train_size` images are trained on, and how many are kept for validation."""
    if data.validation >= train_size:
        raise ConfigError(
            f"data.validation={data.validation} leaves none of the {train_size} training images to train on. "
            f"Try data.validation={train_size // 10}, or 0 to train on all."
        )
    limit = train_size if data.limit is None else data.limit
    return min(limit, train_size - data.validation), min(limit, data.validation)


def plan_run(parts: Parts, train_size: int) -> Run:
    """The length of the run in weight updates; the last update of an epoch takes what images are left."""
    images, _ = training_images(parts.data, train_size)
    images_per_update = parts.trainer.batch_size * parts.optimizer.gradient_accumulation_steps
    steps_per_epoch = -(-images // images_per_update)
    if parts.origin is not None:
        return Run(parts.origin.branch.at + parts.origin.length, steps_per_epoch)
    return Run(steps_per_epoch * parts.trainer.epochs, steps_per_epoch)


def plan_rates(parts: Parts, run: Run) -> np.ndarray:
    """The learning rate of every weight update, float64, shape (run.total_steps,).

    Raises:
        ConfigError: the schedule or the warmup cannot be for this run, or is faulty: then with where it came from.
    """
    with naming_the_faulty(parts.made_of["schedule"] + parts.made_of["warmup"]):
        return _course(parts, run.total_steps).rates(run.steps_per_epoch)


def plan_momenta(parts: Parts, run: Run) -> np.ndarray | None:
    """The momentum of every weight update, NaN for the optimizer's own; None where the schedule leaves it alone."""
    with naming_the_faulty(parts.made_of["schedule"]):
        return _course(parts, run.total_steps).momenta(run.steps_per_epoch)


def _course(parts: Parts, total_steps: int) -> Course:
    branch = None if parts.origin is None else parts.origin.branch
    return Course(parts.schedule, parts.warmup, parts.optimizer.lr, total_steps, branch)


def feedback_interval(feedback: Any, run: Run) -> int | None:
    """Weight updates between two looks of a feedback rule; None: at the end of each epoch, after validation."""
    every = getattr(feedback, "every", PER_EPOCH)
    try:
        return None if is_per_epoch(every) else run.steps(every)
    except ConfigError as error:  # of a rule that does not check its own field
        raise ConfigError(f"feedback.every={error}") from None


def steps_to_keep(parts: Parts, run: Run) -> set[int]:
    """Weight updates after which a checkpoint is kept for good. Raises ConfigError for one after the run's end."""
    kept = {run.steps(duration): duration for duration in parts.trainer.keep_at}
    if kept and max(kept) > run.total_steps:
        raise ConfigError(
            f"trainer.keep_at: {kept[max(kept)]} is weight update {max(kept)}, and the run has {run.total_steps}. "
            "Try trainer.keep_at=[80%], or [] to keep none."
        )
    return set(kept)


def check_plan(parts: Parts) -> None:
    """Refuse what can be known to be impossible without loading an image: sizes, every learning rate and momentum."""
    if _course(parts, total_steps=1).needs_tensorflow:
        start_tensorflow(parts.trainer.threads)  # Once it runs it cannot change its number of threads.
    with naming_the_faulty(parts.made_of["data"]):
        train_size = parts.data.train_size()
    run = plan_run(parts, train_size)
    plan_rates(parts, run)
    plan_momenta(parts, run)
    steps_to_keep(parts, run)
    feedback_interval(parts.feedback, run)


def settings_without_effect(parts: Parts, run: Run) -> list[str]:
    """What is set and will do little or nothing in a run of this length, each a sentence or two."""
    found = []
    every = getattr(parts.feedback, "every", PER_EPOCH)
    if parts.feedback is not None and run.steps(every) >= run.total_steps:
        found.append(
            f"feedback.every={every} is the whole run of {run.total_steps} weight updates or more: the rule never acts."
        )
    ema = getattr(parts.optimizer, "ema_momentum", None)
    if ema and ema**run.total_steps > 0.05:
        shorter = round(0.01 ** (1 / run.total_steps), 3)
        found.append(
            f"optimizer.ema_momentum={ema:g} averages over some {1 / (1 - ema):,.0f} weight updates and the run has "
            f"{run.total_steps:,}: what is measured and saved is mostly the first weights. "
            f"Try optimizer.ema_momentum={shorter:g}, or less."
        )
    return found


def _check_monitors(parts: Parts) -> None:
    """Nothing called val_… is ever measured without validation images, or at other times than the end of an epoch."""
    every, monitor = getattr(parts.feedback, "every", PER_EPOCH), getattr(parts.feedback, "monitor", "")
    if monitor.startswith("val_") and not is_per_epoch(every):
        raise ConfigError(
            f"feedback.monitor={monitor} is measured once an epoch, and feedback.every={every} is not. "
            f"Try feedback.monitor={monitor.removeprefix('val_')}, or feedback.every={PER_EPOCH}."
        )
    if parts.data.validation > 0:
        return
    stopping = parts.trainer.early_stopping
    monitors = {"feedback.monitor": getattr(parts.feedback, "monitor", None)}
    if stopping.patience is not None:
        monitors["trainer.early_stopping.monitor"] = stopping.monitor
    for key, monitor in monitors.items():
        if monitor is not None and monitor.startswith("val_"):
            raise ConfigError(
                f"{key}={monitor} needs validation images, and data.validation=0 keeps none. "
                f"Try {key}={monitor.removeprefix('val_')}, or data.validation={parts.data.train_size() // 10}."
            )
