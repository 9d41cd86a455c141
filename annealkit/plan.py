"""From a composed configuration to what will be trained: the parts, the number of updates, every learning rate.

Preview and training both come through here. Nothing here needs TensorFlow, but for a schedule of Keras.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from annealkit.curve import learning_rates, momenta
from annealkit.errors import ConfigError
from annealkit.faulty_parts import naming_the_faulty
from annealkit.feedback.metric import PER_EPOCH, is_per_epoch
from annealkit.registry import HOOKS, Part, Registry
from annealkit.run import Run
from annealkit.settings import Trainer
from annealkit.start_tensorflow import start_tensorflow


@dataclass
class Parts:
    """Everything that was named, built and checked.

    Args:
        made_of: group -> the registry's entry for the part and for those within it, so that a faulty one can be named.
    """

    model: Any
    data: Any
    schedule: Any
    warmup: Any
    feedback: Any
    optimizer: Any
    trainer: Trainer
    made_of: dict[str, list[Part]]


def build_parts(config: DictConfig, registry: Registry) -> Parts:
    """The parts that the configuration names. Raises ConfigError for a name or value that cannot be."""
    if config.resume not in ("exact", "inexact"):
        raise ConfigError(f"resume must be exact or inexact; got {config.resume!r}.")
    if not config.outputs.strip():
        raise ConfigError("outputs must name a folder; got an empty text. Try outputs=outputs.")
    if config.outputs.startswith("~"):
        raise ConfigError(f"outputs={config.outputs}: the shell has not replaced ~ here. Try outputs=$HOME/….")
    built = {group: registry.build(group, config[group]) for group in HOOKS}
    try:
        trainer = OmegaConf.to_object(config.trainer)
    except OmegaConfBaseException as error:
        raise ConfigError(f"trainer: {error}") from None
    assert isinstance(trainer, Trainer)
    made_of = {group: registry.parts_of(group, config[group]) for group in HOOKS}
    parts = Parts(**built, trainer=trainer, made_of=made_of)
    _check_monitors(parts)
    return parts


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
    return Run(steps_per_epoch * parts.trainer.epochs, steps_per_epoch)


def plan_rates(parts: Parts, run: Run) -> np.ndarray:
    """The learning rate of every weight update, float64, shape (run.total_steps,).

    Raises:
        ConfigError: the schedule or the warmup cannot be for this run, or is faulty: then with where it came from.
    """
    with naming_the_faulty(parts.made_of["schedule"] + parts.made_of["warmup"]):
        return learning_rates(parts.schedule, parts.optimizer.lr, run, parts.warmup)


def plan_momenta(parts: Parts, run: Run) -> np.ndarray | None:
    """The momentum of every weight update, NaN for the optimizer's own; None where the schedule leaves it alone."""
    with naming_the_faulty(parts.made_of["schedule"]):
        return momenta(parts.schedule, np.arange(run.total_steps, dtype=np.int64), run, parts.warmup)


def feedback_interval(feedback: Any, run: Run) -> int | None:
    """Weight updates between two looks of a feedback rule; None: at the end of each epoch, after validation."""
    every = getattr(feedback, "every", PER_EPOCH)
    try:
        return None if is_per_epoch(every) else run.steps(every)
    except ConfigError as error:  # of a rule that does not check its own field
        raise ConfigError(f"feedback.every={error}") from None


def check_plan(parts: Parts) -> None:
    """Refuse what can be known to be impossible without loading an image: sizes, every learning rate and momentum."""
    if getattr(parts.schedule, "needs_tensorflow", False):
        start_tensorflow(parts.trainer.threads)  # Once it runs it cannot change its number of threads.
    with naming_the_faulty(parts.made_of["data"]):
        train_size = parts.data.train_size()
    run = plan_run(parts, train_size)
    plan_rates(parts, run)
    plan_momenta(parts, run)
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
