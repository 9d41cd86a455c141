"""The learning rate that `model.fit` applied, at every weight update."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tensorboard.compat.proto import event_pb2, summary_pb2

from annealkit.curve.schedule_values import schedule_values
from annealkit.errors import ConfigError
from annealkit.keras.optimizer_rate import inner_optimizer, schedule_of
from annealkit.keras.table_schedule import TableSchedule
from annealkit.runs.event_file import EventFile

_FLUSH_SECONDS = 10


class LearningRateLogger(keras.callbacks.Callback):
    """Writes the rate of every weight update to TensorBoard, under the tag `learning_rate`.

    The step is the 0-based count of weight updates, `optimizer.iterations` before the update: with gradient
    accumulation there are fewer of them than batches, with `steps_per_execution` each still has its own point, and with
    mixed_float16 a batch that overflowed makes none. It works with every schedule and with a plain rate that other
    callbacks set (ReduceLROnPlateau, LearningRateScheduler). Put it last in the list of callbacks, so that it sees what
    they have set for the coming batch.

    `annealkit.train` writes all of this itself and has no use for it.

    Each `fit` gets an event file of its own. Where it begins past update 0 (a second `fit`, a training that was
    restored), TensorBoard drops what earlier files have from there on.

    Args:
        log_dir: where the event files go; it is made if it is not there. Keras' TensorBoard callback writes to
            `<log_dir>/train`: give that to have the rate in the same run.

    Raises:
        ConfigError: when training begins: the folder cannot be made, or the model has several optimizers.
        RunError: the disk does not take it.
    """

    def __init__(self, log_dir: str | os.PathLike[str]) -> None:
        super().__init__()
        self._folder = Path(log_dir)
        self._optimizer: Any = None
        self._values: Callable[[np.ndarray], np.ndarray] | None = None
        self._file: EventFile | None = None
        self._first = 0
        self._plain_rate = 0.0
        self._flushed = 0.0

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self._close()  # Of a training that ended in an error there may be one left.
        self._optimizer = inner_optimizer(self.model, "LearningRateLogger")
        schedule = schedule_of(self._optimizer)
        if isinstance(schedule, TableSchedule):
            self._values = lambda steps: np.asarray(schedule(steps))  # It takes all of them at once.
        elif isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
            self._values = schedule_values(schedule)
        else:
            self._values = None

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._first = int(self._optimizer.iterations)
        if self._values is None:
            # Now, not after the batch: by then another callback may have set it for the next one.
            self._plain_rate = float(self._optimizer.learning_rate)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        updates = np.arange(self._first, int(self._optimizer.iterations), dtype=np.int64)
        if not len(updates):
            return
        file = self._opened()
        now = time.time()
        for update, rate in zip(updates, self._rates(updates), strict=True):
            value = summary_pb2.Summary.Value(tag="learning_rate", simple_value=float(rate))
            file.add(event_pb2.Event(wall_time=now, step=int(update), summary=summary_pb2.Summary(value=[value])))
        if time.monotonic() - self._flushed >= _FLUSH_SECONDS:
            self._flush()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._flush()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        self._close()

    def _rates(self, updates: np.ndarray) -> np.ndarray:
        """The rates of these weight updates, float32."""
        if self._values is None:
            return np.full(len(updates), self._plain_rate, np.float32)
        # A schedule is asked for a count of batches, and an update is made with the last batch that it accumulates.
        accumulate = self._optimizer.gradient_accumulation_steps or 1
        return self._values((updates + 1) * accumulate - 1)

    def _opened(self) -> EventFile:
        """The event file of this training, made at its first weight update, when a restored one knows its count."""
        if self._file is None:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ConfigError(
                    f"LearningRateLogger: log_dir={self._folder} cannot be made: {error.strerror}. Try another folder."
                ) from None
            self._file = EventFile(self._folder)
            self._flushed = time.monotonic()
            if self._first:
                start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
                self._file.add(event_pb2.Event(wall_time=time.time(), step=self._first, session_log=start))
        return self._file

    def _flush(self) -> None:
        if self._file is not None:
            self._file.flush()
            self._flushed = time.monotonic()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
