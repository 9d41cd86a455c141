"""The schedules, warmups and the plateau rule against other libraries' numbers.

torch, optax, timm and transformers: from parity/reference.json, which parity/generate.py writes. Keras: live.
"""

import json
import math
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annealkit import schedules, warmups
from annealkit.curve import learning_rates
from annealkit.feedback import Plateau
from annealkit.run import Run

REFERENCE = json.loads((Path(__file__).parent / "parity" / "reference.json").read_text())
PEERS = sorted({case["peer"] for case in REFERENCE["cases"]})


@pytest.fixture(scope="module")
def keras() -> Any:
    return import_module("keras")


def scales_of(rule: Plateau, series: list[float]) -> list[float]:
    state, scales = rule.begin(), []
    for value in series:
        state = rule.observe(state, {rule.monitor: value})
        scales.append(state["scale"])
    return scales


@pytest.mark.parametrize("peer", PEERS)
def test_schedule_equals_its_peer_at_every_update(peer: str) -> None:
    for case in REFERENCE["cases"]:
        if case["peer"] != peer:
            continue
        expected = np.array(case["rates"])
        schedule = getattr(schedules, case["schedule"])(**case["fields"])
        warmup = warmups.LinearWarmup(**case["warmup"]) if case["warmup"] else None
        rates = learning_rates(schedule, 1.0, Run(len(expected), steps_per_epoch=5), warmup)
        np.testing.assert_allclose(rates, expected, rtol=1e-6, atol=1e-9, err_msg=f"{schedule} over {len(expected)}")


@pytest.mark.parametrize("peer", ["torch", "optax", "timm", "transformers"])
def test_reference_names_the_versions_it_came_from(peer: str) -> None:
    assert REFERENCE["versions"][peer][0].isdigit()
    assert any(name.startswith(f"{peer} ") for name in PEERS)


@pytest.mark.parametrize("series", sorted(REFERENCE["series"]))
def test_plateau_decides_as_torch_does(series: str) -> None:
    reductions = 0
    for case in REFERENCE["plateaus"]:
        if case["series"] == series:
            scales = scales_of(Plateau(like="torch", **case["fields"]), REFERENCE["series"][series])
            assert scales == pytest.approx(case["scales"], rel=1e-12), case["fields"]
            reductions += len(set(scales)) - 1
    assert reductions > 10  # The series do put the rule to work.


@pytest.mark.parametrize("series", sorted(REFERENCE["series"]))
@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize(
    ("patience", "cooldown", "min_delta", "floor"), [(0, 0, 1e-4, 0), (2, 0, 0.1, 0.03), (1, 3, 1e-4, 0)]
)
def test_plateau_decides_as_keras_does(
    keras: Any, series: str, mode: str, patience: int, cooldown: int, min_delta: float, floor: float
) -> None:
    callback = keras.callbacks.ReduceLROnPlateau(
        "val_loss", 0.5, patience, mode=mode, min_delta=min_delta, cooldown=cooldown, min_lr=floor
    )
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    callback.set_model(model)
    callback.on_train_begin()
    expected = []
    for epoch, value in enumerate(REFERENCE["series"][series]):
        callback.on_epoch_end(epoch, {"val_loss": value})
        expected.append(float(model.optimizer.learning_rate))
    rule = Plateau("val_loss", mode, 0.5, patience, min_delta, cooldown=cooldown, floor=floor)
    # Keras keeps the rate as float32, so only the decisions are exact.
    assert scales_of(rule, REFERENCE["series"][series]) == pytest.approx(expected, rel=1e-6)


KERAS_SCHEDULES = [
    ("ExponentialDecay", [7, 0.9], {}, schedules.Exponential(rate=0.9, every="7st")),
    ("ExponentialDecay", [7, 0.9], {"staircase": True}, schedules.Exponential(rate=0.9, every="7st", staircase=True)),
    ("ExponentialDecay", [7, 0.9], {"staircase": True}, schedules.Step(drop=0.9, every="7st")),
    ("InverseTimeDecay", [7, 0.4], {}, schedules.InverseTime(rate=0.4, every="7st")),
    ("InverseTimeDecay", [7, 0.4], {"staircase": True}, schedules.InverseTime(rate=0.4, every="7st", staircase=True)),
    ("PolynomialDecay", [101, 0.005], {"power": 2.0}, schedules.Polynomial(power=2.0, floor=0.05, length="101st")),
    ("PolynomialDecay", [13, 0.005], {"power": 0.5}, schedules.Polynomial(power=0.5, floor=0.05, length="13st")),
    ("PolynomialDecay", [13, 0.005], {"cycle": True}, schedules.Polynomial(floor=0.05, length="13st", cycle=True)),
    ("CosineDecay", [101], {"alpha": 0.05}, schedules.Cosine(floor=0.05, length="101st")),
    ("CosineDecay", [13], {}, schedules.Cosine(length="13st")),
    ("CosineDecayRestarts", [13], {"t_mul": 1.0}, schedules.CosineRestarts(first="13st", growth=1)),
    ("CosineDecayRestarts", [13], {"alpha": 0.05}, schedules.CosineRestarts(first="13st", floor=0.05)),
    ("CosineDecayRestarts", [9], {"t_mul": 3.0, "m_mul": 0.8}, schedules.CosineRestarts("9st", 3, peak_decay=0.8)),
]


@pytest.mark.parametrize("total", [1, 2, 101])
@pytest.mark.parametrize(("name", "arguments", "options", "schedule"), KERAS_SCHEDULES)
def test_schedule_equals_keras(
    keras: Any, name: str, arguments: list[float], options: dict[str, Any], schedule: Any, total: int
) -> None:
    peer = getattr(keras.optimizers.schedules, name)(0.1, *arguments, **options)
    expected = [float(peer(step)) for step in range(total)]
    # Keras computes in float32, whose numbers are 1.2e-7 apart: cosines and powers multiply that some ten times, and
    # where they cancel towards zero what is left is an absolute error of that size times the rate, 0.1.
    np.testing.assert_allclose(learning_rates(schedule, 0.1, Run(total, 5)), expected, rtol=2e-6, atol=2e-8)


@pytest.mark.parametrize("boundaries", [[1], [3, 4, 60]])
def test_piecewise_equals_keras(keras: Any, boundaries: list[int]) -> None:
    rates = [0.1, 0.03, 0.05, 0.01][: len(boundaries) + 1]
    peer = keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, rates)
    schedule = schedules.Piecewise([f"{n}st" for n in boundaries], [rate / 0.1 for rate in rates], inclusive=True)
    expected = [float(peer(step)) for step in range(101)]
    np.testing.assert_allclose(learning_rates(schedule, 0.1, Run(101, 5)), expected, rtol=2e-7)  # float32


def test_trapezoid_is_fastais_flat_cos() -> None:
    """fastai's fit_flat_cos(8, lr, div_final=1e5, pct_start=0.75): lr, then a cosine to lr / 1e5, by its definition."""
    schedule = schedules.Trapezoid("75%", "cosine", floor=1e-5)
    fall = [1e-5 + (1 - 1e-5) * (1 + math.cos(math.pi * i / 2)) / 2 for i in range(3)]
    assert schedule.factor(np.arange(9), Run(8, 8)) == pytest.approx([1.0] * 6 + fall)


@pytest.mark.parametrize("length", [1, 10])
def test_warmup_and_cosine_equal_keras(keras: Any, length: int) -> None:
    peer = keras.optimizers.schedules.CosineDecay(0.02, 61 - length, 0.1, warmup_target=0.1, warmup_steps=length)
    warmup = warmups.LinearWarmup(f"{length}st", start=0.2, include_start=True)
    rates = learning_rates(schedules.Cosine(floor=0.1), 0.1, Run(61, 5), warmup)
    np.testing.assert_allclose(rates, [float(peer(step)) for step in range(61)], rtol=2e-6, atol=2e-8)  # float32


def test_one_cycle_follows_fastai() -> None:
    """fastai's combined_cos(0.25, lr / 25, lr, lr / 1e5) at i / 8, worked out by hand from its definition."""
    schedule = schedules.OneCycle(peak_at="25%", start=0.04, final=1e-5, anneal="cosine", like="fastai")
    half = (1 + 1e-5) / 2
    late = [half + (1 - 1e-5) / 2 * math.cos(math.pi * i / 6) for i in range(7)]
    assert schedule.factor(np.arange(9), Run(8, 8)) == pytest.approx([0.04, 0.52, *late])
