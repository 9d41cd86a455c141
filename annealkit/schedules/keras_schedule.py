"""Keras' own schedules."""

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from annealkit import (
    ConfigError,
    Run,
    SettingError,
    checked_dataclass,
    choice,
    did_you_mean,
    hookimpl,
    number,
    parse_duration,
    setting,
)
from annealkit.curve.schedule_values import schedule_values
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
HINT = "{decay_steps:2ep}"


def _problem(arguments: dict[str, Any]) -> str | None:
    """The first that is neither a number nor, where steps are counted, a duration."""
    for name, value in arguments.items():
        for item in value if name in _LISTS and isinstance(value, list) else [value]:
            problem = _problem_of(name, item)
            if problem is not None:
                return f".{name}{problem}"
    return None


def _problem_of(name: str, value: object) -> str | None:
    if isinstance(value, str):
        if name not in _COUNT_STEPS:
            return f" must be a number, true or false; got {value!r}"
        try:
            parse_duration(value)
        except ConfigError as error:
            return f"={error}"
    elif not (value is None or isinstance(value, bool | int | float)):
        what = "a list of numbers" if name in _LISTS else "a number, true or false"
        return f" must be {what}; got {value!r}"
    return None


@checked_dataclass
class KerasSchedule:
    """A Keras schedule object as a schedule of annealkit.

    Formula: factor(s) = schedule(s) / base.

    With the default base the factors are the schedule's own values, so `lr=1` gives the rates that Keras applies. To
    keep the magnitude in `lr`, give the same number as `lr` and as `base`.

    Range: [0, inf), the schedule's own.

    Edges: past the end the schedule's value one update after the last holds. Keras computes in float32, so the factors
    have about seven digits.

    Raises:
        ConfigError: when evaluated, a value is negative or not finite.

    Example: `learning_rates(KerasSchedule(keras.optimizers.schedules.CosineDecay(0.1, 1000)), lr=1, run=run)`.
    """

    schedule: "keras.optimizers.schedules.LearningRateSchedule" = setting(meaning="any schedule of Keras")
    base: float = number(1.0, "(0, inf)", "what its values are divided by")

    needs_tensorflow = True

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        step = np.minimum(step, run.total_steps)
        return schedule_values(self.schedule)(step).astype(np.float64) / self.base


@checked_dataclass
class KerasByName:
    """Follow a schedule of Keras by the name of its class: CosineDecay, ExponentialDecay, …

    Formula: factor(s) = keras.optimizers.schedules.<function>(**arguments)(s).

    Arguments that count steps (decay_steps, first_decay_steps, warmup_steps, boundaries) may be weight updates as in
    Keras, or durations: 2ep, 1500st, 12.5%. initial_learning_rate is 1 if it is left out, so that values are factors of
    optimizer.lr; that goes for other arguments that are rates, warmup_target, end_learning_rate and values, too.

    Range: [0, inf).

    Edges: Keras' own; past the end the value one update after the last holds. Keras computes in float32, so the
    factors have about seven digits. TensorFlow is loaded to evaluate it, in a preview too, which takes seconds.

    Raises:
        ConfigError: when evaluated, the arguments are not the ones that the class takes, or a value is negative.

    Source: `keras.optimizers.schedules`.

    Equals: the Keras class of that name, by being it.
    """

    function: str = choice(words=FUNCTIONS, meaning="its class")
    arguments: dict[str, Any] = setting({}, "what the class takes, under Keras' own names", problem=_problem, hint=HINT)

    needs_tensorflow = True

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
            words = str(error).strip().splitlines()[-1].strip().rstrip(".")
            unknown = [name for name in self.arguments if name not in signature.parameters]
            near = "".join(did_you_mean(name, signature.parameters, "arguments.") for name in unknown)
            problem = f" do not fit keras.optimizers.schedules.{self.function}{signature}: {words}.{near}"
            missing = not near and "missing a required argument" in words
            hint = f"{HINT}, or see `annealkit plugins schedule=keras`" if missing else ""
            raise SettingError(self, "arguments", problem, hint) from None


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
