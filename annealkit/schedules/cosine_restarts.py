"""Cosine decay with warm restarts, SGDR."""

from fractions import Fraction

import numpy as np

from annealkit import Run, checked_dataclass, duration, hookimpl, integer, number

FINEST = 10**6  # parts of an update that `first` is counted in: with them, runs of 10^12 updates stay within int64


@checked_dataclass
class CosineRestarts:
    """Fall along half a cosine wave, leap back up, and fall again in a longer cycle.

    Formula: factor(s) = floor + (1 - floor) * peak_decay^i * ½ (1 + cos(π (s - b_i) / (first * growth^i))), in the
    cycle i that began at b_i = first * (1 + growth + … + growth^(i-1)). The defaults make three cycles, of one, two
    and four sevenths of the run.

    `first` is not rounded to whole updates, so that cycles which fill the run in percent end with it; positions are
    whole numbers throughout, in steps of a millionth of an update at most, and no logarithm is taken: where the cycles
    are whole updates, each restart is at exactly its update.

    Range: [floor, 1].
    Edges: the first update has factor 1; the update of a restart has the full height of its cycle (if b_i is a whole
    number, else the wave is a fraction of an update along), the one before it is still above `floor`; past the end the
    last update's value holds.

    Source: Loshchilov and Hutter 2016, arXiv 1608.03983, section 3.

    Equals: Keras `CosineDecayRestarts(lr, first, t_mul=growth, m_mul=peak_decay, alpha=floor)`; torch
    `CosineAnnealingWarmRestarts(T_0=first, T_mult=growth, eta_min=floor*lr)`; timm `CosineLRScheduler(t_initial=first,
    cycle_mul=growth, cycle_decay=peak_decay, cycle_limit=…)` for floor 0. These find the cycle by a logarithm, which
    may place a restart one update late: for a first cycle of 10 and growth 3, update 1210 is one.
    """

    first: str = duration("14.2858%", "how long the first cycle is; under one update it is one")
    growth: int = integer(2, "[1, inf)", "each cycle is that many times as long as the one before it")
    peak_decay: float = number(1.0, "(0, 1]", "each cycle's height over `floor` is that many times the one before it")
    floor: float = number(0.0, "[0, 1]", "where each cycle ends", hint="0.01")

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        step = np.minimum(step, run.total_steps - 1)
        first = max(run.exact_steps(self.first).limit_denominator(FINEST), Fraction(1))
        parts, length = first.denominator, first.numerator  # the first cycle is length / parts updates
        # A cycle begins after a whole number of first cycles: 0, 1, 1 + growth, 1 + growth + growth^2, …
        passed = step * parts // length
        if self.growth == 1:
            cycle = begin = passed
        else:
            begins = [0]
            while begins[-1] * length < run.total_steps * parts:
                begins.append(begins[-1] * int(self.growth) + 1)
            cycle = np.searchsorted(np.array(begins[:-1], dtype=np.int64), passed, side="right") - 1
            begin = np.array(begins[:-1], dtype=np.int64)[cycle]
        done = (step * parts - begin * length) / (length * np.power(float(self.growth), cycle))
        height = np.power(float(self.peak_decay), cycle) * 0.5 * (1 + np.cos(np.pi * done))
        return self.floor + (1 - self.floor) * height


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"cosine_restarts": CosineRestarts}
