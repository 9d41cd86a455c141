"""A momentum that moves with the schedule, inside the graph."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from annealkit.errors import ConfigError
from annealkit.keras.optimizer_rate import schedule_of
from annealkit.keras.table_schedule import TableSchedule

# Where Keras' optimizers keep what is called momentum, in the order in which it is looked for.
NAMES = ("momentum", "beta_1")


class MomentumTable(float):
    """Stands in an optimizer where its momentum is, with the value of the weight update under way.

    As a number it is the optimizer's own momentum: by that Keras decides whether there is momentum at all, and that is
    what is saved with a model. As a tensor, and in the arithmetic of an update, it is the one of the moment.

    Args:
        own: the optimizer's own momentum, above 0.
        momenta: one value for each weight update, shape (total_steps,); past the end the last one holds.
        optimizer: the optimizer, which counts the weight updates.
    """

    dtype = "float32"  # Keras asks what it multiplies for its type.

    def __new__(cls, own: float, momenta: np.ndarray, optimizer: keras.Optimizer) -> "MomentumTable":
        return super().__new__(cls, own)

    def __init__(self, own: float, momenta: np.ndarray, optimizer: keras.Optimizer) -> None:
        self._momenta = tf.constant(np.asarray(momenta, dtype=np.float32))
        self._optimizer = optimizer

    def value(self) -> tf.Tensor:
        """The momentum of the weight update under way, float32."""
        count = tf.cast(tf.convert_to_tensor(self._optimizer.iterations), tf.int64)
        return tf.gather(self._momenta, tf.minimum(count, tf.size(self._momenta, out_type=tf.int64) - 1))

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> tf.Tensor:
        return tf.cast(self.value(), dtype) if dtype is not None else self.value()

    def __add__(self, other: Any) -> tf.Tensor:
        return self.value() + other

    __radd__ = __add__

    def __sub__(self, other: Any) -> tf.Tensor:
        return self.value() - other

    def __rsub__(self, other: Any) -> tf.Tensor:
        return other - self.value()

    def __mul__(self, other: Any) -> tf.Tensor:
        return self.value() * other

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> tf.Tensor:
        return self.value() / other

    def __rtruediv__(self, other: Any) -> tf.Tensor:
        return other / self.value()

    def __pow__(self, other: Any, modulo: None = None) -> tf.Tensor:
        return self.value() ** other

    def __rpow__(self, other: Any, modulo: None = None) -> tf.Tensor:
        return other ** self.value()

    def __neg__(self) -> tf.Tensor:
        return -self.value()


def pair_momentum(optimizer: keras.Optimizer, momenta: np.ndarray) -> MomentumTable | None:
    """Let the optimizer's momentum follow `momenta`, NaN being its own; None where it has none or has it at 0."""
    for name in NAMES:
        own = getattr(optimizer, name, None)
        if isinstance(own, float) and own > 0:
            own = float(own)  # of one that has been paired before
            table = MomentumTable(own, np.where(np.isnan(momenta), own, momenta), optimizer)
            setattr(optimizer, name, table)
            return table
    return None


def paired(optimizer: keras.Optimizer) -> keras.Optimizer:
    """The same optimizer, its momentum moved by the schedule that it has as its learning rate.

    A model is saved with the optimizer's own momentum: pair its optimizer again after loading it.

    Args:
        optimizer: its learning rate an `annealkit.keras.schedule` that moves the momentum; not wrapped by Keras.

    Raises:
        ConfigError: the optimizer has no momentum, or its schedule does not move one.

    Example: `annealkit.keras.paired(keras.optimizers.SGD(annealkit.keras.schedule(OneCycle(), …), momentum=0.9))`.
    """
    schedule = schedule_of(optimizer)
    if not isinstance(schedule, TableSchedule) or schedule.momenta is None:
        raise ConfigError(
            f"paired: the learning rate of this {type(optimizer).__name__} moves no momentum. "
            "Try annealkit.keras.schedule(OneCycle(), …), or leave paired out."
        )
    if pair_momentum(optimizer, schedule.momenta) is None:
        raise ConfigError(
            f"paired: this {type(optimizer).__name__} has no momentum, or has it at 0. "
            "Try momentum=0.9, or a schedule with momentum=None."
        )
    schedule.is_paired = True
    return optimizer
