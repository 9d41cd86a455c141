"""TensorBoard's event files: written, and cut to what an earlier process has left whole."""

import os
import socket
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tensorboard.compat.proto import event_pb2
from tensorboard.summary.writer.record_writer import RecordWriter, masked_crc32c

from annealkit.runs.disk import not_written

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
            self._file = _Summed(open(self._path, "wb", buffering=1 << 20))  # noqa: SIM115  closed by close()
        self._records = RecordWriter(self._file)
        self.add(event_pb2.Event(wall_time=time.time(), file_version="brain.Event:2"))
        self.flush()

    @property
    def name(self) -> str:
        """Of the file."""
        return self._path.name

    @property
    def extent(self) -> list[int]:
        """Bytes written, and their CRC-32, by which `cut_to` will know them."""
        return [self._file.size, self._file.checksum]

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


class _Summed:
    """A file that knows how much was written to it, and the CRC-32 of that."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = self.checksum = 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self.size += len(data)
        self.checksum = zlib.crc32(data, self.checksum)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def cut_to(path: Path, extent: int | list[int]) -> str:
    """Cut an event file to its extent at a checkpoint; one that is not whole, to the events before the damage.

    Args:
        path: the file.
        extent: bytes and their CRC-32, as `EventFile.extent` gave them; earlier versions kept the bytes alone.

    Returns:
        What is wrong with the file, in words; empty where it is whole.
    """
    size, checksum = (extent, None) if isinstance(extent, int) else extent
    try:
        content = path.read_bytes()[:size]
    except FileNotFoundError:
        return "is gone"
    problem = ""
    if len(content) < size:
        problem = f"has {len(content):,} of {size:,} bytes"
    elif checksum is not None and zlib.crc32(content) != checksum:
        problem = "is damaged"
    whole = _whole_events(content) if problem else size
    if whole:
        os.truncate(path, whole)
    else:
        path.unlink()  # Nothing in it can be read.
    return problem


def _whole_events(content: bytes) -> int:
    """How many bytes of an event file, from its beginning, are whole records."""
    end = 0
    while True:
        head = content[end : end + 8]
        if len(head) < 8 or content[end + 8 : end + 12] != _checked(head):
            return end
        length = int.from_bytes(head, "little")
        data = content[end + 12 : end + 12 + length]
        if len(data) < length or content[end + 12 + length : end + 16 + length] != _checked(data):
            return end
        end += 16 + length


def _checked(data: bytes) -> bytes:
    return int(masked_crc32c(data)).to_bytes(4, "little")


def _second(name: str) -> int:
    """That a file's name begins with; -1 where it begins with none, or one that no later name could be of."""
    digits = name.removeprefix(PATTERN.removesuffix("*")).partition(".")[0]
    return int(digits) if digits.isdecimal() and len(digits) <= 10 else -1
