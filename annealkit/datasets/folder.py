"""A user's own pictures, one folder for each class."""

import hashlib
import logging
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from annealkit import (
    ConfigError,
    DataError,
    Dataset,
    Images,
    checked_dataclass,
    hookimpl,
    integer,
    number,
    setting,
)
from annealkit.datasets._picture_folders import LAYOUT, pictures_by_class, unread_in_parts

_log = logging.getLogger("annealkit")


_Files = list[tuple[Path, int]]  # each with its label


@dataclass
class _Parts:
    """The files of each part of the set, and the names of the classes."""

    train: _Files
    validation: _Files
    test: _Files
    class_names: list[str]


def _colour_problem(value: object) -> str | None:
    from PIL import ImageColor

    try:
        ImageColor.getrgb(str(value))
    except ValueError:
        return f" must be the name of a colour, or #rrggbb; got {value!r}"
    return None


@checked_dataclass
class Folder(Dataset):
    """Your own pictures: `train/<class>/*.jpg` and, if they are there, `val/` and `test/` of the same form.

    Classes are the folders in `train/`, sorted by name; there must be two or more. Pictures are turned upright, become
    RGB, uint8, and are all held in memory. Where one can look through a picture, it is laid on `background`; of a file
    that holds several, as an animation does, the first is used; both are said. Names that begin with a dot are left
    out; what else is not read is said with counts.

    With a folder `val/`, its pictures are the validation images, however many, and all of `train/` is trained on; with
    `validation=0` they are not read. Without, `validation` images are drawn from `train/` by seed and within each
    class, so that each has some and keeps some to train on.

    Test pictures that are taken from `train/` are chosen by the files' names, so that they stay the same when pictures
    are added, and within each class.

    Raises:
        ConfigError: no path, or `validation` leaves a class without pictures to train on.
        DataError: no `train/`, only one class, an empty class, a class in `val/` or `test/` that `train/` lacks, a file
            that is no picture or has more than 8 bits a channel, pictures of several sizes without `data.size`,
            pictures of two classes that look the same on `background`, or more than fits into memory.
    """

    validation_by_class = True

    path: str | None = setting(None, "the folder that has `train/` in it; required")
    size: int | None = integer(
        None,
        "[1, inf)",
        "resize each picture to a square of this many pixels; bicubic, not keeping its proportions",
        null="all pictures have one size already",
        hint="32",
    )
    test_fraction: float = number(
        0.1, "(0, 1)", "the part of `train/` that is set aside for the test if there is no `test/`"
    )
    background: str = setting(
        "white",
        "the colour on which pictures with transparency are laid; a name, or '#rrggbb' in quotes",
        problem=_colour_problem,
    )

    @classmethod
    def examples(cls, folder: Path) -> list[dict[str, Any]]:
        """Settings to check it with; pictures of two classes are written into the folder."""
        from PIL import Image  # Slow to import, which who only names a data set need not wait for.

        for place, kind in enumerate(("dark", "light")):
            (folder / "train" / kind).mkdir(parents=True)
            for picture in range(10):
                colour = (120 * place + picture, picture, 10 * picture)
                Image.new("RGB", (8 + picture, 8), colour).save(folder / "train" / kind / f"{picture}.png")
        return [{"path": str(folder), "size": 8}, {"path": str(folder), "size": 4, "test_fraction": 0.3}]

    def train_size(self) -> int:
        parts = self._parts()
        return len(parts.train) + len(parts.validation)

    def validation_size(self) -> int:
        parts = self._parts()
        if parts.validation:
            return len(parts.validation)
        classes, count = len(parts.class_names), len(parts.train)
        if self.validation > count - classes:
            some = min(count // 10, count - classes)
            raise ConfigError(
                f"folder: data.validation={self.validation} does not leave a picture of each of the {classes} classes "
                f"to train on; {self._root() / 'train'} gives {count}. Try "
                + (f"data.validation={some}, or 0 to train on all." if some > 0 else "data.validation=0.")
            )
        return self.validation

    def load(self) -> Images:
        root, parts = self._root(), self._parts()
        files = [*parts.train, *parts.validation, *parts.test]
        labels = np.array([label for _, label in files], np.int32)
        from annealkit.datasets._pictures import read_pictures

        pictures = read_pictures([path for path, _ in files], labels, self.size, self.background)
        own = self._own_parts()
        unread = unread_in_parts(root, ["train", *own])
        for note in [f"not read: {unread}"] * bool(unread) + pictures.notes:
            _log.info("%s: %s.", root, note)
        split = len(parts.train) + len(parts.validation)
        images = Images(
            name="folder",
            train_images=pictures.pixels[:split],
            train_labels=labels[:split],
            test_images=pictures.pixels[split:],
            test_labels=labels[split:],
            class_names=parts.class_names,
            origin=f"{root}, {'validation pictures from val/, ' * bool(parts.validation)}test pictures from "
            + ("test/" if "test" in own else f"train/, {self.test_fraction:.0%} of each class, chosen by name"),
            own_validation=len(parts.validation),
        )
        for doubt in _doubts(images):
            _log.warning("%s: %s.", root, doubt)
        return images

    def _root(self) -> Path:
        if not self.path:
            raise ConfigError(f"folder: path is missing. Try data.path=/my/pictures. {LAYOUT}.")
        return Path(os.path.expanduser(self.path))  # that of Path ends in an error where there is no home

    def _own_parts(self) -> list[str]:
        """The folders beside `train/` that are read."""
        asked = ["val", "test"] if self.validation else ["test"]
        return [part for part in asked if os.path.isdir(self._root() / part)]

    def _parts(self) -> _Parts:
        root, own = self._root(), self._own_parts()
        train = pictures_by_class(root / "train")
        class_names = list(train)
        if len(class_names) == 1:
            raise DataError(
                f"folder: {root / 'train'} has one class, {class_names[0]!r}, and there is nothing to tell it from. "
                "Add a folder with pictures of another."
            )
        others = {part: pictures_by_class(root / part) for part in own}
        for part, found in others.items():
            strange = [name for name in found if name not in train]
            if strange:
                raise DataError(
                    f"folder: {root / part} has the classes {', '.join(strange)}, which {root / 'train'} lacks; "
                    f"it has {', '.join(class_names)}. Rename or remove them."
                )
        if "test" not in others:
            others["test"] = {name: _chosen(files, self.test_fraction) for name, files in train.items()}
            for name, files in train.items():
                left = [file for file in files if file not in set(others["test"][name])]
                if not left:
                    raise DataError(
                        f"folder: class {name!r} in {root / 'train'} has {len(files)} picture, too few to set a test "
                        f"apart. Add pictures, or a folder {root / 'test'}."
                    )
                train[name] = left
        mixed = {part: _mixed(found, class_names) for part, found in {"train": train, **others}.items()}
        return _Parts(mixed["train"], mixed.get("val", []), mixed["test"], class_names)


def _chosen(files: list[Path], fraction: float) -> list[Path]:
    """The files with the lowest checksums of their names: a fixed choice that looks random. At least one."""
    count = max(round(len(files) * fraction), 1)
    return sorted(sorted(files, key=lambda file: zlib.crc32(file.name.encode()))[:count])


def _mixed(by_class: dict[str, list[Path]], class_names: list[str]) -> list[tuple[Path, int]]:
    """All files with their labels, the classes mixed in a fixed order, so that the first hundred show all of them."""
    files = [(file, class_names.index(name)) for name, members in by_class.items() for file in members]
    return sorted(files, key=lambda item: (zlib.crc32(f"{item[0].parent.name}/{item[0].name}".encode()), item[0]))


def _doubts(images: Images) -> Iterator[str]:
    """What makes the figures of validation and test mean less than they seem to, in words."""
    count = len(images.train_images) - images.own_validation
    parts = {
        "val/": (images.train_images[count:], images.train_labels[count:]),
        "test/": (images.test_images, images.test_labels),
    }
    trained = {_digest(picture) for picture in images.train_images[:count]}
    for part, (pictures, labels) in parts.items():
        absent = [name for label, name in enumerate(images.class_names) if len(labels) and label not in labels]
        if absent:
            yield f"{part} has no pictures of {', '.join(absent)}"
        same = sum(_digest(picture) in trained for picture in pictures)
        if same:
            which = "validation" if part == "val/" else "test"
            yield f"{same:,} of {len(pictures):,} {which} pictures are among the training pictures too, pixel for pixel"


def _digest(picture: np.ndarray) -> bytes:
    return hashlib.sha256(picture.tobytes()).digest()


@hookimpl
def annealkit_datasets() -> dict[str, type]:
    return {"folder": Folder}
