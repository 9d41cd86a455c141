"""In a plain Keras program: fit, graphs, precision, saving, clipping, averages, groups of weights."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from annealkit_adaptive.optimizers import (
    SWATS,
    AdaBound,
    AveragedWeights,
    Momo,
    MomoAdam,
    Prodigy,
    ScheduleFreeAdamW,
    ScheduleFreeSGD,
)
from problem import FIRST, Rates, loss_and_gradients, update, variables

from annealkit.keras.momentum import pair_momentum

# Each with a rate at which it learns the data below, and no option as it is by default.
OPTIONS: dict[type[keras.Optimizer], dict[str, Any]] = {
    SWATS: {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-7, "tolerance": 0.01},
    AdaBound: {
        "learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.99, "final_learning_rate": 0.05, "gamma": 0.02,
        "epsilon": 1e-7, "amsbound": True,
    },
    Prodigy: {
        "learning_rate": 0.9, "beta_1": 0.8, "beta_2": 0.99, "beta_3": 0.9, "epsilon": 1e-7, "d0": 0.02, "d_coef": 0.9,
        "growth_rate": 2.0, "use_bias_correction": True, "safeguard_warmup": True,
    },
    ScheduleFreeSGD: {
        "learning_rate": 0.2, "momentum": 0.8, "warmup_steps": 3, "weight_power": 0.5, "weight_lr_power": 1.0,
    },
    ScheduleFreeAdamW: {
        "learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-7, "warmup_steps": 3, "weight_power": 0.5,
        "weight_lr_power": 1.0,
    },
    Momo: {"learning_rate": 0.5, "beta": 0.8, "lower_bound": 0.1, "bias_correction": True, "use_fstar": True},
    MomoAdam: {
        "learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-7, "lower_bound": 0.1, "use_fstar": True,
    },
}  # fmt: skip
CLASSES = list(OPTIONS)
SCHEDULE_FREE = (ScheduleFreeSGD, ScheduleFreeAdamW)
each = pytest.mark.parametrize("cls", CLASSES, ids=[cls.__name__ for cls in CLASSES])

_random = np.random.default_rng(0)
X = _random.normal(size=(64, 4)).astype(np.float32)
Y = (X @ _random.normal(size=(4, 3))).argmax(axis=1).astype(np.int32)


def with_schedule(cls: type[keras.Optimizer], rates: list[float], **options: Any) -> keras.Optimizer:
    ours = {"base_learning_rate": OPTIONS[cls]["learning_rate"]} if cls in (SWATS, AdaBound) else {}
    return cls(**{**OPTIONS[cls], **options, "learning_rate": Rates(rates), **ours})


def network(optimizer: keras.Optimizer) -> keras.Model:
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Dense(8, activation="relu"), keras.layers.Dense(3, activation="softmax", dtype="float32")]
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.compile(optimizer, "sparse_categorical_crossentropy", jit_compile=False)
    return model


def fit(model: keras.Model, epochs: int, **options: Any) -> keras.callbacks.History:
    return model.fit(
        X, Y, batch_size=16, epochs=epochs, shuffle=False, verbose=0, callbacks=[AveragedWeights()], **options
    )


@each
def test_fit_goes_on_after_saving_and_loading_as_without(cls: type[keras.Optimizer], tmp_path: Path) -> None:
    whole = network(cls(**OPTIONS[cls]))
    first = fit(whole, 2).history["loss"][0]
    whole.save(tmp_path / "begun.keras")
    loaded = keras.models.load_model(tmp_path / "begun.keras")
    assert type(loaded.optimizer) is cls
    assert fit(whole, 2).history["loss"][-1] < 0.9 * first
    fit(loaded, 2)
    assert_same(loaded, whole, 0)


@pytest.mark.parametrize("cls", SCHEDULE_FREE)
def test_two_fits_are_one(cls: type[keras.Optimizer]) -> None:
    """In between the weights are the average; the training point is made of it again, which rounds."""
    once, twice = network(cls(**OPTIONS[cls])), network(cls(**OPTIONS[cls]))
    fit(once, 4)
    fit(twice, 2), fit(twice, 2)
    assert_same(twice, once, 1e-5)


def assert_same(one: keras.Model, other: keras.Model, rounding: float) -> None:
    for mine, their in zip(one.optimizer.variables, other.optimizer.variables, strict=True):
        np.testing.assert_allclose(mine.numpy(), their.numpy(), rtol=rounding, atol=rounding, err_msg=mine.path)
    for mine, their in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(mine, their, rtol=rounding, atol=rounding)


def test_fit_compiled_with_xla() -> None:
    """Prodigy has sums that go over all tensors, and a branch at the first update."""
    plain, compiled = network(Prodigy(**OPTIONS[Prodigy])), network(Prodigy(**OPTIONS[Prodigy]))
    compiled.compile(compiled.optimizer, "sparse_categorical_crossentropy", jit_compile=True)
    fit(plain, 1), fit(compiled, 1)
    for mine, their in zip(compiled.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(mine, their, rtol=1e-4, atol=1e-5)


@each
def test_mixed_bfloat16(cls: type[keras.Optimizer]) -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = network(cls(**OPTIONS[cls]))
        losses = fit(model, 4).history["loss"]
    finally:
        keras.config.set_dtype_policy("float32")
    assert losses[-1] < 0.9 * losses[0]
    assert {variable.dtype for variable in model.optimizer.variables[1:]} == {"float32"}


@each
def test_a_rate_of_zero_moves_nothing(cls: type[keras.Optimizer]) -> None:
    optimizer, weights = with_schedule(cls, [0.0, 0.0, 0.1], weight_decay=0.1), variables()
    for _ in range(2):
        update(optimizer, weights)
    optimizer.finalize_variable_values(weights)
    for weight, first in zip(weights, FIRST, strict=True):
        np.testing.assert_array_equal(weight.numpy(), first.astype(np.float32))
    update(optimizer, weights)
    assert all(np.isfinite(variable.numpy()).all() for variable in optimizer.variables)
    assert np.abs(weights[0].numpy() - FIRST[0]).max() > 1e-5


@each
def test_a_loop_in_a_graph_does_what_single_updates_do(cls: type[keras.Optimizer]) -> None:
    eager, weights = cls(**OPTIONS[cls]), variables()
    for _ in range(6):
        update(eager, weights)
    in_graph, graph_weights = cls(**OPTIONS[cls]), variables()
    in_graph.build(graph_weights)

    @tf.function
    def loop(count: tf.Tensor) -> None:
        for _ in tf.range(count):
            values = [weight.value for weight in graph_weights]
            loss, *gradients = tf.numpy_function(numbers, values, [tf.float32] * 3)
            for gradient, weight in zip(gradients, graph_weights, strict=True):
                gradient.set_shape(weight.shape)
            in_graph.scale_loss(tf.ensure_shape(loss, []))
            in_graph.apply(gradients, graph_weights)

    def numbers(*weights: np.ndarray) -> list[np.ndarray]:
        loss, gradients = loss_and_gradients([weight.astype(np.float64) for weight in weights])
        return [np.float32(loss), *(gradient.astype(np.float32) for gradient in gradients)]

    loop(tf.constant(6))
    for mine, their in zip(graph_weights, weights, strict=True):
        np.testing.assert_allclose(mine.numpy(), their.numpy(), rtol=1e-5, atol=1e-6)


@each
def test_configuration_round_trip(cls: type[keras.Optimizer]) -> None:
    options = {**OPTIONS[cls], "weight_decay": 0.1, "clipnorm": 1.0}
    optimizer = cls(**options)
    config = optimizer.get_config()
    assert {name: config[name] for name in options} == pytest.approx(options)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is cls
    assert again.get_config() == config


@each
def test_weight_decay_alone(cls: type[keras.Optimizer]) -> None:
    """No gradient, one update: what is left of a weight, and of one that is excluded."""
    options = {"learning_rate": 0.5, "weight_decay": 0.1}
    optimizer = cls(**options, d0=0.01) if cls is Prodigy else cls(**options)
    decayed, spared = keras.Variable([2.0]), keras.Variable([2.0])
    optimizer.exclude_from_weight_decay([spared])
    optimizer.scale_loss(keras.ops.convert_to_tensor(1.0))
    optimizer.apply([keras.ops.zeros(1), keras.ops.zeros(1)], [decayed, spared])
    left = {Prodigy: 1 - 0.5 * 0.1 * 0.01, Momo: 1 / 1.05, MomoAdam: 1 / 1.05}.get(cls, 1 - 0.5 * 0.1)
    assert decayed.numpy() == pytest.approx(2 * left, rel=1e-6)
    assert spared.numpy() == pytest.approx(2.0, rel=1e-7)


@each
def test_clipping(cls: type[keras.Optimizer]) -> None:
    clipped, by_hand = cls(**OPTIONS[cls], clipvalue=0.05), cls(**OPTIONS[cls])
    weights, their_weights = variables(), variables()
    for _ in range(3):
        update(clipped, weights)
        loss, gradients = loss_and_gradients([weight.numpy() for weight in their_weights])
        by_hand.scale_loss(keras.ops.convert_to_tensor(loss, "float32"))
        by_hand.apply([np.clip(gradient, -0.05, 0.05).astype(np.float32) for gradient in gradients], their_weights)
    for mine, their in zip(weights, their_weights, strict=True):
        np.testing.assert_allclose(mine.numpy(), their.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("cls", [cls for cls in CLASSES if cls not in SCHEDULE_FREE])
def test_keras_own_average(cls: type[keras.Optimizer]) -> None:
    optimizer, weights = cls(**OPTIONS[cls], use_ema=True, ema_momentum=0.5), variables()
    points = []
    for _ in range(3):
        update(optimizer, weights)
        points.append(weights[0].numpy())
    optimizer.finalize_variable_values(weights)
    np.testing.assert_allclose(weights[0].numpy(), points[0] / 4 + points[1] / 4 + points[2] / 2, rtol=1e-5)


@pytest.mark.parametrize("cls", SCHEDULE_FREE)
def test_two_averages_are_refused(cls: type[keras.Optimizer]) -> None:
    with pytest.raises(ValueError, match=rf"{cls.__name__}: use_ema must be False.*Try use_ema=False"):
        cls(use_ema=True)


@each
def test_a_tensor_with_a_rate_of_its_own(cls: type[keras.Optimizer]) -> None:
    """Three times the rate, given to update_step as annealkit's groups of variables do: three times the step."""
    moved = []
    for scale in (1.0, 3.0):
        optimizer, weights = cls(**OPTIONS[cls]), variables()
        optimizer.build(weights)
        update_step, bias = optimizer.update_step, weights[1].value

        def scaled(
            gradient: Any, variable: Any, rate: Any, step: Any = update_step, own: Any = bias, by: float = scale
        ) -> None:
            step(gradient, variable, rate * (by if variable is own else 1.0))

        optimizer.update_step = scaled
        update(optimizer, weights)
        moved.append([weight.numpy() - first for weight, first in zip(weights, FIRST, strict=True)])
    np.testing.assert_allclose(moved[1][0], moved[0][0], rtol=1e-4, atol=1e-7)
    # AdaBound clips to bounds that move with the rate: still proportional.
    np.testing.assert_allclose(moved[1][1], 3 * moved[0][1], rtol=2e-3, atol=3e-7)


@each
def test_the_gradient_of_an_embedding(cls: type[keras.Optimizer]) -> None:
    tables = []
    for sparse in (True, False):
        optimizer, table = cls(**OPTIONS[cls]), keras.Variable(FIRST[0].astype(np.float32))
        rows = tf.IndexedSlices(tf.ones((2, 3)), tf.constant([1, 3]), tf.constant([4, 3]))
        for _ in range(2):
            optimizer.scale_loss(keras.ops.convert_to_tensor(1.0))
            optimizer.apply([rows if sparse else tf.convert_to_tensor(rows)], [table])
        tables.append(table.numpy())
    np.testing.assert_allclose(tables[0], tables[1], rtol=1e-6)
    assert np.abs(tables[0] - FIRST[0]).max() > 1e-5


@pytest.mark.parametrize("cls", [Prodigy, *SCHEDULE_FREE])
def test_weights_that_are_set_after_the_optimizer_is_built(cls: type[keras.Optimizer]) -> None:
    early, late = variables(), [keras.Variable(np.zeros_like(value, np.float32)) for value in FIRST]
    optimizers = cls(**OPTIONS[cls]), cls(**OPTIONS[cls])
    optimizers[1].build(late)
    for weight, first in zip(late, FIRST, strict=True):
        weight.assign(first)
    for optimizer, weights in zip(optimizers, (early, late), strict=True):
        for _ in range(3):
            update(optimizer, weights)
        optimizer.finalize_variable_values(weights)
    np.testing.assert_allclose(late[0].numpy(), early[0].numpy(), rtol=1e-6)


@pytest.mark.parametrize("cls", [SWATS, AdaBound])
def test_a_schedule_needs_its_base_rate(cls: type[keras.Optimizer]) -> None:
    with pytest.raises(ValueError, match=r"base_learning_rate must be .*; got None\. Try base_learning_rate=0\.001\."):
        cls(Rates([0.1])).build(variables())


@pytest.mark.parametrize("cls", SCHEDULE_FREE)
def test_training_point_and_average(cls: type[keras.Optimizer]) -> None:
    optimizer, weights = cls(**OPTIONS[cls]), variables()
    optimizer.build(weights)
    optimizer.finalize_variable_values(weights)
    np.testing.assert_array_equal(weights[0].numpy(), FIRST[0].astype(np.float32))  # nothing to average yet
    for _ in range(5):
        update(optimizer, weights)
    trained = weights[0].numpy()
    assert not optimizer.averaged
    optimizer.finalize_variable_values(weights)
    assert optimizer.averaged
    assert np.abs(weights[0].numpy() - trained).max() > 1e-3
    optimizer.restore_training_values(weights)
    assert not optimizer.averaged
    np.testing.assert_allclose(weights[0].numpy(), trained, atol=1e-6)


@pytest.mark.parametrize("optimizer", [ScheduleFreeSGD(0.5), keras.optimizers.SGD(0.5, use_ema=True)])
def test_validation_within_fit_is_of_the_average(optimizer: keras.Optimizer) -> None:
    """The last validation is of the weights that fit ends with, and training goes on as without it."""
    model, without = network(optimizer), network(type(optimizer).from_config(optimizer.get_config()))
    measured = fit(model, 2, validation_data=(X, Y)).history["val_loss"][-1]
    assert measured == pytest.approx(model.evaluate(X, Y, verbose=0), rel=1e-5)
    fit(without, 2)
    for mine, their in zip(model.get_weights(), without.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, their)


@pytest.mark.parametrize("cls", [Momo, MomoAdam])
def test_an_update_without_a_loss_is_refused(cls: type[keras.Optimizer]) -> None:
    weights = variables()
    for optimizer in (cls(0.1), keras.optimizers.LossScaleOptimizer(cls(0.1))):
        if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            optimizer.scale_loss(keras.ops.ones(()))  # which does not ask the optimizer within
        with pytest.raises(ValueError, match=rf"{cls.__name__}: apply was called, but scale_loss never was"):
            optimizer.apply([keras.ops.ones((4, 3)), keras.ops.ones(3)], weights)


@pytest.mark.parametrize("cls", [Momo, MomoAdam])
def test_an_old_loss_is_not_used_again(cls: type[keras.Optimizer]) -> None:
    optimizer, weights = cls(0.1), variables()
    update(optimizer, weights)
    assert np.isfinite(weights[0].numpy()).all()
    optimizer.apply([keras.ops.ones((4, 3)), keras.ops.ones(3)], weights)
    assert np.isnan(weights[0].numpy()).all()


def test_momo_by_hand() -> None:
    """w = 2, g = 4, loss 8: the loss along the line is 0 at a step of 8 / 16 = 0.5, or at most the rate."""
    for rate, lower_bound, left in ((1.0, 0.0, 0.0), (1.0, 4.0, 1.0), (0.1, 0.0, 1.6)):
        optimizer, weight = Momo(rate, lower_bound=lower_bound), keras.Variable(2.0)
        assert float(optimizer.scale_loss(keras.ops.convert_to_tensor(8.0))) == 8
        optimizer.apply([keras.ops.convert_to_tensor(4.0)], [weight])
        assert float(weight.numpy()) == pytest.approx(left, abs=1e-6)
        assert float(optimizer.step_size) == pytest.approx((2 - left) / 4, rel=1e-6)


def test_momo_takes_the_mean_loss_of_accumulated_batches() -> None:
    """Losses 6 and 10, gradients 3 and 5: the same as 8 and 4 at once, where 10 and 4 would go to -0.5."""
    optimizer, weight = Momo(1.0, gradient_accumulation_steps=2), keras.Variable(2.0)
    for loss, gradient in ((6.0, 3.0), (10.0, 5.0)):
        optimizer.scale_loss(keras.ops.convert_to_tensor(loss))
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [weight])
    assert float(weight.numpy()) == pytest.approx(0.0, abs=1e-6)


def test_prodigy_finds_a_rate_over_many_orders_of_magnitude() -> None:
    optimizer, weights = Prodigy(), variables()
    losses = [update(optimizer, weights) for _ in range(60)]
    assert 1e-3 < float(optimizer.d) < 10
    assert losses[-1] < 0.75 * losses[0]


@pytest.mark.parametrize("cls", [AdaBound, SWATS, MomoAdam, Prodigy])
def test_a_momentum_that_moves_is_taken_as_it_is_now(cls: type[keras.Optimizer]) -> None:
    """One that is moved to 0.5 at every update, from its own of 0.9, does what an own one of 0.5 does."""
    options: dict[str, Any] = {"use_bias_correction": True} if cls is Prodigy else {}
    moved, own = cls(0.01, beta_1=0.9, **options), cls(0.01, beta_1=0.5, **options)
    results = []
    for optimizer in (moved, own):
        weights = variables()
        optimizer.build(weights)
        if optimizer is moved:
            assert pair_momentum(optimizer, np.full(4, 0.5)) is not None
        for _ in range(4):
            update(optimizer, weights)
        results.append([weight.numpy() for weight in weights])
    for left, right, first in zip(*results, FIRST, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-6)
        assert np.abs(left - first).max() > 0
