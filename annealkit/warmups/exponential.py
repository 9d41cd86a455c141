"""The exponential warmup."""

import numpy as np

from annealkit import checked_dataclass, duration, flag, hookimpl, number
from annealkit.warmups._ramp import way


@checked_dataclass
class ExponentialWarmup:
    """Rise by the same ratio at every update.

    Formula: ramp(s) = start^(1 - x).

    Range: [start, 1].

    Source: a rule of practice: a rise from 0.01 in 5 updates multiplies the rate by 100^(1/6) each time.
    """

    length: str = duration("5%", "how long the ramp is, shorter than the run", hint="5%, or no warmup")
    start: float = number(0.01, "(0, 1]", "where the ramp starts, as a fraction of the value it leads to")
    include_start: bool = flag(False, "the first update has exactly `start`: x = s/w instead of (s+1)/(w+1)")

    def ramp(self, step: np.ndarray, length: int) -> np.ndarray:
        fractions: np.ndarray = np.power(float(self.start), 1 - way(step, length, self.include_start))
        return fractions


@hookimpl
def annealkit_warmups() -> dict[str, type]:
    return {"exponential": ExponentialWarmup}
