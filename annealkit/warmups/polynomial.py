"""The polynomial warmup."""

import numpy as np

from annealkit import checked_dataclass, duration, flag, hookimpl, number
from annealkit.warmups._ramp import way


@checked_dataclass
class PolynomialWarmup:
    """Rise as a power of time: power 2 starts gently, power 0.5 steeply.

    Formula: ramp(s) = start + (1 - start) * x^power.

    Range: [start, 1].

    Source: a rule of practice, such as `PolynomialWarmUp(warmup_steps, power)` of the TensorFlow Model Garden.

    Equals, with include_start=true: optax `polynomial_schedule(start, 1, power, length)` for power 1.
    """

    length: str = duration("5%", "how long the ramp is, shorter than the run", hint="5%, or no warmup")
    start: float = number(0.0, "[0, 1]", "where the ramp starts, as a fraction of the value it leads to", hint="0.01")
    include_start: bool = flag(False, "the first update has exactly `start`: x = s/w instead of (s+1)/(w+1)")
    power: float = number(2.0, "(0, inf)", "1 is linear")

    def ramp(self, step: np.ndarray, length: int) -> np.ndarray:
        return self.start + (1 - self.start) * way(step, length, self.include_start) ** self.power


@hookimpl
def annealkit_warmups() -> dict[str, type]:
    return {"polynomial": PolynomialWarmup}
