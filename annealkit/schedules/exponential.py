"""Exponential decay."""

import numpy as np

from annealkit import Run, checked_dataclass, duration, flag, hookimpl, number


@checked_dataclass
class Exponential:
    """Multiply the rate by `rate` over each `every`, smoothly or in stairs.

    Formula: factor(s) = max(floor, rate^(s / every)); with `staircase` the exponent is floor(s / every). The defaults
    fall to 0.96^100 = 0.017 over the run.

    Range: [floor, 1].
    Edges: the first update has factor 1; the last rate^((T-1)/every); past the end the last update's value holds.

    Source: a rule of practice; Senior, Heigold, Ranzato and Yang 2013 (ICASSP) compare it with others.

    Equals: Keras `ExponentialDecay(lr, every, rate, staircase)`; optax `exponential_decay(lr, every, rate,
    staircase=staircase, end_value=floor*lr)`; torch `ExponentialLR(gamma=rate)` for `every` = the steps per call.
    """

    rate: float = number(0.96, "(0, 1]", "what the rate is multiplied by over each `every`")
    every: str = duration("1%", "over how long that happens")
    staircase: bool = flag(False, "fall at once at the end of each `every` and stay level between")
    floor: float = number(0.0, "[0, 1]", "lowest factor", hint="0.01")

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        step = np.minimum(step, run.total_steps - 1)
        every = run.steps(self.every)
        exponent = step // every if self.staircase else step / every
        return np.maximum(np.power(float(self.rate), exponent), self.floor)


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"exponential": Exponential}
