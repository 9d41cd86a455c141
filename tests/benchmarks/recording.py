"""What recording costs at every weight update: event file and history, against the update of keras_cnn itself.

    python tests/benchmarks/recording.py

Writes 20,000 updates the way the trainer does (in chunks, flushed) and times it; then times the update of keras_cnn
(batch 128, float32, random images) in the same process.
"""

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import machine

from annealkit.start_tensorflow import start_tensorflow

start_tensorflow(None)

from throughput import BATCH, COUNT, UPDATES, annealkit_loop  # noqa: E402

from annealkit.training.loop import Steps  # noqa: E402
from annealkit.training.tensorboard_writer import TensorBoardWriter  # noqa: E402

CHUNK, CHUNKS = 10, 2000


def main() -> None:
    rng = np.random.default_rng(0)
    sizes = np.full(CHUNK, BATCH)
    steps = Steps(
        sizes, rng.random(CHUNK, np.float32), rng.random(CHUNK, np.float32), rng.integers(0, BATCH, CHUNK, np.int32)
    )
    with tempfile.TemporaryDirectory() as folder:
        board = TensorBoardWriter(Path(folder), {}, 0)
        began = time.perf_counter()
        for chunk in range(CHUNKS):
            board.steps(chunk * CHUNK, steps)
        board.flush()
        recording = (time.perf_counter() - began) / (CHUNK * CHUNKS)
        board.close("finished")
    pixels = rng.integers(0, 256, (COUNT, 32, 32, 3), np.uint8)
    block = annealkit_loop(pixels, rng.integers(0, 10, COUNT).astype(np.int32), "float32")
    block()
    times = []
    for _ in range(5):
        began = time.perf_counter()
        block()
        times.append((time.perf_counter() - began) / UPDATES)
    update = statistics.median(times)
    print(machine())
    print(f"recording an update (rate, loss, accuracy; n = {CHUNK * CHUNKS}): {1e6 * recording:.0f} µs")
    print(
        f"an update of keras_cnn (n = {5 * UPDATES}): {1000 * update:.1f} ms; recording takes {recording / update:.3%}"
    )


if __name__ == "__main__":
    main()
