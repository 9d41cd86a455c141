"""How much memory a sweep takes after 2 runs and after 20, in one process.

    python tests/benchmarks/sweep_memory.py [runs] [key=value …]

Trains a sweep over that many seeds (20), by default of `keras_cnn` on 512 pictures of the synthetic set, in a process
of its own and a temporary folder, and prints the resident memory after each run.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import machine

SHORT = ["data=synthetic", "data.limit=512", "trainer.epochs=1", "trainer.progress=false"]

# In the child: the command line as it is, with a look at the memory after each job.
CHILD = """
import json, sys
from annealkit.sweep import run
from annealkit.command_line.main import main
attempt, sizes = run.attempt, []
def watched(*arguments, **options):
    outcome = attempt(*arguments, **options)
    fields = dict(line.split(":") for line in open("/proc/self/status").read().splitlines() if ":" in line[:20])
    sizes.append(int(fields["VmRSS"].split()[0]) / 1024)
    return outcome
run.attempt = watched
code = main()
json.dump(sizes, open(SIZES, "w"))
sys.exit(code)
"""


def main(runs: int, overrides: list[str]) -> None:
    sizes = memory_after_each_run(runs, overrides)
    print(machine())
    print(f"python -m annealkit -m seed=range(0,{runs}) {' '.join(overrides)}")
    print("MiB after each run:", " ".join(f"{size:.0f}" for size in sizes))
    print(f"after 2 runs {sizes[1]:.0f} MiB, after {runs} runs {sizes[-1]:.0f} MiB: × {sizes[-1] / sizes[1]:.3f}")


def memory_after_each_run(runs: int, overrides: list[str]) -> list[float]:
    """MiB of resident memory."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "sizes.json")
        code = f"SIZES = {os.fspath(file)!r}\n" + CHILD
        words = ["-m", f"seed=range(0,{runs})", *overrides, f"outputs={folder}/outputs"]
        subprocess.run([sys.executable, "-c", code, *words], check=True, stdout=subprocess.DEVNULL)
        sizes: list[float] = json.loads(file.read_text())
        return sizes


if __name__ == "__main__":
    words = sys.argv[1:]
    count = int(words.pop(0)) if words and words[0].isdigit() else 20
    main(count, words or SHORT)
