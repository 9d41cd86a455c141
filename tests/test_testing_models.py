"""annealkit.testing: each check of models and data sets finds one that is wrong in just that way."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from conformance import Linear, Points, changed, found_by

from annealkit import ConfigError, DataError


def model_of(*last: Any, **options: Any) -> dict[str, Any]:
    """The body of a model with these last layers; each is made anew by being called."""

    def build(self: Any, shape: tuple[int, ...], classes: int) -> keras.Model:
        layers = [layer(classes) for layer in last]
        return keras.Sequential([keras.Input(shape), keras.layers.Flatten(), *layers])

    return {"build": build}


class Plus(keras.layers.Layer):
    """A layer with an argument that its configuration does not have."""

    def __init__(self, power: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.power = power

    def call(self, inputs: Any) -> Any:
        raised = inputs**self.power
        return raised / keras.ops.sum(raised, axis=-1, keepdims=True)


def softmax(classes: int) -> Any:
    return keras.layers.Dense(classes, activation="softmax", dtype="float32")


def refusing(self: Any, shape: tuple[int, ...], classes: int) -> keras.Model:
    raise ConfigError("tried: not these.")


MODELS: list[tuple[str, dict[str, Any], str]] = [
    ("builds for its inputs and classes", {"build": refusing}, "refused each of the input shapes [(32, 32, 3), (3,)]"),
    ("builds for its inputs and classes", {"build": lambda self, shape, classes: "model"}, "build returned str"),
    ("builds for its inputs and classes", model_of(lambda _: softmax(10)), "output shape (None, 10)"),
    ("gives probabilities", model_of(lambda n: keras.layers.Dense(n)), "expected probabilities that add up to 1"),
    (
        "float32 in mixed_bfloat16",
        model_of(lambda n: keras.layers.Dense(n, activation="softmax")),
        "its output is bfloat16 in mixed_bfloat16",
    ),
    (
        "learns from a gradient",
        model_of(lambda _: keras.layers.Dense(4), lambda _: keras.layers.Lambda(tf.stop_gradient), softmax),
        "the loss does not depend on",
    ),
    (
        "learns from a gradient",
        model_of(lambda n: keras.layers.Dense(n), lambda _: keras.layers.Lambda(lambda x: x / (x * 0)), softmax),
        "a gradient is not finite",
    ),
    (
        "learns from a gradient",
        model_of(lambda n: keras.layers.Dense(n, use_bias=False, kernel_initializer="zeros"),
                 lambda n: keras.layers.Dense(n, use_bias=False, kernel_initializer="zeros"),
                 lambda _: keras.layers.Softmax(dtype="float32")),
        "an update of plain SGD changed no weight",
    ),
    ("the same from its config", model_of(softmax, lambda _: Plus(2.0)), "rebuilt from its configuration"),
]  # fmt: skip


def load(**arrays: Any) -> dict[str, Any]:
    """The body of a data set with other arrays."""

    def load(self: Any) -> Any:
        images = Points.load(self)
        for name, array in arrays.items():
            setattr(images, name, array() if callable(array) else array)
        return images

    return {"load": load}


def missing(self: Any) -> Any:
    raise DataError("tried: no pictures here.")


RANDOM = np.random.default_rng(0)
DATA: list[tuple[str, dict[str, Any], str]] = [
    ("train_size is known", {"train_size": lambda self: 40.0}, "train_size() returned 40.0"),
    ("train_size is known", {"train_size": missing}, "train_size() could not: tried: no pictures here."),
    ("train_size is what load gives", {"train_size": lambda self: 50}, "train_size() is 50, and load() gave 40"),
    ("images and labels", {"load": lambda self: None}, "load() returned NoneType"),
    ("images and labels", {"load": missing}, "declare needs_download: ClassVar[bool] = True"),
    ("images and labels", load(train_images=np.eye(40, 3)), "train_images are float64 of shape (40, 3)"),
    ("images and labels", load(train_labels=np.zeros(40)), "train_labels are float64 of shape (40,), for 40 images"),
    ("images and labels", load(class_names=["one"]), "train_labels go from 0 to 1, for 1 class names"),
    ("images and labels", load(test_images=np.full((5, 3), np.nan, np.float32)), "values that are not finite"),
    ("images and labels", load(test_images=np.zeros((5, 2), np.float32)), "have shape (3,) each and test_images (2,)"),
    ("images and labels", load(test_images=np.zeros((0, 3), np.float32)), "test_images are none"),
    ("images and labels", load(test_labels=[0] * 5), "test_labels is list"),
    ("the same twice", load(train_images=lambda: RANDOM.random((40, 3), np.float32)), "train_images differ when"),
]


@pytest.mark.parametrize(
    ("group", "title", "body", "words"),
    [(group, *case) for group, cases in (("model", MODELS), ("data", DATA)) for case in cases],
)
def test_a_wrong_part_is_found(
    group: str, title: str, body: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = found_by(title, group, changed(group, **body), monkeypatch)
    assert words in said and "\nTo change: " in said, said


def test_files_for_examples_go_when_the_checks_go(monkeypatch: pytest.MonkeyPatch) -> None:
    folders: list[Path] = []

    def examples(cls: type, folder: Path) -> list[dict[str, Any]]:
        folders.append(folder)
        (folder / "file").write_text("1")
        return [{"units": 3}]

    @dataclass
    class Reading(Linear):
        units: int = 1

    cls = type("Reading", (Reading,), {"examples": classmethod(examples), "__doc__": "Args:\n    units: none."})
    assert found_by("settings to check it with", "model", cls, monkeypatch) == ""
    assert len(folders) == 1 and not folders[0].exists()
