"""Schedules as fastai draws them, by its definitions: it is not among the peers that are called."""

import math

import numpy as np
import pytest

from annealkit import OneCycle, Run, Trapezoid


def test_trapezoid_is_fastais_flat_cos() -> None:
    """fastai's fit_flat_cos(8, lr, div_final=1e5, pct_start=0.75): lr, then a cosine to lr / 1e5, by its definition."""
    schedule = Trapezoid("75%", "cosine", floor=1e-5)
    fall = [1e-5 + (1 - 1e-5) * (1 + math.cos(math.pi * i / 2)) / 2 for i in range(3)]
    assert schedule.factor(np.arange(9), Run(8, 8)) == pytest.approx([1.0] * 6 + fall)


def test_one_cycle_follows_fastai() -> None:
    """fastai's combined_cos(0.25, lr / 25, lr, lr / 1e5) at i / 8, worked out by hand from its definition."""
    schedule = OneCycle(peak_at="25%", start=0.04, final=1e-5, anneal="cosine", like="fastai")
    half = (1 + 1e-5) / 2
    late = [half + (1 - 1e-5) / 2 * math.cos(math.pi * i / 6) for i in range(7)]
    assert schedule.factor(np.arange(9), Run(8, 8)) == pytest.approx([0.04, 0.52, *late])
