"""Run folders made by hand, as training leaves them, for tests and the benchmark of `annealkit compare`."""

import json
from pathlib import Path
from typing import Any

EPOCHS, STEPS = 4, 25


def make_run(
    folder: Path,
    test_accuracy: Any,
    seed: int = 0,
    *,
    accuracies: list[float] | None = None,
    validation: bool = True,
    steps: int = STEPS,
    environment: dict[str, Any] | None = None,
    state: dict[str, Any] | None = None,
    result: dict[str, Any] | None = None,
    **settings: Any,
) -> Path:
    """One run folder.

    Args:
        folder: made; with those above it.
        test_accuracy: the final figure.
        seed: `trainer.seed`.
        accuracies: at the end of each epoch; by default they rise to the final figure.
        validation: whether there are validation columns.
        steps: weight updates in an epoch.
        environment: what differs from the usual one.
        state: keys of run.json that differ.
        result: keys of its result that differ.
        settings: `group__key=value` for `group.key`, and names of parts.
    """
    if accuracies is None:
        last = test_accuracy if isinstance(test_accuracy, float) else 0.5
        accuracies = [last * (epoch + 1) / EPOCHS for epoch in range(EPOCHS)]
    updates = steps * len(accuracies)
    chosen = {
        "model": "mlp", "model.hidden": [9, 9], "data": "toy", "data.validation": 100 if validation else 0,
        "data.limit": None, "data.flip": False, "schedule": "constant", "warmup": "none", "feedback": "none",
        "optimizer": "sgd", "optimizer.lr": 0.1, "trainer.epochs": len(accuracies), "trainer.batch_size": 40,
        "trainer.seed": seed, **{key.replace("__", "."): value for key, value in settings.items()},
    }  # fmt: skip
    run = {
        "status": "finished",
        "message": "",
        "settings": chosen,
        "environment": {"annealkit": "0.1.0", "threads": 2, "images": "toy sha256:5", **(environment or {})},
        "inexact": [],
        "data": {"name": "toy", "origin": "made"},
        "images": {"train": 1000, "validation": 100, "test": 100},
        "total_steps": updates,
        "steps_per_epoch": steps,
        "result": {
            "status": "finished", "test_accuracy": test_accuracy, "test_loss": 1.0, "updates": updates, "message": "",
            "epoch_seconds": [2.0] * len(accuracies), "inexact": [], **(result or {}),
        },
        **(state or {}),
    }  # fmt: skip
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    names = ["epoch", "updates", "learning_rate", "loss", "accuracy"] + ["val_loss", "val_accuracy"] * validation
    lines = [",".join(names)]
    for epoch, accuracy in enumerate(accuracies):
        row = [epoch + 1, steps * (epoch + 1), 0.1, 1 - accuracy, accuracy] + [1 - accuracy, accuracy] * validation
        lines.append(",".join(map(repr, row)))
    (folder / "history.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def make_sweep(folder: Path, figures: dict[str, list[float]], **settings: Any) -> None:
    """For each schedule, a run of each seed from 0 on with that test accuracy."""
    for schedule, accuracies in figures.items():
        for seed, accuracy in enumerate(accuracies):
            make_run(folder / f"{schedule}-s{seed}", accuracy, seed, schedule=schedule, **settings)
