"""A Keras callback for optimizers that average the weights."""

from typing import Any

import keras

from annealkit_adaptive.optimizers.schedule_free import ScheduleFree


class AveragedWeights(keras.callbacks.Callback):
    """Validate in `model.fit` with the weights that the optimizer will end with, and train on with those it trains.

    Around each validation the weights are what `finalize_variable_values` makes of them: the average of a schedule-free
    optimizer, and of any Keras optimizer with use_ema. With a schedule-free optimizer a further `model.fit`, also after
    saving and loading, goes on from where the one before it stopped, up to rounding. Without this callback it would
    take the average for the training point.

    For `model.fit` only: annealkit does this by itself.
    """

    def __init__(self) -> None:
        super().__init__()
        self._training = False
        self._kept: list[Any] = []

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self._training = True
        optimizer = self._optimizer()
        if isinstance(optimizer, ScheduleFree) and optimizer.averaged:
            optimizer.restore_training_values(self.model.trainable_variables)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        self._training = False

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        if self._training:
            weights = self.model.trainable_variables
            self._kept = [keras.ops.copy(weight) for weight in weights]
            self._optimizer().finalize_variable_values(weights)

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        if self._training:
            for weight, value in zip(self.model.trainable_variables, self._kept, strict=True):
                weight.assign(value)
            self._kept = []

    def _optimizer(self) -> keras.Optimizer:
        return getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
