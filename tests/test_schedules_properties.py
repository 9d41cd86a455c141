"""What holds for every schedule that is registered, whatever its settings and however long the run."""

import copy
import dataclasses
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest
from drawn_parts import DURATIONS, built, drawn, examples, schedules
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from annealkit import (
    ConfigError,
    Cosine,
    CosineRestarts,
    Cyclical,
    InverseSqrt,
    LinearWarmup,
    MultiStep,
    OneCycle,
    Phase,
    Piecewise,
    Polynomial,
    Product,
    Rex,
    Run,
    Sequence,
    SettingError,
    Step,
    Tanh,
    Trapezoid,
)
from annealkit.plugin_system.registry import load_registry
from annealkit.testing.bounds import documented_bounds
from annealkit.testing.subject import Subject

fractions = st.floats(0.01, 1)
floors = st.floats(0, 1)
powers = st.floats(0.1, 5)
PARTS = schedules()
EVERY = pytest.mark.parametrize("name", PARTS)
# Boundaries and values that fit each other, which are seldom drawn one by one.
PIECEWISE = st.builds(
    lambda lengths, inclusive: Piecewise(
        [f"{n}st" for n in sorted(lengths)], [1 / (i + 1) for i in range(len(lengths) + 1)], inclusive
    ),
    st.sets(st.integers(1, 900), max_size=4),
    st.booleans(),
)
SINGLE: st.SearchStrategy[Any] = st.one_of(
    PIECEWISE, *(drawn(part) for part in PARTS.values() if not hasattr(part.cls, "from_config"))
)
DECAYS = st.one_of(
    st.builds(Polynomial, powers, floors, DURATIONS),
    st.builds(Cosine, floors, DURATIONS, powers),
    st.builds(MultiStep, fractions, st.lists(DURATIONS, max_size=4)),
    st.builds(Trapezoid, st.just("60%"), st.sampled_from(["linear", "cosine", "sqrt", "square"]), floors),
    st.builds(InverseSqrt, DURATIONS),
    st.builds(Rex, floors),
    st.builds(Tanh, st.floats(-9, 0), st.floats(0.1, 9), floors),
)
unhurried = settings(deadline=None)  # a busy machine may take its time
each = settings(deadline=None, max_examples=15)  # for each schedule
runs = st.builds(Run, st.integers(1, 700), st.integers(1, 50))
scales = st.floats(0, 1)


def bounds(schedule: Any) -> Any:
    """The range that the docstring gives for a schedule with these settings."""
    [part] = [part for part in PARTS.values() if part.cls is type(schedule)]
    return documented_bounds(Subject(load_registry(), "schedule", part.name), schedule, {})


PHASES = st.floats(0.1, 30).map(lambda n: f"{n:.3f}%")
PART = SINGLE.filter(lambda schedule: bounds(schedule).high <= 1)
COMPOSED: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        lambda first, second, third: Sequence([*first, Phase(second), *third]),
        st.lists(st.builds(Phase, PART, PHASES, scales), max_size=2),
        PART,
        st.lists(st.builds(Phase, PART, PHASES, scales), max_size=1),
    ),
    st.builds(Product, st.lists(PART, min_size=1, max_size=3)),
)


def factors_of(schedule: Any, steps: np.ndarray, run: Run) -> np.ndarray:
    """Its factors; a span that it refuses is not looked at: one_cycle's peak after its end, a warmup that takes all."""
    try:
        found: np.ndarray = schedule.factor(steps, run)
    except ConfigError as error:
        if isinstance(error, SettingError) or "leaves nothing for the schedule" in str(error):
            reject()
        raise
    return found


@EVERY
@each
@given(runs, st.data())
def test_factors_are_float64_within_the_range_of_the_docstring(name: str, run: Run, data: st.DataObject) -> None:
    schedule = data.draw(drawn(PARTS[name]))
    factors = factors_of(schedule, np.arange(run.total_steps + 5), run)
    assert factors.dtype == np.float64
    assert factors.shape == (run.total_steps + 5,)
    assert np.all(np.isfinite(factors))
    limits = bounds(schedule)
    assert limits.hold(factors.min()) and limits.hold(factors.max())
    # Nothing lifts the rate above that, but for the last bit of a floor + (1 - floor) * x.
    assert np.all((factors >= 0) & (factors <= limits.high + 1e-15))


@unhurried
@given(COMPOSED, runs)
def test_factors_of_composed_schedules_are_between_0_and_1(schedule: Any, run: Run) -> None:
    factors = factors_of(schedule, np.arange(run.total_steps + 5), run)
    assert factors.dtype == np.float64
    assert factors.shape == (run.total_steps + 5,)
    assert np.all(np.isfinite(factors))
    assert np.all((factors >= 0) & (factors <= 1 + 1e-15))


def holds_past_the_end(schedule: Any, run: Run) -> None:
    past = factors_of(schedule, run.total_steps + np.array([0, 1, 2, 1000, 10**15]), run)
    assert np.all(past == past[0])


@EVERY
@each
@given(runs, st.data())
def test_past_the_end_the_value_stays(name: str, run: Run, data: st.DataObject) -> None:
    holds_past_the_end(data.draw(drawn(PARTS[name])), run)


@unhurried
@given(COMPOSED, runs)
def test_past_the_end_of_composed_schedules_the_value_stays(schedule: Any, run: Run) -> None:
    holds_past_the_end(schedule, run)


def depends_on_its_step_alone(schedule: Any, run: Run, some: np.ndarray) -> None:
    steps = np.arange(run.total_steps)
    before = copy.deepcopy(schedule)
    together = factors_of(schedule, steps, run)
    assert np.array_equal(factors_of(schedule, steps, run), together)
    assert np.array_equal(steps, np.arange(run.total_steps))
    assert schedule == before
    # NumPy's vectorised powers and cosines may round the last bit otherwise than its single ones.
    np.testing.assert_allclose(factors_of(schedule, some, run), together[some], rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(factors_of(schedule, some[:1], run), together[some[:1]], rtol=1e-14, atol=1e-15)


def some_steps(run: Run, data: st.DataObject) -> np.ndarray:
    return np.array(data.draw(st.lists(st.integers(0, run.total_steps - 1), min_size=1, max_size=9)))


@EVERY
@each
@given(runs, st.data())
def test_a_factor_depends_on_its_step_alone(name: str, run: Run, data: st.DataObject) -> None:
    depends_on_its_step_alone(data.draw(drawn(PARTS[name])), run, some_steps(run, data))


@unhurried
@given(COMPOSED, runs, st.data())
def test_a_factor_of_composed_schedules_depends_on_its_step_alone(schedule: Any, run: Run, data: st.DataObject) -> None:
    depends_on_its_step_alone(schedule, run, some_steps(run, data))


@EVERY
@each
@given(st.integers(1, 12), st.integers(1, 40), st.integers(1, 20), st.data())
def test_epochs_steps_and_percent_say_the_same(
    name: str, epochs: int, steps_per_epoch: int, count: int, data: st.DataObject
) -> None:
    """`2ep` is `2 * steps_per_epoch` in steps and `200 / epochs` per cent of the run."""
    schedule = data.draw(drawn(PARTS[name]))
    run = Run(epochs * steps_per_epoch, steps_per_epoch)
    names = {field.name for field in dataclasses.fields(schedule)} & {
        "every", "offset", "length", "half_cycle", "down", "timescale",
    }  # fmt: skip
    curves = [
        factors_of(dataclasses.replace(schedule, **dict.fromkeys(names, duration)), np.arange(run.total_steps + 1), run)
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
    *(built(part, settings) for part in PARTS.values() for settings in examples(part)[:1]),
    Polynomial(power=2.0, length="10%", cycle=True),
    Cosine(exponent=2.0),
    Cyclical(wave="sine", amplitude="exponential"),
    OneCycle(three_phase=True),
    CosineRestarts(peak_decay=0.9),
    Trapezoid(shape="exponential", floor=0.01),
    Sequence([Phase(Step(), "30%"), Phase(Cosine(), warmup=LinearWarmup("10%"))]),
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
