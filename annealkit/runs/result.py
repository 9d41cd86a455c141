"""What a run came to."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FINISHED = "finished"
DIVERGED = "diverged"
INTERRUPTED = "interrupted"
STOPPED = "stopped"
FAILED = "failed"
RUNNING = "running"


@dataclass
class Result:
    """The outcome of one run; everything in it can be read back from the run's folder.

    Attributes:
        status: `finished`, `diverged`, `interrupted`, or `stopped`: by a callback, before its last weight update.
        folder: the run's folder.
        history: one dictionary for each epoch: epoch, updates, learning_rate (the last applied), loss, accuracy and,
            with validation images, val_loss and val_accuracy.
        test_loss: mean loss over the test images; None unless finished or stopped.
        test_accuracy: fraction of test images classified correctly; None unless finished or stopped.
        best_epoch: the epoch, counted from 1, with the best validation accuracy (training accuracy without validation).
        updates: weight updates made.
        seconds: time spent, over all resumes.
        data: the data set really used, for example `cifar10` or `synthetic`.
        message: why it ended, where that is not plain.
        inexact: what differed when the run was continued with `resume=inexact`.
        epoch_seconds: training and validation time of each epoch.
    """

    status: str
    folder: Path
    history: list[dict[str, float]] = field(default_factory=list)
    test_loss: float | None = None
    test_accuracy: float | None = None
    best_epoch: int | None = None
    updates: int = 0
    seconds: float = 0.0
    data: str = ""
    message: str = ""
    inexact: list[str] = field(default_factory=list)
    epoch_seconds: list[float] = field(default_factory=list)

    @classmethod
    def from_json(cls, folder: Path, values: dict[str, Any]) -> "Result":
        """What `to_json` gave, without the history. Raises TypeError or ValueError for what it cannot have given."""
        made = cls(folder=folder, **values)
        kinds: dict[str, Any] = {"updates": int, "seconds": int | float, "data": str, "message": str}
        kinds |= {"inexact": list, "epoch_seconds": list}
        if made.status in (FINISHED, STOPPED):
            kinds |= {"test_loss": int | float, "test_accuracy": int | float}
        for name, kind in kinds.items():
            if not isinstance(getattr(made, name), kind):
                raise ValueError(f"{name} is {getattr(made, name)!r}")
        return made

    def to_json(self) -> dict[str, Any]:
        """What `run.json` keeps under `result`; the history has its own file, the folder is where it lies."""
        values = dict(vars(self))
        del values["folder"], values["history"]
        return values
