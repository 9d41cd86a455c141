"""Step decay, also called staircase."""

from dataclasses import dataclass

import numpy as np

from annealkit import hookimpl
from annealkit.curve.span import Run
from annealkit.fields.checks import check_duration, check_number


@dataclass
class Step:
    """Multiply the rate by `drop` once every `every`.

    Formula: factor(s) = drop^floor((s + offset) / every). The defaults make eight stairs, from 1 down to 1/128.

    Args:
        drop: what the rate is multiplied by at each stair, in (0, 1].
        every: length of a stair; a duration longer than zero.
        offset: how much of the first stair has passed when the run begins; a duration, zero allowed.

    Range: [0, 1].
    Edges: the first update has factor 1 unless `offset` reaches `every`; stair i begins at update
    i*every - offset; past the end the last update's value holds.

    Raises:
        ConfigError: a field is out of its range.

    Source: a rule of practice; for image networks Krizhevsky, Sutskever and Hinton 2012 (NeurIPS), section 5.

    Equals: torch `StepLR(step_size=every, gamma=drop)`; Keras `ExponentialDecay(lr, every, drop, staircase=True)`;
    Keras `LearningRateScheduler` with `lr * drop ** (epoch // n)` for `every=<n>ep`, or `drop ** ((1 + epoch) // n)`
    with `offset=1ep` as well.
    """

    drop: float = 0.5
    every: str = "12.5%"
    offset: str = "0ep"

    def __post_init__(self) -> None:
        check_number("step", "drop", self.drop, 0, 1, bounds="(]", hint="schedule.drop=0.5")
        check_duration("step", "every", self.every, hint="schedule.every=12.5%")
        check_duration("step", "offset", self.offset, zero=True, hint="schedule.offset=0ep")

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        step = np.minimum(step, run.total_steps - 1)
        stair = (step + run.steps(self.offset, least=0)) // run.steps(self.every)
        factors: np.ndarray = np.power(float(self.drop), stair)
        return factors


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"step": Step}
