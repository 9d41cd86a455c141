"""Keeps what Keras callbacks remember, so that EarlyStopping and its like survive a resume."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np


def save(callbacks: Sequence[keras.callbacks.Callback]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """(plain attributes as JSON, lists of arrays) of every callback; other attributes belong to one process."""
    plain: dict[str, Any] = {}
    arrays: dict[str, np.ndarray] = {}
    for number, callback in enumerate(callbacks):
        for name, value in vars(callback).items():
            if name.startswith("_") or name == "params":
                continue
            key = f"callback/{number}/{name}"
            if isinstance(value, bool | int | float | str | np.number) or value is None:
                plain[key] = value.item() if isinstance(value, np.number) else value
            elif isinstance(value, list) and value and all(isinstance(entry, np.ndarray) for entry in value):
                arrays.update({f"{key}/{i:04d}": entry for i, entry in enumerate(value)})
    return plain, arrays


def restore(
    callbacks: Sequence[keras.callbacks.Callback], plain: dict[str, Any], arrays: dict[str, np.ndarray]
) -> None:
    """Give the callbacks back what `save` took; to be called after `on_train_begin`, which resets them."""
    for number, callback in enumerate(callbacks):
        prefix = f"callback/{number}/"
        lists: dict[str, list[np.ndarray]] = {}
        for key in sorted(arrays):
            if key.startswith(prefix):
                lists.setdefault(key.removeprefix(prefix).rpartition("/")[0], []).append(arrays[key])
        values = {key.removeprefix(prefix): value for key, value in plain.items() if key.startswith(prefix)}
        for name, value in {**values, **lists}.items():
            setattr(callback, name, value)
