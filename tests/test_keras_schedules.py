"""Keras' schedules in annealkit: as objects, and by name on the command line."""

import json
import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from helpers import annealkit_command, cosine, only_run, read_scalars

import annealkit.keras
from annealkit import ConfigError, Cosine, LinearWarmup, Run, learning_rates
from annealkit.configuration.composition import compose
from annealkit.keras import KerasSchedule
from annealkit.plugin_system.registry import load_registry
from annealkit.schedules import KerasByName
from annealkit.schedules.keras_schedule import FUNCTIONS

SCHEDULES = keras.optimizers.schedules


RUN = Run(total_steps=20, steps_per_epoch=5)
SPAN = np.arange(25)  # past the end, too, where the value at 20 holds
ARGUMENTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # As they are configured, and as Keras takes them.
    "CosineDecay": (
        {"decay_steps": "2ep", "alpha": 0.1, "warmup_steps": "10%", "warmup_target": 2, "initial_learning_rate": 0},
        {"decay_steps": 10, "alpha": 0.1, "warmup_steps": 2, "warmup_target": 2.0, "initial_learning_rate": 0.0},
    ),
    "CosineDecayRestarts": (
        {"first_decay_steps": "1ep", "t_mul": 1},
        {"first_decay_steps": 5, "t_mul": 1.0, "initial_learning_rate": 1.0},
    ),
    "ExponentialDecay": (
        {"decay_steps": "3st", "decay_rate": 0.5, "staircase": True},
        {"decay_steps": 3, "decay_rate": 0.5, "staircase": True, "initial_learning_rate": 1.0},
    ),
    "InverseTimeDecay": (
        {"decay_steps": 4, "decay_rate": 2, "initial_learning_rate": 3},
        {"decay_steps": 4, "decay_rate": 2.0, "initial_learning_rate": 3.0},
    ),
    "PiecewiseConstantDecay": (
        {"boundaries": ["1ep", "50%", 17], "values": [1, 0.5, 0.25, 0]},
        {"boundaries": [5, 10, 17], "values": [1.0, 0.5, 0.25, 0.0]},
    ),
    "PolynomialDecay": (
        {"decay_steps": "50%", "power": 2},
        {"decay_steps": 10, "power": 2.0, "initial_learning_rate": 1.0},
    ),
}


def test_every_schedule_of_keras_can_be_named() -> None:
    public = {name for name in dir(SCHEDULES) if name[0].isupper()} - {"LearningRateSchedule"}
    assert set(FUNCTIONS) == public == set(ARGUMENTS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_factors_are_keras_own(name: str) -> None:
    configured, taken = ARGUMENTS[name]
    keras_schedule = getattr(SCHEDULES, name)(**taken)
    expected = [float(keras_schedule(min(step, 20))) for step in SPAN]
    for schedule in (KerasByName(name, configured), KerasSchedule(keras_schedule)):
        factors = schedule.factor(SPAN, RUN)
        assert factors.dtype == np.float64
        np.testing.assert_allclose(factors, expected, rtol=1e-6, atol=1e-7)


def test_lr_and_base_keep_the_magnitude() -> None:
    decay = SCHEDULES.CosineDecay(0.1, 20)
    for rates in (
        learning_rates(KerasSchedule(decay), 1.0, RUN),
        learning_rates(KerasSchedule(decay, base=0.1), 0.1, RUN),
        learning_rates(KerasByName("CosineDecay", {"decay_steps": "100%"}), 0.1, RUN),
    ):
        np.testing.assert_allclose(rates, cosine(20, 0.1), rtol=1e-5, atol=1e-8)


def test_a_warmup_of_annealkit_leaves_the_rest_as_the_span() -> None:
    rates = learning_rates(KerasByName("CosineDecay", {"decay_steps": "100%"}), 0.1, RUN, LinearWarmup("4st"))
    np.testing.assert_allclose(rates[:4], [0.02, 0.04, 0.06, 0.08], rtol=1e-6)
    np.testing.assert_allclose(rates[4:], cosine(16, 0.1), rtol=1e-5, atol=1e-8)


def test_there_and_back_again() -> None:
    rate = annealkit.keras.schedule(Cosine(floor=0.1), 0.1, RUN)
    np.testing.assert_array_equal(
        learning_rates(KerasSchedule(rate), 1.0, RUN).astype(np.float32),
        learning_rates(Cosine(floor=0.1), 0.1, RUN).astype(np.float32),
    )


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("CosineDeca", {}, r"^KerasByName: function must be one of Cosine.*'CosineDeca'\. Try function=CosineDecay\.$"),
        ("LearningRateSchedule", {}, "must be one of CosineDecay"),
        ("CosineDecay", {"decay_stps": 3}, r"CosineDecay\(initial_learning_rate, decay_steps, .*arguments.decay_steps"),
        ("CosineDecay", {"decay_steps": 0}, r"CosineDecay\(.*must be > 0"),
        ("CosineDecay", {"decay_steps": "3"}, r"arguments.decay_steps='3' has no unit. Write 2ep"),
        ("CosineDecay", {"decay_steps": 3, "alpha": "10%"}, r"alpha must be a number, true or false; got .10%"),
        ("CosineDecay", {"decay_steps": {"a": 1}}, r"decay_steps must be a number, true or false; got \{'a': 1\}"),
        ("CosineDecay", {"decay_steps": 3, "alpha": [0.1]}, r"alpha must be a number, true or false; got \[0.1\]"),
        ("CosineDecay", {"decay_steps": 3, "alpha": None}, r"do not fit .*CosineDecay\(.*None"),
        ("PiecewiseConstantDecay", {"boundaries": 3, "values": [1, 2]}, r"do not fit .*PiecewiseConstantDecay\("),
        ("PiecewiseConstantDecay", {"boundaries": [3], "values": [1, [2]]}, r"must be a list of numbers; got \[2\]"),
        ("PiecewiseConstantDecay", {"boundaries": [], "values": [1]}, r"do not fit .*PiecewiseConstantDecay\("),
        ("PiecewiseConstantDecay", {"boundaries": ["1ep"], "values": [1]}, "length of boundaries"),
        ("PolynomialDecay", {"decay_steps": 9, "end_learning_rate": -1}, "finite numbers of at least 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(function: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        learning_rates(KerasByName(function, arguments), 1.0, RUN)


def test_base_must_be_positive() -> None:
    with pytest.raises(ConfigError, match=r"base must lie in \(0, infinity\); got 0"):
        KerasSchedule(SCHEDULES.CosineDecay(0.1, 20), base=0)


CHOSEN = ["schedule=keras", "schedule.function=PiecewiseConstantDecay"]


@pytest.mark.parametrize(
    "overrides",
    [
        ["schedule.arguments.boundaries=[1ep,50%]", "schedule.arguments.values=[1,0.5,0.1]"],
        ["schedule.arguments={boundaries:[1ep,50%],values:[1,0.5,0.1]}"],
    ],
)
def test_arguments_on_the_command_line(overrides: list[str]) -> None:
    registry = load_registry()
    schedule = registry.build("schedule", compose([*CHOSEN, *overrides], registry).schedule)
    # Keras' boundaries belong to the value before them.
    expected = [1.0] * 6 + [0.5] * 5 + [0.1] * 14
    np.testing.assert_allclose(schedule.factor(SPAN, RUN), expected, rtol=1e-6)


def test_a_mistake_beside_the_arguments_is_still_named() -> None:
    with pytest.raises(ConfigError, match=r"^schedule.argument.x: there is no .* mean schedule.arguments"):
        compose([*CHOSEN, "schedule.arguments.values=[1]", "schedule.argument.x=1"], load_registry())


def test_a_run_has_the_threads_that_it_asks_for_and_a_preview_is_quiet(tmp_path: Path) -> None:
    overrides = [
        "data=toy", "model=mlp", "trainer.epochs=2", "trainer.batch_size=250", "optimizer.lr=0.5",
        "schedule=keras", "schedule.function=PolynomialDecay", "schedule.arguments.decay_steps=100%",
        "schedule.arguments.end_learning_rate=0",
    ]  # fmt: skip
    preview = annealkit_command("preview", *overrides, cwd=tmp_path)
    assert (preview.returncode, preview.stderr) == (0, "")
    assert re.search(r"first +0.5 +update 0", preview.stdout)
    done = annealkit_command(*overrides, "trainer.threads=1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    run = only_run(tmp_path / "outputs")
    assert json.loads((run / "run.json").read_text())["environment"]["threads"] == 1
    steps, rates = read_scalars(run, "learning_rate")
    assert steps == list(range(8))
    np.testing.assert_allclose(rates, [0.5 * (8 - s) / 8 for s in range(8)], rtol=1e-6)
