"""Momentum that moves against the rate: what is planned, what Keras' optimizers do with it, what TensorBoard shows."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import TOY, assert_refused, read_all_scalars, read_scalars

import annealkit
from annealkit import Cosine, Cyclical, LinearWarmup, OneCycle, Run
from annealkit.curve.rates import momenta
from annealkit.keras.momentum import MomentumTable, pair_momentum

VALUES = np.array([0.95, 0.9, 0.8, 0.85])
GRADIENTS = np.array([[1.0, -2.0], [0.5, 1.0], [2.0, 0.3], [-1.0, 1.0]])


def planned(schedule: Any, total: int, warmup: Any = None) -> list[float]:
    values = momenta(schedule, np.arange(total), Run(total, total), warmup)
    assert values is not None
    return values.tolist()


def test_one_cycle_falls_and_returns() -> None:
    # Linear, the peak in update 2 (30% of 10 less 1), the end in update 9: two steps down, seven up.
    down, up = [0.95, 0.9, 0.85], [0.85 + 0.1 * k / 7 for k in range(1, 8)]
    assert planned(OneCycle(), 10) == pytest.approx(down + up)


def test_one_cycle_with_three_phases_keeps_the_highest_in_the_third() -> None:
    # Phases end in updates 2, 4 and 9.
    expected = [0.9, 0.8, 0.7, 0.8, 0.9, *[0.9] * 5]
    assert planned(OneCycle(three_phase=True, momentum=[0.9, 0.7]), 10) == pytest.approx(expected)


def test_cyclical_mirrors_its_rate() -> None:
    # Up in 2, down in 2, the second cycle half as high: half the way down.
    cyclical = Cyclical(half_cycle="2st", amplitude="halving", momentum=[0.9, 0.8])
    assert planned(cyclical, 8) == pytest.approx([0.9, 0.85, 0.8, 0.85, 0.9, 0.875, 0.85, 0.875])


def test_a_warmup_keeps_the_first_value_and_others_leave_the_momentum_alone() -> None:
    assert planned(OneCycle(), 14, LinearWarmup("4st"))[:6] == pytest.approx([0.95] * 5 + [0.9])
    assert momenta(Cosine(), np.arange(5), Run(5, 5)) is None
    assert momenta(OneCycle(momentum=None), np.arange(5), Run(5, 5)) is None
    assert momenta(Cyclical(), np.arange(5), Run(5, 5)) is None


@pytest.mark.parametrize(
    ("momentum", "message"),
    [
        ([0.85, 0.95], "one_cycle: momentum must be [highest, lowest]; got [0.85, 0.95]. Try schedule.momentum="),
        ([0.9], "one_cycle: momentum must be [highest, lowest]; got [0.9]"),
        (
            [1.0, 0.9],
            "one_cycle: momentum must lie in [0, 1); got 1.0. Try schedule.momentum=[0.95,0.85], or null: leave it",
        ),
    ],
)
def test_wrong_momenta_are_refused(momentum: list[float], message: str) -> None:
    assert_refused(lambda: OneCycle(momentum=momentum), "schedule", message)


def applied(optimizer: keras.Optimizer) -> np.ndarray:
    """The weights, begun at 0, after each update in a graph, with the momenta of VALUES."""
    weights = keras.Variable(np.zeros(2, np.float32))
    optimizer.build([weights])
    assert pair_momentum(optimizer, VALUES) is not None

    @tf.function
    def update(gradient: tf.Tensor) -> None:
        optimizer.apply([gradient], [weights])

    path = []
    for gradient in GRADIENTS:
        update(tf.constant(gradient, tf.float32))
        path.append(weights.numpy())
    return np.array(path)


def test_sgd_by_its_formula() -> None:
    velocity, weights, expected = np.zeros(2), np.zeros(2), []
    for momentum, gradient in zip(VALUES, GRADIENTS, strict=True):
        velocity = momentum * velocity - 0.1 * gradient
        weights = weights + momentum * velocity - 0.1 * gradient
        expected.append(weights)
    sgd = keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True)
    np.testing.assert_allclose(applied(sgd), expected, rtol=1e-5)


def test_adam_by_its_formula() -> None:
    """As in torch, the correction of the bias takes the momentum of the update under way."""
    mean, square, weights, expected = np.zeros(2), np.zeros(2), np.zeros(2), []
    for n, (beta, gradient) in enumerate(zip(VALUES, GRADIENTS, strict=True), start=1):
        mean = beta * mean + (1 - beta) * gradient
        square = 0.999 * square + 0.001 * gradient**2
        weights = weights - 0.1 * mean / (1 - beta**n) / (np.sqrt(square / (1 - 0.999**n)) + 1e-12)
        expected.append(weights)
    np.testing.assert_allclose(applied(keras.optimizers.Adam(0.1, epsilon=1e-12)), expected, rtol=1e-4)


@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adam", "AdamW", "Nadam", "Adamax", "Lion", "Lamb", "Muon"])
def test_every_optimizer_does_what_it_does_with_a_momentum_set_by_hand_before_each_update(name: str) -> None:
    def trained(by_hand: bool) -> np.ndarray:
        options = {"momentum": 0.5} if name in ("SGD", "RMSprop") else {}
        optimizer = getattr(keras.optimizers, name)(0.1, **options)
        weights = keras.Variable(np.array([[1.0, 2.0], [-1.0, 3.0]], np.float32))
        optimizer.build([weights])
        if not by_hand:
            assert pair_momentum(optimizer, VALUES) is not None
        for momentum, gradient in zip(VALUES, GRADIENTS, strict=True):
            if by_hand:
                setattr(optimizer, "momentum" if hasattr(optimizer, "momentum") else "beta_1", float(momentum))
            optimizer.apply([tf.constant([gradient, gradient[::-1] + 1], tf.float32)], [weights])
        return weights.numpy()

    np.testing.assert_allclose(trained(False), trained(True), rtol=1e-6)


def test_in_arithmetic_it_is_the_momentum_of_the_moment() -> None:
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    optimizer.build([keras.Variable(np.zeros(2, np.float32))])
    table = pair_momentum(optimizer, np.array([0.5, 0.25]))
    assert table is not None and float(table) == 0.9  # as a number its own
    found = [1 + table, table + 1, 1 - table, table - 1, 2 * table, table * 2, table / 2, 1 / table, table**2, 2**table]
    expected = [1.5, 1.5, 0.5, -0.5, 1, 1, 0.25, 2, 0.25, 2**0.5]
    np.testing.assert_allclose([float(value) for value in [*found, -table]], [*expected, -0.5], rtol=1e-6)


def test_what_is_saved_with_a_model_is_the_optimizers_own_momentum(tmp_path: Path) -> None:
    file = tmp_path / "model.keras"
    annealkit.train([*TOY, "schedule=one_cycle", f"outputs={tmp_path}"], [keras.callbacks.ModelCheckpoint(file)])
    assert keras.saving.load_model(file).optimizer.momentum == 0.9


@pytest.mark.parametrize("optimizer", [keras.optimizers.SGD(0.1), keras.optimizers.Adagrad(0.1)])
def test_an_optimizer_without_momentum_is_left_alone(optimizer: keras.Optimizer) -> None:
    assert pair_momentum(optimizer, VALUES) is None
    assert not any(isinstance(value, MomentumTable) for value in vars(optimizer).values())


def test_tensorboard_shows_the_momentum_that_was_applied(tmp_path: Path) -> None:
    result = annealkit.train([*TOY, "schedule=one_cycle", "optimizer=sgd", f"outputs={tmp_path}"])
    steps, values = read_scalars(result.folder, "momentum")
    assert steps == list(range(60))
    # The peak in update 17 (30% of 60 less 1), the end in update 59.
    expected = np.interp(np.arange(60), [0, 17, 59], [0.95, 0.85, 0.95])
    np.testing.assert_allclose(values, expected, rtol=1e-6)


def test_without_pairing_there_is_no_such_curve(tmp_path: Path) -> None:
    result = annealkit.train([*TOY, "schedule=cosine", f"outputs={tmp_path}"])
    assert "momentum" not in {tag for tag, _, _ in read_all_scalars(result.folder)}
