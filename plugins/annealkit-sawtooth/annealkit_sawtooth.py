"""A sawtooth learning rate for annealkit: the smallest complete plugin."""

import numpy as np

from annealkit import Run, checked_dataclass, duration, hookimpl, number


@checked_dataclass
class Sawtooth:
    """Fall linearly to `floor` once every `every`, then leap back up, each time less high.

    Formula: factor(s) = floor + (1 - floor) * shrink^i * (1 - t / every), with the tooth i = floor(s / every), counted
    from 0, and t = s mod every, the updates since the tooth began.

    Range: [floor, 1].

    Edges: tooth i begins at floor + (1 - floor) * shrink^i, so the run begins at 1; past the end the last update's
    value holds.

    Source: a rule of practice.

    Example: `Sawtooth(every="2ep", shrink=0.5)` begins its teeth at 1, 1/2, 1/4 and so on.
    """

    every: str = duration("20%", "length of a tooth")
    shrink: float = number(0.5, "(0, 1]", "height of a tooth above the floor as a fraction of the one before")
    floor: float = number(0.0, "[0, 1]", "what every tooth falls to; it is reached one update after the tooth's last")

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        step = np.minimum(step, run.total_steps - 1)
        every = run.steps(self.every)
        tooth, since = np.divmod(step, every)
        return self.floor + (1 - self.floor) * np.power(self.shrink, tooth) * (1 - since / every)


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"sawtooth": Sawtooth}
