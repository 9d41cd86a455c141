"""Keeps what Keras callbacks remember, so that EarlyStopping and its like survive a resume."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import keras
import numpy as np

# Not what a callback remembers: `params` is Keras' own, and where less is better Keras turns the sign of `min_delta`
# when a callback first compares, which in a resumed process it does again.
_NOT_STATE = ("params", "min_delta")


def save(callbacks: Sequence[keras.callbacks.Callback]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """(plain attributes as JSON, arrays and lists of arrays) of every callback; others belong to one process."""
    plain: dict[str, Any] = {}
    arrays: dict[str, np.ndarray] = {}
    for number, callback in enumerate(callbacks):
        for name, value in vars(callback).items():
            if name.startswith("_") or name in _NOT_STATE:
                continue
            key = f"{_prefix(number, callback)}{name}"
            if _is_array(value):
                arrays[key] = value
            elif isinstance(value, list) and value and all(map(_is_array, value)):
                arrays.update({f"{key}/{i:06d}": entry for i, entry in enumerate(value)})
            else:
                # What JSON cannot hold, a model, a function, an open file, is not to be carried into another process.
                with suppress(TypeError):
                    plain[key] = _as_json(value)
    return plain, arrays


def restore(
    callbacks: Sequence[keras.callbacks.Callback], plain: dict[str, Any], arrays: dict[str, np.ndarray]
) -> None:
    """Give the callbacks back what `save` took; to be called after `on_train_begin`, which resets them."""
    for number, callback in enumerate(callbacks):
        prefix = _prefix(number, callback)
        values = {key.removeprefix(prefix): value for key, value in plain.items() if key.startswith(prefix)}
        for key in sorted(arrays):
            if key.startswith(prefix):
                name, in_list, _ = key.removeprefix(prefix).partition("/")
                if in_list:
                    values.setdefault(name, []).append(arrays[key])
                else:
                    values[name] = arrays[key]
        for name, value in values.items():
            setattr(callback, name, value)


def _prefix(number: int, callback: keras.callbacks.Callback) -> str:
    """Of the keys of one callback, which another kind of callback in its place does not get."""
    return f"callback/{number}/{type(callback).__name__}/"


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and not value.dtype.hasobject


def _as_json(value: Any) -> Any:
    """The value as JSON gives it back. Raises TypeError for what JSON cannot hold."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.bool_ | np.integer | np.floating):
        return value.item()
    if isinstance(value, list):
        return [_as_json(entry) for entry in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _as_json(entry) for key, entry in value.items()}
    raise TypeError(type(value).__name__)
