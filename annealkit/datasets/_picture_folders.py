"""Folders of picture files, one for each class: which files are read, and which are not."""

import functools
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from annealkit.errors import DataError

LAYOUT = (
    "The layout is PATH/train/<class>/*.jpg (or .png and the like) and, for sets of their own, PATH/val/<class>/*.jpg "
    "and PATH/test/<class>/*.jpg"
)
_JPEG = {".jpg", ".jpeg", ".jpe", ".jfif"}
_TO_CONVERT = {".heic", ".heif", ".avif"}  # pictures, as phones make them, unless Pillow reads them
_WHY = {"val": " (data.validation is 0)", "valid": " (val/ would be)", "validation": " (val/ would be)"}
_SHOWN = 5  # endings that are named before the rest is summed up


@functools.cache
def endings_read() -> frozenset[str]:
    """Of the files that are read."""
    try:
        from PIL import AvifImagePlugin
    except ImportError:  # Pillow before 11.3
        avif = []
    else:
        avif = [".avif"] if AvifImagePlugin.SUPPORTED else []
    return frozenset({*_JPEG, ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", *avif})


def pictures_by_class(folder: Path) -> dict[str, list[Path]]:
    """The picture files of each class folder; both sorted by name, so that labels do not depend on the file system.

    Raises:
        DataError: no such folder, no class folders, or one without pictures.
    """
    if not os.path.isdir(folder):
        raise DataError(f"folder: there is no folder {folder}. {LAYOUT}.")
    read = endings_read()
    found = {
        entry.name: [file for file in _entries(entry) if file.suffix.lower() in read and os.path.isfile(file)]
        for entry in _entries(folder)
        if os.path.isdir(entry)
    }
    if not found:
        raise DataError(f"folder: {folder} has no class folders. {LAYOUT}.")
    empty = [name for name, files in found.items() if not files]
    if empty:
        unread = unread_in([folder / name for name in empty])
        raise DataError(
            f"folder: no pictures in {', '.join(str(folder / name) for name in empty)} (endings looked for: "
            f"{' '.join(sorted(read))}{f'; not read: {unread}' if unread else ''}). Add some or remove the folder."
        )
    return found


def unread_in_parts(root: Path, parts: list[str]) -> str:
    """What lies in a data set's folder and is not read, with counts, in words; empty if all is.

    Args:
        root: the folder of the data set.
        parts: the folders in it that are read, as `train`.
    """
    beside = [entry for part in parts for entry in _entries(root / part) if not os.path.isdir(entry)]
    others = [
        f"the folder {entry.name}/{_WHY.get(entry.name, '')}"
        for entry in _entries(root)
        if os.path.isdir(entry) and entry.name not in parts
    ]
    classes = [entry for part in parts for entry in _entries(root / part) if os.path.isdir(entry)]
    within = unread_in(classes)
    outside = [_counted(len(beside), "file") + " beside the class folders"] if beside else []
    return ", ".join([*([within] if within else []), *outside, *others])


def unread_in(classes: list[Path]) -> str:
    """What lies in class folders and is not read."""
    endings: Counter[str] = Counter()
    deeper = special = 0
    for file in (entry for folder in classes for entry in _entries(folder)):
        if os.path.isdir(file):
            deeper += sum(1 for _ in _files_below(file))
        elif not os.path.isfile(file):
            special += 1
        elif file.suffix.lower() not in endings_read():
            endings[file.suffix.lower()] += 1
    common = endings.most_common(_SHOWN)
    rest = endings.total() - sum(count for _, count in common)
    words = [f"{_counted(count, 'file')} {_ending(ending)}" for ending, count in common]
    words += [f"{_counted(rest, 'file')} with other endings"] if rest else []
    words += [f"{_counted(deeper, 'file')} in folders within class folders"] if deeper else []
    words += [f"{special:,} that {'is no file' if special == 1 else 'are no files'}, as a pipe"] if special else []
    return ", ".join(words)


def _ending(ending: str) -> str:
    if ending in _TO_CONVERT:
        return f"ending in {ending} (convert to .jpg)"
    return f"ending in {ending}" if ending else "without an ending"


def _entries(folder: Path) -> list[Path]:
    """What is in a folder, sorted by name, without names that begin with a dot."""
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise DataError(f"folder: {folder} cannot be read ({error.strerror}).") from None


def _files_below(folder: Path) -> Iterator[str]:
    for _, _, names in os.walk(folder):
        yield from (name for name in names if not name.startswith("."))


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
