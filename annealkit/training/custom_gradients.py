"""Lets the graphs of a run be freed when it is over."""

from collections.abc import Iterator
from contextlib import contextmanager

from tensorflow.python.framework.ops import gradient_registry


@contextmanager
def forgetting_custom_gradients() -> Iterator[None]:
    """Take back what TensorFlow registers meanwhile for operations with a gradient of their own.

    Each such entry, of which a Keras optimizer makes one when its update is traced, refers to the whole graph and stays
    for the life of the process. It is only needed to differentiate that graph, which nobody does after the run.
    """
    entries = gradient_registry._registry
    before = set(entries)
    try:
        yield
    finally:
        for name in set(entries) - before:
            if name.startswith("CustomGradient-"):
                del entries[name]
