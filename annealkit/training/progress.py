"""Where a run stands between two weight updates."""

from dataclasses import asdict, dataclass, field
from typing import Any

from annealkit.configuration.plan import Plan
from annealkit.plugin_system.faulty_parts import naming_the_faulty
from annealkit.plugin_system.returned import checked_state
from annealkit.training.loop import Steps


@dataclass
class Progress:
    """Where a run stands: everything that is neither a variable nor in the configuration.

    Attributes:
        step: weight updates made.
        stopped: the training ends before its last epoch.
        by_callback: it ends so because of a callback, and not of `trainer.early_stopping`.
        history: a row for each whole epoch.
        epoch_seconds: for each whole epoch.
        loss_sum: of the images of the epoch under way.
        correct: of the images of the epoch under way.
        not_shown: what feedback has not been shown yet, where it looks more or less often than once an epoch: the sum
            of losses, of correct answers, of images.
        seconds: spent before this process took over.
        seconds_in_epoch: those of them in the epoch under way.
        feedback: what the feedback rule remembers.
    """

    step: int = 0
    stopped: bool = False
    by_callback: bool = False
    history: list[dict[str, float]] = field(default_factory=list)
    epoch_seconds: list[float] = field(default_factory=list)
    loss_sum: float = 0.0
    correct: int = 0
    not_shown: list[float] = field(default_factory=lambda: [0.0, 0, 0])
    seconds: float = 0.0
    seconds_in_epoch: float = 0.0
    feedback: dict[str, Any] | None = None

    @classmethod
    def at_start(cls, plan: Plan) -> "Progress":
        """Before the first weight update."""
        rule = plan.parts.feedback
        if rule is None:
            return cls()
        with naming_the_faulty(plan.parts.sources["feedback"]):
            return cls(feedback=rule.begin())

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "Progress":
        """What `to_state` gave; checkpoints of version 0.1.0 call `not_shown` by another name."""
        values = {"not_shown" if name == "unseen" else name: value for name, value in state.items()}
        return cls(**values)

    @classmethod
    def misfit(cls, step: int, state: Any) -> str:
        """Why `from_state` can make nothing of this, in a checkpoint of that step; empty where it can."""
        try:
            made = cls.from_state(state)
        except (AttributeError, TypeError) as error:
            return f"the progress in it is damaged: {error}"
        for name, value in vars(cls()).items():
            kind = int | float if isinstance(value, float) else dict | None if name == "feedback" else type(value)
            if not isinstance(getattr(made, name), kind):
                return f"the progress in it is damaged: {name} is {getattr(made, name)!r:.80}"
        if made.step != step or (made.history and made.history[-1].get("updates", step + 1) > step):
            return f"the progress in it is damaged: it is that of weight update {made.step}"
        return ""

    def to_state(self) -> dict[str, Any]:
        """All of it as JSON can store it."""
        return asdict(self)

    @property
    def scale(self) -> float:
        """What feedback scales the planned learning rates by."""
        return 1.0 if self.feedback is None else float(self.feedback["scale"])

    def go_on(self) -> None:
        """Forget that the training ended here."""
        self.stopped = self.by_callback = False

    def add(self, steps: Steps) -> None:
        """Count weight updates that were made."""
        # One after the other, so that the sum is the same however the updates were grouped into calls.
        for loss, right, size in zip(steps.losses, steps.correct, steps.sizes, strict=True):
            loss_sum = float(loss) * int(size)
            self.loss_sum += loss_sum
            self.correct += int(right)
            more = zip(self.not_shown, (loss_sum, int(right), int(size)), strict=True)
            self.not_shown = [before + added for before, added in more]
        self.step += len(steps.losses)

    def means_not_shown(self) -> dict[str, float]:
        """Mean loss and accuracy since the last look of the feedback rule, which begin anew."""
        loss_sum, correct, images = self.not_shown
        self.not_shown = [0.0, 0, 0]
        return {"loss": loss_sum / images, "accuracy": correct / images}

    def means_of_epoch(self, images: int) -> dict[str, float]:
        """Mean training loss and accuracy of the epoch, over so many images, which begin anew."""
        means = {"loss": self.loss_sum / images, "accuracy": self.correct / images}
        self.loss_sum, self.correct = 0.0, 0
        return means

    def observe(self, plan: Plan, metrics: dict[str, float]) -> None:
        """Show the feedback rule what was measured, and let it scale the rates that follow."""
        with naming_the_faulty(plan.parts.sources["feedback"]):
            self.feedback = checked_state(plan.parts.feedback.observe(self.feedback, metrics), "observe()")
