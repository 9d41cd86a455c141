"""TensorBoard's event files."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tensorboard.compat.proto import event_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

from annealkit.runs.folder import not_written

PATTERN = "events.out.tfevents.*"


class EventFile:
    """A new event file. Unlike TensorBoard's own writer it has no thread, so that a full disk is an error to catch.

    Args:
        folder: where it is made. Its name holds the time, host and process, as TensorBoard expects.

    Raises:
        RunError: from every method, where the disk does not take it.
    """

    def __init__(self, folder: Path) -> None:
        number = len(list(folder.glob(PATTERN)))  # Never the name of one that is there, whatever the clock says.
        name = f"{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{number}"
        self._path = folder / PATTERN.replace("*", name)
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


def wait_for_later_name(newest: str) -> None:
    """TensorBoard reads event files in the order of their names, which begin with the second they were made in."""
    digits = newest.removeprefix("events.out.tfevents.").partition(".")[0]
    if digits.isdigit():
        # At most two seconds: a clock that was set back is no reason to wait for it.
        deadline = time.monotonic() + 2
        while int(time.time()) <= int(digits) and time.monotonic() < deadline:
            time.sleep(0.05)
