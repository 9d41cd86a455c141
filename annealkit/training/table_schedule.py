"""The learning-rate curve inside the graph."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf


@keras.saving.register_keras_serializable("annealkit")
class TableSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """Looks up the rate of a weight update in a table, times one scale that feedback may change.

    Past the end of the table the last rate holds.

    Args:
        rates: one rate for each weight update, shape (total_steps,). This is where float64 becomes float32, once.
    """

    def __init__(self, rates: np.ndarray) -> None:
        super().__init__()
        self._rates = tf.constant(np.asarray(rates, dtype=np.float32))
        self.scale = tf.Variable(1.0, trainable=False, dtype=tf.float32, name="learning_rate_scale")

    def __call__(self, step: Any) -> tf.Tensor:
        """The rate of the weight update with this 0-based count, float32."""
        index = tf.minimum(tf.cast(step, tf.int64), tf.size(self._rates, out_type=tf.int64) - 1)
        return tf.gather(self._rates, index) * self.scale

    def get_config(self) -> dict[str, Any]:
        return {"rates": self._rates.numpy().tolist()}
