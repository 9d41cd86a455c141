"""Piecewise constant rates."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np

from annealkit import Run, SettingError, checked_dataclass, durations, flag, hookimpl, numbers, parse_duration


@checked_dataclass
class Piecewise:
    """Hold one value up to each boundary, then the next.

    Formula: factor(s) = values[n] with n = how many boundaries are at s or before it; with `inclusive` only those
    before it, so that the update at a boundary still has the earlier value. Boundaries past
    the end never come.

    Range: [min(values), max(values)].
    Edges: the first update has values[0]; past the end the last update's value holds.

    Raises:
        ConfigError: when evaluated, boundaries of different units do not ascend.

    Source: a rule of practice.

    Equals: optax `piecewise_constant_schedule(lr * values[0], {boundary: ratio to the value before it, …})`; with
    inclusive=true Keras `PiecewiseConstantDecay(boundaries, lr * values)`.
    """

    boundaries: list[str] = durations(["50%", "75%"], "when the next value comes, from the begin of the schedule")
    values: list[float] = numbers([1.0, 0.1, 0.01], "[0, inf)", "the factors, one more than there are boundaries")
    inclusive: bool = flag(False, "the update at a boundary belongs to what comes before it")

    def __post_init__(self) -> None:
        if len(self.values) != len(self.boundaries) + 1:
            count = len(self.boundaries)
            problem = f" must be one more than boundaries; got {len(self.values)} values and {count} boundaries"
            enough = ",".join(f"{10.0**-place:g}" for place in range(count + 1))
            raise SettingError(self, "values", problem, f"[{enough}]")
        lengths = [parse_duration(boundary) for boundary in self.boundaries]
        if len({unit for _, unit in lengths}) == 1:
            self._check_ascending([number for number, _ in lengths])

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        self._check_ascending([run.exact_steps(boundary) for boundary in self.boundaries])
        step = np.minimum(step, run.total_steps - 1)
        boundaries = np.array([run.steps(boundary) for boundary in self.boundaries], dtype=np.int64)
        values = np.array(self.values, dtype=np.float64)
        return values[np.searchsorted(boundaries, step, side="left" if self.inclusive else "right")]

    def _check_ascending(self, lengths: Sequence[Fraction]) -> None:
        for index, (earlier, later) in enumerate(pairwise(lengths)):
            if later <= earlier:
                problem = f" must ascend; got {self.boundaries[index + 1]!r} after {self.boundaries[index]!r}"
                raise SettingError(self, "boundaries", problem, "[50%,75%]")


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"piecewise": Piecewise}
