"""TensorFlow without its start-up messages, on the CPU."""

import gc
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")


def pytest_collection_finish() -> None:
    """Garbage is searched for without what is imported by now, TensorFlow above all: a third of a short run."""
    gc.collect()
    gc.freeze()
