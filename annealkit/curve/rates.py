"""The one place where a learning-rate curve is made.

Preview, TensorBoard and training read this same array: what is previewed is what is applied.
"""

from typing import Protocol

import numpy as np

from annealkit.curve.span import Run
from annealkit.errors import ConfigError, WrongValuesError

# What training computes in: a rate outside is infinite there, or nothing.
LEAST, MOST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)


class Schedule(Protocol):
    """A pure function from the count of weight updates to a factor of the base learning rate.

    Two things are optional: a method `momenta(step, run)`, see `annealkit.curve.rates.momenta`, and an attribute
    `needs_tensorflow = True` where the factors are computed by TensorFlow, which is then started before they are.
    """

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        """Factors, float64, shape (n,), finite and at least 0.

        Args:
            step: int64, shape (n,), 0-based count of weight updates within the schedule's own span.
            run: that span; turns durations into steps.
        """


class Warmup(Protocol):
    """A ramp that leads to the schedule's first value."""

    @property
    def length(self) -> str:
        """How long the ramp is: a duration, such as `2ep`."""
        ...

    def ramp(self, step: np.ndarray, length: int) -> np.ndarray:
        """Fractions, float64, shape (n,), of the value that the ramp leads to.

        Args:
            step: int64, shape (n,), 0-based, below `length`.
            length: weight updates in the ramp; the schedule's first value follows at step `length`.
        """


def learning_rates(schedule: Schedule, lr: float, run: Run, warmup: Warmup | None = None) -> np.ndarray:
    """The learning rate of every weight update of a run.

    The warmup comes first and the schedule is given what is left of the run as its own span, so every
    schedule follows every warmup and the two join without a jump:

        rate[s] = lr * ramp(s) * factor(0)    for s < w, the warmup's length
        rate[s] = lr * factor(s - w)          for s >= w

    Args:
        schedule: a schedule, for example `Cyclical(half_cycle="2ep")`.
        lr: the base learning rate, finite and at least 0.
        run: the whole run.
        warmup: a warmup, or None to start with the schedule itself.

    Returns:
        float64, shape (run.total_steps,), finite and at least 0.

    Raises:
        ConfigError: the warmup leaves nothing for the schedule, the schedule or warmup returned something else than
            finite numbers of the right shape, at least 0, or float32 cannot hold a rate.
    """
    if not (np.isfinite(lr) and lr >= 0):
        raise ConfigError(f"lr must be a finite number of at least 0; got {lr!r}.")
    if lr and not LEAST <= lr <= MOST:
        raise ConfigError(f"lr must be 0, or lie in [{LEAST:.2g}, {MOST:.2g}], which float32 can hold; got {lr!r}.")
    with np.errstate(over="ignore"):
        made = factors(schedule, np.arange(run.total_steps, dtype=np.int64), run, warmup)
        rates: np.ndarray = lr * made
    if (rates > MOST).any():
        first = int(np.argmax(rates > MOST))
        at_fault = warmup if warmup is not None and first < _split(run, warmup)[0] else schedule
        raise WrongValuesError(
            type(at_fault),
            f"must return numbers whose product with lr={lr:g} is at most {MOST:.4g}, the largest of float32; "
            f"got the factor {made[first]:g} at step {first} of {run.total_steps}.",
        )
    return rates


def factors(schedule: Schedule, step: np.ndarray, run: Run, warmup: Warmup | None = None) -> np.ndarray:
    """The factors at some weight updates of a span that a schedule shares with its warmup; see `learning_rates`.

    Args:
        schedule: a schedule.
        step: int64, shape (n,), counted from the beginning of the span.
        run: the span, warmup included.
        warmup: a warmup, or None.

    Returns:
        float64, shape (n,), finite and at least 0.

    Raises:
        ConfigError: as `learning_rates`.
    """
    if warmup is None:
        return _checked(schedule, schedule.factor(step, run), step, run.total_steps)
    ramp_steps, span = _split(run, warmup)
    ramping = step < ramp_steps
    result = np.empty(len(step))
    after, before = step[~ramping] - ramp_steps, step[ramping]
    if len(after):
        result[~ramping] = _checked(schedule, schedule.factor(after, span), after, span.total_steps)
    if len(before):
        first = np.zeros(1, dtype=np.int64)
        target = _checked(schedule, schedule.factor(first, span), first, span.total_steps)
        result[ramping] = _checked(warmup, warmup.ramp(before, ramp_steps), before, ramp_steps) * target
    return result


def momenta(schedule: Schedule, step: np.ndarray, run: Run, warmup: Warmup | None = None) -> np.ndarray | None:
    """The momentum that a schedule pairs with its factors, at some weight updates; during the warmup its first value.

    A schedule that moves the momentum against the rate has a method `momenta(step, run)`, with the arguments of
    `factor`, that returns values from 0 to below 1; NaN stands for the optimizer's own, None for no pairing.

    Returns:
        float64, shape (n,), or None where the schedule leaves the momentum alone.

    Raises:
        ConfigError: a momentum is outside [0, 1), or the warmup leaves nothing for the schedule.
    """
    method = getattr(schedule, "momenta", None)
    if method is None:
        return None
    ramp_steps, span = (0, run) if warmup is None else _split(run, warmup)
    values = method(np.maximum(step - ramp_steps, 0), span)
    if values is None:
        return None
    values = np.asarray(values, dtype=np.float64)
    if values.shape != step.shape or (values < 0).any() or (values >= 1).any():
        raise WrongValuesError(
            type(schedule), "must return momenta in [0, 1), one for each step, or NaN for the optimizer's own."
        )
    return values


def _split(run: Run, warmup: Warmup) -> tuple[int, Run]:
    """The warmup's weight updates, and the span that is left for the schedule."""
    try:
        ramp_steps = run.steps(warmup.length)
    except ConfigError as error:  # A warmup that has not checked its own field.
        raise ConfigError(f"warmup: length={error} Try warmup.length=5%.") from None
    if ramp_steps >= run.total_steps:
        raise ConfigError(
            f"warmup: length={warmup.length} is {ramp_steps} of the run's {run.total_steps} weight updates, which "
            "leaves nothing for the schedule. Try a shorter warmup.length or more trainer.epochs."
        )
    return ramp_steps, Run(run.total_steps - ramp_steps, run.steps_per_epoch)


def _checked(part: object, values: np.ndarray, step: np.ndarray, total: int) -> np.ndarray:
    """The part's values at these steps of `total` as float64, or an error that names the part and the first wrong."""
    try:
        values = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise WrongValuesError(type(part), f"must return an array of numbers: {error}.") from None
    if values.dtype.kind not in "biuf":  # truth values, whole numbers, floats; no complex numbers, texts or objects
        raise WrongValuesError(type(part), f"must return an array of numbers; got an array of {values.dtype}.")
    if values.shape != step.shape:
        fault = f"must return one number per step, shape {step.shape}; got shape {values.shape}."
        raise WrongValuesError(type(part), fault)
    values = values.astype(np.float64)
    wrong = ~np.isfinite(values) | (values < 0)
    if wrong.any():
        first = int(np.argmax(wrong))
        fault = f"must return finite numbers of at least 0; got {values[first]} at step {step[first]} of {total}."
        raise WrongValuesError(type(part), fault)
    return values
