"""Where a run stands between two weight updates."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Progress:
    """Where a run stands: everything that is neither a variable nor in the configuration.

    Attributes:
        step: weight updates made.
        stopped: a callback has ended the training before its last epoch.
        history: a row for each whole epoch.
        epoch_seconds: for each whole epoch.
        loss_sum: of the images of the epoch under way.
        correct: of the images of the epoch under way.
        unseen: what feedback has not been shown yet, where it looks more or less often than once an epoch: the sum of
            losses, of correct answers, of images.
        seconds: spent before this process took over.
        seconds_in_epoch: those of them in the epoch under way.
        feedback: what the feedback rule remembers.
    """

    step: int = 0
    stopped: bool = False
    history: list[dict[str, float]] = field(default_factory=list)
    epoch_seconds: list[float] = field(default_factory=list)
    loss_sum: float = 0.0
    correct: int = 0
    unseen: list[float] = field(default_factory=lambda: [0.0, 0, 0])
    seconds: float = 0.0
    seconds_in_epoch: float = 0.0
    feedback: dict[str, Any] | None = None

    @property
    def scale(self) -> float:
        """What feedback scales the planned learning rates by."""
        return 1.0 if self.feedback is None else float(self.feedback["scale"])
