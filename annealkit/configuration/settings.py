"""What a run is made of, typed: the shape that every composed configuration must have."""

from dataclasses import dataclass, field
from typing import Any

from annealkit.fields.checks import check_choice, check_duration, check_number
from annealkit.preview import PreviewSettings
from annealkit.range_test import FindLrSettings

# Marks settings that are not part of what a run is. They change no bit of its result, but for `threads`: see there.
OPERATIONAL = {"operational": True}


@dataclass
class EarlyStopping:
    """Keras' EarlyStopping: end the run when the monitored figure no longer improves.

    Args:
        patience: epochs without improvement after which the run ends; null switches early stopping off.
        monitor: `val_loss`, `val_accuracy`, `loss` or `accuracy`.
        min_delta: a smaller change is no improvement.
        mode: `auto`, `min` or `max`.
        restore_best_weights: end with the weights of the best epoch; without a patience it does nothing.
    """

    patience: int | None = None
    monitor: str = "val_loss"
    min_delta: float = 0.0
    mode: str = "auto"
    restore_best_weights: bool = True

    def __post_init__(self) -> None:
        if self.patience is not None:
            check_number(
                "trainer.early_stopping", "patience", self.patience, 0, hint="trainer.early_stopping.patience=3"
            )
        check_choice("trainer.early_stopping", "mode", self.mode, ("auto", "min", "max"))
        check_choice(
            "trainer.early_stopping", "monitor", self.monitor, ("val_loss", "val_accuracy", "loss", "accuracy")
        )


@dataclass
class Trainer:
    """How long, how exactly and with what the model is trained.

    Args:
        epochs: passes over the training images, at least 1.
        batch_size: images in a batch, at least 1; the last batch of an epoch holds what is left.
        precision: `float32`, or `mixed_bfloat16` (computes in bfloat16, keeps the weights in float32).
        threads: processor threads; null for all that this process may use. Another number changes the last bits, so a
            run is not continued with it.
        seed: of weights, epoch orders, augmentation, dropout and the validation split; follows the short `seed`.
        steps_per_call: weight updates between two looks at the clock and the keyboard; null aims at half a second.
        checkpoint_steps: weight updates between checkpoints; null for none by steps.
        checkpoint_minutes: minutes between checkpoints; null for none by time.
        keep_at: when to keep a checkpoint for good, for `annealkit branch`: durations from the start, `%` of the run.
        progress: show the progress of the run.
        early_stopping: see EarlyStopping.
    """

    epochs: int = 8
    batch_size: int = 128
    precision: str = "float32"
    threads: int | None = field(default=None, metadata=OPERATIONAL)
    seed: int = 0
    steps_per_call: int | None = field(default=None, metadata=OPERATIONAL)
    checkpoint_steps: int | None = field(default=None, metadata=OPERATIONAL)
    checkpoint_minutes: float | None = field(default=1.0, metadata=OPERATIONAL)
    keep_at: list[str] = field(default_factory=lambda: ["80%"], metadata=OPERATIONAL)
    progress: bool = field(default=True, metadata=OPERATIONAL)
    early_stopping: EarlyStopping = field(default_factory=EarlyStopping)

    def __post_init__(self) -> None:
        check_number("trainer", "epochs", self.epochs, 1, hint="trainer.epochs=8")
        check_number("trainer", "batch_size", self.batch_size, 1, hint="trainer.batch_size=128")
        check_choice("trainer", "precision", self.precision, ("float32", "mixed_bfloat16"))
        check_number("trainer", "seed", self.seed, 0, 2**32 - 1, hint="seed=0")
        for name in ("threads", "steps_per_call", "checkpoint_steps"):
            if getattr(self, name) is not None:
                check_number("trainer", name, getattr(self, name), 1, hint=f"trainer.{name}=null for the default")
        if self.checkpoint_minutes is not None:
            check_number(
                "trainer", "checkpoint_minutes", self.checkpoint_minutes, 0, hint="trainer.checkpoint_minutes=1"
            )
        for duration in self.keep_at:
            check_duration("trainer", "keep_at", duration, hint="trainer.keep_at=[50%,80%], or [] for none")


@dataclass
class Config:
    """The whole configuration. Each of the first six is a part from the registry.

    Args:
        seed: what `trainer.seed` follows, at hand for sweeps: `seed=0,1,2`.
        outputs: the folder that receives one folder for each run.
        rerun: start afresh, replacing the run of the same name.
        resume: `exact` refuses to continue a run where the same bits cannot be promised; `inexact` continues it.
        preview: only for `annealkit preview`.
        find_lr: only for `annealkit find-lr`.
        branch: where the run left another one, and how that was trained; set by `annealkit branch`.
    """

    model: Any = None
    data: Any = None
    schedule: Any = None
    warmup: Any = None
    feedback: Any = None
    optimizer: Any = None
    trainer: Any = None
    seed: int = 0
    outputs: str = "outputs"
    rerun: bool = False
    resume: str = "exact"
    preview: PreviewSettings = field(default_factory=PreviewSettings)
    find_lr: FindLrSettings = field(default_factory=FindLrSettings)
    branch: Any = None
