"""How long `annealkit compare` takes for many runs, as a whole process, with and without the HTML file.

    python tests/benchmarks/compare.py [RUNS …]     # 200 and 1,000 unless told

The runs are made: ten seeds of each group, 30 epochs of 391 weight updates, cosine with its own settings, so that the
page computes their learning rates. Median of five processes after one to warm the disk's cache.
"""

import hashlib
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import machine

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from made_runs import make_run

from annealkit.curve.rates import learning_rates
from annealkit.curve.span import Run
from annealkit.plugin_system.registry import load_registry

N, SEEDS, EPOCHS, STEPS = 5, 10, 30, 391


def main(counts: list[int]) -> None:
    print(machine())
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder), count)
            for files in ([], ["html=compare.html", "csv=compare.csv", "json=compare.json"]):
                times = [seconds(folder, files) for _ in range(N + 1)]
                size = f", {(Path(folder) / 'compare.html').stat().st_size / 1000:.0f} kB" if files else ""
                title = f"annealkit compare {' '.join(files[:1])}"
                print(f"{count:5,} runs  {title:36} {statistics.median(times[1:]):.2f} s (n = {N}){size}")


def make(folder: Path, count: int) -> None:
    """`count` run folders below `folder/outputs`."""
    draw = np.random.default_rng(0)
    run = Run(EPOCHS * STEPS, STEPS)
    for number in range(count):
        group, seed = divmod(number, SEEDS)
        peak = float(0.6 + 0.002 * group + 0.01 * draw.normal())
        own = {"floor": group / 1000}
        schedule = load_registry().build("schedule", {"name": "cosine", **own})
        digest = hashlib.sha256(learning_rates(schedule, 0.1, run).astype(np.float32).tobytes()).hexdigest()
        make_run(
            folder / f"outputs/cosine-{group}-s{seed}", peak, seed,
            accuracies=[peak * (1 - 0.9 ** (epoch + 1)) for epoch in range(EPOCHS)],
            environment={"learning rates": f"sha256:{digest}"},
            steps=STEPS, schedule="cosine", schedule__floor=own["floor"],
        )  # fmt: skip


def seconds(folder: str, files: list[str]) -> float:
    """One process from its start to its end."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "annealkit", "compare", "outputs", *files]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [200, 1000])
