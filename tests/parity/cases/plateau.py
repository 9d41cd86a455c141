"""plateau."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from parity.case import rule

SETTINGS = ((0, 0, 1e-4, 0.0), (2, 0, 0.1, 0.03), (1, 3, 1e-4, 0.0))  # patience, cooldown, min_delta, floor


def rules(peers: Any, series: dict[str, list[float]]) -> Iterator[dict[str, Any]]:
    for name, values in series.items():
        for mode in ("min", "max"):
            for threshold_mode, min_delta_mode in (("abs", "absolute"), ("rel", "relative")):
                for patience, cooldown, min_delta, floor in SETTINGS:
                    arguments = (mode, 0.5, patience, min_delta, threshold_mode, cooldown)
                    scales = peers.torch_rule(values, "ReduceLROnPlateau", *arguments, min_lr=floor, eps=0)
                    fields = {"monitor": "val_loss", "like": "torch", "mode": mode, "factor": 0.5}
                    fields |= {"patience": patience, "min_delta": min_delta, "min_delta_mode": min_delta_mode}
                    fields |= {"cooldown": cooldown, "floor": floor}
                    yield rule("torch ReduceLROnPlateau", name, fields, scales)


def live(series: dict[str, list[float]]) -> Iterator[dict[str, Any]]:
    """Keras keeps the rate as float32."""
    for mode in ("min", "max"):
        for patience, cooldown, min_delta, floor in SETTINGS:
            fields = {"mode": mode, "patience": patience, "cooldown": cooldown, "min_delta": min_delta, "floor": floor}
            fields |= {"monitor": "val_loss", "factor": 0.5}
            for name, values in series.items():
                yield rule("keras ReduceLROnPlateau", name, fields, list(_keras_scales(fields, values)))


def _keras_scales(fields: dict[str, Any], values: list[float]) -> Iterator[float]:
    """The rate after each value, of which the first is 1."""
    keras = import_module("keras")
    callback = keras.callbacks.ReduceLROnPlateau(
        "val_loss", 0.5, fields["patience"], mode=fields["mode"], min_delta=fields["min_delta"],
        cooldown=fields["cooldown"], min_lr=fields["floor"],
    )  # fmt: skip
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {"val_loss": value})
        yield float(model.optimizer.learning_rate)
