"""The warmups: which update has which value, and how a ramp meets the schedule."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers import assert_refused

from annealkit.curve.rates import learning_rates
from annealkit.curve.span import Run
from annealkit.schedules import Constant, Cosine, Cyclical
from annealkit.warmups import CosineWarmup, ExponentialWarmup, LinearWarmup, PolynomialWarmup

WARMUPS = [LinearWarmup, ExponentialWarmup, CosineWarmup, PolynomialWarmup]

# Four updates: x is 1/5, 2/5, 3/5, 4/5, and with include_start 0, 1/4, 2/4, 3/4.
BY_HAND = [
    (LinearWarmup(), [0.2, 0.4, 0.6, 0.8]),
    (LinearWarmup(include_start=True), [0, 0.25, 0.5, 0.75]),
    (LinearWarmup(start=0.5), [0.6, 0.7, 0.8, 0.9]),
    (LinearWarmup(start=0.2, include_start=True), [0.2, 0.4, 0.6, 0.8]),
    (ExponentialWarmup(start=1 / 32), [1 / 16, 1 / 8, 1 / 4, 1 / 2]),
    (ExponentialWarmup(start=1 / 16, include_start=True), [1 / 16, 1 / 8, 1 / 4, 1 / 2]),
    (CosineWarmup(include_start=True), [0, (2 - math.sqrt(2)) / 4, 0.5, (2 + math.sqrt(2)) / 4]),
    (
        CosineWarmup(start=0.5, include_start=True),
        [0.5, 0.5 + (2 - math.sqrt(2)) / 8, 0.75, 0.5 + (2 + math.sqrt(2)) / 8],
    ),
    (PolynomialWarmup(), [0.04, 0.16, 0.36, 0.64]),
    (PolynomialWarmup(start=0.5, power=3.0, include_start=True), [0.5, 0.5 + 1 / 128, 0.5 + 1 / 16, 0.5 + 27 / 128]),
]


@pytest.mark.parametrize(("warmup", "expected"), BY_HAND, ids=lambda value: type(value).__name__)
def test_ramp_by_hand(warmup: Any, expected: list[float]) -> None:
    assert warmup.ramp(np.arange(4), 4) == pytest.approx(expected)


@pytest.mark.parametrize("kind", WARMUPS)
@pytest.mark.parametrize("include_start", [False, True])
@pytest.mark.parametrize("length", [1, 2, 7, 100])
def test_ramp_rises_from_start_to_below_one(kind: Any, include_start: bool, length: int) -> None:
    ramp = kind(start=0.1, include_start=include_start).ramp(np.arange(length), length)
    assert ramp.dtype == np.float64
    assert np.all(np.diff(ramp) > 0)
    assert ramp[-1] < 1
    assert ramp[0] == pytest.approx(0.1) if include_start else ramp[0] > 0.1


@pytest.mark.parametrize("kind", WARMUPS)
@pytest.mark.parametrize("schedule", [Constant(), Cosine(), Cyclical()])
def test_no_update_is_wasted_and_the_join_has_no_jump(kind: Any, schedule: Any) -> None:
    """The schedule's own first value follows the ramp, and the step onto it is no longer than a step of the ramp."""
    run = Run(1000, 100)
    rates = learning_rates(schedule, 0.5, run, kind(length="2ep"))
    assert rates[0] > 0
    assert rates[200] == pytest.approx(0.5 * schedule.factor(np.array([0]), run)[0])
    steps_of_the_ramp = np.diff(rates[:201])
    assert 0 < steps_of_the_ramp[-1] <= steps_of_the_ramp.max()
    assert rates[200:] == pytest.approx(learning_rates(schedule, 0.5, Run(800, 100)))


WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: LinearWarmup(start=2), "linear: start must lie in [0, 1]; got 2. Try warmup.start=0.01."),
    (lambda: ExponentialWarmup(start=0), "exponential: start must lie in (0, 1]; got 0. Try warmup.start=0.01."),
    (lambda: CosineWarmup(length="5"), "cosine: length='5' has no unit."),
    (
        lambda: LinearWarmup(length="0%"),
        "linear: length must be longer than nothing; got '0%'. Try warmup.length=5%, or no warmup.",
    ),
    (
        lambda: PolynomialWarmup(power=0),
        "polynomial: power must lie in (0, infinity); got 0. Try warmup.power=2.0.",
    ),
]


@pytest.mark.parametrize(("make", "message"), WRONG, ids=[message[:30] for _, message in WRONG])
def test_what_cannot_be_is_refused(make: Callable[[], Any], message: str) -> None:
    assert_refused(make, "warmup", message)
