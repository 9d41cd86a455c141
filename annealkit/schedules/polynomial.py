"""Polynomial decay; with power 1 the linear decay."""

from dataclasses import dataclass

import numpy as np

from annealkit import hookimpl
from annealkit.curve.span import Run
from annealkit.fields.checks import check_duration, check_number


@dataclass
class Polynomial:
    """Fall from 1 to `floor` as a power of the time left; power 1 is a straight line.

    Formula: factor(s) = (1 - floor) * (1 - q^k)^power + floor with q = min(s / length, 1); with `cycle`
    q = s / (length * max(1, ceil(s / length))): each time the floor is reached the curve starts again, lower and
    longer than before.

    Args:
        power: 1 is linear; above 1 falls early, below 1 falls late; greater than 0.
        floor: the factor at the end, in [0, 1].
        length: the duration of the fall, longer than zero; 100% ends with the run.
        cycle: start again after each `length` instead of staying at the floor.
        k: above 1 holds the rate high for longer before it falls (k-decay); greater than 0.

    Range: [floor, 1].
    Edges: the first update has factor 1; the update `length` is the first at `floor`, which for 100% is the one after
    the last; past the end the value at p = 1 holds (the floor, if `length` divides the run).

    Raises:
        ConfigError: a field is out of its range.

    Source: Chen, Papandreou, Kokkinos, Murphy and Yuille 2016, arXiv 1606.00915, section 4.1 ("poly"); k-decay: Zhang
    and Li 2020, arXiv 2004.05909.

    Equals: Keras `PolynomialDecay(lr, length, floor*lr, power, cycle)`; torch `PolynomialLR(total_iters=length, power)`
    for floor 0; optax `polynomial_schedule`; timm `PolyLRScheduler(t_initial=length, power, lr_min, k_decay=k)`.
    """

    power: float = 1.0
    floor: float = 0.0
    length: str = "100%"
    cycle: bool = False
    k: float = 1.0

    def __post_init__(self) -> None:
        check_number("polynomial", "power", self.power, 0, bounds="()", hint="schedule.power=1.0")
        check_number("polynomial", "floor", self.floor, 0, 1, hint="schedule.floor=0.01")
        check_duration("polynomial", "length", self.length, hint="schedule.length=100%")
        check_number("polynomial", "k", self.k, 0, bounds="()", hint="schedule.k=1.0")

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        step = np.minimum(step, run.total_steps)
        length = run.steps(self.length)
        falls = np.maximum(-(-step // length), 1) if self.cycle else 1
        done = np.minimum(step / (length * falls), 1)
        return (1 - self.floor) * (1 - done**self.k) ** self.power + self.floor


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {
        "polynomial": Polynomial,
        "linear": Polynomial,
    }
