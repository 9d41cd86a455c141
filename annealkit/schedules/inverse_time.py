"""Inverse time decay, also called time-based or 1/t decay."""

import numpy as np

from annealkit import Run, checked_dataclass, duration, flag, hookimpl, number


@checked_dataclass
class InverseTime:
    """Divide the rate by a number that grows evenly with time.

    Formula: factor(s) = 1 / (1 + rate * s / every); with `staircase` s / every is rounded down. The defaults halve the
    rate in the first tenth of the run and end at 1/11.

    Range: [0, 1].
    Edges: the first update has factor 1; past the end the last update's value holds.

    Source: the 1/t gain of Robbins and Monro 1951 (Annals of Mathematical Statistics 22).

    Equals: Keras `InverseTimeDecay(lr, every, rate, staircase)`; the `decay` argument of early Keras optimizers,
    lr / (1 + decay * iterations), with `rate=<decay> every=1st`.
    """

    rate: float = number(1.0, "[0, inf)", "how much the divisor grows over each `every`")
    every: str = duration("10%", "over how long it grows by that")
    staircase: bool = flag(False, "grow at once at the end of each `every` and stay level between")

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        step = np.minimum(step, run.total_steps - 1)
        every = run.steps(self.every)
        time = step // every if self.staircase else step / every
        return 1 / (1 + self.rate * time)


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"inverse_time": InverseTime}
