"""annealkit: find out, with evidence, which learning-rate annealing to train a model with.

Authors of plugins import from here alone. Nothing that is imported here needs TensorFlow; `train` loads it when it is
called.
"""

import os
from collections import abc
from typing import TYPE_CHECKING, Any

from annealkit.curve.rates import Schedule, Warmup, factors, learning_rates, momenta
from annealkit.curve.span import Run, parse_duration
from annealkit.datasets.base import Dataset, Images
from annealkit.errors import AnnealkitError, ConfigError, DataError, RunError, SettingError, did_you_mean
from annealkit.feedback.base import Feedback
from annealkit.fields import (
    checked_dataclass,
    choice,
    duration,
    durations,
    flag,
    integer,
    momentum,
    number,
    numbers,
    setting,
)
from annealkit.groups import GROUPS, builtin
from annealkit.optimizers.base import KerasOptimizer, VariableGroup
from annealkit.plugin_system.hookspecs import hookimpl
from annealkit.runs.result import Result
from annealkit.version import __version__

if TYPE_CHECKING:
    import keras

    from annealkit.range_test import RangeTest

__all__ = [
    "AnnealkitError",
    "ConfigError",
    "DataError",
    "Dataset",
    "Feedback",
    "Images",
    "KerasOptimizer",
    "Result",
    "Run",
    "RunError",
    "Schedule",
    "SettingError",
    "VariableGroup",
    "Warmup",
    "__version__",
    "branch",
    "checked_dataclass",
    "choice",
    "did_you_mean",
    "duration",
    "durations",
    "factors",
    "find_lr",
    "flag",
    "hookimpl",
    "integer",
    "learning_rates",
    "momenta",
    "momentum",
    "number",
    "numbers",
    "parse_duration",
    "setting",
    "train",
]


def __getattr__(name: str) -> Any:
    """The class of a built-in part, such as `annealkit.Cosine`: it is enough that its module is there."""
    for group in GROUPS.values():
        try:
            return builtin(group.folder, name)
        except AttributeError:
            continue
    raise AttributeError(f"module 'annealkit' has no attribute {name!r}")


def train(overrides: abc.Sequence[str] = (), callbacks: "abc.Sequence[keras.callbacks.Callback]" = ()) -> Result:
    """Train one model, as `python -m annealkit OVERRIDES` does; see annealkit.api.train."""
    from annealkit import api  # Hydra takes a third of a second to import; schedules alone do not need it.

    return api.train(overrides, callbacks)


def branch(
    run: str | os.PathLike[str],
    overrides: abc.Sequence[str] = (),
    callbacks: "abc.Sequence[keras.callbacks.Callback]" = (),
) -> Result:
    """Continue a checkpoint of a run into a new run, as `annealkit branch` does; see annealkit.api.branch."""
    from annealkit import api

    return api.branch(run, overrides, callbacks)


def find_lr(overrides: abc.Sequence[str] = ()) -> "RangeTest":
    """Find a learning rate, as `annealkit find-lr OVERRIDES` does; see annealkit.command_line.find_lr.find_lr."""
    from annealkit.command_line import find_lr as command

    return command.find_lr(overrides)
