"""REX: reflected exponential decay."""

import numpy as np

from annealkit import Run, checked_dataclass, hookimpl, number


@checked_dataclass
class Rex:
    """Fall slowly at first and ever faster towards the end; REX stands for reflected exponential.

    Formula: factor(s) = floor + (1 - floor) * (1 - p) / (1 - p/2).

    Range: [floor, 1].
    Edges: the first update has factor 1; the last is one update short of `floor`, which holds past the end.

    Source: Chen, Wolfe and Kyrillidis 2021, arXiv 2107.04197.

    Equals: the paper's profile lr * (1 - p) / (½ + ½ (1 - p)), evaluated at every update.
    """

    floor: float = number(0.0, "[0, 1]", "the factor at the end", hint="0.01")

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        done = np.minimum(step, run.total_steps) / run.total_steps
        factors: np.ndarray = self.floor + (1 - self.floor) * (1 - done) / (1 - done / 2)
        return factors


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"rex": Rex}
