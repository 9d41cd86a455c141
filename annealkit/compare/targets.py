"""When a run first reaches a given accuracy, in weight updates and in seconds."""

import math
from typing import NamedTuple

import numpy as np

from annealkit.compare.runs import FoundRun, number

ACCURACY_NAMES = {"val_accuracy": "validation accuracy", "accuracy": "training accuracy"}


class Reached(NamedTuple):
    """Weight updates and seconds until the accuracy is first reached; infinity where it never is, NaN where unknown."""

    updates: float
    seconds: float


def measured_by(runs: list[FoundRun]) -> str:
    """The column that the accuracy over time is read from: validation where every run has it, else training."""
    return "val_accuracy" if all("val_accuracy" in run.history[0] for run in runs if run.history) else "accuracy"


def reach(run: FoundRun, column: str, target: float) -> Reached:
    """When the accuracy first reaches the target.

    Accuracy is known at the end of each epoch and taken to go straight from one to the next; within the first epoch
    nothing is known, so a target that is reached in it counts as reached at its end. Seconds are of training and
    validation, without start-up.
    """
    accuracy = [row.get(column, math.nan) for row in run.history]
    updates = [row["updates"] for row in run.history]
    seconds = _seconds(run)
    if not accuracy:
        return Reached(math.nan, math.nan)
    for epoch, value in enumerate(accuracy):
        if value >= target:
            before = accuracy[epoch - 1] if epoch else math.nan
            # The part of this epoch after which the line crosses the target; all of it where there is no line.
            part = (target - before) / (value - before) if math.isfinite(before) else 1.0
            return Reached(_between(updates, epoch, part), _between(seconds, epoch, part))
    return Reached(math.inf, math.inf if seconds else math.nan)


def median(values: list[float]) -> float:
    """The median, where runs that never got there count as later than all others; NaN where nothing is known.

    The median of only those that got there would favour a group of which few did.
    """
    known = [value for value in values if not math.isnan(value)]
    return float(np.median(known)) if known else math.nan


def _seconds(run: FoundRun) -> list[float]:
    """Since the start, at the end of each epoch; empty where it is not known of every epoch."""
    each = run.result.get("epoch_seconds")
    if not isinstance(each, list) or len(each) != len(run.history):
        return []
    total = np.cumsum([number(value) for value in each])
    return [float(value) for value in total] if np.isfinite(total).all() else []


def _between(ends: list[float], epoch: int, part: float) -> float:
    if not ends:
        return math.nan
    start = ends[epoch - 1] if epoch else 0.0
    return start + part * (ends[epoch] - start)
