"""How long a sweep of 42 runs takes that has nothing left to do.

    python tests/benchmarks/finished_sweep.py

Trains seven schedules with two optimizers and three seeds on the toy set, a second each, and gives the same command
again: the median of five whole processes.
"""

import statistics
import subprocess
import sys
import tempfile
import time

from machine import machine

N = 5
SWEEP = [
    "-m", "schedule=constant,step,exponential,inverse_time,cosine,cyclical,one_cycle", "optimizer=sgd,adam",
    "seed=0,1,2", "data=toy", "model=mlp", "trainer.epochs=1", "trainer.progress=false",
]  # fmt: skip


def main() -> None:
    print(machine())
    print(f"python -m annealkit {' '.join(SWEEP)}")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "annealkit", *SWEEP, f"outputs={folder}"]
        times = []
        for _ in range(N + 1):
            began = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            times.append(time.perf_counter() - began)
    print(f"trained in {times[0]:.1f} s (n = 1); repeated in {statistics.median(times[1:]):.2f} s (n = {N})")


if __name__ == "__main__":
    main()
