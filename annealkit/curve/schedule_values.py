"""The values of a Keras schedule as an array."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras


def schedule_values(schedule: "keras.optimizers.schedules.LearningRateSchedule") -> Callable[[np.ndarray], np.ndarray]:
    """A function that gives the schedule's value at each of some steps.

    Keras' schedules take one step at a time (a warmup branches on it), so they are called one by one inside a graph:
    100,000 values take a second or two. The values have the float32 precision in which Keras computes them.

    Args:
        schedule: any Keras schedule.

    Returns:
        A function from steps, shape (n,), to float32, shape (n,).
    """
    import tensorflow as tf

    def value(step: Any) -> Any:
        return tf.cast(tf.convert_to_tensor(schedule(step)), tf.float32)

    def map_values(steps: Any) -> Any:
        return tf.map_fn(value, steps, fn_output_signature=tf.float32)

    # Without autograph, as Keras itself calls a schedule; errors then keep their type. A concrete function, since
    # TensorFlow would warn of needless tracing after five of them.
    function = tf.function(map_values, autograph=False)
    values = function.get_concrete_function(tf.TensorSpec([None], tf.int64))
    return lambda steps: np.asarray(values(tf.constant(steps, tf.int64)))
