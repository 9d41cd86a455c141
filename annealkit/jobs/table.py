"""What became of the jobs of a sweep: one row for each, read from their run folders."""

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annealkit.errors import RunError, printable
from annealkit.jobs.sweep_jobs import Job
from annealkit.runs.folder import RunFolder
from annealkit.runs.result import DIVERGED, FAILED, FINISHED, INTERRUPTED, STOPPED
from annealkit.writing.tables import output, print_table

NOT_STARTED = "not started"
KILLED = "killed"
BUSY = "busy"
ALREADY = "already "
HEADINGS = ("job", "what", "status", "test accuracy", "seconds", "why")
_FIGURES, _PROSE = (0, 3, 4), (1, 5)  # Places of columns.
_AT_FAULT = (FAILED, DIVERGED, ALREADY + DIVERGED, KILLED, BUSY)
_LEFT = (FAILED, INTERRUPTED, STOPPED, NOT_STARTED, KILLED, BUSY)


@dataclass
class Row:
    """One job of a finished or stopped sweep.

    Args:
        number: from 1.
        label: what the sweep varies.
        status: a status of runs, that with `already` before it, or one of those above.
        accuracy: fraction of test images classified correctly.
        seconds: time spent on the run, over all resumes.
        reason: why it is not finished.
    """

    number: int
    label: str
    status: str
    accuracy: float | None = None
    seconds: float | None = None
    reason: str = ""

    @property
    def at_fault(self) -> bool:
        """Whether the sweep's exit code is 1 for it."""
        return self.status in _AT_FAULT

    def cells(self) -> tuple[str, ...]:
        """The row in words."""
        accuracy = "" if self.accuracy is None else f"{self.accuracy:.2%}"
        seconds = "" if self.seconds is None else f"{self.seconds:.1f}"
        return str(self.number), self.label, self.status, accuracy, seconds, " ".join(self.reason.split())


def rows_of(jobs: list[Job], failures: dict[int, str]) -> list[Row]:
    """A row for each job, in the order of the jobs.

    Args:
        jobs: all of them.
        failures: number of a job -> why it failed, where this process was told.
    """
    rows: list[Row] = []
    for job in jobs:
        if job.same_as is not None:
            row = Row(
                job.number + 1, job.label, rows[job.same_as].status, reason=f"the same run as job {job.same_as + 1}"
            )
        else:
            row = _row(job, failures.get(job.number, ""))
        rows.append(row)
    return rows


def show(rows: list[Row], outputs: Path) -> None:
    """Print the table, and what there is to do."""
    columns = len(HEADINGS) - (not any(row.reason for row in rows))  # Why, which is the last, only where it is known.
    print()
    with output() as console:
        # Elsewhere than on a terminal every job has one line, for whoever searches it.
        fold = [place for place in _PROSE if place < columns] if console.is_terminal else []
        print_table(console, HEADINGS[:columns], [row.cells()[:columns] for row in rows], fold, _FIGURES)
    counts = Counter(row.status for row in rows)
    statuses = ", ".join(f"{count} {status}" for status, count in counts.items())
    print(printable(f"{len(rows)} jobs: {statuses}. In {outputs}."))
    if any(row.status in _LEFT for row in rows):
        print("The same command does only what is left.")
    sys.stdout.flush()


def _row(job: Job, failure: str) -> Row:
    row = Row(job.number + 1, job.label, FAILED, reason=failure)
    if job.ended is not None:
        row.status = ALREADY + job.ended.status
        row.accuracy, row.seconds, row.reason = job.ended.test_accuracy, job.ended.seconds, job.ended.message
        return row
    try:
        state = RunFolder(job.folder).read_state() if job.folder.is_dir() else {}
    except RunError as error:
        row.reason = failure or str(error)
        return row
    if failure:
        return row
    result = state.get("result") or {}
    row.accuracy, row.seconds = result.get("test_accuracy"), result.get("seconds")
    row.reason = result.get("message") or state.get("message") or ""
    row.status = _status(job, state)
    if row.status == KILLED:
        row.reason = "its process ended without a word: too little memory, most likely"
    return row


def _status(job: Job, state: dict[str, Any]) -> str:
    status = state.get("status", NOT_STARTED)
    if status in (FINISHED, DIVERGED, FAILED, INTERRUPTED, STOPPED, NOT_STARTED):
        return str(status)
    try:
        with RunFolder(job.folder).locked():
            return KILLED
    except RunError:
        return BUSY
