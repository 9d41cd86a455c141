"""The cosine warmup."""

from dataclasses import dataclass

import numpy as np

from annealkit import hookimpl
from annealkit.warmups._ramp import check, way


@dataclass
class CosineWarmup:
    """Rise along half a cosine wave: slowly, fast, slowly.

    Formula: ramp(s) = start + (1 - start) * ½ (1 - cos(π x)).

    Args:
        length: the duration of the ramp, longer than zero and shorter than the run.
        start: where the ramp starts, as a fraction of the value it leads to, in [0, 1].
        include_start: true: the first update has exactly `start`, x = s/w; false: it is past it, x = (s+1)/(w+1).

    Range: [start, 1].

    Raises:
        ConfigError: a field is out of its range.

    Source: the rising phase of the one-cycle policy as fastai draws it; Smith 2018, arXiv 1803.09820.
    """

    length: str = "5%"
    start: float = 0.0
    include_start: bool = False

    def __post_init__(self) -> None:
        check("cosine warmup", self.length, self.start)

    def ramp(self, step: np.ndarray, length: int) -> np.ndarray:
        rise = 0.5 * (1 - np.cos(np.pi * way(step, length, self.include_start)))
        return self.start + (1 - self.start) * rise


@hookimpl
def annealkit_warmups() -> dict[str, type]:
    return {"cosine": CosineWarmup}
