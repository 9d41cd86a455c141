"""A sweep of eight short runs: one after another in one process, against joblib's processes beside each other.

    python tests/benchmarks/sweep.py [key=value …]

By default `keras_cnn` on 2,000 pictures of the synthetic set, one epoch, four rates and two seeds. Each side is a whole
command, TensorFlow's start in every process included, in a temporary folder of its own; each is run once.
"""

import subprocess
import sys
import tempfile
import time

from machine import machine

JOBS = ["optimizer.lr=0.003,0.01,0.03,0.1", "seed=0,1"]
SHORT = ["data=synthetic", "data.limit=2000", "data.validation=500", "trainer.epochs=1", "trainer.progress=false"]
PARALLEL = ["hydra/launcher=joblib"]


def main(overrides: list[str]) -> None:
    words = ["-m", *JOBS, *(overrides or SHORT)]
    print(machine())
    print(f"python -m annealkit {' '.join(words)} [{' '.join(PARALLEL)}]")
    serial = seconds(words)
    print(f"one after another {serial:6.1f} s (n = 1)")
    parallel = seconds([*words, *PARALLEL])
    print(f"beside each other {parallel:6.1f} s (n = 1): {serial / parallel:.2f} ×")


def seconds(words: list[str]) -> float:
    """The time of the whole command."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        command = [sys.executable, "-m", "annealkit", *words, f"outputs={folder}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began


if __name__ == "__main__":
    main(sys.argv[1:])
