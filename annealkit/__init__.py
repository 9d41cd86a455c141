"""annealkit: find out, with evidence, which learning-rate annealing to train a model with.

Nothing that is imported here needs TensorFlow; `train` loads it when it is called.
"""

import os
from collections import abc
from typing import TYPE_CHECKING

from annealkit.curve.rates import learning_rates
from annealkit.curve.span import Run
from annealkit.errors import AnnealkitError, ConfigError, DataError, RunError
from annealkit.plugin_system.hookspecs import hookimpl
from annealkit.runs.result import Result
from annealkit.schedules import (
    Constant,
    Cosine,
    CosineRestarts,
    Cyclical,
    Exponential,
    InverseSqrt,
    InverseTime,
    MultiStep,
    OneCycle,
    Phase,
    Piecewise,
    Polynomial,
    Product,
    Rex,
    Sequence,
    Step,
    Table,
    Tanh,
    Trapezoid,
)
from annealkit.version import __version__
from annealkit.warmups import CosineWarmup, ExponentialWarmup, LinearWarmup, PolynomialWarmup

if TYPE_CHECKING:
    import keras

    from annealkit.range_test import RangeTest

__all__ = [
    "AnnealkitError",
    "ConfigError",
    "Constant",
    "Cosine",
    "CosineRestarts",
    "CosineWarmup",
    "Cyclical",
    "DataError",
    "Exponential",
    "ExponentialWarmup",
    "InverseSqrt",
    "InverseTime",
    "LinearWarmup",
    "MultiStep",
    "OneCycle",
    "Phase",
    "Piecewise",
    "Polynomial",
    "PolynomialWarmup",
    "Product",
    "Result",
    "Rex",
    "Run",
    "RunError",
    "Sequence",
    "Step",
    "Table",
    "Tanh",
    "Trapezoid",
    "__version__",
    "branch",
    "find_lr",
    "hookimpl",
    "learning_rates",
    "train",
]


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
    from annealkit.command_line import find_lr as find_lr_command

    return find_lr_command.find_lr(overrides)
