"""Inverse square root decay; with a linear warmup the schedule of the Transformer, also called Noam."""

import numpy as np

from annealkit import Run, checked_dataclass, duration, hookimpl


@checked_dataclass
class InverseSqrt:
    """Fall with the inverse square root of time.

    Formula: factor(s) = √(t / (t + s)) with t = `timescale` in updates. The default falls to 0.22 over the run.

    Range: (0, 1].
    Edges: the first update has factor 1; past the end the last update's value holds. The curve knows no end: it is
    well above 0 at the last update.

    Source: Vaswani et al. 2017, arXiv 1706.03762, section 5.3, equation 3.

    Equals: transformers `get_inverse_sqrt_schedule(num_warmup_steps=w, timescale)`, by default timescale = w, after a
    `LinearWarmup` of w updates with include_start=true; the paper's d^-½ min(n^-½, n w^-1.5), n = 1, 2, …, after a
    `LinearWarmup` of w - 1 updates as it is, with timescale=<w>st and lr = (d w)^-½, which is its peak.
    """

    timescale: str = duration("5%", "after how long the rate has fallen to √½")

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        step = np.minimum(step, run.total_steps - 1)
        timescale = run.steps(self.timescale)
        factors: np.ndarray = np.sqrt(timescale / (timescale + step))
        return factors


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"inverse_sqrt": InverseSqrt}
