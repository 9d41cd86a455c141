"""The linear warmup."""

from dataclasses import dataclass

import numpy as np

from annealkit import hookimpl
from annealkit.warmups._ramp import check, way


@dataclass
class LinearWarmup:
    """Rise in a straight line.

    Formula: ramp(s) = start + (1 - start) * x. With the defaults and w updates: 1/(w+1), 2/(w+1), ..., w/(w+1), then 1.

    Args:
        length: the duration of the ramp, longer than zero and shorter than the run.
        start: where the ramp starts, as a fraction of the value it leads to, in [0, 1].
        include_start: true: the first update has exactly `start`, x = s/w; false: it is past it, x = (s+1)/(w+1).

    Range: [start, 1].

    Raises:
        ConfigError: a field is out of its range.

    Source: Goyal et al. 2017, arXiv 1706.02677, section 2.2.

    Equals, with include_start=true: torch `LinearLR(start_factor=start, total_iters=length)`; Keras
    `CosineDecay(start*lr, decay_steps, warmup_target=lr, warmup_steps=length)`; timm `warmup_t=length,
    warmup_lr_init=start*lr, warmup_prefix=True`; transformers `get_cosine_schedule_with_warmup(length)` with start 0.
    """

    length: str = "5%"
    start: float = 0.0
    include_start: bool = False

    def __post_init__(self) -> None:
        check("linear warmup", self.length, self.start)

    def ramp(self, step: np.ndarray, length: int) -> np.ndarray:
        return self.start + (1 - self.start) * way(step, length, self.include_start)


@hookimpl
def annealkit_warmups() -> dict[str, type]:
    return {"linear": LinearWarmup}
