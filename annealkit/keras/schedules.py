"""A schedule of annealkit as the learning rate of a Keras optimizer."""

from typing import Any

import keras
import numpy as np

from annealkit.curve.rates import Schedule, Warmup, learning_rates, momenta
from annealkit.curve.span import Run
from annealkit.errors import ConfigError
from annealkit.fields.checks import check_number
from annealkit.keras.table_schedule import TableSchedule
from annealkit.plugin_system.registry import load_registry


def schedule(
    schedule: Schedule | str,
    lr: float,
    run: Run,
    warmup: Warmup | None = None,
    *,
    gradient_accumulation_steps: int = 1,
    **settings: Any,
) -> TableSchedule:
    """A Keras LearningRateSchedule that follows a schedule of annealkit; see `annealkit.learning_rates`.

    It is saved and loaded with the model, in `.keras` files with `import annealkit.keras` before loading.

    Args:
        schedule: a schedule, for example `Cosine()`, or the name of one, plugins' included.
        lr: the base learning rate, finite and at least 0.
        run: the length of the training, for example from `annealkit.keras.run`. Past its end the last rate holds.
        warmup: a warmup, or None.
        gradient_accumulation_steps: the optimizer's, if it has any. Keras asks a schedule for the rate of a batch, not
            of a weight update; with this number every weight update gets the rate of its own.
        settings: of a schedule that is given by name, for example `floor=0.01`.

    Raises:
        ConfigError: a name or a value cannot be; or Keras runs on another backend than TensorFlow.

    Example: `keras.optimizers.SGD(annealkit.keras.schedule(Cosine(), lr=0.1, run=run))`, or
        `annealkit.keras.schedule("cosine", lr=0.1, run=run, floor=0.01)`. Where the schedule moves the momentum too, as
        `OneCycle()` does, `annealkit.keras.paired(optimizer)` lets the optimizer follow.
    """
    if keras.backend.backend() != "tensorflow":
        raise ConfigError(
            f"annealkit.keras needs Keras on TensorFlow; KERAS_BACKEND is {keras.backend.backend()!r}. Unset it."
        )
    check_number("schedule", "gradient_accumulation_steps", gradient_accumulation_steps, 1)
    if settings and not isinstance(schedule, str):
        raise ConfigError(
            f"schedule: {', '.join(settings)} can be set only on a schedule that is given by name; got {schedule!r}. "
            "Try schedule('cosine', floor=0.01, …), or set it in the schedule itself."
        )
    chosen = (
        load_registry().build("schedule", {"name": schedule, **settings}) if isinstance(schedule, str) else schedule
    )
    return TableSchedule(
        learning_rates(chosen, lr, run, warmup),
        gradient_accumulation_steps=gradient_accumulation_steps,
        momenta=momenta(chosen, np.arange(run.total_steps, dtype=np.int64), run, warmup),
    )


def run(images: int, batch_size: int, epochs: int, gradient_accumulation_steps: int = 1) -> Run:
    """The length of a training by `model.fit`, in weight updates.

    Args:
        images: what an epoch trains on, at least 1: with `validation_split` only what that leaves.
        batch_size: at least 1; the last batch of an epoch may be smaller, and counts.
        epochs: at least 1.
        gradient_accumulation_steps: the optimizer's, at least 1. Keras goes on accumulating from one epoch to the next,
            so an epoch need not be a whole number of updates: for durations in `ep` it is rounded to the nearest.

    Raises:
        ConfigError: a number is out of its range, or the whole training makes no weight update.

    Example: `run(images=50000, batch_size=128, epochs=10)` is `Run(total_steps=3910, steps_per_epoch=391)`.
    """
    for name, value in {
        "images": images,
        "batch_size": batch_size,
        "epochs": epochs,
        "gradient_accumulation_steps": gradient_accumulation_steps,
    }.items():
        check_number("run", name, value, 1)
    batches = -(-images // batch_size)
    total_steps = batches * epochs // gradient_accumulation_steps
    if total_steps == 0:
        raise ConfigError(
            f"run: gradient_accumulation_steps must be at most the training's {batches * epochs} batches, or no weight "
            f"is ever updated; got {gradient_accumulation_steps}."
        )
    return Run(total_steps, max(1, round(batches / gradient_accumulation_steps)))
