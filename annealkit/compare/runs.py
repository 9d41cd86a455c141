"""Reads runs from their folders, whatever state those are in, and says of each that cannot be compared why not.

Only `run.json` and `history.csv` are read: never event files, checkpoints or logs, so none of them can be in the way.
Nothing is written and no lock is taken.
"""

import csv
import json
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from annealkit import errors
from annealkit.errors import RunError
from annealkit.runs.result import DIVERGED, FAILED, FINISHED, INTERRUPTED, RUNNING, STOPPED

SEED = "trainer.seed"


@dataclass(frozen=True)
class Metric:
    """A figure that runs are compared by.

    Args:
        key: as the user names it.
        title: in words.
        higher_is_better: the direction.
        is_share: a fraction, shown in %.
    """

    key: str
    title: str
    higher_is_better: bool
    is_share: bool

    @property
    def axis_title(self) -> str:
        """With its unit: `test accuracy, %`."""
        return f"{self.title}, %" if self.is_share else self.title


METRICS = {
    metric.key: metric
    for metric in (
        Metric("test_accuracy", "test accuracy", True, True),
        Metric("test_loss", "test loss", False, False),
        Metric("val_accuracy", "validation accuracy", True, True),
        Metric("val_loss", "validation loss", False, False),
    )
}


@dataclass
class FoundRun:
    """One run folder.

    Args:
        folder: as shown to a person: every character can be printed.
        status: from `run.json`; `unreadable` where there is none to be had.
        reason: why the run is left out; empty for one that is compared.
        settings: `group.key` -> value, as `annealkit.configuration.composition.settings` gives them.
        environment: versions, processor, fingerprints.
        data: name of the data set really used.
        origin: where it came from, in words.
        train_images: trained on; None where it is not known.
        total_steps: weight updates planned; None where it is not known.
        steps_per_epoch: weight updates in an epoch; None where it is not known.
        result: what the run came to, as in `run.json`.
        history: a row for each epoch, column -> number; empty where it cannot be used.
        history_problem: why it cannot be used.
        value: the figure it is compared by; NaN for a run that is left out.
        facets: what must be the same for a comparison, see there; empty until runs are grouped.
        copy_of: for a run that was found a second time, with the same result: the folder of the one that counts.
    """

    folder: str
    status: str
    reason: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    data: str = ""
    origin: str = ""
    train_images: int | None = None
    total_steps: int | None = None
    steps_per_epoch: int | None = None
    result: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    history_problem: str = ""
    value: float = math.nan
    facets: dict[str, Any] = field(default_factory=dict)
    copy_of: str = ""

    @property
    def seed(self) -> Any:
        """Of weights, orders and splits."""
        return self.settings.get(SEED)

    @property
    def fingerprint(self) -> str:
        """Of all images that there are; empty where it is not known."""
        return str(self.environment.get("images", ""))

    @property
    def updates(self) -> int | None:
        """Weight updates made."""
        return _whole(self.result.get("updates"))


def find_runs(folders: Iterable[Path], metric: Metric, or_stopped: bool = False) -> list[FoundRun]:
    """Every run below the folders, in the order of their names; one that is found twice counts once.

    With `or_stopped` those that a callback has stopped are compared too.

    Raises:
        RunError: a folder is missing, or there is no run at all.
    """
    folders = list(folders)
    for folder in folders:
        if not folder.is_dir():
            what = "is a file, and no folder" if folder.exists() else "does not exist"
            raise RunError(
                f"compare: the folder {printable(folder)!r} {what}. "
                "Name the outputs folder of a sweep: annealkit compare outputs."
            )
    errors: list[OSError] = []
    runs = [_read(path, name, metric, or_stopped) for path, name in _run_folders(folders, errors)]
    for error in errors:
        reason = f"the folder cannot be looked into: {printable(error.strerror)}"
        runs.append(FoundRun(printable(error.filename), "unreadable", reason))
    if not runs:
        where = ", ".join(printable(folder) for folder in folders)
        raise RunError(
            f"compare: no folder below {where} holds a run (a run.json). Train some first, for example with "
            "python -m annealkit -m schedule=step,cosine seed=0,1,2, or name the folder that their outputs=… named."
        )
    return runs


def printable(text: object) -> str:
    """The text on one line, as a cell or a name in a table can hold it."""
    return errors.printable(str(text)).replace("\n", " ")


def number(value: object) -> float:
    """The value as a number, NaN for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:  # A whole number of more than 308 digits.
        return math.nan


def _run_folders(folders: list[Path], errors: list[OSError]) -> Iterator[tuple[Path, str]]:
    """Path, and name as shown, of every folder that holds a run or what looks like the beginning of one.

    Links are followed, each folder once. Folders that cannot be read, or are deleted just now, go to `errors`.
    """
    seen = set()
    for folder in folders:
        for place, below, files in os.walk(folder, followlinks=True, onerror=errors.append):
            real = os.path.realpath(place)
            if real in seen:
                below.clear()
                continue
            seen.add(real)
            below.sort()
            if {"run.json", "history.csv"} & set(files):
                yield Path(place), printable(Path(place))


def _read(folder: Path, name: str, metric: Metric, or_stopped: bool) -> FoundRun:
    try:
        state = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return FoundRun(name, "unreadable", "it has no run.json: it never began, or it was deleted just now")
    except OSError as error:
        return FoundRun(name, "unreadable", f"its run.json cannot be read: {printable(error.strerror)}")
    except (ValueError, RecursionError):
        return FoundRun(name, "unreadable", "its run.json is damaged: it is empty, or only a part of it is there")
    if not isinstance(state, dict):
        return FoundRun(name, "unreadable", "its run.json does not hold a run")
    data = _dictionary(state, "data")
    run = FoundRun(
        folder=name,
        status=printable(state.get("status", "unknown")),
        settings=_settings(state),
        environment=_dictionary(state, "environment"),
        origin=str(data.get("origin", "")),
        train_images=_whole(_dictionary(state, "images").get("train")),
        total_steps=_whole(state.get("total_steps")),
        steps_per_epoch=_whole(state.get("steps_per_epoch")),
        result=_dictionary(state, "result"),
    )
    run.data = str(data.get("name") or run.result.get("data") or run.settings.get("data") or "unknown data")
    run.history, run.history_problem = _read_history(folder / "history.csv", run)
    run.reason = ("" if or_stopped and run.status == STOPPED else _not_finished(run, state)) or _not_comparable(
        run, state, metric
    )
    return run


def _not_finished(run: FoundRun, state: dict[str, Any]) -> str:
    """Why the run has no final figure, or nothing."""
    message = printable(run.result.get("message") or state.get("message") or "")
    if run.status == FINISHED:
        return ""
    if run.status == DIVERGED:
        return f"it diverged: {message}" if message else "it diverged"
    if run.status == FAILED:
        return f"it failed: {message}" if message else "it failed"
    if run.status == INTERRUPTED:
        updates = run.result.get("updates", "?")
        return f"it was interrupted after weight update {updates} of {run.total_steps}; its command continues it"
    if run.status == STOPPED:
        where = message or f"a callback stopped it after weight update {run.updates} of {run.total_steps}"
        return f"{where}; its command without callbacks continues it, stopped=true compares it all the same"
    if run.status == RUNNING:
        return "it is not finished: it is running now, or was killed; its command continues it"
    return f"its status is {run.status!r}, which is not known here"


def _not_comparable(run: FoundRun, state: dict[str, Any], metric: Metric) -> str:
    """Sets the run's value; why it has none that could be compared, or nothing."""
    inexact = state.get("inexact") or run.result.get("inexact")
    if inexact:
        changes = "; ".join(map(str, inexact)) if isinstance(inexact, list) else str(inexact)
        return f"it was continued inexactly: {printable(changes)}"
    if not run.settings:
        return "its run.json has no settings, so it is not known what was trained"
    if isinstance(run.seed, bool) or not isinstance(run.seed, int):
        return f"its settings have no {SEED}"
    if metric.key.startswith("val_"):
        if run.history_problem:
            return f"{run.history_problem}, where the {metric.title} stands"
        if metric.key not in run.history[-1]:
            return f"it has no {metric.title}: it was trained without validation images"
        value = run.history[-1][metric.key]
    else:
        value = number(run.result.get(metric.key))
    if not math.isfinite(value):
        return f"its {metric.title} is no finite number"
    if metric.is_share and not 0 <= value <= 1:
        return f"its {metric.title} is {value:g}, which is no share of images"
    run.value = value
    return ""


def _read_history(path: Path, run: FoundRun) -> tuple[list[dict[str, float]], str]:
    """The rows, or why they cannot be used: a history that is not whole would give wrong curves and times."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return [], "it has no history.csv"
    except (OSError, ValueError):
        return [], "its history.csv cannot be read"
    if not text.endswith("\n"):
        return [], "its history.csv is damaged: it is empty, or its end is missing"
    try:
        rows = [
            {name: float(value) for name, value in row.items()}
            for row in csv.DictReader(text.splitlines(), strict=True)
        ]
    except (AttributeError, TypeError, ValueError, csv.Error):  # Cells that are missing, too many or no numbers.
        return [], "its history.csv is damaged"
    if not rows or not {"updates", "learning_rate", "accuracy"} <= rows[0].keys():
        return [], "its history.csv has no epochs" if not rows else "its history.csv lacks columns"
    updates = [row["updates"] for row in rows]
    if not all(map(math.isfinite, updates)) or any(later <= earlier for earlier, later in pairwise([0.0, *updates])):
        return [], "its history.csv is damaged: updates do not increase"
    if any(not 0 <= row.get(name, 0) <= 1 for row in rows for name in ("accuracy", "val_accuracy")):
        return [], "its history.csv is damaged: an accuracy is no share of images"
    if run.status in (FINISHED, STOPPED) and run.updates is not None and updates[-1] != run.updates:
        return [], f"its history.csv ends at update {updates[-1]:g}, its run.json at {run.updates}"
    return rows, ""


def _settings(state: dict[str, Any]) -> dict[str, Any]:
    """As stored, and of a branch its trunk's schedule and where it left it, `constant@2253`, under `branch`."""
    settings = _dictionary(state, "settings")
    if not settings:
        return settings
    at = settings.get("branch.at")
    return {**settings, "branch": "none" if at is None else f"{settings.get('branch.trunk.schedule')}@{at}"}


def _dictionary(state: dict[str, Any], key: str) -> dict[str, Any]:
    value = state.get(key)
    return value if isinstance(value, dict) else {}


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
