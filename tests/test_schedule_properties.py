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

from annealkit.run import Run
from annealkit.schedules import Constant, Cosine, Cyclical, Exponential, InverseTime, OneCycle, Polynomial, Step

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
SCHEDULES: st.SearchStrategy[Any] = st.one_of(
    st.builds(Constant),
    st.builds(Step, fractions, durations, durations),
    st.builds(Exponential, fractions, durations, st.booleans(), floors),
    st.builds(InverseTime, st.floats(0, 100), durations, st.booleans()),
    st.builds(Polynomial, powers, floors, durations, st.booleans(), powers),
    st.builds(Cosine, floors, durations, powers, powers),
    st.builds(Cyclical, fractions, durations, st.none() | durations, amplitudes, waves, st.floats(0.9, 1)),
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
    names = {field.name for field in dataclasses.fields(schedule)} & {"every", "offset", "length", "half_cycle", "down"}
    curves = [
        dataclasses.replace(schedule, **dict.fromkeys(names, duration)).factor(np.arange(run.total_steps + 1), run)
        for duration in (f"{count}ep", f"{count * steps_per_epoch}st", f"{100 * count / epochs:.10f}%")
    ]
    assert np.array_equal(curves[0], curves[1])
    assert np.array_equal(curves[0], curves[2])


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
@given(st.one_of(st.builds(Polynomial, powers, floors, durations), st.builds(Cosine, floors, durations, powers)), runs)
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
    assert np.diff(Polynomial().factor(near, run)) == pytest.approx([-(2.0**-41)] * 5)
