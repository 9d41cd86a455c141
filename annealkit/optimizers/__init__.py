"""Optimizers: Keras' own classes, with a learning rate that follows a schedule.

TensorFlow and Keras are imported only when one is built.
"""

from typing import Any

from annealkit.groups import builtin


def __getattr__(name: str) -> Any:
    """A class of a module in this folder."""
    return builtin("optimizers", name)
