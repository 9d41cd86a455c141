"""From a composed configuration to what will be trained: the parts, the number of updates, every learning rate.

Preview and training both come through here. Nothing here needs TensorFlow.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from annealkit.curve import learning_rates
from annealkit.errors import ConfigError
from annealkit.registry import HOOKS, Registry
from annealkit.run import Run
from annealkit.settings import Trainer


@dataclass
class Parts:
    """Everything that was named, built and checked."""

    model: Any
    data: Any
    schedule: Any
    warmup: Any
    feedback: Any
    optimizer: Any
    trainer: Trainer


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
    parts = Parts(**built, trainer=trainer)
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
    """The learning rate of every weight update, float64, shape (run.total_steps,)."""
    return learning_rates(parts.schedule, parts.optimizer.lr, run, parts.warmup)


def check_plan(parts: Parts) -> None:
    """Refuse what can be known to be impossible without loading an image: sizes, and every learning rate."""
    plan_rates(parts, plan_run(parts, parts.data.train_size()))


def _check_monitors(parts: Parts) -> None:
    """Without validation images nothing called val_… will ever be measured."""
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
                f"Try {key}={monitor.removeprefix('val_')}, or data.validation=5000."
            )
