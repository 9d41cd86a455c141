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
    integers,
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

if TYPE_CHECKING:  # Built-in parts, as annealkit.configuration.conf_files writes them.
    from annealkit.datasets.auto import Auto as Auto
    from annealkit.datasets.cifar10 import Cifar10 as Cifar10
    from annealkit.datasets.folder import Folder as Folder
    from annealkit.datasets.keras_builtin import KerasDataset as KerasDataset
    from annealkit.datasets.synthetic import Synthetic as Synthetic
    from annealkit.datasets.toy import Toy as Toy
    from annealkit.feedback.greedy import Greedy as Greedy
    from annealkit.feedback.none import NoFeedback as NoFeedback
    from annealkit.feedback.plateau import Plateau as Plateau
    from annealkit.models.keras_cnn import KerasCnn as KerasCnn
    from annealkit.models.mlp import Mlp as Mlp
    from annealkit.models.resnet20 import ResNet20 as ResNet20
    from annealkit.optimizers.adadelta import Adadelta as Adadelta
    from annealkit.optimizers.adafactor import Adafactor as Adafactor
    from annealkit.optimizers.adagrad import Adagrad as Adagrad
    from annealkit.optimizers.adam import Adam as Adam
    from annealkit.optimizers.adam import AdamW as AdamW
    from annealkit.optimizers.adamax import Adamax as Adamax
    from annealkit.optimizers.ftrl import Ftrl as Ftrl
    from annealkit.optimizers.lamb import Lamb as Lamb
    from annealkit.optimizers.lion import Lion as Lion
    from annealkit.optimizers.muon import Muon as Muon
    from annealkit.optimizers.nadam import Nadam as Nadam
    from annealkit.optimizers.rmsprop import RmsProp as RmsProp
    from annealkit.optimizers.sgd import Sgd as Sgd
    from annealkit.schedules.constant import Constant as Constant
    from annealkit.schedules.cosine import Cosine as Cosine
    from annealkit.schedules.cosine_restarts import CosineRestarts as CosineRestarts
    from annealkit.schedules.cyclical import Cyclical as Cyclical
    from annealkit.schedules.exponential import Exponential as Exponential
    from annealkit.schedules.inverse_sqrt import InverseSqrt as InverseSqrt
    from annealkit.schedules.inverse_time import InverseTime as InverseTime
    from annealkit.schedules.keras_schedule import KerasByName as KerasByName
    from annealkit.schedules.keras_schedule import KerasSchedule as KerasSchedule
    from annealkit.schedules.multistep import MultiStep as MultiStep
    from annealkit.schedules.one_cycle import OneCycle as OneCycle
    from annealkit.schedules.piecewise import Piecewise as Piecewise
    from annealkit.schedules.polynomial import Polynomial as Polynomial
    from annealkit.schedules.product import Product as Product
    from annealkit.schedules.rex import Rex as Rex
    from annealkit.schedules.sequence import Phase as Phase
    from annealkit.schedules.sequence import Sequence as Sequence
    from annealkit.schedules.step import Step as Step
    from annealkit.schedules.table import Table as Table
    from annealkit.schedules.tanh import Tanh as Tanh
    from annealkit.schedules.trapezoid import Trapezoid as Trapezoid
    from annealkit.warmups.cosine import CosineWarmup as CosineWarmup
    from annealkit.warmups.exponential import ExponentialWarmup as ExponentialWarmup
    from annealkit.warmups.linear import LinearWarmup as LinearWarmup
    from annealkit.warmups.none import NoWarmup as NoWarmup
    from annealkit.warmups.polynomial import PolynomialWarmup as PolynomialWarmup
# End of built-in parts.

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
    "integers",
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
