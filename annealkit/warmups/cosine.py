"""The cosine warmup."""

import numpy as np

from annealkit import checked_dataclass, duration, flag, hookimpl, number
from annealkit.warmups._ramp import way


@checked_dataclass
class CosineWarmup:
    """Rise along half a cosine wave: slowly, fast, slowly.

    Formula: ramp(s) = start + (1 - start) * ½ (1 - cos(π x)).

    Range: [start, 1].

    Source: the rising phase of the one-cycle policy as fastai draws it; Smith 2018, arXiv 1803.09820.
    """

    length: str = duration("5%", "how long the ramp is, shorter than the run", hint="5%, or no warmup")
    start: float = number(0.0, "[0, 1]", "where the ramp starts, as a fraction of the value it leads to", hint="0.01")
    include_start: bool = flag(False, "the first update has exactly `start`: x = s/w instead of (s+1)/(w+1)")

    def ramp(self, step: np.ndarray, length: int) -> np.ndarray:
        rise = 0.5 * (1 - np.cos(np.pi * way(step, length, self.include_start)))
        return self.start + (1 - self.start) * rise


@hookimpl
def annealkit_warmups() -> dict[str, type]:
    return {"cosine": CosineWarmup}
