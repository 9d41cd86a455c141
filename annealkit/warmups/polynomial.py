"""The polynomial warmup."""

from dataclasses import dataclass

import numpy as np

from annealkit import hookimpl
from annealkit.fields.checks import check_number
from annealkit.warmups._ramp import check, way


@dataclass
class PolynomialWarmup:
    """Rise as a power of time: power 2 starts gently, power 0.5 steeply.

    Formula: ramp(s) = start + (1 - start) * x^power.

    Args:
        length: the duration of the ramp, longer than zero and shorter than the run.
        start: where the ramp starts, as a fraction of the value it leads to, in [0, 1].
        include_start: true: the first update has exactly `start`, x = s/w; false: it is past it, x = (s+1)/(w+1).
        power: 1 is linear; greater than 0.

    Range: [start, 1].

    Raises:
        ConfigError: a field is out of its range.

    Source: a rule of practice, such as `PolynomialWarmUp(warmup_steps, power)` of the TensorFlow Model Garden.

    Equals, with include_start=true: optax `polynomial_schedule(start, 1, power, length)` for power 1.
    """

    length: str = "5%"
    start: float = 0.0
    include_start: bool = False
    power: float = 2.0

    def __post_init__(self) -> None:
        check("polynomial warmup", self.length, self.start)
        check_number("polynomial warmup", "power", self.power, 0, bounds="()", hint="warmup.power=2.0")

    def ramp(self, step: np.ndarray, length: int) -> np.ndarray:
        return self.start + (1 - self.start) * way(step, length, self.include_start) ** self.power


@hookimpl
def annealkit_warmups() -> dict[str, type]:
    return {"polynomial": PolynomialWarmup}
