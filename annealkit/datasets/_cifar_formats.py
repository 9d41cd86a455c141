"""The forms in which CIFAR-10 lies on disk, read into arrays.

- binary: `data_batch_1.bin` … `data_batch_5.bin` and `test_batch.bin`, each of 10,000 records of one label byte and
  3 x 32 x 32 pixel bytes (all red, all green, all blue; row by row);
- Python: `data_batch_1` … `data_batch_5` and `test_batch`, each a pickled dictionary with `labels` and `data`.
  This is what Keras keeps.

Both as a folder or as a tar archive. An archive is read member by member; nothing is unpacked to disk.
"""

import lzma
import os
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from annealkit.datasets._cifar_pickle import PickleError, read_pickled_batch
from annealkit.errors import DataError

CLASS_NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
TRAIN_BATCHES, RECORDS = 5, 10_000
_PIXELS = 3 * 32 * 32
_BATCHES = [f"data_batch_{number}" for number in range(1, TRAIN_BATCHES + 1)] + ["test_batch"]
_KNOWN = {batch + ending for batch in _BATCHES for ending in ("", ".bin")}
_NEEDED = "CIFAR-10 has data_batch_1 … data_batch_5 and test_batch, with .bin (binary) or without an ending (Python)"


class Arrays(NamedTuple):
    """Images are uint8, shape (n, 32, 32, 3); labels int32, shape (n,)."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def read_cifar(path: Path) -> Arrays:
    """CIFAR-10 from a folder or an archive in either form.

    Raises:
        DataError: nothing is there, a batch is missing, cut short, too long or damaged, or a label is above 9.
    """
    # Functions that are False where one may not look, of which those of Path make an error.
    if not os.path.exists(path):
        raise DataError(f"cifar10: there is nothing at {path}.")
    if not (os.path.isdir(path) or os.path.isfile(path)):  # a pipe would be waited for
        raise DataError(f"cifar10: {path} is neither a folder nor a file.")
    images = np.empty((len(_BATCHES) * RECORDS, 32, 32, 3), np.uint8)
    labels = np.empty(len(_BATCHES) * RECORDS, np.int32)
    missing = list(_BATCHES)
    try:
        for name, content in _folder(path) if os.path.isdir(path) else _archive(path):
            batch = name.removesuffix(".bin")
            if batch not in missing:  # a folder may hold both forms; one is enough
                continue
            missing.remove(batch)
            pixels, batch_labels = (_binary if name.endswith(".bin") else _python)(content, f"{name} in {path}")
            start = _BATCHES.index(batch) * RECORDS
            images[start : start + RECORDS] = pixels.reshape(RECORDS, 3, 32, 32).transpose(0, 2, 3, 1)
            labels[start : start + RECORDS] = batch_labels
    except (OSError, EOFError, tarfile.TarError, zlib.error, lzma.LZMAError) as error:
        problem = "cannot be read; it is damaged, cut short or no tar archive"
        raise DataError(f"cifar10: {path} {problem} ({error}).") from error
    if missing:
        raise DataError(f"cifar10: {path} lacks {', '.join(missing)}. {_NEEDED}.")
    split = TRAIN_BATCHES * RECORDS
    return Arrays(images[:split], labels[:split], images[split:], labels[split:])


def _folder(path: Path) -> Iterator[tuple[str, bytes]]:
    """The batches in a folder, or in the one that its archive unpacks to inside it."""
    inner = (path / "cifar-10-batches-bin", path / "cifar-10-batches-py")
    folder = next((place for place in inner if place.is_dir()), path)
    for file in sorted(folder.iterdir()):
        if file.name in _KNOWN and file.is_file():
            yield file.name, file.read_bytes()


def _archive(path: Path) -> Iterator[tuple[str, bytes]]:
    """The batches in a tar archive, in the archive's order, so that it is decompressed only once."""
    with tarfile.open(path) as archive:
        for member in archive:
            name = Path(member.name).name
            # The size is looked at before reading, so that no archive can fill the memory.
            if name in _KNOWN and member.isfile() and member.size < 2 * RECORDS * (1 + _PIXELS):
                content = archive.extractfile(member)
                assert content is not None  # as it is for every regular file
                yield name, content.read()
        # To the very end, which tarfile itself leaves unread: there gzip compares its checksum.
        while archive.fileobj is not None and archive.fileobj.read(1 << 20):
            pass


def _binary(content: bytes, where: str) -> tuple[np.ndarray, np.ndarray]:
    record = 1 + _PIXELS
    if len(content) != RECORDS * record:
        raise DataError(
            f"cifar10: {where} has {len(content):,} bytes; {RECORDS:,} records of {record:,} bytes are "
            f"{RECORDS * record:,}. It is cut short or no CIFAR-10 batch."
        )
    records = np.frombuffer(content, np.uint8).reshape(RECORDS, record)
    return records[:, 1:], _checked(records[:, 0], where)


def _python(content: bytes, where: str) -> tuple[np.ndarray, np.ndarray]:
    needed = f"must hold `data`, uint8 of shape ({RECORDS}, {_PIXELS}), and `labels`, {RECORDS} integers"
    try:
        batch = read_pickled_batch(content)
    except PickleError as error:
        raise DataError(f"cifar10: {where} cannot be read as a CIFAR-10 batch ({error}). It {needed}.") from error
    pixels, labels = batch.get(b"data"), batch.get(b"labels")
    if not (
        isinstance(pixels, np.ndarray)
        and pixels.dtype == np.uint8
        and pixels.shape == (RECORDS, _PIXELS)
        and isinstance(labels, list)
        and len(labels) == RECORDS
        and all(isinstance(label, int) for label in labels)
    ):
        raise DataError(f"cifar10: {where} {needed}.")
    return pixels, _checked(np.array(labels), where)


def _checked(labels: np.ndarray, where: str) -> np.ndarray:
    if labels.min() < 0 or labels.max() > 9:
        wrong = int(np.flatnonzero((labels < 0) | (labels > 9))[0])
        raise DataError(f"cifar10: {where}: labels must lie in 0 … 9; record {wrong} has {labels[wrong]}.")
    return labels
