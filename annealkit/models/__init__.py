"""Models: dataclasses whose `build(input_shape, classes)` returns a Keras model that ends in class probabilities.

Keras is imported only when one is built. The last layer computes in float32 whatever `trainer.precision` says.
"""

from typing import Any

from annealkit.groups import builtin


def __getattr__(name: str) -> Any:
    """A class of a module in this folder."""
    return builtin("models", name)
