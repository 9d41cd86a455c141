"""The folder of one run: its lock, its `run.json`, its history. Everything else in it is the trainer's."""

import csv
import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from annealkit.errors import DamagedRunError, RunError
from annealkit.runs.checkpoint import Checkpoints
from annealkit.runs.disk import make_folder, unwritable, write_atomically
from annealkit.runs.result import DIVERGED, FINISHED, STOPPED, Result

log = logging.getLogger("annealkit")

CHECKPOINTS = "checkpoints"
_KINDS = {
    "status": str, "message": str, "settings": dict, "environment": dict, "inexact": list, "lost": list, "parent": dict,
    "data": dict, "images": dict, "total_steps": int, "steps_per_epoch": int, "result": dict,
}  # fmt: skip
_AFRESH = "Try rerun=true, which starts afresh."
HISTORY_FIELDS = ("epoch", "updates", "learning_rate", "loss", "accuracy", "val_loss", "val_accuracy")


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
            raise unwritable(self.path / ".lock", error) from None
        try:
            yield self
        finally:
            self._lock.release()

    def read_state(self) -> dict[str, Any]:
        """`run.json`, or an empty dictionary where there is none yet. Raises DamagedRunError."""
        try:
            state = json.loads(self._state_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise self._damaged(f"cannot be read: {error}") from None
        if not isinstance(state, dict):
            raise self._damaged("does not hold a run")
        for key, kind in _KINDS.items():
            if not isinstance(state.get(key, kind()), kind):
                raise self._damaged(f"is damaged: {key} must be of type {kind.__name__}; got {state[key]!r:.80}")
        return state

    def _damaged(self, how: str) -> DamagedRunError:
        goes_on = " Without that file the run goes on from its last checkpoint." if self.checkpoints.is_dir() else ""
        return DamagedRunError(f"{self._state_file} {how}. {_AFRESH}{goes_on}")

    def update_state(self, **changes: Any) -> None:
        """Change keys of `run.json`; the others stay."""
        state = {**self.read_state(), **changes}
        write_atomically(self._state_file, (json.dumps(state, indent=2, default=str) + "\n").encode())

    def write_history(self, rows: list[dict[str, float]]) -> None:
        """Write `history.csv`, numbers in full precision."""
        columns = [name for name in HISTORY_FIELDS if not rows or name in rows[0]]
        lines = [",".join(columns)] + [",".join(repr(row[name]) for name in columns) for row in rows]
        write_atomically(self.history_file, ("\n".join(lines) + "\n").encode())

    def ended(self, or_stopped: bool = False) -> Result | None:
        """The result of a run that has come to its end, or None if there is something left to train.

        With `or_stopped` also of one that a callback has stopped.
        """
        state = self.read_state()
        if state.get("status") not in (FINISHED, DIVERGED, *([STOPPED] if or_stopped else [])):
            return None
        try:
            result = Result.from_json(self.path, state["result"])
        except (KeyError, TypeError, ValueError) as error:
            raise self._damaged(f"is damaged: result: {type(error).__name__}: {error}") from None
        result.history = self._whole_history(result)
        return result

    def _whole_history(self, result: Result) -> list[dict[str, float]]:
        """The rows of `history.csv`; where they are not whole, those of the last checkpoint."""
        problem = "is gone"
        if self.history_file.exists():
            try:
                rows = self._read_history()
                if result.status == DIVERGED or (rows and rows[-1]["updates"] == result.updates):
                    return rows
                problem = "lacks epochs"
            except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
                problem = f"is damaged: {type(error).__name__}: {error}"
        checkpoint = None if result.status == DIVERGED else Checkpoints(self.checkpoints).latest()
        if checkpoint is None or checkpoint.step != result.updates:
            accuracy = "" if result.test_accuracy is None else f" Its test accuracy was {result.test_accuracy:.2%}."
            raise DamagedRunError(f"{self.history_file} {problem}, and no checkpoint has it.{accuracy} {_AFRESH}")
        rows = list(checkpoint.state["progress"]["history"])
        log.warning("%s %s: its rows are taken from the last checkpoint.", self.history_file, problem)
        with suppress(RunError):  # On a disk that cannot be written to they are read from there each time.
            self.write_history(rows)
        return rows

    def _read_history(self) -> list[dict[str, float]]:
        """Epochs and updates as whole numbers."""
        with open(self.history_file, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, strict=True))
        whole = ("epoch", "updates")
        return [{name: int(text) if name in whole else float(text) for name, text in row.items()} for row in rows]

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
