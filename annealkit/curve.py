"""The one place where a learning-rate curve is made.

Preview, TensorBoard and training read this same array: what is previewed is what is applied.
"""

from typing import Protocol

import numpy as np

from annealkit.errors import ConfigError
from annealkit.run import Run


class Schedule(Protocol):
    """A pure function from the count of weight updates to a factor of the base learning rate."""

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
        ConfigError: the warmup leaves nothing for the schedule, or the schedule or warmup returned
            something else than finite numbers of the right shape, at least 0.
    """
    if not (np.isfinite(lr) and lr >= 0):
        raise ConfigError(f"lr must be a finite number of at least 0; got {lr!r}.")
    if warmup is None:
        return lr * _factors(schedule, run)
    ramp_steps = run.steps(warmup.length)
    if ramp_steps >= run.total_steps:
        raise ConfigError(
            f"warmup: length={warmup.length} is {ramp_steps} of the run's {run.total_steps} weight updates, which "
            "leaves nothing for the schedule. Try a shorter warmup.length or more trainer.epochs."
        )
    factors = _factors(schedule, Run(run.total_steps - ramp_steps, run.steps_per_epoch))
    ramp = _checked(warmup, warmup.ramp(np.arange(ramp_steps, dtype=np.int64), ramp_steps), ramp_steps)
    return lr * np.concatenate([ramp * factors[0], factors])


def _factors(schedule: Schedule, span: Run) -> np.ndarray:
    """Every factor of the schedule over its own span, checked."""
    return _checked(schedule, schedule.factor(np.arange(span.total_steps, dtype=np.int64), span), span.total_steps)


def _checked(part: object, values: np.ndarray, length: int) -> np.ndarray:
    """The part's values as float64, or an error that names the part and the first wrong step."""
    who = f"{type(part).__module__}.{type(part).__qualname__}"
    try:
        values = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{who} must return an array of numbers: {error}.") from None
    if values.shape != (length,):
        raise ConfigError(f"{who} must return one number per step, shape ({length},); got shape {values.shape}.")
    wrong = ~np.isfinite(values) | (values < 0)
    if wrong.any():
        step = int(np.argmax(wrong))
        raise ConfigError(
            f"{who} must return finite numbers of at least 0; got {values[step]} at step {step} of {length}."
        )
    return values
