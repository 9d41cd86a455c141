"""Training throughput of annealkit's loop against plain `keras.Model.fit` on NumPy arrays, same network.

    python tests/benchmarks/throughput.py [ROUNDS]

keras_cnn, batch 128, SGD, 12,800 random images a block. Both sides take turns in one process, block by block; the
first block of each (tracing) is not counted. Prints images per second and, since the machine's speed drifts, the
median of the ratios of neighbouring blocks.
"""

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from machine import machine

from annealkit.start_tensorflow import start_tensorflow

start_tensorflow(None)

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from annealkit.datasets import Images, Synthetic  # noqa: E402
from annealkit.keras.table_schedule import TableSchedule  # noqa: E402
from annealkit.models import KerasCnn  # noqa: E402
from annealkit.optimizers import Sgd  # noqa: E402
from annealkit.training.environment import prepared_keras  # noqa: E402
from annealkit.training.loop import TrainingLoop  # noqa: E402
from annealkit.training.splits import split  # noqa: E402

BATCH, UPDATES = 128, 100
COUNT = BATCH * UPDATES


def main(rounds: int) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (COUNT, 32, 32, 3), np.uint8)
    labels = rng.integers(0, 10, COUNT).astype(np.int32)
    sides = {
        "fit float32": keras_fit(pixels, labels),
        "annealkit float32": annealkit_loop(pixels, labels, "float32"),
        "annealkit mixed_bfloat16": annealkit_loop(pixels, labels, "mixed_bfloat16"),
    }
    for block in sides.values():
        block()
    speeds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, block in sides.items():
            began = time.perf_counter()
            block()
            speeds[name].append(COUNT / (time.perf_counter() - began))
    print(machine())
    print(f"n = {rounds} blocks of {UPDATES} updates of {BATCH} images each side, in turn")
    for name, values in speeds.items():
        ratio = statistics.median(ours / fit for ours, fit in zip(values, speeds["fit float32"], strict=True))
        print(f"{name:26} {statistics.median(values):7,.0f} images/s   {ratio:.2f} × fit float32")


def keras_fit(pixels: np.ndarray, labels: np.ndarray) -> Callable[[], None]:
    """What a Keras user writes: floats in NumPy, compile, fit."""
    with prepared_keras(0, "float32"):
        model = KerasCnn().build((32, 32, 3), 10)
        model.compile(
            keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
    inputs = pixels.astype(np.float32) / 255
    return lambda: model.fit(inputs, labels, batch_size=BATCH, epochs=1, verbose=0)


def annealkit_loop(pixels: np.ndarray, labels: np.ndarray, precision: str) -> Callable[[], None]:
    """The loop that the trainer runs, from stored uint8 images to the per-update figures on the host."""
    options = Synthetic(validation=0)
    splits = split(Images("random", pixels, labels, pixels[:10], labels[:10], list("0123456789")), options, 0)
    with prepared_keras(0, precision):
        model = KerasCnn().build((32, 32, 3), 10)
        optimizer = Sgd(lr=0.01).build(TableSchedule(np.full(UPDATES, 0.01)))
        optimizer.build(model.trainable_variables)
        model.compile(optimizer, "sparse_categorical_crossentropy")
        loop = TrainingLoop(model, splits, options, BATCH, 1, 0)
        loop.run(tf.constant(splits.train), 0, 0, 1)  # Traced under its own precision.
    order = tf.constant(np.random.default_rng(0).permutation(splits.train))

    def block() -> None:
        for first in range(0, UPDATES, 10):
            loop.run(order, first, first, 10)

    return block


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
