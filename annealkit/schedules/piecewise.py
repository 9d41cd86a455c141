"""Piecewise constant rates."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

import numpy as np

from annealkit import hookimpl
from annealkit.curve.span import Run, parse_duration
from annealkit.errors import ConfigError
from annealkit.fields.checks import check_duration, check_number

HINT = "schedule.boundaries=[50%,75%] schedule.values=[1.0,0.1,0.01]"


@dataclass
class Piecewise:
    """Hold one value up to each boundary, then the next.

    Formula: factor(s) = values[n] with n = how many boundaries are at s or before it; with `inclusive` only those
    before it, so that the update at a boundary still has the earlier value.

    Args:
        boundaries: durations from the begin of the schedule, each longer than the one before it and the first longer
            than zero. Those past the end never come.
        values: factors, one more than there are boundaries, each at least 0.
        inclusive: the update at a boundary belongs to what comes before it.

    Range: [min(values), max(values)].
    Edges: the first update has values[0]; past the end the last update's value holds.

    Raises:
        ConfigError: a field is out of its range; the values are not one more than the boundaries; or, when evaluated if
            their units differ, the boundaries do not ascend.

    Source: a rule of practice.

    Equals: optax `piecewise_constant_schedule(lr * values[0], {boundary: ratio to the value before it, …})`; with
    inclusive=true Keras `PiecewiseConstantDecay(boundaries, lr * values)`.
    """

    boundaries: list[str] = field(default_factory=lambda: ["50%", "75%"])
    values: list[float] = field(default_factory=lambda: [1.0, 0.1, 0.01])
    inclusive: bool = False

    def __post_init__(self) -> None:
        for boundary in self.boundaries:
            check_duration("piecewise", "boundaries", boundary, hint=HINT)
        for value in self.values:
            check_number("piecewise", "values", value, 0, hint=HINT)
        if len(self.values) != len(self.boundaries) + 1:
            raise ConfigError(
                f"piecewise: values must be one more than boundaries; got {len(self.values)} values and "
                f"{len(self.boundaries)} boundaries. Try {HINT}."
            )
        durations = [parse_duration(boundary) for boundary in self.boundaries]
        if len({unit for _, unit in durations}) == 1:
            self._check_ascending([number for number, _ in durations])

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        self._check_ascending([run.exact_steps(boundary) for boundary in self.boundaries])
        step = np.minimum(step, run.total_steps - 1)
        boundaries = np.array([run.steps(boundary) for boundary in self.boundaries], dtype=np.int64)
        values = np.array(self.values, dtype=np.float64)
        return values[np.searchsorted(boundaries, step, side="left" if self.inclusive else "right")]

    def _check_ascending(self, lengths: Sequence[Fraction]) -> None:
        for index, (earlier, later) in enumerate(pairwise(lengths)):
            if later <= earlier:
                raise ConfigError(
                    f"piecewise: boundaries must ascend; got {self.boundaries[index + 1]!r} after "
                    f"{self.boundaries[index]!r}. Try {HINT}."
                )


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"piecewise": Piecewise}
