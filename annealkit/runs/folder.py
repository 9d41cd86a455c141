"""The folder of one run: its lock, its `run.json`, its history. Everything else in it is the trainer's."""

import csv
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from annealkit.errors import DamagedRunError, RunError
from annealkit.runs.result import DIVERGED, FINISHED, STOPPED, Result
from annealkit.writing.files import replace_file

CHECKPOINTS = "checkpoints"
HISTORY_FIELDS = ("epoch", "updates", "learning_rate", "loss", "accuracy", "val_loss", "val_accuracy")


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that at any moment, power cut included, it is whole: the old one or the new one."""
    try:
        replace_file(path, data, part=path.with_name(f"{path.name}.part"), durable=True)
    except OSError as error:
        raise not_written(path, error) from None


class RunFolder:
    """One run's folder.

    Args:
        path: the folder; made if it is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        make_folder(path)
        self._lock = FileLock(path / ".lock", timeout=0)
        self.checkpoints = path / CHECKPOINTS
        self.model_file = path / "model.keras"
        self.history_file = path / "history.csv"
        self._state_file = path / "run.json"

    @contextmanager
    def locked(self) -> Iterator["RunFolder"]:
        """Hold the run for this process alone. Raises RunError if another process has it."""
        try:
            self._lock.acquire()
        except Timeout:
            raise RunError(
                f"{self.path} is being trained by another process. Wait for it to end, or make this another run, "
                "for example with another seed=… or outputs=…"
            ) from None
        except OSError as error:
            raise unwritable(self.path, error) from None
        try:
            yield self
        finally:
            self._lock.release()

    def read_state(self) -> dict[str, Any]:
        """`run.json`, or an empty dictionary where there is none yet."""
        try:
            state = json.loads(self._state_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise DamagedRunError(
                f"{self._state_file} cannot be read: {error}. Try rerun=true, which starts afresh."
            ) from None
        if not isinstance(state, dict):
            raise DamagedRunError(f"{self._state_file} does not hold a run. Try rerun=true, which starts afresh.")
        return state

    def update_state(self, **changes: Any) -> None:
        """Change keys of `run.json`; the others stay."""
        state = {**self.read_state(), **changes}
        write_atomically(self._state_file, (json.dumps(state, indent=2, default=str) + "\n").encode())

    def write_history(self, rows: list[dict[str, float]]) -> None:
        """Write `history.csv`, numbers in full precision."""
        columns = [name for name in HISTORY_FIELDS if not rows or name in rows[0]]
        lines = [",".join(columns)] + [",".join(repr(row[name]) for name in columns) for row in rows]
        write_atomically(self.history_file, ("\n".join(lines) + "\n").encode())

    def read_history(self) -> list[dict[str, float]]:
        """The rows of `history.csv`; epochs and updates as whole numbers."""
        if not self.history_file.is_file():
            return []
        with open(self.history_file, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        whole = ("epoch", "updates")
        return [{name: int(text) if name in whole else float(text) for name, text in row.items()} for row in rows]

    def ended(self, or_stopped: bool = False) -> Result | None:
        """The result of a run that has come to its end, or None if there is something left to train.

        With `or_stopped` also of one that a callback has stopped.
        """
        state = self.read_state()
        if state.get("status") not in (FINISHED, DIVERGED, *([STOPPED] if or_stopped else [])):
            return None
        try:
            return Result(folder=self.path, history=self.read_history(), **state["result"])
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedRunError(
                f"{self._state_file} or {self.history_file.name} is damaged: {type(error).__name__}: {error}. "
                "Try rerun=true, which starts afresh."
            ) from None

    def clear(self) -> None:
        """Remove what an earlier run left; the log and the configuration of the present one stay."""
        try:
            # The checkpoints first: without them, nothing of what is left after a kill could be continued.
            if self.checkpoints.exists():
                shutil.rmtree(self.checkpoints)
            for path in self.path.glob("events.out.tfevents.*"):
                path.unlink()
            for path in (self._state_file, self.history_file, self.model_file):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(self.path, error) from None


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, unless it is there. Raises RunError that says where nothing can be written."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from None


def unwritable(path: Path, error: OSError) -> RunError:
    """The error for a folder that cannot be written to."""
    return RunError(
        f"outputs: cannot write to {path}: {error.strerror}. Try outputs=<another folder>, or free some space."
    )


def not_written(path: Path, error: OSError) -> RunError:
    """The error for a file that could not be written, most likely because the disk is full."""
    return RunError(
        f"cannot write {path}: {error.strerror or error}. What was there before is intact. "
        "Free some space and give the same command again, or try outputs=<another folder>."
    )
