"""What a data set is: images with labels, and the options that every data set has."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from annealkit.fields.checks import check_choice, check_number


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
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: list[str]
    origin: str = ""


@dataclass
class Dataset:
    """Base of all data sets: the options that do not depend on where the images come from.

    Args:
        validation: images taken from the training images, by seed, to choose epochs and schedules with; 0 trains on
            all. The test images are touched only once, for the final figure.
        limit: at most this many images of each of training, validation and test; null for all.
        normalize: `standardize` (each channel to mean 0 and standard deviation 1 of the training images), `scale`
            (pixels to 0 … 1) or `none`.
        flip: mirror each training image left to right with probability 1/2.
        crop: shift each training image by up to this many pixels each way (reflected edges); 0 for none.
        cutout: blank a square of this side at a random place of each training image (DeVries & Taylor 2017,
            arXiv 1708.04552); 0 for none.

    A class whose `load` may use the network says so with `needs_download = True`: `annealkit check` does not call it.
    """

    needs_download: ClassVar[bool] = False

    validation: int = 5000
    limit: int | None = None
    normalize: str = "standardize"
    flip: bool = False
    crop: int = 0
    cutout: int = 0

    def __post_init__(self) -> None:
        part = "data"
        check_number(part, "validation", self.validation, 0, hint="data.validation=5000, or 0 to train on all images")
        if self.limit is not None:
            check_number(part, "limit", self.limit, 1, hint="data.limit=null for all images")
        check_choice(part, "normalize", self.normalize, ("standardize", "scale", "none"))
        check_number(part, "crop", self.crop, 0, hint="data.crop=4")
        check_number(part, "cutout", self.cutout, 0, hint="data.cutout=8")

    def train_size(self) -> int:
        """The number of training images before the validation split, found without loading them."""
        raise NotImplementedError(f"{type(self).__name__} must define train_size()")

    def load(self) -> Images:
        """The images. Raises DataError that names what was tried and the ways out."""
        raise NotImplementedError(f"{type(self).__name__} must define load()")
