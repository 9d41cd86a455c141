"""From a composed configuration to what will be trained. Making a plan is the check that it can be.

The command line, Python, sweeps, branches, previews and range tests all make it here, and training is handed it.
Nothing here needs TensorFlow, but for a schedule of Keras.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from annealkit.configuration.identity import flat_settings
from annealkit.configuration.schema import TrainerSettings
from annealkit.configuration.stored_settings import build_branch
from annealkit.curve.curve import Branch, Curve
from annealkit.curve.rates import LEAST, MOST
from annealkit.curve.span import Run
from annealkit.datasets.base import Dataset
from annealkit.errors import ConfigError, briefly, clipped
from annealkit.feedback.base import PER_EPOCH, is_per_epoch
from annealkit.groups import GROUPS
from annealkit.plugin_system.faulty_parts import naming_the_faulty
from annealkit.plugin_system.registry import Part, Registry
from annealkit.plugin_system.returned import batches_of, checked_rate_and_batches, checked_size, checked_state
from annealkit.start_tensorflow import start_tensorflow

MOST_STEPS = 100_000_000  # of a run; its rates alone take 800 MB

_T = TypeVar("_T")


@dataclass(frozen=True)
class Parts:
    """Everything that was named, built and checked; None where it is `none`.

    Args:
        sources: group -> the registry's entry for the part and for those within it, so that a faulty one can be named.
    """

    model: Any
    data: Any
    schedule: Any
    warmup: Any
    feedback: Any
    optimizer: Any
    sources: Mapping[str, list[Part]]


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


@dataclass(frozen=True)
class Epoch:
    """An epoch of a run; a branch may begin or end within one.

    Args:
        number: counted from 0.
        start: the weight update at which it begins.
        end: the one before which it ends.
    """

    number: int
    start: int
    end: int


@dataclass(frozen=True)
class Plan:
    """All that is decided before a run is trained.

    Args:
        config: the composed configuration.
        parts: what it names.
        trainer: how long, how exactly and with what the model is trained.
        origin: where a branch began; None for a run of its own.
        train_size: training images before any are kept for validation; None where the plan was made without them.
        run: total and per-epoch weight updates.
        rates: the learning rate of every weight update, float64, shape (run.total_steps,).
        momenta: the momentum of every weight update, NaN for the optimizer's own; None where no schedule moves it.
        kept_steps: the weight updates after which a checkpoint is kept for good.
        feedback_interval: weight updates between two looks of the feedback rule; None: at the end of each epoch.
    """

    config: DictConfig
    parts: Parts
    trainer: TrainerSettings
    origin: Origin | None
    train_size: int | None
    run: Run
    rates: np.ndarray
    momenta: np.ndarray | None
    kept_steps: frozenset[int]
    feedback_interval: int | None

    @property
    def accumulate(self) -> int:
        """Batches in a weight update."""
        return int(batches_of(self.parts.optimizer))

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Everything that makes the run another one, as `group.key`."""
        return flat_settings(self.config)

    def epoch(self, step: int) -> Epoch:
        """The epoch that the weight update of this count is in."""
        number = step // self.run.steps_per_epoch
        start = number * self.run.steps_per_epoch
        return Epoch(number, start, min(start + self.run.steps_per_epoch, self.run.total_steps))

    def without_effect(self) -> list[str]:
        """What is set and will do little or nothing in a run of this length, each a sentence or two."""
        found, total_steps = [], self.run.total_steps
        every = getattr(self.parts.feedback, "every", PER_EPOCH)
        if self.parts.feedback is not None and self.run.steps(every) >= total_steps:
            found.append(
                f"feedback.every={every} is the whole run of {total_steps} weight updates or more: the rule never acts."
            )
        ema = getattr(self.parts.optimizer, "ema_momentum", None)
        if ema and ema**total_steps > 0.05:
            shorter = round(0.01 ** (1 / total_steps), 3)
            found.append(
                f"optimizer.ema_momentum={ema:g} averages over some {1 / (1 - ema):,.0f} weight updates and the run "
                f"has {total_steps:,}: what is measured and saved is mostly the first weights. "
                f"Try optimizer.ema_momentum={shorter:g}, or less."
            )
        return found


@briefly()
def make_plan(config: DictConfig, registry: Registry, steps_per_epoch: int | None = None) -> Plan:
    """The plan of the run that a configuration describes.

    Args:
        config: as Hydra composes it, without Hydra's own part.
        registry: where parts come from.
        steps_per_epoch: weight updates in an epoch; None takes it from the data set and the batch size.

    Raises:
        ConfigError: a name or a value cannot be, alone or in a run of this length.
        DataError: the data set is not where it is said to be.
    """
    _check_words(config)
    parts = _build_parts(config, registry)
    trainer = to_settings(config.trainer, TrainerSettings)
    _check_feedback(parts)
    with naming_the_faulty([*parts.sources["data"], *parts.sources["feedback"]]):
        _check_monitors(parts, trainer)
    origin = _origin(config, registry)
    with naming_the_faulty(parts.sources["optimizer"]):
        checked_rate_and_batches(parts.optimizer)
    train_size = None
    if steps_per_epoch is None:
        with naming_the_faulty(parts.sources["data"]):
            train_size = checked_size(parts.data.train_size())
            images, _ = training_images(parts.data, train_size)
        images_per_update = trainer.batch_size * batches_of(parts.optimizer)
        steps_per_epoch = -(-images // images_per_update)  # The last one takes what is left.
    total_steps = steps_per_epoch * trainer.epochs if origin is None else origin.branch.at + origin.length
    run = Run(total_steps, steps_per_epoch)
    branch = None if origin is None else origin.branch
    if total_steps > MOST_STEPS:
        raise ConfigError(
            f"trainer.epochs={trainer.epochs}: {total_steps:,} weight updates; a run has {MOST_STEPS:,} at most. "
            "Try fewer, or a larger trainer.batch_size."
        )
    if parts.optimizer.lr and not LEAST <= parts.optimizer.lr <= MOST:
        raise ConfigError(
            f"optimizer.lr={parts.optimizer.lr:g}: float32, which trains, holds 0 and {LEAST:.2g} to {MOST:.2g}. "
            "Try optimizer.lr=0.01."
        )
    curve = Curve(parts.schedule, parts.warmup, parts.optimizer.lr, total_steps, branch)
    if curve.needs_tensorflow:
        start_tensorflow(trainer.threads)  # Once it runs it cannot change its number of threads.
    with naming_the_faulty([*parts.sources["schedule"], *parts.sources["warmup"]]):
        rates, momenta = curve.rates(steps_per_epoch), curve.momenta(steps_per_epoch)
    return Plan(
        config=config,
        parts=parts,
        trainer=trainer,
        origin=origin,
        train_size=train_size,
        run=run,
        rates=rates,
        momenta=momenta,
        kept_steps=_kept_steps(trainer, run),
        feedback_interval=_feedback_interval(parts.feedback, run),
    )


def to_settings(node: DictConfig, cls: type[_T]) -> _T:
    """The settings that a node of the configuration holds, checked. Raises ConfigError."""
    try:
        made = OmegaConf.to_object(node)
    except OmegaConfBaseException as error:
        raise ConfigError(f"{node._key()}: {error}") from None
    assert isinstance(made, cls)
    return made


def training_images(data: Any, train_size: int) -> tuple[int, int]:
    """How many of the `train_size` images are trained on, and how many are kept for validation."""
    validation = data.validation_size() if isinstance(data, Dataset) else data.validation
    if validation >= train_size:
        raise ConfigError(
            f"data.validation={validation} leaves none of the {train_size} training images to train on. "
            f"Try data.validation={train_size // 10}, or 0 to train on all."
        )
    limit = train_size if data.limit is None else data.limit
    return min(limit, train_size - validation), min(limit, validation)


def _check_words(config: DictConfig) -> None:
    """Refuse values outside any group that cannot be."""
    if config.resume not in ("exact", "inexact"):
        raise ConfigError(f"resume must be exact or inexact; got {config.resume!r}.")
    if not config.outputs.strip():
        raise ConfigError("outputs must name a folder; got an empty text. Try outputs=outputs.")
    if config.outputs.startswith("~"):
        raise ConfigError(f"outputs={config.outputs}: in quotes, ~ is no home folder. Leave them out, or try ./~….")
    if any(len(os.fsencode(name)) > 255 for name in Path(config.outputs).parts):
        raise ConfigError(
            f"outputs={clipped(config.outputs)}: a name of more than 255 bytes is no folder's. Shorten it."
        )


def _build_parts(config: DictConfig, registry: Registry) -> Parts:
    sources: dict[str, list[Part]] = {group: [] for group in GROUPS}
    built = {group: registry.build(group, config[group], sources[group]) for group in GROUPS}
    return Parts(**built, sources=sources)


def _origin(config: DictConfig, registry: Registry) -> Origin | None:
    if config.branch is None:
        return None
    node: Any = OmegaConf.to_container(config.branch, resolve=True)
    keeps_feedback = node["trunk"]["feedback"] == OmegaConf.to_container(config.feedback, resolve=True)
    return Origin(Path(node["run"]), build_branch(node, registry), node["length"], keeps_feedback)


def _feedback_interval(feedback: Any, run: Run) -> int | None:
    every = getattr(feedback, "every", PER_EPOCH)
    try:
        return None if is_per_epoch(every) else run.steps(every)
    except ConfigError as error:  # of a rule that does not check its own field
        raise ConfigError(f"feedback.every={error}") from None


def _kept_steps(trainer: TrainerSettings, run: Run) -> frozenset[int]:
    kept = {run.steps(duration): duration for duration in trainer.keep_at}
    if kept and max(kept) > run.total_steps:
        raise ConfigError(
            f"trainer.keep_at: {kept[max(kept)]} is weight update {max(kept)}, and the run has {run.total_steps}. "
            "Try trainer.keep_at=[80%], or [] to keep none."
        )
    return frozenset(kept)


def _check_feedback(parts: Parts) -> None:
    """What a rule begins with, before there is a run that it could stop."""
    if parts.feedback is not None:
        with naming_the_faulty(parts.sources["feedback"]):
            checked_state(parts.feedback.begin(), "begin()")


def _check_monitors(parts: Parts, trainer: TrainerSettings) -> None:
    """Nothing called val_… is ever measured without validation images, or at other times than the end of an epoch."""
    every, monitor = getattr(parts.feedback, "every", PER_EPOCH), getattr(parts.feedback, "monitor", "")
    if monitor.startswith("val_") and not is_per_epoch(every):
        raise ConfigError(
            f"feedback.monitor={monitor} is measured once an epoch, and feedback.every={every} is not. "
            f"Try feedback.monitor={monitor.removeprefix('val_')}, or feedback.every={PER_EPOCH}."
        )
    if parts.data.validation > 0:
        return
    stopping = trainer.early_stopping
    monitors = {"feedback.monitor": getattr(parts.feedback, "monitor", None)}
    if stopping.patience is not None:
        monitors["trainer.early_stopping.monitor"] = stopping.monitor
    for key, monitor in monitors.items():
        if monitor is not None and monitor.startswith("val_"):
            raise ConfigError(
                f"{key}={monitor} needs validation images, and data.validation=0 keeps none. "
                f"Try {key}={monitor.removeprefix('val_')}, or data.validation={parts.data.train_size() // 10}."
            )
