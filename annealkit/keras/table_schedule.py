"""The learning-rate curve inside the graph."""

import base64
import warnings
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf

_STORED = np.dtype("<f4")  # float32, least significant byte first, whatever the machine


@keras.saving.register_keras_serializable("annealkit")
class TableSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """Looks up the rate of a weight update in a table, times one scale that feedback may change.

    Past the end of the table the last rate holds.

    Args:
        rates: one rate for each weight update, shape (total_steps,). This is where float64 becomes float32, once.
        scale: what all of them are multiplied by at first.
        gradient_accumulation_steps: the optimizer's own. With it Keras passes a count of batches, of which so many make
            one weight update.
        momenta: the momentum of each weight update for `annealkit.keras.paired`, NaN for the optimizer's own; or None.

    Attributes:
        is_paired: an optimizer's momentum follows `momenta`; where none does, a warning says so once.
    """

    def __init__(
        self,
        rates: np.ndarray,
        scale: float = 1.0,
        gradient_accumulation_steps: int = 1,
        momenta: np.ndarray | None = None,
    ) -> None:
        super().__init__()
        self.momenta = momenta
        self.is_paired = momenta is None
        self._rates = tf.constant(np.asarray(rates, dtype=np.float32))
        self.scale = tf.Variable(scale, trainable=False, dtype=tf.float32, name="learning_rate_scale")
        self.gradient_accumulation_steps = gradient_accumulation_steps

    def __call__(self, step: Any) -> tf.Tensor:
        """The rate at this 0-based count of weight updates (with gradient accumulation: of batches), float32."""
        if not self.is_paired:
            self.is_paired = True  # A warning once is enough.
            warnings.warn(
                "This schedule moves the momentum too, and the optimizer's does not follow. Try "
                "annealkit.keras.paired(optimizer), or momentum=None in the schedule.",
                stacklevel=2,
            )
        update = tf.cast(step, tf.int64) // self.gradient_accumulation_steps
        index = tf.minimum(update, tf.size(self._rates, out_type=tf.int64) - 1)
        return tf.gather(self._rates, index) * self.scale

    @property
    def rates(self) -> np.ndarray:
        """Those of the table, float32, without the scale."""
        rates: np.ndarray = self._rates.numpy()
        return rates

    def get_config(self) -> dict[str, Any]:
        """The table as base64 of its bytes: as a list of numbers it would be three times as long, and slow to read."""
        return {
            "rates": _as_text(self._rates.numpy()),
            "scale": float(self.scale.numpy()),
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
            "momenta": None if self.momenta is None else _as_text(self.momenta),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        tables = {name: _from_text(config[name]) for name in ("rates", "momenta") if config[name] is not None}
        return cls(**{**config, **tables})


def _as_text(values: np.ndarray) -> str:
    return base64.b64encode(values.astype(_STORED).tobytes()).decode("ascii")


def _from_text(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype=_STORED)
