"""What a run is made of, typed: the shape that every composed configuration must have."""

from typing import Any

from annealkit.fields import checked_dataclass, choice, durations, flag, integer, number, setting, settings_of
from annealkit.preview import PreviewSettings
from annealkit.range_test import FindLrSettings


@checked_dataclass(label="trainer.early_stopping")
class EarlyStopping:
    """Keras' EarlyStopping: end the run when the monitored figure no longer improves."""

    patience: int | None = integer(
        None, "[0, inf)", "epochs without improvement after which the run ends", null="never", hint="3"
    )
    monitor: str = choice("val_loss", ("val_loss", "val_accuracy", "loss", "accuracy"), "the figure that is watched")
    min_delta: float = number(0.0, "(-inf, inf)", "a smaller change is no improvement")
    mode: str = choice("auto", ("auto", "min", "max"), "which way is better; auto goes by the figure's name")
    restore_best_weights: bool = flag(True, "with a patience, end with the weights of the best epoch")


@checked_dataclass(label="trainer")
class TrainerSettings:
    """How long, how exactly and with what the model is trained.

    `threads`, `steps_per_call`, `checkpoint_steps`, `checkpoint_minutes`, `keep_at` and `progress` are no part of what
    a run is: they change no bit of its result, but for `threads`. Another number of them changes the last bits, so a
    run is not continued with it.
    """

    epochs: int = integer(8, "[1, inf)", "passes over the training images")
    batch_size: int = integer(128, "[1, inf)", "images in a batch; the last batch of an epoch holds what is left")
    precision: str = choice(
        "float32",
        ("float32", "mixed_bfloat16"),
        "what is computed in; mixed_bfloat16 keeps the weights in float32",
    )
    threads: int | None = integer(
        None,
        "[1, inf)",
        "processor threads",
        null="all that this process may use",
        operational=True,
    )
    seed: int = integer(
        0,
        "[0, 4294967295]",
        "of weights, epoch orders, augmentation, dropout and the validation split; follows the short `seed`",
    )
    steps_per_call: int | None = integer(
        None,
        "[1, inf)",
        "weight updates between two looks at the clock and the keyboard",
        null="so many that it takes half a second",
        operational=True,
    )
    checkpoint_steps: int | None = integer(
        None,
        "[1, inf)",
        "a checkpoint every so many weight updates",
        null="none by steps",
        operational=True,
    )
    checkpoint_minutes: float | None = number(
        1.0, "[0, inf)", "a checkpoint every so many minutes", null="none by time", hint="1", operational=True
    )
    keep_at: list[str] = durations(
        ["80%"],
        "when to keep a checkpoint for good; for `annealkit branch`",
        hint="[50%,80%], or [] for none",
        operational=True,
    )
    progress: bool = flag(True, "show the progress of the run", operational=True)
    early_stopping: EarlyStopping = setting(EarlyStopping, "when the run may end before its last epoch")


OPERATIONAL = frozenset(name for name, known in settings_of(TrainerSettings).items() if known.operational)


@checked_dataclass
class Config:
    """The whole configuration. Each of the first six is a part from the registry."""

    model: Any = None
    data: Any = None
    schedule: Any = None
    warmup: Any = None
    feedback: Any = None
    optimizer: Any = None
    trainer: Any = None
    seed: int = setting(0, "what `trainer.seed` follows, at hand for sweeps: seed=0,1,2")
    outputs: str = setting("outputs", "the folder that receives one folder for each run")
    rerun: bool = flag(False, "start afresh, replacing the run of the same name")
    resume: str = choice(
        "exact",
        ("exact", "inexact"),
        "what to do with an unfinished run; exact continues it only where the same bits can be promised",
    )
    preview: PreviewSettings = setting(PreviewSettings, "only for `annealkit preview`")
    find_lr: FindLrSettings = setting(FindLrSettings, "only for `annealkit find-lr`")
    branch: Any = setting(None, "where the run left another one, and how that was trained; set by `annealkit branch`")


# What can be set besides the parts, by the key that it stands under.
SETTINGS: dict[str, type] = {"trainer": TrainerSettings, "preview": PreviewSettings, "find_lr": FindLrSettings}
