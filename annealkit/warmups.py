"""The built-in warmups: ramps that lead from a small rate to the schedule's first value.

A ramp of w updates runs through a fraction x of its way, and the schedule's first value follows at update w, x = 1:

    include_start=False   x = (s + 1) / (w + 1)   `start` is passed one update before the first
    include_start=True    x = s / w               the first update, s = 0, has exactly `start`

The first never wastes an update at a rate of zero; the second is what most libraries do. No warmup repeats the value
that it leads to: the last update of a ramp, s = w - 1, is below it.
"""

from dataclasses import dataclass

import numpy as np

from annealkit.checks import check_duration, check_number


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
        _check("linear warmup", self.length, self.start)

    def ramp(self, step: np.ndarray, length: int) -> np.ndarray:
        return self.start + (1 - self.start) * _way(step, length, self.include_start)


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
        _check("exponential warmup", self.length, self.start, bounds="(]")

    def ramp(self, step: np.ndarray, length: int) -> np.ndarray:
        fractions: np.ndarray = np.power(float(self.start), 1 - _way(step, length, self.include_start))
        return fractions


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
        _check("cosine warmup", self.length, self.start)

    def ramp(self, step: np.ndarray, length: int) -> np.ndarray:
        rise = 0.5 * (1 - np.cos(np.pi * _way(step, length, self.include_start)))
        return self.start + (1 - self.start) * rise


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
        _check("polynomial warmup", self.length, self.start)
        check_number("polynomial warmup", "power", self.power, 0, bounds="()", hint="warmup.power=2.0")

    def ramp(self, step: np.ndarray, length: int) -> np.ndarray:
        return self.start + (1 - self.start) * _way(step, length, self.include_start) ** self.power


def _way(step: np.ndarray, length: int, include_start: bool) -> np.ndarray:
    """The fraction of the ramp's way that each update has come, in [0, 1)."""
    return step / length if include_start else (step + 1) / (length + 1)


def _check(part: str, length: str, start: float, bounds: str = "[]") -> None:
    check_duration(part, "length", length, hint="warmup.length=5%, or warmup=none")
    check_number(part, "start", start, 0, 1, bounds=bounds, hint="warmup.start=0.01")
