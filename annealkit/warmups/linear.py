"""The linear warmup."""

import numpy as np

from annealkit import checked_dataclass, duration, flag, hookimpl, number
from annealkit.warmups._ramp import way


@checked_dataclass
class LinearWarmup:
    """Rise in a straight line.

    Formula: ramp(s) = start + (1 - start) * x. With the defaults and w updates: 1/(w+1), 2/(w+1), ..., w/(w+1), then 1.

    Range: [start, 1].

    Source: Goyal et al. 2017, arXiv 1706.02677, section 2.2.

    Equals, with include_start=true: torch `LinearLR(start_factor=start, total_iters=length)`; Keras
    `CosineDecay(start*lr, decay_steps, warmup_target=lr, warmup_steps=length)`; timm `warmup_t=length,
    warmup_lr_init=start*lr, warmup_prefix=True`; transformers `get_cosine_schedule_with_warmup(length)` with start 0.
    """

    length: str = duration("5%", "how long the ramp is, shorter than the run", hint="5%, or no warmup")
    start: float = number(0.0, "[0, 1]", "where the ramp starts, as a fraction of the value it leads to", hint="0.01")
    include_start: bool = flag(False, "the first update has exactly `start`: x = s/w instead of (s+1)/(w+1)")

    def ramp(self, step: np.ndarray, length: int) -> np.ndarray:
        return self.start + (1 - self.start) * way(step, length, self.include_start)


@hookimpl
def annealkit_warmups() -> dict[str, type]:
    return {"linear": LinearWarmup}
