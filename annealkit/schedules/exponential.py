"""Exponential decay."""

from dataclasses import dataclass

import numpy as np

from annealkit import hookimpl
from annealkit.curve.span import Run
from annealkit.fields.checks import check_duration, check_number


@dataclass
class Exponential:
    """Multiply the rate by `rate` over each `every`, smoothly or in stairs.

    Formula: factor(s) = max(floor, rate^(s / every)); with `staircase` the exponent is floor(s / every). The defaults
    fall to 0.96^100 = 0.017 over the run.

    Args:
        rate: what the rate is multiplied by over each `every`, in (0, 1].
        every: the duration over which that happens, longer than zero.
        staircase: fall at once at the end of each `every` and stay level between.
        floor: lowest factor, in [0, 1].

    Range: [floor, 1].
    Edges: the first update has factor 1; the last rate^((T-1)/every); past the end the last update's value holds.

    Raises:
        ConfigError: a field is out of its range.

    Source: a rule of practice; Senior, Heigold, Ranzato and Yang 2013 (ICASSP) compare it with others.

    Equals: Keras `ExponentialDecay(lr, every, rate, staircase)`; optax `exponential_decay(lr, every, rate,
    staircase=staircase, end_value=floor*lr)`; torch `ExponentialLR(gamma=rate)` for `every` = the steps per call.
    """

    rate: float = 0.96
    every: str = "1%"
    staircase: bool = False
    floor: float = 0.0

    def __post_init__(self) -> None:
        check_number("exponential", "rate", self.rate, 0, 1, bounds="(]", hint="schedule.rate=0.96")
        check_duration("exponential", "every", self.every, hint="schedule.every=1%")
        check_number("exponential", "floor", self.floor, 0, 1, hint="schedule.floor=0.01")

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        step = np.minimum(step, run.total_steps - 1)
        every = run.steps(self.every)
        exponent = step // every if self.staircase else step / every
        return np.maximum(np.power(float(self.rate), exponent), self.floor)


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"exponential": Exponential}
