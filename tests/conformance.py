"""Parts that keep to everything, and what makes wrong ones of them, for the tests of annealkit.testing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from annealkit import Run
from annealkit.datasets import Dataset, Images
from annealkit.errors import ConfigError
from annealkit.fields.checks import check_duration
from annealkit.optimizers import Sgd
from annealkit.plugin_system.registry import Part, Registry
from annealkit.testing import ConformanceError, checks


@dataclass
class Fall:
    """Fall in a straight line.

    Formula: factor(s) = max(floor, 1 - s/length).

    Args:
        length: the duration of the fall.
        floor: lowest factor.

    Range: [floor, 1].

    Source: a rule of practice.
    """

    length: str = "50%"
    floor: float = 0.1

    def __post_init__(self) -> None:
        check_duration("tried", "length", self.length)

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        step = np.minimum(step, run.total_steps - 1)
        return np.maximum(1 - step / run.steps(self.length), self.floor)


@dataclass
class Climb:
    """Rise in a straight line.

    Formula: ramp(s) = s/length.

    Args:
        length: the duration of the rise.

    Range: [0, 1).

    Source: a rule of practice.
    """

    length: str = "5%"

    def __post_init__(self) -> None:
        check_duration("tried", "length", self.length)

    def ramp(self, step: np.ndarray, length: int) -> np.ndarray:
        return step / length


@dataclass
class Halve:
    """Halve the rate once the loss of training has risen.

    Args:
        factor: what the scale becomes then.
    """

    factor: float = 0.5

    def begin(self) -> dict[str, Any]:
        return {"scale": 1.0, "loss": None}

    def observe(self, state: dict[str, Any], metrics: Mapping[str, float]) -> dict[str, Any]:
        if "loss" not in metrics:
            raise ConfigError("halve: loss is not measured.")
        rose = state["loss"] is not None and metrics["loss"] > state["loss"]
        return {"scale": self.factor if rose else state["scale"], "loss": metrics["loss"]}


@dataclass
class Plain(Sgd):
    """Gradient descent as Keras has it (Robbins and Monro 1951)."""


@dataclass
class Linear:
    """One layer."""

    def build(self, input_shape: tuple[int, ...], classes: int) -> Any:
        import keras

        output = keras.layers.Dense(classes, activation="softmax", dtype="float32")
        return keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(), output])


@dataclass
class Points(Dataset):
    """Forty points in two classes."""

    normalize: str = "none"

    def train_size(self) -> int:
        return 40

    def load(self) -> Images:
        features, labels = np.eye(40, 3, dtype=np.float32), (np.arange(40) % 2).astype(np.int32)
        return Images("points", features, labels, features[:5], labels[:5], ["even", "odd"])


GOOD: dict[str, type] = {
    "schedule": Fall, "warmup": Climb, "feedback": Halve, "optimizer": Plain, "model": Linear, "data": Points,
}  # fmt: skip


def changed(group: str, **body: Any) -> type:
    """The good part of that group with other attributes."""
    good = GOOD[group]
    return type(good.__name__, (good,), {"__doc__": good.__doc__, "__module__": __name__, **body})


def found_by(title: str, group: str, cls: type, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the check of that title says of the class, registered as GROUP=tried; empty if it passes."""
    registry = Registry()
    registry.add(Part(group, "tried", cls, "tests", "1.0", "tests"))
    monkeypatch.setattr("annealkit.plugin_system.registry.load_registry", lambda: registry)
    [check] = [check for check in checks(group, "tried") if check.title == title]
    try:
        check()
    except ConformanceError as error:
        return str(error)
    return ""
