"""A sawtooth learning rate for annealkit: the smallest complete plugin."""

from dataclasses import dataclass

import numpy as np

from annealkit import Run, hookimpl
from annealkit.fields.checks import check_duration, check_number


@dataclass
class Sawtooth:
    """Fall linearly to `floor` once every `every`, then leap back up, each time less high.

    Formula: factor(s) = floor + (1 - floor) * shrink^i * (1 - t / every), with the tooth i = floor(s / every), counted
    from 0, and t = s mod every, the updates since the tooth began.

    Args:
        every: length of a tooth; a duration longer than zero.
        shrink: height of a tooth above the floor as a fraction of the one before, in (0, 1].
        floor: what every tooth falls to, in [0, 1]; it is reached one update after the tooth's last.

    Range: [floor, 1].

    Edges: tooth i begins at floor + (1 - floor) * shrink^i, so the run begins at 1; past the end the last update's
    value holds.

    Raises:
        ConfigError: a field is out of its range.

    Source: a rule of practice.

    Example: `Sawtooth(every="2ep", shrink=0.5)` begins its teeth at 1, 1/2, 1/4 and so on.
    """

    every: str = "20%"
    shrink: float = 0.5
    floor: float = 0.0

    def __post_init__(self) -> None:
        check_duration("sawtooth", "every", self.every, hint="schedule.every=20%")
        check_number("sawtooth", "shrink", self.shrink, 0, 1, bounds="(]", hint="schedule.shrink=0.5")
        check_number("sawtooth", "floor", self.floor, 0, 1, hint="schedule.floor=0")

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        step = np.minimum(step, run.total_steps - 1)
        every = run.steps(self.every)
        tooth, since = np.divmod(step, every)
        return self.floor + (1 - self.floor) * np.power(self.shrink, tooth) * (1 - since / every)


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"sawtooth": Sawtooth}
