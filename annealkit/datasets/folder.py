"""A user's own pictures, one folder for each class."""

import logging
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

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
from annealkit.datasets.pictures import colour_problem, read_pictures

_ENDINGS = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}
_LAYOUT = "The layout is PATH/train/<class>/*.jpg (or .png and the like) and, for a test set, PATH/test/<class>/*.jpg"

_log = logging.getLogger("annealkit")


@checked_dataclass
class Folder(Dataset):
    """Your own pictures: `train/<class>/*.jpg` and, if there is one, `test/<class>/*.jpg` under a path.

    Classes are the folders in `train/`, sorted by name. Pictures are turned upright, become RGB, uint8, and are all
    held in memory. Where one can look through a picture, it is laid on `background`; of a file that holds several, as
    an animation does, the first is used; both are said. Files with other endings than those of pictures, and names
    that begin with a dot, are left out.

    Test pictures that are taken from `train/` are chosen by the files' names, so that they stay the same when pictures
    are added, and within each class.

    Raises:
        ConfigError: no path.
        DataError: no `train/`, an empty class, a class in `test/` that `train/` lacks, a file that is no picture or
            has more than 8 bits a channel, pictures of several sizes without `data.size`, or pictures of two classes
            that look the same on `background`.
    """

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
        problem=colour_problem,
    )

    @classmethod
    def examples(cls, folder: Path) -> list[dict[str, Any]]:
        """Settings to check it with; pictures of two classes are written into the folder."""
        for place, kind in enumerate(("dark", "light")):
            (folder / "train" / kind).mkdir(parents=True)
            for picture in range(10):
                colour = (120 * place + picture, picture, 10 * picture)
                Image.new("RGB", (8 + picture, 8), colour).save(folder / "train" / kind / f"{picture}.png")
        return [{"path": str(folder), "size": 8}, {"path": str(folder), "size": 4, "test_fraction": 0.3}]

    def train_size(self) -> int:
        return len(self._files()[0])

    def load(self) -> Images:
        train, test, class_names = self._files()
        paths = [path for path, _ in train + test]
        labels = np.array([label for _, label in train + test], np.int32)
        pictures = read_pictures(paths, labels, self.size, self.background)
        for note in pictures.notes:
            _log.info("%s: %s.", self._root(), note)
        images = pictures.pixels
        split = len(train)
        own_test = (self._root() / "test").is_dir()
        return Images(
            name="folder",
            train_images=images[:split],
            train_labels=labels[:split],
            test_images=images[split:],
            test_labels=labels[split:],
            class_names=class_names,
            origin=f"{self._root()}, test pictures from "
            + ("test/" if own_test else f"train/, {self.test_fraction:.0%} of each class, chosen by name"),
        )

    def _root(self) -> Path:
        if not self.path:
            raise ConfigError(f"folder: path is missing. Try data.path=/my/pictures. {_LAYOUT}.")
        return Path(os.path.expanduser(self.path))  # that of Path ends in an error where there is no home

    def _files(self) -> tuple[list[tuple[Path, int]], list[tuple[Path, int]], list[str]]:
        """Training files and test files, each with its label, and the names of the classes."""
        root = self._root()
        train = _by_class(root / "train")
        class_names = list(train)
        if (root / "test").is_dir():
            test = _by_class(root / "test")
            strange = [name for name in test if name not in train]
            if strange:
                raise DataError(
                    f"folder: {root / 'test'} has the classes {', '.join(strange)}, which {root / 'train'} lacks; "
                    f"it has {', '.join(class_names)}. Rename or remove them."
                )
        else:
            test = {name: _chosen(files, self.test_fraction) for name, files in train.items()}
            for name, files in train.items():
                left = [file for file in files if file not in set(test[name])]
                if not left:
                    raise DataError(
                        f"folder: class {name!r} in {root / 'train'} has {len(files)} picture, too few to set a test "
                        f"apart. Add pictures, or a folder {root / 'test'}."
                    )
                train[name] = left
        return _mixed(train, class_names), _mixed(test, class_names), class_names


def _by_class(folder: Path) -> dict[str, list[Path]]:
    """The picture files of each class folder; both sorted by name, so that labels do not depend on the file system."""
    if not folder.is_dir():
        raise DataError(f"folder: there is no folder {folder}. {_LAYOUT}.")
    classes = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if not classes:
        raise DataError(f"folder: {folder} has no class folders. {_LAYOUT}.")
    found = {
        entry.name: sorted(
            file for file in entry.iterdir() if file.suffix.lower() in _ENDINGS and not file.name.startswith(".")
        )
        for entry in classes
    }
    empty = [name for name, files in found.items() if not files]
    if empty:
        raise DataError(
            f"folder: no pictures in {', '.join(str(folder / name) for name in empty)} (endings looked for: "
            f"{' '.join(sorted(_ENDINGS))}). Add some or remove the folder."
        )
    return found


def _chosen(files: list[Path], fraction: float) -> list[Path]:
    """The files with the lowest checksums of their names: a fixed choice that looks random. At least one."""
    count = max(round(len(files) * fraction), 1)
    return sorted(sorted(files, key=lambda file: zlib.crc32(file.name.encode()))[:count])


def _mixed(by_class: dict[str, list[Path]], class_names: list[str]) -> list[tuple[Path, int]]:
    """All files with their labels, the classes mixed in a fixed order, so that the first hundred show all of them."""
    files = [(file, class_names.index(name)) for name, members in by_class.items() for file in members]
    return sorted(files, key=lambda item: (zlib.crc32(f"{item[0].parent.name}/{item[0].name}".encode()), item[0]))


@hookimpl
def annealkit_datasets() -> dict[str, type]:
    return {"folder": Folder}
