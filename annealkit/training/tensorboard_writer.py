"""Writes what TensorBoard shows. One step axis for every tag: the 0-based count of weight updates."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.custom_scalar import summary as custom_scalar
from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams import summary as hparams
from tensorboard.plugins.text import summary_v2 as text
from tensorboard.summary.writer.record_writer import RecordWriter

from annealkit.run_folder import not_written
from annealkit.training.loop import Steps

_PATTERN = "events.out.tfevents.*"
_END_STATUS = {
    "finished": api_pb2.STATUS_SUCCESS,
    "diverged": api_pb2.STATUS_FAILURE,
    "failed": api_pb2.STATUS_FAILURE,
}


class TensorBoardWriter:
    """The event files of one run.

    A resumed run gets a further file. What an earlier process wrote past the checkpoint is cut off, and the new file
    begins with `SessionLog.START`, so that a TensorBoard that has already read it drops it too.

    Args:
        folder: the run's folder.
        sizes: of each event file at the checkpoint, by name; empty at the start of a run.
        step: weight updates made so far.
    """

    def __init__(self, folder: Path, sizes: dict[str, int], step: int) -> None:
        self._folder = folder
        for path in folder.glob(_PATTERN):
            if path.name in sizes:
                os.truncate(path, sizes[path.name])
            else:
                path.unlink()
        _wait_for_later_name(max(sizes, default=""))
        self._file = _EventFile(folder)
        if step:
            start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
            self._file.add(event_pb2.Event(wall_time=time.time(), step=step, session_log=start))

    def describe(self, config_text: str, settings: dict[str, Any]) -> None:
        """Once at the start of a run: the configuration as text, its settings as HParams, the layout of charts."""
        self._add(0, text.text_pb("config", f"```yaml\n{config_text}\n```"))
        self._add(0, hparams.session_start_pb({key: _hparam(value) for key, value in settings.items()}))
        chart = layout_pb2.Chart
        lines = layout_pb2.MultilineChartContent
        self._add(
            0,
            custom_scalar.pb(
                layout_pb2.Layout(
                    category=[
                        layout_pb2.Category(
                            title="Annealing",
                            chart=[
                                chart(title="learning rate", multiline=lines(tag=["learning_rate"])),
                                chart(title="accuracy", multiline=lines(tag=["val/accuracy", "train/accuracy"])),
                                chart(title="loss", multiline=lines(tag=["val/loss", "train/loss"])),
                            ],
                        )
                    ]
                )
            ),
        )

    def steps(self, first: int, steps: Steps, sizes: np.ndarray) -> None:
        """Rate, loss and accuracy of every weight update from `first` on; `sizes` are images in each update."""
        now = time.time()
        accuracies = steps.correct / sizes
        for i, (rate, loss, accuracy) in enumerate(zip(steps.rates, steps.losses, accuracies, strict=True)):
            self._scalars(first + i, now, {"learning_rate": rate, "train/loss": loss, "train/accuracy": accuracy})

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Figures that were measured after the weight update with this count."""
        self._scalars(step, time.time(), values)

    def flush(self) -> dict[str, int]:
        """Bring everything to the disk; the size of each event file, which a checkpoint keeps."""
        self._file.flush()
        sizes = {}
        for path in self._folder.glob(_PATTERN):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
                sizes[path.name] = os.fstat(descriptor).st_size
            finally:
                os.close(descriptor)
        return sizes

    def close(self, status: str) -> None:
        """Write the end status, unless the run will go on later, and close the file."""
        if status in _END_STATUS:
            self._add(0, hparams.session_end_pb(_END_STATUS[status]))
        self._file.close()

    def _scalars(self, step: int, wall_time: float, values: dict[str, float]) -> None:
        # One event for all tags of a step, as `simple_value`: an order of magnitude cheaper than tf.summary.scalar.
        summary = summary_pb2.Summary(
            value=[summary_pb2.Summary.Value(tag=tag, simple_value=float(value)) for tag, value in values.items()]
        )
        self._file.add(event_pb2.Event(wall_time=wall_time, step=step, summary=summary))

    def _add(self, step: int, summary: Any) -> None:
        # Beside TensorFlow, TensorBoard's plugins build TensorFlow's own Summary class; the writer wants TensorBoard's.
        own = summary_pb2.Summary.FromString(summary.SerializeToString())
        self._file.add(event_pb2.Event(wall_time=time.time(), step=step, summary=own))


class _EventFile:
    """A new event file. Unlike TensorBoard's own writer it has no thread, so that a full disk is an error to catch.

    Args:
        folder: where it is made. Its name holds the time, host and process, as TensorBoard expects.

    Raises:
        RunError: from every method, where the disk does not take it.
    """

    def __init__(self, folder: Path) -> None:
        number = len(list(folder.glob(_PATTERN)))  # Never the name of one that is there, whatever the clock says.
        name = f"{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{number}"
        self._path = folder / _PATTERN.replace("*", name)
        with self._said():
            self._file = open(self._path, "wb", buffering=1 << 20)  # noqa: SIM115  closed by close()
        self._records = RecordWriter(self._file)
        self.add(event_pb2.Event(wall_time=time.time(), file_version="brain.Event:2"))
        self.flush()

    def add(self, event: event_pb2.Event) -> None:
        with self._said():
            self._records.write(event.SerializeToString())

    def flush(self) -> None:
        with self._said():
            self._records.flush()

    def close(self) -> None:
        with self._said():
            self._records.close()

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise not_written(self._path, error) from None


def _hparam(value: Any) -> bool | float | str:
    return value if isinstance(value, bool | int | float | str) else str(value)


def _wait_for_later_name(newest: str) -> None:
    """TensorBoard reads event files in the order of their names, which begin with the second they were made in."""
    digits = newest.removeprefix("events.out.tfevents.").partition(".")[0]
    if digits.isdigit():
        # At most two seconds: a clock that was set back is no reason to wait for it.
        deadline = time.monotonic() + 2
        while int(time.time()) <= int(digits) and time.monotonic() < deadline:
            time.sleep(0.05)
