"""Polynomial decay; with power 1 the linear decay."""

import numpy as np

from annealkit import Run, checked_dataclass, duration, flag, hookimpl, number


@checked_dataclass
class Polynomial:
    """Fall from 1 to `floor` as a power of the time left; power 1 is a straight line.

    Formula: factor(s) = (1 - floor) * (1 - q^k)^power + floor with q = min(s / length, 1); with `cycle`
    q = s / (length * max(1, ceil(s / length))): each time the floor is reached the curve starts again, lower and
    longer than before.

    Range: [floor, 1].
    Edges: the first update has factor 1; the update `length` is the first at `floor`, which for 100% is the one after
    the last; past the end the value at p = 1 holds (the floor, if `length` divides the run).

    Source: Chen, Papandreou, Kokkinos, Murphy and Yuille 2016, arXiv 1606.00915, section 4.1 ("poly"); k-decay: Zhang
    and Li 2020, arXiv 2004.05909.

    Equals: Keras `PolynomialDecay(lr, length, floor*lr, power, cycle)`; torch `PolynomialLR(total_iters=length, power)`
    for floor 0; optax `polynomial_schedule`; timm `PolyLRScheduler(t_initial=length, power, lr_min, k_decay=k)`.
    """

    power: float = number(1.0, "(0, inf)", "1 is linear; above 1 falls early, below 1 falls late")
    floor: float = number(0.0, "[0, 1]", "the factor at the end", hint="0.01")
    length: str = duration("100%", "how long the fall is; 100% ends with the run")
    cycle: bool = flag(False, "start again after each `length` instead of staying at the floor")
    k: float = number(1.0, "(0, inf)", "above 1 holds the rate high for longer before it falls (k-decay)")

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
