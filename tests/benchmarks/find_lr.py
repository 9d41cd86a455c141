"""Whether the rate that `annealkit find-lr` recommends is as good as the best of a grid.

    python tests/benchmarks/find_lr.py SEEDS [key=value …]

For sgd and for adam: a range test with the configuration, then training with one_cycle at each rate of a fixed grid and
at the recommended one, taken as it is, each with the seeds 0 … SEEDS - 1. Prints for each the mean accuracy after the
last epoch on the images kept for validation; the test images play no part. With `outputs=…` the runs are kept, and
those that are there already are not trained again. What README.md beside it tells of:

    python tests/benchmarks/find_lr.py 1 data=cifar10 trainer.precision=mixed_bfloat16
"""

import statistics
import sys
import tempfile

from machine import machine

import annealkit
from annealkit.range_test.view import show

# Factors of about 1.6: finer than the difference that a rate makes.
GRIDS = {
    "sgd": [0.008, 0.012, 0.02, 0.03, 0.05, 0.08],
    "adam": [0.0005, 0.0008, 0.0012, 0.002, 0.003, 0.005],
}


def main(seeds: int, overrides: list[str]) -> None:
    print(machine())
    with tempfile.TemporaryDirectory() as outputs:
        kept = any(text.startswith("outputs=") for text in overrides)
        for optimizer, grid in GRIDS.items():
            measure(optimizer, grid, seeds, overrides if kept else [*overrides, f"outputs={outputs}"])


def measure(optimizer: str, grid: list[float], seeds: int, overrides: list[str]) -> None:
    """One optimizer: its range test, and the table of accuracies."""
    common = [f"optimizer={optimizer}", *overrides]
    command = f"annealkit find-lr {' '.join(common)}"
    test = annealkit.find_lr(common)
    print()
    show(test, command)
    recommended = test.recommendation.rate
    train = ["schedule=one_cycle", *common]
    accuracies = {
        lr: [accuracy([*train, f"optimizer.lr={lr}", f"seed={seed}"]) for seed in range(seeds)]
        for lr in sorted({*grid, *([] if recommended is None else [recommended])})
    }
    means = {lr: statistics.mean(values) for lr, values in accuracies.items()}
    print(f"\npython -m annealkit {' '.join(train)} optimizer.lr=…")
    print(f"validation accuracy after the last epoch, n = {seeds} (seeds 0 … {seeds - 1}):\n")
    for lr, values in accuracies.items():
        note = "  recommended" if lr == recommended else ""
        each = f"  ({', '.join(f'{100 * value:.2f}' for value in values)})" if seeds > 1 else ""
        print(f"{lr:<8g} {100 * means[lr]:.2f} %{each}{note}")
    if recommended is not None:
        best = max(grid, key=means.__getitem__)
        below = 100 * (means[best] - means[recommended])
        print(f"recommended {recommended:g} is {below:+.2f} points below the grid's best, {best:g}")


def accuracy(overrides: list[str]) -> float:
    """Of the last epoch on the validation images; 0 for a run that diverged."""
    result = annealkit.train(overrides)
    return result.history[-1]["val_accuracy"] if result.status == "finished" else 0.0


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
