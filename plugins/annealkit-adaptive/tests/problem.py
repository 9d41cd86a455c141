"""The least-squares problem of reference.json, and optimizers run on it. See generate_reference.py."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

REFERENCE: dict[str, Any] = json.loads(Path(__file__).with_name("reference.json").read_text())
X, Y = np.array(REFERENCE["x"]), np.array(REFERENCE["y"])
FIRST = [np.array(value) for value in REFERENCE["first"]]


@keras.saving.register_keras_serializable("annealkit_adaptive_tests")
class Rates(keras.optimizers.schedules.LearningRateSchedule):
    """The rate of each update from a list; the last one holds."""

    def __init__(self, rates: list[float]) -> None:
        super().__init__()
        self.rates = rates

    def __call__(self, step: Any) -> Any:
        rates = keras.ops.convert_to_tensor(self.rates, keras.config.floatx())
        return keras.ops.take(rates, keras.ops.minimum(keras.ops.cast(step, "int32"), len(self.rates) - 1))

    def get_config(self) -> dict[str, Any]:
        return {"rates": self.rates}


def loss_and_gradients(weights: list[np.ndarray]) -> tuple[float, list[np.ndarray]]:
    """Of mean |X W + b - Y|^2 / 2 over the rows; b may be missing."""
    rest = X @ weights[0] + (weights[1] if len(weights) > 1 else 0) - Y
    gradients = [X.T @ rest / len(X), rest.mean(axis=0)]
    return float((rest**2).sum(axis=1).mean() / 2), gradients[: len(weights)]


def variables(tensors: int = 2) -> list[keras.Variable]:
    return [keras.Variable(value.astype(keras.config.floatx())) for value in FIRST[:tensors]]


def update(optimizer: keras.Optimizer, weights: list[keras.Variable]) -> float:
    """One update; the loss before it."""
    loss, gradients = loss_and_gradients([weight.numpy().astype(np.float64) for weight in weights])
    optimizer.scale_loss(keras.ops.convert_to_tensor(loss, keras.config.floatx()))
    optimizer.apply([keras.ops.convert_to_tensor(g, keras.config.floatx()) for g in gradients], weights)
    return loss
