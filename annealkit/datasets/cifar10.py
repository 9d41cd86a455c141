"""CIFAR-10: from a path, from the cache, from Keras' cache, or from its home page."""

import logging
import os
import shutil
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from annealkit import DataError, Dataset, Images, checked_dataclass, hookimpl, setting
from annealkit.datasets import _cifar_formats
from annealkit.datasets._cifar_formats import CLASS_NAMES, TRAIN_BATCHES, Arrays, read_cifar
from annealkit.datasets._download import download
from annealkit.start_tensorflow import keras_home

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
_KERAS_NAMES = (  # the folder, then the archive, as Keras 3 and then Keras 2 names them
    "cifar-10-batches-py-target",
    "cifar-10-batches-py",
    "cifar-10-batches-py-target_archive",
    "cifar-10-batches-py.tar.gz",
)

_log = logging.getLogger("annealkit")


@checked_dataclass
class Cifar10(Dataset):
    """CIFAR-10: 50,000 + 10,000 photographs, 32 x 32 pixels in colour, ten classes.

    Without a path: the cache folder (`ANNEALKIT_CACHE`, else the user's cache), then Keras' cached copy, then a
    download of 170 MB, which the cache keeps as arrays (184 MB) that are memory-mapped from then on.

    `flip` is true, as in the Keras example: a photograph's mirror image is as likely as itself. A `path` is checked by
    its structure and not by its checksum, so that a set of your own in the same layout can be used.

    Raises:
        DataError: the path is not CIFAR-10; or nothing is at hand and the download failed.

    Source: Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images", chapter 3.
    """

    needs_download = True

    flip: bool = True
    path: str | None = setting(
        None,
        "`cifar-10-binary.tar.gz`, the folder of `.bin` files that it unpacks to, or Keras' own copy "
        "(`cifar-10-batches-py`, folder or archive)",
        null="the cache, Keras' cache, or a download",
    )

    def train_size(self) -> int:
        return TRAIN_BATCHES * _cifar_formats.RECORDS

    def load(self) -> Images:
        return load_cifar10(self.path)


def load_cifar10(path: str | None = None, *, timeout: float = 30.0, attempts: int = 4) -> Images:
    """CIFAR-10 from `path`, or from wherever it is found. `timeout` (seconds) and `attempts` are the download's."""
    if path is not None:
        place = Path(os.path.expanduser(path))
        return _images(read_cifar(place), f"read from {place}")

    tried: list[str] = []
    cache = cache_folder()
    images = _from_cache(cache, tried)
    if images is None and not (cache and os.path.exists(_archive(cache))):
        images = _from_keras(tried)
    if images is None and cache is not None:
        images = _from_archive(cache, timeout, attempts, tried)
    if images is not None:
        return images
    raise DataError(
        f"cifar10: not at hand and not to be had. Tried: {'; '.join(tried)}. Three ways out: "
        "data.path=/where/it/is/cifar-10-binary.tar.gz (or its unpacked folder, or Keras' cifar-10-batches-py); "
        "data=synthetic, which is built in and needs no network; or connect to the network once, or point the "
        "environment variable ANNEALKIT_CACHE to a cache that was filled elsewhere."
    )


def _from_cache(cache: Path | None, tried: list[str]) -> Images | None:
    """What the cache holds; None, which `tried` gets to know, if that is no whole copy."""
    if cache is None:
        tried.append("no cache, for there is no home folder to keep one in and ANNEALKIT_CACHE names none")
        return None
    folder = cache / "cifar10"
    arrays = _read_cache(folder)
    if arrays is not None:
        return _images(arrays, f"cached in {folder}")
    tried.append(f"the cache {folder} (no whole copy)")
    if not os.path.exists(_archive(cache)):
        tried.append(f"{_archive(cache)} (not there)")
    return None


def _from_keras(tried: list[str]) -> Images | None:
    """The first whole copy that Keras keeps."""
    for place in _keras_copies():
        if not os.path.exists(place):  # False, too, where one may not look, of which Path.exists makes an error
            tried.append(f"{place} (not there)")
            continue
        try:
            return _images(read_cifar(place), f"read from Keras' copy {place}")
        except DataError as error:  # a download that Keras broke off must not stop us
            tried.append(f"{place} ({error})")
    return None


def _from_archive(cache: Path, timeout: float, attempts: int, tried: list[str]) -> Images | None:
    """The archive in the cache, downloaded unless it is there."""
    folder = cache / "cifar10"
    try:
        arrays = _fill_cache(folder, _archive(cache), timeout, attempts)
    except (DataError, OSError) as error:
        tried.append(str(error))
        return None
    return _images(arrays, f"{URL}, cached in {folder}")


def _archive(cache: Path) -> Path:
    return cache / Path(URL).name


def cache_folder() -> Path | None:
    """Where downloads are kept: `ANNEALKIT_CACHE`, else the platform's cache folder of the user; None without a home.

    A user id without a name, as containers run with, has no home, and `~` would name a folder where one works.
    """
    import pooch  # Slow to import, as filelock is, which who only names this data set need not wait for.

    own = os.environ.get("ANNEALKIT_CACHE")
    try:
        folder = Path(os.path.expanduser(own) if own else pooch.os_cache("annealkit"))
    except RuntimeError:  # of platformdirs, unless it is old
        return None
    return None if folder.parts[:1] == ("~",) else folder


def _keras_copies() -> list[Path]:
    return [keras_home() / "datasets" / name for name in _KERAS_NAMES]


def _images(arrays: Arrays, origin: str) -> Images:
    return Images(name="cifar10", **arrays._asdict(), class_names=list(CLASS_NAMES), origin=origin)


def _fill_cache(folder: Path, archive: Path, timeout: float, attempts: int) -> Arrays:
    """Download the archive unless it is there, check it, and keep its arrays. One process does it, others wait."""
    import pooch
    from filelock import FileLock, Timeout

    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_name("cifar10.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        _log.info("another process is fetching CIFAR-10 into %s; waiting for it", folder.parent)
        lock.acquire()
    try:
        arrays = _read_cache(folder)
        if arrays is not None:
            return arrays
        downloaded = not archive.exists()
        if downloaded:
            _log.info("downloading CIFAR-10 (170 MB, once) from %s into %s", URL, folder.parent)
            try:
                download(URL, archive, SHA256, timeout=timeout, attempts=attempts)
            except DataError as error:
                raise DataError(f"download of {URL} failed: {error}") from error
        elif (received := pooch.file_hash(str(archive))) != SHA256:
            raise DataError(
                f"{archive} is damaged or not the official archive: its sha256 is {received} in place of {SHA256}. "
                "Delete it to have it downloaded again, or name it in data.path to use it all the same"
            )
        arrays = read_cifar(archive)
        _write_cache(folder, arrays)
        if downloaded:
            archive.unlink()  # the arrays hold all of it
        return _read_cache(folder) or arrays
    finally:
        lock.release()


def _read_cache(folder: Path) -> Arrays | None:
    """The arrays in the cache, images memory-mapped; None if they are not there or not whole."""
    try:
        train, test = (open_memmap(folder / f"{part}_images.npy", mode="r") for part in ("train", "test"))
        train_labels, test_labels = (
            np.array(open_memmap(folder / f"{part}_labels.npy", mode="r")) for part in ("train", "test")
        )
    except Exception:  # NumPy reads a header as Python's own words: one that is damaged can raise nearly anything
        return None
    arrays = Arrays(train, train_labels, test, test_labels)
    counts = (TRAIN_BATCHES * _cifar_formats.RECORDS, _cifar_formats.RECORDS)
    whole = all(
        images.dtype == np.uint8 and images.shape == (count, 32, 32, 3) and labels.shape == (count,)
        for images, labels, count in ((train, train_labels, counts[0]), (test, test_labels, counts[1]))
    )
    return arrays if whole else None


def _write_cache(folder: Path, arrays: Arrays) -> None:
    """Write all arrays into a folder beside, then rename it: whoever sees the cache sees all of it."""
    temporary = folder.with_name(folder.name + ".part")
    shutil.rmtree(temporary, ignore_errors=True)  # left by a process that was killed; we hold the lock
    temporary.mkdir()
    try:
        for name, array in arrays._asdict().items():
            with open(temporary / f"{name}.npy", "wb") as file:
                np.save(file, array)
                file.flush()
                os.fsync(file.fileno())
        shutil.rmtree(folder, ignore_errors=True)  # a cache that was not whole
        os.rename(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@hookimpl
def annealkit_datasets() -> dict[str, type]:
    return {"cifar10": Cifar10}
