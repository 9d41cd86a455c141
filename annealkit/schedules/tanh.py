"""Hyperbolic tangent decay."""

import numpy as np

from annealkit import Run, SettingError, checked_dataclass, hookimpl, number


@checked_dataclass
class Tanh:
    """Hold high for long, then fall along a hyperbolic tangent.

    Formula: factor(s) = floor + (1 - floor) * ½ (1 - tanh(lower * (1 - p) + upper * p)). The defaults are at ½ at 70 %
    of the run.

    Range: [floor, 1].
    Edges: the first update has floor + (1 - floor) * ½ (1 - tanh(lower)), 0.9999992 by default; past the end the value
    at p = 1 holds, with the defaults 0.0025, which is not quite `floor`.

    Source: Hsueh, Li and Wu 2018, arXiv 1806.01593.

    Equals: timm `TanhLRScheduler(t_initial=T, lb=lower, ub=upper, lr_min=floor*lr)` within T.
    """

    lower: float = number(-7.0, meaning="where on the tangent it begins, below `upper`; the lower, the nearer to 1")
    upper: float = number(3.0, meaning="where on the tangent it ends; the higher, the nearer to `floor`")
    floor: float = number(0.0, "[0, 1]", "what the tangent falls towards", hint="0.01")

    def __post_init__(self) -> None:
        if self.lower >= self.upper:
            problem = f" must be below upper, or the rate would not fall; got {self.lower!r} and upper={self.upper!r}"
            raise SettingError(self, "lower", problem, f"{self.upper - 10:g}")

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        done = np.minimum(step, run.total_steps) / run.total_steps
        height = 0.5 * (1 - np.tanh(self.lower * (1 - done) + self.upper * done))
        factors: np.ndarray = self.floor + (1 - self.floor) * height
        return factors


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"tanh": Tanh}
