"""What a data set is: images with labels, and the options that every data set has."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from annealkit.fields import checked_dataclass, choice, flag, integer


@dataclass
class Images:
    """A loaded data set.

    Args:
        name: what was really loaded, for example `cifar10` or `synthetic`.
        train_images: uint8, shape (n, height, width, channels), or float32, shape (n, features).
        train_labels: int32, shape (n,), from 0 to the number of classes - 1.
        test_images: as `train_images`; used only for the final figure.
        test_labels: as `train_labels`.
        class_names: one name for each class.
        origin: where it came from, in words, for the log and `run.json`.
        own_validation: where a set brings its own validation images, how many; they are the last of the training
            images.
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: list[str]
    origin: str = ""
    own_validation: int = 0


@checked_dataclass
class Dataset:
    """Base of all data sets: the options that do not depend on where the images come from.

    The test images are touched only once, for the final figure. `cutout` is that of DeVries & Taylor 2017, arXiv
    1708.04552. A class whose `load` may use the network says so with `needs_download = True`: `annealkit check` does
    not call it. With `validation_by_class = True` the validation images are drawn from each class in proportion, at
    least one of each where there are enough, and each class keeps one to train on; else by seed alone.
    """

    needs_download: ClassVar[bool] = False
    validation_by_class: ClassVar[bool] = False

    validation: int = integer(
        5000,
        "[0, inf)",
        "training images kept, by seed, to choose epochs and schedules with; 0 trains on all",
        hint="5000, or 0 to train on all images",
    )
    limit: int | None = integer(
        None,
        "[1, inf)",
        "at most this many images of each of training, validation and test",
        null="all",
    )
    normalize: str = choice(
        "standardize",
        ("standardize", "scale", "none"),
        "what is done to pixels; standardize: to mean 0 and deviation 1 over the training images, each channel; "
        "scale: to 0 … 1",
    )
    flip: bool = flag(False, "mirror each training image left to right with probability 1/2")
    crop: int = integer(
        0, "[0, inf)", "shift each training image by up to this many pixels each way; edges are reflected", hint="4"
    )
    cutout: int = integer(
        0,
        "[0, inf)",
        "blank a square of this side at a random place of each training image",
        hint="8",
    )

    def train_size(self) -> int:
        """The number of training images before the validation split, found without loading them."""
        raise NotImplementedError(f"{type(self).__name__} must define train_size()")

    def validation_size(self) -> int:
        """How many of them are kept for validation."""
        return self.validation

    def load(self) -> Images:
        """The images. Raises DataError that names what was tried and the ways out."""
        raise NotImplementedError(f"{type(self).__name__} must define load()")
