"""The optimizers that are Keras' own classes: the same updates as plain Keras, learning, resuming, refusing."""

import dataclasses
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from helpers import (
    TOY,
    assert_same_bits,
    checkpoint_arrays,
    checkpoints,
    interrupted,
    model_arrays,
    only_run,
)

import annealkit
from annealkit import ConfigError, optimizers
from annealkit.datasets import Toy
from annealkit.plugin_system.registry import load_registry

CLASSES: list[type[optimizers.KerasOptimizer]] = [
    optimizers.Nadam,
    optimizers.Adamax,
    optimizers.Adafactor,
    optimizers.Ftrl,
    optimizers.Lion,
    optimizers.Lamb,
    optimizers.Muon,
]
NAMES = [cls.__name__.lower() for cls in CLASSES]


class Begin(keras.callbacks.Callback):
    """Keeps the weights that training begins with."""

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self._weights = self.model.get_weights()

    @property
    def weights(self) -> list[np.ndarray]:
        return self._weights


@pytest.mark.parametrize("name", NAMES)
def test_the_same_full_batch_updates_as_plain_keras(name: str, tmp_path: Path) -> None:
    begin = Begin()
    options = [f"optimizer={name}", "optimizer.lr=0.02", "schedule=cosine", "trainer.epochs=5"]
    common = [*TOY, f"outputs={tmp_path}", "trainer.progress=false", "trainer.batch_size=1000"]
    result = annealkit.train([*common, *options, "optimizer.weight_decay=0.1"], [begin])
    layers = [keras.layers.Dense(9, activation="relu") for _ in range(3)]
    model = keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(3, activation="softmax")])
    model.set_weights(begin.weights)
    rates = keras.optimizers.schedules.CosineDecay(0.02, decay_steps=5)
    ours_alone: dict[str, Any] = {}
    if name == "adafactor":
        ours_alone = {"epsilon_1": 1e-16}
    if name == "muon":  # Keras has to be told which layer is the output.
        ours_alone = {"exclude_layers": [model.layers[-1].name], "adam_weight_decay": 0.1}
    theirs = getattr(keras.optimizers, name.capitalize())(rates, weight_decay=0.1, **ours_alone)
    theirs.exclude_from_weight_decay([variable for variable in model.trainable_variables if len(variable.shape) == 1])
    model.compile(theirs, "sparse_categorical_crossentropy", jit_compile=False)
    toy = Toy().load()
    for _ in range(5):
        model.train_on_batch(toy.train_images, toy.train_labels)
    arrays = checkpoint_arrays(checkpoints(result.folder)[-1])
    ours = [arrays[key] for key in sorted(arrays) if key.startswith("model/")]
    for mine, their in zip(ours, model.get_weights(), strict=True):
        np.testing.assert_allclose(mine, their, rtol=1e-4, atol=2e-6)
    for mine, first in zip(ours, begin.weights, strict=True):
        assert np.abs(mine - first).max() > (1e-3 if mine.ndim == 2 else 4e-5)  # far more than the comparison lets pass


@pytest.mark.parametrize("name", NAMES)
def test_it_learns_the_toy_data(name: str, tmp_path: Path) -> None:
    """One layer, which can tell the largest of three numbers; guessing is right for a third."""
    options = ["model.hidden=[]", f"optimizer={name}", "optimizer.lr=0.1", "schedule=cosine", "trainer.epochs=8"]
    result = annealkit.train([*TOY, f"outputs={tmp_path}", "trainer.progress=false", *options])
    assert result.test_accuracy is not None and result.test_accuracy > 0.85


@pytest.mark.parametrize("name", ["nadam", "adafactor"])
def test_the_state_that_is_no_moment_of_a_weight_survives_a_resume(name: str, tmp_path: Path) -> None:
    """nadam keeps a product over all updates, adafactor rows and columns."""
    arguments = [*TOY, f"optimizer={name}", "trainer.progress=false"]
    whole = annealkit.train([*arguments, f"outputs={tmp_path / 'whole'}"])
    interrupted([*arguments, f"outputs={tmp_path / 'cut'}"], 2)
    annealkit.train([*arguments, f"outputs={tmp_path / 'cut'}"])
    cut = only_run(tmp_path / "cut")
    assert_same_bits(model_arrays(cut / "model.keras"), model_arrays(whole.folder / "model.keras"))


def test_adafactor_stands_units_that_never_fire() -> None:
    """No gradient in a row and a column: with Keras' own epsilon_1 the weight where they cross is lost."""
    gradient = np.array([[1.0, 0.0], [0.0, 0.0]], np.float32)
    moved = []
    for options in (optimizers.Adafactor(), optimizers.Adafactor(epsilon_1=1e-30)):
        weights = keras.Variable(np.ones((2, 2), np.float32))
        options.build(0.1).apply([gradient], [weights])
        moved.append(weights.numpy())
    assert moved[0][0, 0] < 1 and moved[0].ravel()[1:].tolist() == [1, 1, 1]
    assert np.isnan(moved[1][1, 1])


@pytest.mark.parametrize("cls", CLASSES, ids=NAMES)
def test_defaults_are_those_of_keras(cls: type[optimizers.KerasOptimizer]) -> None:
    theirs = inspect.signature(getattr(keras.optimizers, cls.keras_class).__init__).parameters
    # The trainer's own, what null switches off, and one that is ours.
    others = ("gradient_accumulation_steps", "groups", "ema_momentum", "epsilon_1")
    for field in dataclasses.fields(cls):
        if field.name not in others:
            assert field.default == theirs["learning_rate" if field.name == "lr" else field.name].default, field.name
    built = cls().build(0.5)
    assert isinstance(built, getattr(keras.optimizers, cls.keras_class))
    assert float(built.learning_rate) == 0.5


WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: optimizers.Nadam(beta_1=1), "Nadam: beta_1 must lie in [0, 1); got 1. Try beta_1=0.9."),
    (lambda: optimizers.Adamax(beta_2=-1), "Adamax: beta_2 must lie in [0, 1); got -1. Try beta_2=0.999."),
    (lambda: optimizers.Adafactor(beta_2_decay=0.8), "Adafactor: beta_2_decay must lie in (-inf, 0); got 0.8. Try"),
    (lambda: optimizers.Adafactor(clip_threshold=0), "Adafactor: clip_threshold must lie in (0, infinity); got 0. Try"),
    (lambda: optimizers.Ftrl(learning_rate_power=1), "Ftrl: learning_rate_power must lie in (-inf, 0]; got 1. Try"),
    (lambda: optimizers.Ftrl(beta=-1), "Ftrl: beta must lie in [0, infinity); got -1. Try beta=0.0."),
    (lambda: optimizers.Lion(beta_1=0), "Lion: beta_1 must lie in (0, 1]; got 0. Try beta_1=0.9."),
    (lambda: optimizers.Lamb(beta_2=1), "Lamb: beta_2 must lie in [0, 1); got 1. Try beta_2=0.999."),
]


@pytest.mark.parametrize(("make", "message"), WRONG, ids=[message[:30] for _, message in WRONG])
def test_what_cannot_be_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value).startswith(message)


def test_the_command_line_is_told_in_its_own_words() -> None:
    with pytest.raises(ConfigError) as caught:
        load_registry().build("optimizer", {"name": "nadam", "beta_1": 1})
    assert str(caught.value) == "nadam: beta_1 must lie in [0, 1); got 1.0. Try optimizer.beta_1=0.9."


def test_a_plain_dataclass_that_gives_another_default_keeps_the_range() -> None:
    @dataclasses.dataclass
    class Slow(annealkit.KerasOptimizer):
        lr: float = 0.5

    assert Slow().lr == 0.5
    with pytest.raises(ConfigError, match=r"^Slow: lr must lie in \[0, infinity\); got -1. Try lr=0.01.$"):
        Slow(lr=-1)
