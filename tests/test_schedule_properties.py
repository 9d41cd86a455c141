"""What holds for every schedule, whatever its fields and however long the run."""

import copy
import dataclasses
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annealkit.curve.span import Run
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
    Phase,
    Piecewise,
    Polynomial,
    Product,
    Rex,
    Sequence,
    Step,
    Tanh,
    Trapezoid,
)
from annealkit.warmups import LinearWarmup

fractions = st.floats(0.01, 1)
floors = st.floats(0, 1)
powers = st.floats(0.1, 5)
durations = st.one_of(
    st.integers(1, 500).map(lambda n: f"{n}st"),
    st.floats(0.1, 30).map(lambda n: f"{n:.3f}ep"),
    st.floats(0.1, 150).map(lambda n: f"{n:.3f}%"),
)
waves = st.sampled_from(["triangle", "sine", "linear", "cosine", "exponential", "step"])
amplitudes = st.sampled_from(["constant", "halving", "exponential"])
SINGLE: st.SearchStrategy[Any] = st.one_of(
    st.builds(Constant),
    st.builds(Step, fractions, durations, durations),
    st.builds(Exponential, fractions, durations, st.booleans(), floors),
    st.builds(InverseTime, st.floats(0, 100), durations, st.booleans()),
    st.builds(Polynomial, powers, floors, durations, st.booleans(), powers),
    st.builds(Cosine, floors, durations, powers, powers),
    st.builds(Cyclical, fractions, durations, st.none() | durations, amplitudes, waves, st.floats(0.9, 1)),
    st.builds(MultiStep, fractions, st.lists(durations, max_size=4)),
    st.builds(
        lambda lengths, inclusive: Piecewise(
            [f"{n}st" for n in sorted(lengths)], [1 / (i + 1) for i in range(len(lengths) + 1)], inclusive
        ),
        st.sets(st.integers(1, 900), max_size=4),
        st.booleans(),
    ),
    st.builds(CosineRestarts, durations, st.integers(1, 5), fractions, floors),
    st.builds(
        Trapezoid,
        st.floats(0, 99.9).map(lambda n: f"{n:.3f}%"),
        st.sampled_from(["linear", "cosine", "sqrt", "square", "exponential"]),
        fractions,
    ),
    st.builds(InverseSqrt, durations),
    st.builds(Rex, floors),
    st.builds(Tanh, st.floats(-9, 0), st.floats(0.1, 9), floors),
    st.builds(
        OneCycle,
        st.floats(0.1, 49).map(lambda n: f"{n:.3f}%"),
        floors,
        floors,
        st.sampled_from(["cosine", "linear"]),
        st.booleans(),
        st.sampled_from(["torch", "fastai", "optax"]),
    ),
)
scales = st.floats(0, 1)
SCHEDULES: st.SearchStrategy[Any] = st.one_of(
    SINGLE,
    st.builds(
        lambda first, second, third: Sequence([*first, Phase(second), *third]),
        st.lists(st.builds(Phase, SINGLE, st.floats(0.1, 30).map(lambda n: f"{n:.3f}%"), scales), max_size=2),
        SINGLE,
        st.lists(st.builds(Phase, SINGLE, st.floats(0.1, 30).map(lambda n: f"{n:.3f}%"), scales), max_size=1),
    ),
    st.builds(Product, st.lists(SINGLE, min_size=1, max_size=3)),
)
DECAYS = st.one_of(
    st.builds(Polynomial, powers, floors, durations),
    st.builds(Cosine, floors, durations, powers),
    st.builds(MultiStep, fractions, st.lists(durations, max_size=4)),
    st.builds(Trapezoid, st.just("60%"), st.sampled_from(["linear", "cosine", "sqrt", "square"]), floors),
    st.builds(InverseSqrt, durations),
    st.builds(Rex, floors),
    st.builds(Tanh, st.floats(-9, 0), st.floats(0.1, 9), floors),
)
unhurried = settings(deadline=None)  # a busy machine may take its time
runs = st.builds(Run, st.integers(1, 700), st.integers(1, 50))


@unhurried
@given(SCHEDULES, runs)
def test_factors_are_float64_between_0_and_1(schedule: Any, run: Run) -> None:
    factors = schedule.factor(np.arange(run.total_steps + 5), run)
    assert factors.dtype == np.float64
    assert factors.shape == (run.total_steps + 5,)
    assert np.all(np.isfinite(factors))
    # Nothing lifts the rate above the base rate, but for the last bit of a floor + (1 - floor) * x.
    assert np.all((factors >= 0) & (factors <= 1 + 1e-15))


@unhurried
@given(SCHEDULES, runs)
def test_past_the_end_the_value_stays(schedule: Any, run: Run) -> None:
    past = schedule.factor(run.total_steps + np.array([0, 1, 2, 1000, 10**15]), run)
    assert np.all(past == past[0])


@unhurried
@given(SCHEDULES, runs, st.data())
def test_a_factor_depends_on_its_step_alone(schedule: Any, run: Run, data: st.DataObject) -> None:
    steps = np.arange(run.total_steps)
    before = copy.deepcopy(schedule)
    together = schedule.factor(steps, run)
    assert np.array_equal(schedule.factor(steps, run), together)
    assert np.array_equal(steps, np.arange(run.total_steps))
    assert schedule == before
    some = np.array(data.draw(st.lists(st.integers(0, run.total_steps - 1), min_size=1, max_size=9)))
    # NumPy's vectorised powers and cosines may round the last bit otherwise than its single ones.
    np.testing.assert_allclose(schedule.factor(some, run), together[some], rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(schedule.factor(some[:1], run), together[some[:1]], rtol=1e-14, atol=1e-15)


@unhurried
@given(SCHEDULES, st.integers(1, 12), st.integers(1, 40), st.integers(1, 20))
def test_epochs_steps_and_percent_say_the_same(schedule: Any, epochs: int, steps_per_epoch: int, count: int) -> None:
    """`2ep` is `2 * steps_per_epoch` in steps and `200 / epochs` per cent of the run."""
    run = Run(epochs * steps_per_epoch, steps_per_epoch)
    names = {field.name for field in dataclasses.fields(schedule)} & {
        "every", "offset", "length", "half_cycle", "down", "timescale",
    }  # fmt: skip
    curves = [
        dataclasses.replace(schedule, **dict.fromkeys(names, duration)).factor(np.arange(run.total_steps + 1), run)
        for duration in (f"{count}ep", f"{count * steps_per_epoch}st", f"{100 * count / epochs:.10f}%")
    ]
    assert np.array_equal(curves[0], curves[1])
    assert np.array_equal(curves[0], curves[2])


@unhurried
@given(st.integers(1, 12), st.integers(1, 40), st.data())
def test_milestones_boundaries_and_cycles_can_be_said_in_epochs(
    epochs: int, steps_per_epoch: int, data: st.DataObject
) -> None:
    run = Run(epochs * steps_per_epoch, steps_per_epoch)
    steps = np.arange(run.total_steps)
    counts = sorted(data.draw(st.sets(st.integers(1, epochs), min_size=2, max_size=3))) if epochs > 1 else [1]
    in_epochs = [f"{count}ep" for count in counts]
    in_steps = [f"{count * steps_per_epoch}st" for count in counts]
    values = [1.0, 0.5, 0.2, 0.1][: len(counts) + 1]
    for make in (
        lambda durations: MultiStep(0.5, durations),
        lambda durations: Piecewise(durations, values),
        lambda durations: CosineRestarts(durations[0]),
    ):
        assert np.array_equal(make(in_epochs).factor(steps, run), make(in_steps).factor(steps, run))


@unhurried
@given(st.integers(1, 300), st.integers(1, 6), st.integers(1, 600))
def test_each_cycle_after_a_restart_is_as_much_longer_as_asked(first: int, growth: int, total: int) -> None:
    curve = CosineRestarts(f"{first}st", growth).factor(np.arange(total), Run(total, 10))
    begin, length = 0, first
    while begin < total:
        cycle = curve[begin : begin + length]
        assert cycle[0] == 1
        assert np.all(np.diff(cycle) < 0)
        begin, length = begin + length, length * growth


@unhurried
@given(st.integers(2, 500), st.integers(1, 10), st.sampled_from(["torch", "fastai", "optax"]))
def test_the_peak_of_one_cycle_can_be_said_in_any_unit(epochs: int, steps_per_epoch: int, like: str) -> None:
    run = Run(epochs * steps_per_epoch, steps_per_epoch)
    steps = np.arange(run.total_steps)
    in_steps = OneCycle(f"{steps_per_epoch}st", like=like).factor(steps, run)
    assert np.array_equal(OneCycle("1ep", like=like).factor(steps, run), in_steps)
    if 100 % epochs == 0:
        assert np.array_equal(OneCycle(f"{100 // epochs}%", like=like).factor(steps, run), in_steps)


@unhurried
@given(DECAYS, runs)
def test_decays_never_rise(schedule: Any, run: Run) -> None:
    assert np.all(np.diff(schedule.factor(np.arange(run.total_steps + 5), run)) <= 1e-15)


LONG = [
    Constant(),
    Step(),
    Exponential(),
    InverseTime(),
    Polynomial(power=2.0, length="10%", cycle=True),
    Cosine(exponent=2.0),
    Cyclical(wave="sine", amplitude="exponential"),
    OneCycle(three_phase=True),
    MultiStep(),
    Piecewise(),
    CosineRestarts(peak_decay=0.9),
    Trapezoid(shape="exponential", floor=0.01),
    InverseSqrt(),
    Rex(),
    Tanh(),
    Sequence([Phase(Step(), "30%"), Phase(Cosine(), warmup=LinearWarmup("10%"))]),
    Product([Cyclical(), Exponential()]),
]


@pytest.mark.parametrize("schedule", LONG, ids=lambda schedule: type(schedule).__name__)
def test_ten_million_steps_take_little(schedule: Any) -> None:
    count = 10**7
    steps = np.arange(count)
    # Of processor time, so that a busy machine does not fail the test; a loop in Python would take ten times as much.
    started = time.process_time()
    factors = schedule.factor(steps, Run(count, 391))
    assert time.process_time() - started < 2
    assert factors[0] == pytest.approx(schedule.factor(np.array([0]), Run(count, 391))[0])
    tracemalloc.start()
    schedule.factor(steps[: count // 10], Run(count, 391))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * 8 * count // 10  # ten float64 arrays of the length asked for


def test_long_runs_lose_no_step() -> None:
    """Beyond 2**24 a count of steps in float32 would stand still; at 2**40 these still tell one from the next."""
    run = Run(2**41, 1000)
    near = 2**40 + np.arange(6)
    waves = Cyclical(floor=0.0, half_cycle="3st").factor(near, run)  # 2**40 = 4 modulo 6
    assert waves == pytest.approx([2 / 3, 1 / 3, 0, 1 / 3, 2 / 3, 1])
    stairs = Step(drop=0.5, every=f"{2**40 + 3}st").factor(near, run)
    assert list(stairs) == [1, 1, 1, 0.5, 0.5, 0.5]
    restarts = CosineRestarts(first="3st", growth=1).factor(near, run)  # 2**40 = 1 modulo 3
    assert restarts == pytest.approx([0.75, 0.25, 1, 0.75, 0.25, 1])
    assert np.diff(Polynomial().factor(near, run)) == pytest.approx([-(2.0**-41)] * 5)
