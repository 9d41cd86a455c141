"""Keras' own schedules."""

import inspect
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from annealkit import hookimpl
from annealkit.curve.schedule_values import schedule_values
from annealkit.curve.span import Run, parse_duration
from annealkit.errors import ConfigError, did_you_mean
from annealkit.fields.checks import check_number
from annealkit.start_tensorflow import start_tensorflow

if TYPE_CHECKING:
    import keras

FUNCTIONS = (
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
)
_COUNT_STEPS = ("decay_steps", "first_decay_steps", "warmup_steps", "boundaries")
_LISTS = ("boundaries", "values")


class KerasSchedule:
    """A Keras schedule object as a schedule of annealkit.

    Formula: factor(s) = schedule(s) / base.

    With the default base the factors are the schedule's own values, so `lr=1` gives the rates that Keras applies. To
    keep the magnitude in `lr`, give the same number as `lr` and as `base`.

    Args:
        schedule: any `keras.optimizers.schedules.LearningRateSchedule`.
        base: what its values are divided by, greater than 0.

    Range: [0, inf), the schedule's own.

    Edges: past the end the schedule's value one update after the last holds. Keras computes in float32, so the factors
    have about seven digits.

    Raises:
        ConfigError: base is out of its range; or, when evaluated, a value is negative or not finite.

    Example: `learning_rates(KerasSchedule(keras.optimizers.schedules.CosineDecay(0.1, 1000)), lr=1, run=run)`.
    """

    needs_tensorflow = True

    def __init__(self, schedule: "keras.optimizers.schedules.LearningRateSchedule", base: float = 1.0) -> None:
        check_number("KerasSchedule", "base", base, 0, bounds="()", hint="base=1.0")
        self.base = base
        self._schedule = schedule

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        step = np.minimum(step, run.total_steps)
        return schedule_values(self._schedule)(step).astype(np.float64) / self.base


@dataclass
class KerasByName:
    """Follow a schedule of Keras by the name of its class: CosineDecay, ExponentialDecay, …

    Formula: factor(s) = keras.optimizers.schedules.<function>(**arguments)(s).

    Args:
        function: CosineDecay, CosineDecayRestarts, ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay or
            PolynomialDecay; required.
        arguments: what the class takes, under Keras' own names. Those that count steps (decay_steps, first_decay_steps,
            warmup_steps, boundaries) may be weight updates as in Keras, or durations: 2ep, 1500st, 12.5%.
            initial_learning_rate is 1 if it is left out, so that values are factors of optimizer.lr; that goes for
            other arguments that are rates, warmup_target, end_learning_rate and values, too.

    Range: [0, inf).

    Edges: Keras' own; past the end the value one update after the last holds. Keras computes in float32, so the
    factors have about seven digits. TensorFlow is loaded to evaluate it, in a preview too, which takes seconds.

    Raises:
        ConfigError: there is no such class; or, when evaluated, the arguments are not the ones that it takes, or a
            value is negative.

    Source: `keras.optimizers.schedules`.

    Equals: the Keras class of that name, by being it.
    """

    function: str
    arguments: dict[str, Any] = field(default_factory=dict)

    needs_tensorflow = True

    def __post_init__(self) -> None:
        if self.function not in FUNCTIONS:
            raise ConfigError(
                f"keras: function must be one of {', '.join(FUNCTIONS)}; got {self.function!r}."
                f"{did_you_mean(self.function, FUNCTIONS, 'schedule.function=')}"
            )
        for name, value in self.arguments.items():
            for item in value if name in _LISTS and isinstance(value, list) else [value]:
                _check_argument(name, item)

    @classmethod
    def examples(cls, folder: Path) -> list[dict[str, Any]]:
        """Settings to try it with."""
        return [{"function": "CosineDecay", "arguments": {"decay_steps": "100%", "alpha": 0.1}}]

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        if "tensorflow" not in sys.modules:
            start_tensorflow(None)
        import keras

        keras_class = getattr(keras.optimizers.schedules, self.function)
        signature = inspect.signature(keras_class)
        arguments = {name: _resolved(name, value, run) for name, value in self.arguments.items()}
        if "initial_learning_rate" in signature.parameters:
            arguments.setdefault("initial_learning_rate", 1.0)
        try:
            signature.bind(**arguments)
            return KerasSchedule(keras_class(**arguments)).factor(step, run)
        except (TypeError, ValueError, IndexError) as error:
            hint = "".join(
                did_you_mean(name, signature.parameters, "schedule.arguments.")
                for name in self.arguments
                if name not in signature.parameters
            )
            if not hint and "missing a required argument" in str(error):
                hint = " Try 'schedule.arguments={decay_steps:2ep}', or see `annealkit plugins schedule=keras`."
            raise ConfigError(
                f"keras: schedule.arguments do not fit keras.optimizers.schedules.{self.function}{signature}: "
                f"{str(error).strip().splitlines()[-1].strip().rstrip('.')}.{hint}"
            ) from None


def _check_argument(name: str, value: object) -> None:
    """Refuse what is neither a number nor, where steps are counted, a duration."""
    if isinstance(value, str):
        if name not in _COUNT_STEPS:
            raise ConfigError(f"keras: arguments.{name} must be a number, true or false; got {value!r}.")
        try:
            parse_duration(value)
        except ConfigError as error:
            raise ConfigError(f"keras: arguments.{name}={error}") from None
    elif not (value is None or isinstance(value, bool | int | float)):
        what = "a list of numbers" if name in _LISTS else "a number, true or false"
        raise ConfigError(f"keras: arguments.{name} must be {what}; got {value!r}.")


def _resolved(name: str, value: Any, run: Run) -> Any:
    """The argument as Keras takes it: durations as steps, and every other number as a float.

    Keras computes in the type of initial_learning_rate and values: with the integer 1 it would round every rate.
    """
    if isinstance(value, list):
        return [_resolved(name, item, run) for item in value]
    if name in _COUNT_STEPS:
        return run.steps(value, least=0) if isinstance(value, str) else value
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"keras": KerasByName}
