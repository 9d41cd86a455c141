"""The schedules against values worked out by hand, or taken from where they were first described."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import assert_refused

from annealkit.curve.rates import learning_rates
from annealkit.curve.span import Run
from annealkit.errors import ConfigError
from annealkit.schedules import (
    Constant,
    Cosine,
    CosineRestarts,
    Cyclical,
    Exponential,
    InverseSqrt,
    InverseTime,
    MultiStep,
    OneCycle,
    Piecewise,
    Polynomial,
    Rex,
    Step,
    Table,
    Tanh,
    Trapezoid,
)
from annealkit.warmups import LinearWarmup

TEN_EPOCHS = Run(total_steps=100, steps_per_epoch=10)


def factors(schedule: Any, steps: list[int], run: Run = TEN_EPOCHS) -> list[float]:
    return list(schedule.factor(np.array(steps, dtype=np.int64), run))


def test_step_is_the_cifar10_articles_step_decay() -> None:
    """lrate = 0.1 * 0.2 ** floor((1 + epoch) / 2), for ten epochs."""
    by_hand = [0.1, 0.02, 0.02, 0.004, 0.004, 0.0008, 0.0008, 0.00016, 0.00016, 0.000032]
    rates = 0.1 * Step(drop=0.2, every="2ep", offset="1ep").factor(np.arange(100), TEN_EPOCHS)
    assert rates == pytest.approx(np.repeat(by_hand, 10))


def test_step_is_the_annealing_articles_schedule() -> None:
    """lr = 0.01 * 0.8 ** floor(epoch / 2): "the initial learning rate is at 1e-2 and at the end ... 4e-3"."""
    by_hand = [0.01, 0.01, 0.008, 0.008, 0.0064, 0.0064, 0.00512, 0.00512, 0.004096, 0.004096]
    rates = 0.01 * Step(drop=0.8, every="2ep").factor(np.arange(100), TEN_EPOCHS)
    assert rates == pytest.approx(np.repeat(by_hand, 10))


def test_exponential_is_the_cifar10_articles_staircase() -> None:
    """ExponentialDecay(0.1, 100000, 0.96, staircase=True): level up to update 99,999, then 0.096, then 0.09216."""
    schedule = Exponential(rate=0.96, every="100000st", staircase=True)
    rates = [0.1 * factor for factor in factors(schedule, [0, 99_999, 100_000, 200_000], Run(300_000, 390))]
    assert rates == pytest.approx([0.1, 0.1, 0.096, 0.09216])


def test_inverse_time_is_the_decay_argument_of_early_keras() -> None:
    """lr / (1 + decay * iterations) with decay = 0.01: halved after 100 updates, a third after 200."""
    assert factors(InverseTime(rate=0.01, every="1st"), [0, 100, 200], Run(300, 10)) == pytest.approx([1, 1 / 2, 1 / 3])


BY_HAND: list[tuple[Any, dict[int, float]]] = [
    (Constant(), {0: 1, 99: 1}),
    (Step(drop=0.5, every="30st"), {0: 1, 29: 1, 30: 0.5, 59: 0.5, 60: 0.25, 99: 0.125}),
    (Step(drop=0.5, every="30st", offset="29st"), {0: 1, 1: 0.5, 31: 0.25}),
    (Exponential(rate=0.25, every="20st"), {0: 1, 10: 0.5, 20: 0.25, 30: 0.125}),
    (Exponential(rate=0.25, every="20st", floor=0.2), {10: 0.5, 20: 0.25, 30: 0.2, 99: 0.2}),
    (Exponential(rate=0.25, every="20st", staircase=True), {19: 1, 20: 0.25, 39: 0.25, 40: 0.0625}),
    (InverseTime(rate=2.0, every="10st"), {0: 1, 5: 1 / 2, 10: 1 / 3, 20: 1 / 5}),
    (InverseTime(rate=2.0, every="10st", staircase=True), {9: 1, 10: 1 / 3, 19: 1 / 3, 20: 1 / 5}),
    (Polynomial(), {0: 1, 25: 0.75, 50: 0.5, 99: 0.01}),
    (Polynomial(power=2.0), {50: 0.25, 90: 0.01}),
    (Polynomial(floor=0.2), {0: 1, 50: 0.6, 100: 0.2}),
    (Polynomial(length="40st"), {10: 0.75, 40: 0, 41: 0, 99: 0}),
    # The second fall runs over 80 updates: at 60 a quarter is left, at 80 nothing, at 81 it is 1 - 81/120.
    (Polynomial(length="40st", cycle=True), {20: 0.5, 40: 0, 41: 1 - 41 / 80, 60: 0.25, 80: 0, 81: 39 / 120}),
    (Polynomial(k=2.0), {50: 0.75}),
    (Cosine(), {0: 1, 25: (2 + math.sqrt(2)) / 4, 50: 0.5, 75: (2 - math.sqrt(2)) / 4}),
    (Cosine(floor=0.1), {0: 1, 50: 0.55, 100: 0.1}),
    (Cosine(length="50%"), {25: 0.5, 50: 0, 75: 0, 100: 0}),
    (Cosine(exponent=2.0), {50: 0.25}),
    (Cosine(k=2.0), {50: (2 + math.sqrt(2)) / 4}),
    (Cyclical(floor=0.1, half_cycle="20st"), {0: 0.1, 10: 0.55, 20: 1, 30: 0.55, 40: 0.1, 60: 1}),
    (Cyclical(floor=0.1, half_cycle="10st", down="30st"), {0: 0.1, 5: 0.55, 10: 1, 25: 0.55, 40: 0.1, 50: 1}),
    (Cyclical(floor=0.1, half_cycle="10st", amplitude="halving"), {10: 1, 30: 0.55, 35: 0.325, 50: 0.325}),
    (Cyclical(floor=0.5, half_cycle="10st", amplitude="exponential", gamma=0.99), {5: 0.5 + 0.25 * 0.99**5}),
    (Cyclical(floor=0.0, half_cycle="20st", wave="sine"), {0: 0, 10: 0.5, 20: 1, 30: 0.5, 40: 0}),
    (Cyclical(floor=0.0, half_cycle="9st", down="18st", wave="sine"), {3: 0.25, 6: 0.75, 15: 0.75, 21: 0.25}),
    (Cyclical(floor=0.2, half_cycle="20st", wave="linear"), {0: 1, 20: 0.6, 30: 0.4, 40: 1, 60: 0.6}),
    (Cyclical(floor=0.2, half_cycle="20st", wave="cosine"), {0: 1, 20: 0.6, 40: 1, 60: 0.6}),
    (Cyclical(floor=0.01, half_cycle="20st", wave="exponential"), {0: 1, 20: 0.1, 40: 1, 60: 0.1}),
    (
        Cyclical(floor=0.001, half_cycle="20st", wave="step"),
        {0: 1, 9: 1, 10: 0.1, 20: 0.01, 30: 0.001, 39: 0.001, 40: 1},
    ),
    (Cyclical(floor=0.2, half_cycle="20st", wave="linear", amplitude="halving"), {40: 0.6, 60: 0.4, 80: 0.4}),
    # torch: the rise ends at 0.3 * 100 - 1, the fall at 100 - 1; halfway between two values a cosine is at their mean.
    (OneCycle(start=0.1, final=0.0), {0: 0.1, 29: 1, 64: 0.5, 99: 0}),
    (OneCycle(start=0.1, final=0.0, anneal="linear", peak_at="21st"), {0: 0.1, 10: 0.55, 20: 1, 99: 0}),
    (OneCycle(start=0.2, final=0.0, three_phase=True), {0: 0.2, 29: 1, 58: 0.2, 99: 0}),
    (OneCycle(start=0.1, final=0.0, like="fastai"), {0: 0.1, 15: 0.55, 30: 1, 65: 0.5, 100: 0}),
    (OneCycle(start=0.1, final=0.0, like="optax", peak_at="3.07ep"), {0: 0.1, 15: 0.55, 30: 1, 65: 0.5, 100: 0}),
    (
        OneCycle(start=0.2, final=0.0, like="fastai", three_phase=True),
        {0: 0.2, 15: 0.6, 30: 1, 45: 0.6, 60: 0.2, 80: 0.1},
    ),
    (MultiStep(), {0: 1, 49: 1, 50: 0.1, 74: 0.1, 75: 0.01, 99: 0.01}),
    (MultiStep(drop=0.5, milestones=["60st", "2ep", "20st", "200st"]), {19: 1, 20: 0.25, 59: 0.25, 60: 0.125}),
    (MultiStep(milestones=[]), {0: 1, 99: 1}),
    (Piecewise(), {0: 1, 49: 1, 50: 0.1, 74: 0.1, 75: 0.01}),
    (Piecewise(["30st", "6ep"], [0.5, 2.0, 0.0]), {0: 0.5, 29: 0.5, 30: 2, 59: 2, 60: 0}),
    (Piecewise(["30st", "6ep"], [0.5, 2.0, 0.0], inclusive=True), {30: 0.5, 31: 2, 60: 2, 61: 0}),
    (CosineRestarts(first="10st", growth=1), {0: 1, 5: 0.5, 10: 1, 15: 0.5, 90: 1}),
    # Cycles of 10, 20 and 40 updates begin at 0, 10 and 30.
    (CosineRestarts(first="10st", floor=0.2), {0: 1, 5: 0.6, 10: 1, 20: 0.6, 30: 1, 50: 0.6, 70: 1}),
    (CosineRestarts(first="1ep", growth=3, peak_decay=0.5), {5: 0.5, 10: 0.5, 25: 0.25, 40: 0.25, 85: 0.125}),
    # A cycle of 12.5 updates: at update 13 the second one is half an update old, at 25 the third begins.
    (CosineRestarts(first="12.5%", growth=1), {13: (1 + math.cos(math.pi / 25)) / 2, 25: 1, 50: 1}),
    (Trapezoid(), {0: 1, 80: 1, 85: 0.75, 90: 0.5, 99: 0.05, 100: 0}),
    (Trapezoid(decay_from="0st", floor=0.2), {0: 1, 50: 0.6, 100: 0.2}),
    (Trapezoid(decay_from="60st", shape="cosine"), {60: 1, 70: (2 + math.sqrt(2)) / 4, 80: 0.5}),
    (Trapezoid(decay_from="60st", shape="sqrt", floor=0.1), {60: 1, 70: 0.55, 100: 0.1}),
    (Trapezoid(decay_from="60st", shape="square"), {70: 15 / 16, 80: 0.75, 100: 0}),
    (Trapezoid(decay_from="60st", shape="exponential", floor=0.01), {60: 1, 80: 0.1, 100: 0.01}),
    (InverseSqrt(timescale="5st"), {0: 1, 5: math.sqrt(0.5), 15: 0.5, 40: 1 / 3}),
    (Rex(), {0: 1, 50: 2 / 3, 80: 1 / 3, 100: 0}),
    (Rex(floor=0.4), {50: 0.8, 100: 0.4}),
    (Tanh(lower=-2.0, upper=2.0), {50: 0.5, 75: (1 - math.tanh(1)) / 2}),
    # ½ (1 - tanh x) is 1 / (1 + e^2x), the logistic function upside down.
    (Tanh(), {0: 1 / (1 + math.exp(-14)), 70: 0.5, 100: 1 / (1 + math.exp(6))}),
    (Tanh(floor=0.5), {70: 0.75}),
]


@pytest.mark.parametrize(("schedule", "expected"), BY_HAND, ids=lambda value: type(value).__name__)
def test_values_by_hand(schedule: Any, expected: dict[int, float]) -> None:
    assert factors(schedule, list(expected)) == pytest.approx(list(expected.values()), abs=1e-12)


def test_one_cycle_ends_at_its_final_value_exactly() -> None:
    assert factors(OneCycle(), [99, 100, 10_000]) == [4e-6] * 3


def test_cyclical_is_smiths_triangular_policy() -> None:
    """Smith 2015, sections 3 and 4.1: stepsize 2000, base_lr 0.001, max_lr 0.006, as on CIFAR-10."""
    run = Run(8000, 500)
    for step in (0, 500, 2000, 3500, 4000, 7999):
        cycle = math.floor(1 + step / (2 * 2000))
        x = abs(step / 2000 - 2 * cycle + 1)
        rate = 0.001 + (0.006 - 0.001) * max(0, 1 - x)
        assert 0.006 * factors(Cyclical(floor=1 / 6, half_cycle="2000st"), [step], run)[0] == pytest.approx(rate)


def test_restarts_come_at_exactly_their_update() -> None:
    """A first cycle of 10 and growth 3: restarts at 10, 40, 130, 400, 1210, 3640, at a factor of 1, no others."""
    restarts = [0, 10, 40, 130, 400, 1210, 3640]
    curve = CosineRestarts(first="10st", growth=3).factor(np.arange(5000), Run(5000, 10))
    assert np.flatnonzero(curve == 1).tolist() == restarts
    assert (np.flatnonzero(np.diff(curve) > 0) + 1).tolist() == restarts[1:]


def test_cycles_that_fill_a_run_do_not_restart_within_it() -> None:
    for total in (20, 50, 100, 200, 3910, 35_190, 10**6):
        curve = CosineRestarts().factor(np.arange(total), Run(total, 10))
        assert (np.diff(curve) > 0).sum() == 2 and curve[-1] < 0.02


def test_inverse_sqrt_after_a_linear_warmup_is_the_transformers_schedule() -> None:
    """Vaswani 2017, equation 3: d^-0.5 * min(n^-0.5, n * w^-1.5) at the updates n = 1, 2, …; d = 512, w = 4000."""
    number = np.arange(1, 20_001)
    paper = 512**-0.5 * np.minimum(number**-0.5, number * 4000**-1.5)
    peak = (512 * 4000) ** -0.5
    rates = learning_rates(InverseSqrt("4000st"), peak, Run(20_000, 500), LinearWarmup("3999st"))
    assert rates == pytest.approx(paper, rel=1e-12)


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Table]:
    """A table of that text, in a file of its own."""

    def make(text: str, **fields: Any) -> Table:
        path = tmp_path / "curve.csv"
        path.write_bytes(text.encode())
        return Table(str(path), **fields)

    return make


def test_table_by_hand(table: Callable[..., Table]) -> None:
    assert factors(table("1\n0.5\n0\n"), [0, 1, 2, 3, 99]) == [1, 0.5, 0, 0, 0]
    assert factors(table("1\n0.5\n0\n", every="1ep"), [0, 9, 10, 19, 20, 99]) == [1, 1, 0.5, 0.5, 0, 0]
    lines = factors(table("1\n0.5\n0\n", every="1ep", interpolate=True), [0, 1, 10, 15, 19, 20, 99])
    assert lines == pytest.approx([1, 0.95, 0.5, 0.25, 0.05, 0, 0])
    assert factors(table("\ufeffstep,learning_rate\r\n0, 2e-1\r\n\r\n1, .25\r\n"), [0, 1, 2]) == [0.2, 0.25, 0.25]


def test_table_holds_the_value_of_the_last_update_and_keeps_what_it_read(table: Callable[..., Table]) -> None:
    long = table("".join(f"{value}\n" for value in range(200)))
    Path(long.path).unlink()
    assert factors(long, [98, 99, 100, 10**12]) == [98, 99, 99, 99]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "path={path} has no values. Write one number a line."),
        ("rate\n", "path={path} has no values."),
        ("1\n\nhalf\n", "path={path}, line 3: a value must be a finite number of at least 0; got 'half'."),
        ("rate\n-0.1\n", "path={path}, line 2: a value must be a finite number of at least 0; got '-0.1'."),
        ("nan\n", "path={path}, line 1: a value must be a finite number of at least 0; got 'nan'."),
        ("0,1\n2,1\n", "path={path}, line 2: the first of two columns must count the rows 0, 1, 2, …; got '2' for 1."),
        ("1\n1,2\n", "path={path}, line 2: each line must be a value, or a count and a value; got '1,2'."),
        ("a,b,c\n1,2,3\n", "path={path}, line 2: each line must be a value, or a count and a value; got '1,2,3'."),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(
    table: Callable[..., Table], tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        table(text)
    assert str(caught.value).startswith("Table: " + message.format(path=tmp_path / "curve.csv"))


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"^Table: path=.*none\.csv cannot be read: No such file.*\. Try path=FILE\.$"
    ):
        Table(str(tmp_path / "none.csv"))
    (tmp_path / "picture.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"^Table: path=.*picture\.csv is no CSV file: "):
        Table(str(tmp_path / "picture.csv"))


# What each holds past the end: those that lead somewhere their end, the others the value of the last update, 99.
PAST_THE_END = [
    (Step(drop=0.5, every="25%"), 0.5**3),
    (Exponential(rate=0.5, every="50st", staircase=True), 0.5),
    (Exponential(rate=0.5, every="99st"), 0.5),
    (InverseTime(rate=1.0, every="99st"), 0.5),
    (Polynomial(floor=0.1), 0.1),
    (Polynomial(length="200%"), 0.5),
    (Polynomial(length="50%", cycle=True), 0),
    (Cosine(floor=0.1), 0.1),
    (Cyclical(floor=0.0, half_cycle="50st", wave="linear"), 0.01),
    (Cyclical(floor=0.0, half_cycle="33st"), 1.0),
    (OneCycle(like="fastai"), 4e-6),
    (MultiStep(milestones=["100st"]), 1),
    (Piecewise(["99st", "100st"], [1.0, 0.5, 0.1]), 0.5),
    (CosineRestarts(first="50st", growth=1), (1 + math.cos(math.pi * 49 / 50)) / 2),
    (Trapezoid(floor=0.1), 0.1),
    (InverseSqrt(timescale="33st"), 0.5),
    (Rex(floor=0.1), 0.1),
    (Tanh(upper=1.0), (1 - math.tanh(1)) / 2),
]


@pytest.mark.parametrize(("schedule", "held"), PAST_THE_END)
def test_past_its_span_a_schedule_holds(schedule: Any, held: float) -> None:
    assert factors(schedule, [100, 101, 150, 10**12]) == pytest.approx([held] * 4, abs=1e-15)


def test_past_its_end_a_trapezoid_is_exactly_at_its_floor() -> None:
    """80% of 3 updates are 2.4: 3 - 2.4 as a float is not what 0.6 is."""
    assert factors(Trapezoid(), [3, 4], Run(3, 1)) == [0, 0]


def test_peak_in_the_first_update_of_a_short_span() -> None:
    """A peak at a third of 3 updates is at update 3/3 - 1 = 0 for torch: no rise is left."""
    schedule = OneCycle(peak_at="1st", final=0.0, anneal="linear")
    assert factors(schedule, [0, 1, 2], Run(3, 1)) == pytest.approx([1, 0.5, 0])


WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: Step(drop=0), "step: drop must lie in (0, 1]; got 0. Try schedule.drop=0.5."),
    (lambda: Step(drop=1.5), "step: drop must lie in (0, 1]; got 1.5. Try schedule.drop=0.5."),
    (lambda: Step(every="10"), "step: every='10' has no unit."),
    (lambda: Step(every="0ep"), "step: every must be longer than nothing; got '0ep'. Try schedule.every=12.5%."),
    (lambda: Exponential(rate=-1), "exponential: rate must lie in (0, 1]; got -1. Try schedule.rate=0.96."),
    (lambda: Exponential(floor=2), "exponential: floor must lie in [0, 1]; got 2. Try schedule.floor=0.01."),
    (lambda: InverseTime(rate=math.nan), "inverse_time: rate must lie in [0, infinity); got nan."),
    (lambda: Polynomial(power=0), "polynomial: power must lie in (0, infinity); got 0. Try schedule.power=1.0."),
    (lambda: Polynomial(k=-1), "polynomial: k must lie in (0, infinity); got -1. Try schedule.k=1.0."),
    (lambda: Polynomial(length="half"), "polynomial: length='half' is not a duration."),
    (lambda: Cosine(floor=-0.1), "cosine: floor must lie in [0, 1]; got -0.1. Try schedule.floor=0.01."),
    (lambda: Cosine(exponent=0), "cosine: exponent must lie in (0, infinity); got 0. Try schedule.exponent=1.0."),
    (lambda: Cyclical(wave="saw"), "cyclical: wave must be one of triangle, sine, linear, cosine, exponential, step;"),
    (lambda: Cyclical(amplitude="x"), "cyclical: amplitude must be one of constant, halving, exponential; got 'x'."),
    (lambda: Cyclical(gamma=0), "cyclical: gamma must lie in (0, 1]; got 0. Try schedule.gamma=0.9999."),
    (lambda: Cyclical(down="0%"), "cyclical: down must be longer than nothing; got '0%'. Try schedule.down=12.5%, or"),
    (lambda: Cyclical(floor=0, wave="step"), "cyclical: floor must lie in (0, 1]; got 0. Try schedule.floor=0.01, or"),
    (
        lambda: OneCycle(peak_at="120%"),
        "one_cycle: peak_at must lie in (0%, 100%); got 120%. Try schedule.peak_at=30%.",
    ),
    (lambda: OneCycle(peak_at="60%", three_phase=True), "one_cycle: peak_at must lie in (0%, 50%) with three_phase;"),
    (lambda: OneCycle(start=3), "one_cycle: start must lie in [0, 1]; got 3. Try schedule.start=0.04."),
    (lambda: OneCycle(like="jax"), "one_cycle: like must be one of torch, fastai, optax; got 'jax'."),
    (lambda: MultiStep(drop=2), "multistep: drop must lie in (0, 1]; got 2. Try schedule.drop=0.1."),
    (lambda: MultiStep(milestones=["50%", "3"]), "multistep: milestones='3' has no unit."),
    (lambda: MultiStep(milestones=["0ep"]), "multistep: milestones must be longer than nothing; got '0ep'. Try"),
    (lambda: Piecewise(["75%", "50%"]), "piecewise: boundaries must ascend; got '50%' after '75%'. Try schedule.bound"),
    (
        lambda: Piecewise(["5ep"]),
        "piecewise: values must be one more than boundaries; got 3 values and 1 boundaries. Try "
        "schedule.values=[1,0.1].",
    ),
    (lambda: Piecewise(values=[1.0, -1.0, 0.1]), "piecewise: values must lie in [0, infinity); got -1.0. Try"),
    (
        lambda: Piecewise(["5ep", "50st"]).factor(np.arange(3), TEN_EPOCHS),
        "piecewise: boundaries must ascend; got '50st' after '5ep'.",
    ),
    (lambda: CosineRestarts(growth=0), "cosine_restarts: growth must lie in [1, infinity); got 0. Try schedule.growth"),
    (lambda: CosineRestarts(growth=1.5), "cosine_restarts: growth must be a whole number; got 1.5. Try"),
    (lambda: CosineRestarts(peak_decay=0), "cosine_restarts: peak_decay must lie in (0, 1]; got 0. Try"),
    (lambda: Trapezoid(shape="sine"), "trapezoid: shape must be one of linear, cosine, sqrt, square, exponential;"),
    (
        lambda: Trapezoid(shape="exponential"),
        "trapezoid: floor must lie in (0, 1]; got 0.0. Try schedule.floor=0.01, or",
    ),
    (lambda: Trapezoid("100%"), "trapezoid: decay_from must lie in [0%, 100%); got 100%. Try schedule.decay_from=80%."),
    (
        lambda: Trapezoid("10ep").factor(np.arange(3), TEN_EPOCHS),
        "trapezoid: decay_from must lie in [0%, 100%); got 10ep, 100 of 100 weight updates.",
    ),
    (lambda: InverseSqrt("0st"), "inverse_sqrt: timescale must be longer than nothing; got '0st'."),
    (lambda: Rex(floor=1.1), "rex: floor must lie in [0, 1]; got 1.1."),
    (
        lambda: Tanh(lower=3.0),
        "tanh: lower must be below upper, or the rate would not fall; got 3.0 and upper=3.0. Try schedule.lower=-7.",
    ),
    (lambda: Tanh(upper=math.inf), "tanh: upper must lie in (-inf, infinity); got inf. Try schedule.upper=3.0."),
    (
        lambda: OneCycle(peak_at="10ep").factor(np.arange(3), TEN_EPOCHS),
        "one_cycle: peak_at must lie in (0%, 100%); got 10ep, 100 of 100 weight updates. Try schedule.peak_at=30%.",
    ),
]


@pytest.mark.parametrize(("make", "message"), WRONG, ids=[message[:40] for _, message in WRONG])
def test_what_cannot_be_is_refused(make: Callable[[], Any], message: str) -> None:
    assert_refused(make, "schedule", message)
