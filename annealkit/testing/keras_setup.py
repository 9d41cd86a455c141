"""TensorFlow and Keras for the checks that need them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from annealkit.start_tensorflow import start_tensorflow


def start() -> Any:
    """Keras, imported with TensorFlow quietly, unless this process has it already, with however many threads."""
    if "tensorflow" not in sys.modules:
        start_tensorflow(None)
    import keras

    return keras


@contextmanager
def precision(policy: str) -> Iterator[None]:
    """What is built inside computes with this precision."""
    keras = start()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
