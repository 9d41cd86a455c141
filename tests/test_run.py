"""Durations, the checks of fields, and the one place where a curve is made."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from annealkit.curve.rates import learning_rates
from annealkit.curve.span import Run, parse_duration
from annealkit.errors import ConfigError
from annealkit.fields.checks import check_choice, check_duration, check_number
from annealkit.schedules import Constant, Polynomial
from annealkit.warmups import LinearWarmup

RUN = Run(total_steps=3128, steps_per_epoch=391)  # eight epochs of 50,000 images in batches of 128


@pytest.mark.parametrize(
    ("duration", "steps"),
    [
        ("2ep", 782),
        ("0.5ep", 196),  # 195.5: halves up
        ("1500st", 1500),
        ("12.5%", 391),
        ("100%", 3128),
        ("200%", 6256),
        (".5%", 16),  # 15.64
        ("1e3st", 1000),
        ("1E-1EP", 39),
        (" 2 ep ", 782),
        ("0st", 1),
        ("0.001%", 1),
    ],
)
def test_durations_in_weight_updates(duration: str, steps: int) -> None:
    assert RUN.steps(duration) == steps


def test_durations_are_exact_before_they_are_rounded() -> None:
    assert RUN.exact_steps("0.1ep") == Fraction(391, 10)
    assert Run(100, 10).exact_steps("29%") == 29  # the binary floats make 0.29 * 100 = 28.999999999999996
    assert Run(10**15 + 1, 1).steps("100%") == 10**15 + 1
    assert RUN.steps("0st", least=0) == 0
    assert parse_duration("12.5%") == (Fraction(25, 2), "%")


@pytest.mark.parametrize(
    ("duration", "problem"),
    [
        ("10", "'10' has no unit. Write 2ep (epochs), 1500st"),
        ("-2ep", "'-2ep' is not a duration. Write 2ep"),
        ("2 weeks", "'2 weeks' is not a duration."),
        ("", "'' is not a duration."),
        ("infst", "'infst' is not a duration."),
        ("nan%", "'nan%' is not a duration."),
    ],
)
def test_what_is_no_duration_is_refused(duration: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_duration(duration)
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize("length", [0, -1, 1.5, True, "10"])
def test_a_run_has_whole_steps(length: Any) -> None:
    for sizes in ((length, 1), (1, length)):
        with pytest.raises(ConfigError, match="must be a whole number of at least 1"):
            Run(*sizes)


CHECKS: list[tuple[Callable[[], None], str | None]] = [
    (lambda: check_number("step", "drop", 0, 0, 1), None),
    (lambda: check_number("step", "drop", 1, 0, 1), None),
    (lambda: check_number("step", "drop", 1e300, 0), None),
    (lambda: check_number("step", "drop", 0, 0, 1, bounds="(]"), "step: drop must lie in (0, 1]; got 0."),
    (lambda: check_number("step", "drop", 1, 0, 1, bounds="[)"), "step: drop must lie in [0, 1); got 1."),
    (lambda: check_number("step", "drop", -1, 0, hint="x=1"), "step: drop must lie in [0, infinity); got -1. Try x=1."),
    (lambda: check_number("step", "drop", math.inf, 0), "step: drop must lie in [0, infinity); got inf."),
    (lambda: check_number("step", "drop", math.nan, 0, 1), "step: drop must lie in [0, 1]; got nan."),
    (lambda: check_duration("step", "every", "2ep"), None),
    (lambda: check_duration("step", "every", "0ep", zero=True), None),
    (lambda: check_duration("step", "every", "0ep"), "step: every must be longer than nothing; got '0ep'."),
    (lambda: check_choice("step", "kind", "a", ("a", "b")), None),
    (lambda: check_choice("step", "kind", "c", ("a", "b")), "step: kind must be one of a, b; got 'c'."),
]


@pytest.mark.parametrize(("check", "message"), CHECKS)
def test_checks(check: Callable[[], None], message: str | None) -> None:
    if message is None:
        check()
        return
    with pytest.raises(ConfigError) as caught:
        check()
    assert str(caught.value) == message


def test_learning_rates_are_warmup_then_schedule() -> None:
    """Four updates of warmup in fifths, then a line over the six that are left."""
    rates = learning_rates(Polynomial(), 0.6, Run(10, 5), LinearWarmup(length="4st"))
    assert rates == pytest.approx([0.12, 0.24, 0.36, 0.48, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
    assert rates.dtype == np.float64


def test_percentages_of_a_schedule_are_of_what_the_warmup_leaves() -> None:
    rates = learning_rates(Polynomial(length="50%"), 1.0, Run(12, 12), LinearWarmup(length="4st"))
    assert rates[4:] == pytest.approx([1, 0.75, 0.5, 0.25, 0, 0, 0, 0])


@pytest.mark.parametrize(("total", "length"), [(1, "5%"), (10, "10st"), (10, "2ep"), (10, "99%")])
def test_a_warmup_that_leaves_nothing_is_refused(total: int, length: str) -> None:
    with pytest.raises(ConfigError, match=rf"warmup: length={length} is \d+ of the run's {total} weight updates"):
        learning_rates(Constant(), 0.1, Run(total, 5), LinearWarmup(length=length))


@pytest.mark.parametrize("lr", [-0.1, math.nan, math.inf])
def test_a_base_rate_that_cannot_be_is_refused(lr: float) -> None:
    with pytest.raises(ConfigError, match="lr must be a finite number of at least 0"):
        learning_rates(Constant(), lr, RUN)


class Faulty:
    length = "2st"

    def __init__(self, answer: Callable[[np.ndarray], Any]) -> None:
        self.answer = answer

    def factor(self, step: np.ndarray, run: Run) -> Any:
        return self.answer(step)

    def ramp(self, step: np.ndarray, length: int) -> Any:
        return self.answer(step)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda step: 0.5, r"Faulty must return one number per step, shape \(\d+,\); got shape \(\)"),
        (lambda step: step[:-1] * 0.5, r"Faulty must return one number per step"),
        (lambda step: ["?"] * len(step), "Faulty must return an array of numbers"),
        (
            lambda step: np.where(step == 1, np.nan, 1.0),
            "Faulty must return finite numbers of at least 0; got nan at step 1 of",
        ),
        (
            lambda step: np.where(step == 1, np.inf, 1.0),
            "Faulty must return finite numbers of at least 0; got inf at step 1 of",
        ),
        (lambda step: 0.5 - step, "Faulty must return finite numbers of at least 0; got -0.5 at step 1 of"),
    ],
)
def test_a_faulty_schedule_or_warmup_is_named(answer: Callable[[np.ndarray], Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        learning_rates(Faulty(answer), 0.1, Run(4, 2))
    with pytest.raises(ConfigError, match=message):
        learning_rates(Constant(), 0.1, Run(4, 2), Faulty(answer))
