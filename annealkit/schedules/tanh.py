"""Hyperbolic tangent decay."""

import math
from dataclasses import dataclass

import numpy as np

from annealkit import hookimpl
from annealkit.curve.span import Run
from annealkit.errors import ConfigError
from annealkit.fields.checks import check_number


@dataclass
class Tanh:
    """Hold high for long, then fall along a hyperbolic tangent.

    Formula: factor(s) = floor + (1 - floor) * ½ (1 - tanh(lower * (1 - p) + upper * p)). The defaults are at ½ at 70 %
    of the run.

    Args:
        lower: where on the tangent the run begins, below `upper`; the further below 0, the nearer the first factor is
            to 1.
        upper: where on the tangent the run ends; the further above 0, the nearer the end is to `floor`.
        floor: what the tangent falls towards, in [0, 1].

    Range: [floor, 1].
    Edges: the first update has floor + (1 - floor) * ½ (1 - tanh(lower)), 0.9999992 by default; past the end the value
    at p = 1 holds, with the defaults 0.0025, which is not quite `floor`.

    Raises:
        ConfigError: a field is out of its range.

    Source: Hsueh, Li and Wu 2018, arXiv 1806.01593.

    Equals: timm `TanhLRScheduler(t_initial=T, lb=lower, ub=upper, lr_min=floor*lr)` within T.
    """

    lower: float = -7.0
    upper: float = 3.0
    floor: float = 0.0

    def __post_init__(self) -> None:
        check_number("tanh", "lower", self.lower, -math.inf, bounds="()", hint="schedule.lower=-7.0")
        check_number("tanh", "upper", self.upper, -math.inf, bounds="()", hint="schedule.upper=3.0")
        if self.lower >= self.upper:
            raise ConfigError(
                f"tanh: lower must be below upper, or the rate would not fall; got lower={self.lower!r} and "
                f"upper={self.upper!r}. Try schedule.lower=-7.0 schedule.upper=3.0."
            )
        check_number("tanh", "floor", self.floor, 0, 1, hint="schedule.floor=0.01")

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        done = np.minimum(step, run.total_steps) / run.total_steps
        height = 0.5 * (1 - np.tanh(self.lower * (1 - done) + self.upper * done))
        factors: np.ndarray = self.floor + (1 - self.floor) * height
        return factors


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"tanh": Tanh}
