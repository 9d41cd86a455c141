"""Inverse time decay, also called time-based or 1/t decay."""

from dataclasses import dataclass

import numpy as np

from annealkit import hookimpl
from annealkit.curve.span import Run
from annealkit.fields.checks import check_duration, check_number


@dataclass
class InverseTime:
    """Divide the rate by a number that grows evenly with time.

    Formula: factor(s) = 1 / (1 + rate * s / every); with `staircase` s / every is rounded down. The defaults halve the
    rate in the first tenth of the run and end at 1/11.

    Args:
        rate: how much the divisor grows over each `every`, at least 0.
        every: the duration over which it grows by that, longer than zero.
        staircase: grow at once at the end of each `every` and stay level between.

    Range: [0, 1].
    Edges: the first update has factor 1; past the end the last update's value holds.

    Raises:
        ConfigError: a field is out of its range.

    Source: the 1/t gain of Robbins and Monro 1951 (Annals of Mathematical Statistics 22).

    Equals: Keras `InverseTimeDecay(lr, every, rate, staircase)`; the `decay` argument of early Keras optimizers,
    lr / (1 + decay * iterations), with `rate=<decay> every=1st`.
    """

    rate: float = 1.0
    every: str = "10%"
    staircase: bool = False

    def __post_init__(self) -> None:
        check_number("inverse_time", "rate", self.rate, 0, hint="schedule.rate=1.0")
        check_duration("inverse_time", "every", self.every, hint="schedule.every=10%")

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        step = np.minimum(step, run.total_steps - 1)
        every = run.steps(self.every)
        time = step // every if self.staircase else step / every
        return 1 / (1 + self.rate * time)


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"inverse_time": InverseTime}
