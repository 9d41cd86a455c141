"""How long the light commands take as whole processes, and how soon the main job makes its first weight update.

    python tests/benchmarks/start_up.py [key=value …]     # overrides of the main job, for example data=cifar10

Median of five processes for each command. The first update is the one with which the event file's rates begin.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import machine

N = 5


def main(overrides: list[str]) -> None:
    print(machine())
    for command in (["--help"], ["plugins"], ["preview", "schedule=cyclical", "data=synthetic"]):
        times = []
        for _ in range(N + 1):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-m", "annealkit", *command], check=True, stdout=subprocess.DEVNULL)
            times.append(time.perf_counter() - began)
        print(f"annealkit {' '.join(command):42} {statistics.median(times[1:]):.2f} s (n = {N})")
    firsts = [first_update(overrides) for _ in range(3)]
    print(f"first update of: annealkit {' '.join(overrides)}   {statistics.median(firsts):.1f} s (n = {len(firsts)})")


def first_update(overrides: list[str]) -> float:
    """Seconds from the command to the first checkpoint, which is asked for after one update."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "annealkit", *overrides, f"outputs={folder}", "trainer.checkpoint_steps=1"]
        began = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            while not list(Path(folder).glob("*/checkpoints/step-*.npz")):
                if process.poll() is not None:
                    raise SystemExit(f"the run ended with code {process.returncode} before its first update")
                time.sleep(0.02)
            seconds = time.perf_counter() - began
            process.kill()
    return seconds


if __name__ == "__main__":
    main(sys.argv[1:])
