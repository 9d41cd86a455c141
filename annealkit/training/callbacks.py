"""The Keras callbacks of a run: the one that the settings ask for, and those that cannot be."""

from collections.abc import Sequence
from dataclasses import asdict

import keras

from annealkit.configuration.schema import TrainerSettings
from annealkit.errors import ConfigError
from annealkit.keras.feedback import Feedback
from annealkit.keras.learning_rate_logger import LearningRateLogger


def check_callbacks(callbacks: Sequence[keras.callbacks.Callback]) -> None:
    """Refuse at once what Keras would refuse in the middle of the run, and what would do nothing."""
    for callback in callbacks:
        name = type(callback).__name__
        if isinstance(callback, keras.callbacks.LearningRateScheduler | keras.callbacks.ReduceLROnPlateau | Feedback):
            raise ConfigError(
                f"callbacks: {name} sets the learning rate, which here the schedule does. "
                "Try schedule=…, or feedback=plateau."
            )
        if isinstance(callback, keras.callbacks.SwapEMAWeights):
            raise ConfigError(
                f"callbacks: {name} puts the averaged weights in place to measure them, as optimizer.ema_momentum does "
                "here by itself. Leave it out."
            )
        if isinstance(callback, LearningRateLogger):
            raise ConfigError(
                f"callbacks: {name} is for model.fit; here the applied rate is in TensorBoard anyway. Leave it out."
            )


def early_stopping(trainer: TrainerSettings) -> list[keras.callbacks.EarlyStopping]:
    """Keras' EarlyStopping as the settings have it, or none."""
    settings = asdict(trainer.early_stopping)
    return [keras.callbacks.EarlyStopping(**settings)] if settings["patience"] is not None else []
