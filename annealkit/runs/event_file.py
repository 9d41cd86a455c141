"""TensorBoard's event files."""

import os
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tensorboard.compat.proto import event_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

from annealkit.runs.folder import not_written

PATTERN = "events.out.tfevents.*"


class EventFile:
    """A new event file. Unlike TensorBoard's own writer it has no thread, so that a full disk is an error to catch.

    Args:
        folder: where it is made.
        after: names of files that TensorBoard is to read before it, beside those in the folder.

    Raises:
        RunError: from every method, where the disk does not take it.
    """

    def __init__(self, folder: Path, after: Iterable[str] = ()) -> None:
        names = [*after, *(path.name for path in folder.glob(PATTERN))]
        # TensorBoard reads event files in the order of their names, which begin with the second they were made in. So
        # a name is later than all before it, whatever the clock says now or said then.
        second = max([int(time.time()), *(_second(name) + 1 for name in names)])
        self._path = folder / PATTERN.replace("*", f"{second:010d}.{socket.gethostname()}.{os.getpid()}.0")
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


def _second(name: str) -> int:
    """That a file's name begins with; -1 where it begins with none, or one that no later name could be of."""
    digits = name.removeprefix(PATTERN.removesuffix("*")).partition(".")[0]
    return int(digits) if digits.isdecimal() and len(digits) <= 10 else -1
