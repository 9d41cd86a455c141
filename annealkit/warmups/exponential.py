"""The exponential warmup."""

from dataclasses import dataclass

import numpy as np

from annealkit import hookimpl
from annealkit.warmups._ramp import check, way


@dataclass
class ExponentialWarmup:
    """Rise by the same ratio at every update.

    Formula: ramp(s) = start^(1 - x).

    Args:
        length: the duration of the ramp, longer than zero and shorter than the run.
        start: where the ramp starts, as a fraction of the value it leads to, in (0, 1].
        include_start: true: the first update has exactly `start`, x = s/w; false: it is past it, x = (s+1)/(w+1).

    Range: [start, 1].

    Raises:
        ConfigError: a field is out of its range.

    Source: a rule of practice: a rise from 0.01 in 5 updates multiplies the rate by 100^(1/6) each time.
    """

    length: str = "5%"
    start: float = 0.01
    include_start: bool = False

    def __post_init__(self) -> None:
        check("exponential warmup", self.length, self.start, bounds="(]")

    def ramp(self, step: np.ndarray, length: int) -> np.ndarray:
        fractions: np.ndarray = np.power(float(self.start), 1 - way(step, length, self.include_start))
        return fractions


@hookimpl
def annealkit_warmups() -> dict[str, type]:
    return {"exponential": ExponentialWarmup}
