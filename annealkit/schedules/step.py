"""Step decay, also called staircase."""

import numpy as np

from annealkit import Run, checked_dataclass, duration, hookimpl, number


@checked_dataclass
class Step:
    """Multiply the rate by `drop` once every `every`.

    Formula: factor(s) = drop^floor((s + offset) / every). The defaults make eight stairs, from 1 down to 1/128.

    Range: [0, 1].
    Edges: the first update has factor 1 unless `offset` reaches `every`; stair i begins at update
    i*every - offset; past the end the last update's value holds.

    Source: a rule of practice; for image networks Krizhevsky, Sutskever and Hinton 2012 (NeurIPS), section 5.

    Equals: torch `StepLR(step_size=every, gamma=drop)`; Keras `ExponentialDecay(lr, every, drop, staircase=True)`;
    Keras `LearningRateScheduler` with `lr * drop ** (epoch // n)` for `every=<n>ep`, or `drop ** ((1 + epoch) // n)`
    with `offset=1ep` as well.
    """

    drop: float = number(0.5, "(0, 1]", "what the rate is multiplied by at each stair")
    every: str = duration("12.5%", "length of a stair")
    offset: str = duration("0ep", "how much of the first stair has passed when the run begins", zero=True)

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        step = np.minimum(step, run.total_steps - 1)
        stair = (step + run.steps(self.offset, least=0)) // run.steps(self.every)
        factors: np.ndarray = np.power(float(self.drop), stair)
        return factors


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"step": Step}
