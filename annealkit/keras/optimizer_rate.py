"""What stands behind the learning rate of a compiled model's optimizer."""

from typing import Any

import keras

from annealkit.errors import ConfigError
from annealkit.keras.table_schedule import TableSchedule


def inner_optimizer(model: keras.Model, who: str) -> keras.Optimizer:
    """The optimizer that updates the weights: for mixed_float16 Keras wraps it in one that scales the loss.

    Raises:
        ConfigError: there are several, or it accumulates gradients otherwise than its schedule was told.
    """
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    if hasattr(optimizer, "optimizers"):
        raise ConfigError(
            f"{who}: the model has a {type(optimizer).__name__}, several optimizers with a rate each. "
            "Compile it with one."
        )
    schedule, accumulate = schedule_of(optimizer), optimizer.gradient_accumulation_steps or 1
    if isinstance(schedule, TableSchedule) and schedule.gradient_accumulation_steps != accumulate:
        raise ConfigError(
            f"{who}: the optimizer has gradient_accumulation_steps={accumulate}, its schedule was made for "
            f"{schedule.gradient_accumulation_steps}. Try annealkit.keras.schedule(…, "
            f"gradient_accumulation_steps={accumulate}), and the same in annealkit.keras.run."
        )
    return optimizer


def schedule_of(optimizer: keras.Optimizer) -> Any:
    """What the optimizer was given as its learning rate: a schedule, a variable or a function without arguments."""
    # `optimizer.learning_rate` is the present value of it; the schedule itself has no public name.
    return optimizer._learning_rate
