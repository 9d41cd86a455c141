"""How much of a whole run is spent outside weight updates, and how much memory it takes.

    python tests/benchmarks/whole_run.py [key=value …]

Runs `python -m annealkit key=value …` in a process of its own, in a temporary outputs folder, and prints

- the time of the training (from the images in memory to the saved model: tracing, validation, checkpoints, event
  files, the test included) ÷ (weight updates × median time of an update);
- the same for the whole process, interpreter and imports included;
- the peak memory of the process.

The median time of an update is taken from the process itself: it times every call of the loop.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import machine

# In the child: the command line as it is, with a stopwatch around every call of the training loop.
CHILD = """
import json, sys, time
import annealkit.start_tensorflow as start
original = start.start_tensorflow
def started(threads):
    original(threads)
    from annealkit.training import loop
    run = loop.TrainingLoop.run
    def timed(self, order, update, in_epoch, count):
        began = time.perf_counter()
        steps = run(self, order, update, in_epoch, count)
        calls.append((count, time.perf_counter() - began))
        return steps
    loop.TrainingLoop.run = timed
start.start_tensorflow = started
calls = []
from annealkit.command_line.main import main
code = main()
json.dump(calls, open(CALLS, "w"))
sys.exit(code)
"""


def main(overrides: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        calls_file = Path(folder, "calls.json")
        code = f"CALLS = {os.fspath(calls_file)!r}\n" + CHILD
        began = time.perf_counter()
        command = [sys.executable, "-c", code, *overrides, f"outputs={folder}/outputs"]
        subprocess.run(command, check=True)
        process = time.perf_counter() - began
        calls = json.loads(calls_file.read_text())
        [state_file] = Path(folder, "outputs").glob("*/run.json")
        state = json.loads(state_file.read_text())
    updates = state["result"]["updates"]
    median = median_update(calls)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    training = state["result"]["seconds"]
    print(machine())
    print(f"python -m annealkit {' '.join(overrides)}")
    print(f"{updates} updates, median {1000 * median:.2f} ms: {updates * median:.1f} s of updates")
    print(f"training      {training:6.1f} s = {training / (updates * median):.3f} × updates")
    print(f"whole process {process:6.1f} s = {process / (updates * median):.3f} × updates")
    print(f"peak memory   {peak:.2f} GiB")


def median_update(calls: list[list[float]]) -> float:
    """The time of the update in the middle, each update taking its share of its call."""
    shares = sorted(seconds / count for count, seconds in calls for _ in range(int(count)))
    return shares[len(shares) // 2]


if __name__ == "__main__":
    main(sys.argv[1:])
