"""Expected values come from plain calls of optax, stored by generate_reference.py, or are worked out by hand."""

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import annealkit_optax
import numpy as np
import pytest
from annealkit_optax import OptaxSchedule, functions

import annealkit
from annealkit import ConfigError, LinearWarmup, Run, learning_rates

REFERENCE = json.loads((Path(__file__).parent / "reference.json").read_text(encoding="utf-8"))
RUN = Run(REFERENCE["total_steps"], REFERENCE["steps_per_epoch"])
CASES = REFERENCE["cases"]
COSINE = {"init_value": 1, "decay_steps": "100%"}


def command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`python -m annealkit ARGUMENTS`, in a process that finds what this one finds."""
    paths = [os.path.dirname(os.path.dirname(annealkit.__file__)), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(
        [sys.executable, "-m", "annealkit", *arguments],
        cwd=cwd, env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "120"},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[f"{number}-{case['function']}" for number, case in enumerate(CASES)])
def test_values_equal_plain_calls_of_optax(case: dict[str, Any]) -> None:
    steps = np.array(REFERENCE["steps"], dtype=np.int64)
    factors = OptaxSchedule(case["function"], case["arguments"]).factor(steps, RUN)
    assert factors.dtype == np.float64
    np.testing.assert_allclose(factors, case["float64"], rtol=1e-12, atol=1e-15)
    # One float32 is 1.2e-7 from the next; a few operations multiply that.
    np.testing.assert_allclose(factors, case["float32"], rtol=2e-6, atol=2e-7)


def test_every_schedule_of_optax_can_be_named_and_nothing_else() -> None:
    assert {case["function"] for case in CASES} == set(functions())
    assert not {"inject_hyperparams", "Schedule", "WrappedSchedule", "__builtins__"} & set(functions())


def test_a_cosine_by_hand() -> None:
    # (1 + cos(pi s / 4)) / 2 at 0 to 3; the base rate is 0.1.
    rates = learning_rates(OptaxSchedule("cosine_decay_schedule", COSINE), 0.1, Run(4, 2))
    root = np.sqrt(0.5)
    assert rates == pytest.approx([0.1, 0.05 * (1 + root), 0.05, 0.05 * (1 - root)], rel=1e-12)


def test_a_warmup_of_annealkit_comes_before_it_and_leaves_it_the_rest() -> None:
    schedule = OptaxSchedule("linear_schedule", {"init_value": 1, "end_value": 0, "transition_steps": "100%"})
    rates = learning_rates(schedule, 1.0, Run(6, 3), LinearWarmup("2st", start=0.5, include_start=True))
    assert rates == pytest.approx([0.5, 0.75, 1, 0.75, 0.5, 0.25], rel=1e-12)


@pytest.mark.parametrize(
    ("length", "steps"),
    [(10, 10), ("10st", 10), ("10%", 10), ("0.5ep", 10), ("0.1%", 1), ("0st", 0), ("0%", 0), (0, 0)],
)
def test_lengths_are_numbers_or_durations(length: Any, steps: int) -> None:
    # A warmup from 0 to 1 reaches 1 at its length; without one it is over at once.
    arguments = {"init_value": 0, "peak_value": 1, "warmup_steps": length, "decay_steps": 1000}
    factors = OptaxSchedule("warmup_cosine_decay_schedule", arguments).factor(np.arange(20), RUN)
    assert int(np.argmax(factors)) == steps
    assert factors[steps] == pytest.approx(1)


def test_boundaries_on_one_update_multiply() -> None:
    arguments = {"init_value": 1, "boundaries_and_scales": {"1ep": 0.5, "20%": 0.1}}
    factors = OptaxSchedule("piecewise_constant_schedule", arguments).factor(np.array([19, 20]), RUN)
    assert factors == pytest.approx([1, 0.05])


def test_a_million_updates_take_seconds() -> None:
    began = time.perf_counter()
    schedule = OptaxSchedule("cosine_onecycle_schedule", {"transition_steps": "100%", "peak_value": 1})
    factors = schedule.factor(np.arange(1_000_000), Run(1_000_000, 1000))
    assert time.perf_counter() - began < 30
    assert factors.argmax() == 300_000
    assert factors[-1] > 0


def test_jax_is_left_as_it_was_and_stays_on_the_processor() -> None:
    import jax

    before = (jax.config.jax_enable_x64, jax.config.jax_platforms, jax.config.jax_default_device)
    OptaxSchedule("cosine_decay_schedule", COSINE).factor(np.arange(3), RUN)
    assert (jax.config.jax_enable_x64, jax.config.jax_platforms, jax.config.jax_default_device) == before
    assert jax.numpy.ones(1).dtype == np.float32


def test_the_arguments_are_not_changed() -> None:
    arguments = {"init_value": 1, "boundaries_and_scales": {"2ep": 0.5}}
    schedule = OptaxSchedule("piecewise_constant_schedule", arguments)
    first = schedule.factor(np.arange(100), RUN)
    assert arguments == {"init_value": 1, "boundaries_and_scales": {"2ep": 0.5}}
    np.testing.assert_array_equal(first, schedule.factor(np.arange(100), RUN))


WRONG: list[tuple[str, Any, str]] = [
    (
        "cosine_decay",
        {},
        "optax: function='cosine_decay': there is no such schedule in optax. "
        "Did you mean schedule.function=cosine_decay_schedule",
    ),
    ("__class__", {}, "optax: function='__class__': there is no such schedule in optax. There are: constant_schedule,"),
    ("inject_hyperparams", {}, "optax: function='inject_hyperparams': there is no such schedule in optax."),
    (
        "linear_schedule",
        {"init_value": 1},
        "optax: linear_schedule needs end_value, transition_steps; got init_value. It is linear_schedule(init_value, "
        "end_value, transition_steps, transition_begin=0). Try schedule.arguments.end_value=…",
    ),
    ("constant_schedule", {}, "optax: constant_schedule needs value; got no arguments."),
    (
        "cosine_decay_schedule",
        {"init_values": 1, "decay_steps": 4},
        "optax: cosine_decay_schedule has no argument init_values. Did you mean schedule.arguments.init_value? It is "
        "cosine_decay_schedule(init_value, decay_steps, alpha=0.0, exponent=1.0).",
    ),
    ("cosine_decay_schedule", COSINE | {"decay_steps": "4"}, "optax: decay_steps='4' has no unit. Write 2ep"),
    ("cosine_decay_schedule", COSINE | {"decay_steps": "soon"}, "optax: decay_steps='soon' is not a duration."),
    ("cosine_decay_schedule", COSINE | {"decay_steps": None}, "optax: decay_steps must be a whole number of weight"),
    (
        "cosine_decay_schedule",
        COSINE | {"decay_steps": -4},
        "optax: cosine_decay_schedule does not accept init_value=1, decay_steps=-4 (ValueError: ",
    ),
    (
        "cosine_decay_schedule",
        COSINE | {"alpha": "much"},
        "optax: cosine_decay_schedule does not accept init_value=1, decay_steps='100%', alpha='much' (TypeError: ",
    ),
    ("constant_schedule", {"value": "much"}, "optax: constant_schedule does not accept value='much' (ValueError: "),
    (
        "piecewise_interpolate_schedule",
        {"interpolate_type": "cubic", "init_value": 1},
        "optax: piecewise_interpolate_schedule does not accept interpolate_type='cubic', init_value=1 (ValueError: ",
    ),
    (
        "piecewise_constant_schedule",
        {"init_value": 1, "boundaries_and_scales": {10: 0.5, "20%": 0.5}},
        "optax: the keys of boundaries_and_scales must be all numbers or all durations; got 10, 20%. Try 10st.",
    ),
    ("join_schedules", {"schedules": "linear", "boundaries": [5]}, "optax: schedules must be a list of at least one"),
    (
        "join_schedules",
        {"schedules": [{"name": "linear_schedule"}], "boundaries": []},
        "optax: each of schedules must be {function: …, arguments: {…}}; got {'name': 'linear_schedule'}.",
    ),
    (
        "join_schedules",
        {"schedules": [{"function": "constant_schedule"}], "boundaries": []},
        "optax: constant_schedule needs value; got no arguments.",
    ),
    ("sgdr_schedule", {"cosine_kwargs": [5]}, "optax: cosine_kwargs must be a list of at least one {init_value: 0,"),
]


@pytest.mark.parametrize(("function", "arguments", "message"), WRONG)
def test_what_cannot_be_is_refused_in_words(function: str, arguments: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        learning_rates(OptaxSchedule(function, arguments), 1.0, RUN)
    assert str(caught.value).startswith(message)


def test_arguments_that_are_no_dictionary_are_refused() -> None:
    wrong: Any = [1]
    with pytest.raises(ConfigError, match=r"arguments must be the function's arguments by name; got \[1\]"):
        OptaxSchedule("constant_schedule", wrong)


def test_a_negative_factor_is_refused_by_the_core() -> None:
    with pytest.raises(ConfigError, match=r"annealkit_optax\.OptaxSchedule must return finite numbers of at least 0"):
        learning_rates(OptaxSchedule("constant_schedule", {"value": -1}), 1.0, RUN)


def test_the_hook_offers_it() -> None:
    assert annealkit_optax.annealkit_schedules() == {"optax": OptaxSchedule}


def test_the_command_line_takes_each_argument_by_its_name(tmp_path: Path) -> None:
    done = command(
        "preview", "schedule=optax", "schedule.function=warmup_cosine_decay_schedule",
        "schedule.arguments.init_value=0", "schedule.arguments.peak_value=1", "schedule.arguments.warmup_steps=10%",
        "schedule.arguments.decay_steps=5ep", "schedule.arguments.end_value=0.01",
        "data=toy", "model=mlp", "trainer.epochs=5", "trainer.batch_size=50", "optimizer.lr=0.5",
        "preview.csv=curve.csv", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    with (tmp_path / "curve.csv").open(newline="") as file:
        rates = [float(row["learning_rate"]) for row in csv.DictReader(file)]
    # 1,000 points in batches of 50 for 5 epochs are the reference's 100 updates.
    [case] = [case for case in CASES if case["function"] == "warmup_cosine_decay_schedule"]
    expected = 0.5 * np.array(case["float64"])
    np.testing.assert_allclose(np.array(rates)[REFERENCE["steps"]], expected, rtol=1e-12, atol=1e-15)


def test_the_command_line_takes_all_arguments_at_once(tmp_path: Path) -> None:
    done = command(
        "preview", "schedule=optax", "schedule.function=piecewise_constant_schedule",
        "schedule.arguments={init_value:1,boundaries_and_scales:{2ep:0.5}}",
        "data=toy", "model=mlp", "trainer.epochs=4", "trainer.batch_size=500", "optimizer.lr=0.5",
        "preview.csv=curve.csv", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "curve.csv").read_text().split() == [
        "step,learning_rate", "0,0.5", "1,0.5", "2,0.5", "3,0.5", "4,0.25", "5,0.25", "6,0.25", "7,0.25"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["schedule.function=cosine_decay"], "annealkit: optax: function='cosine_decay': there is no such schedule"),
        (["schedule.function=constant_schedule"], "annealkit: optax: constant_schedule needs value; got no arguments."),
        ([], "annealkit: schedule=optax needs schedule.function=…, which has no default."),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(tmp_path: Path, arguments: list[str], message: str) -> None:
    done = command("preview", "schedule=optax", "data=toy", "model=mlp", *arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.startswith(message)
    assert len(done.stderr.splitlines()) == 1


def test_training_applies_it_beside_tensorflow(tmp_path: Path) -> None:
    done = command(
        "schedule=optax", "schedule.function=linear_schedule", "schedule.arguments.init_value=1",
        "schedule.arguments.end_value=0", "schedule.arguments.transition_steps=100%",
        "data=toy", "model=mlp", "trainer.epochs=2", "trainer.batch_size=500", "optimizer.lr=0.1", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    [run] = (tmp_path / "outputs").glob("optax-*")
    written = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert written["status"] == "finished"
    assert "annealkit-optax" in json.dumps(written)
