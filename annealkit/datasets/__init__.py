"""Data sets: where the pictures come from. Importing this imports neither TensorFlow nor Keras."""

from typing import Any

from annealkit.groups import builtin


def __getattr__(name: str) -> Any:
    """A class of a module in this folder."""
    return builtin("datasets", name)
