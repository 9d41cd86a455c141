"""The checks of data sets. One that would use the network is never loaded."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np

from annealkit.datasets.base import Images
from annealkit.errors import ConfigError, DataError
from annealkit.plugin_system.returned import checked_images, checked_size
from annealkit.testing.subject import Settings, Subject

# So that a large set takes no long time; what an example says itself stays.
FEW = {"limit": 64, "validation": 8}


def few(subject: Subject) -> Iterator[tuple[Settings, Any]]:
    """All settings, with few images where a data set makes no more than it must, and a new instance of each."""
    known = {field.name for field in fields(subject.part.cls)}
    for settings in subject.settings:
        chosen = {**{name: value for name, value in FEW.items() if name in known}, **settings}
        yield settings, subject.build(chosen)


def loaded(subject: Subject) -> Iterator[tuple[Settings, Any, Images]]:
    """The same, loaded; defaults that need something are passed over where there are examples."""
    for settings, instance in few(subject):
        try:
            yield settings, instance, instance.load()
        except (ConfigError, DataError) as error:
            if settings or not subject.examples:
                raise subject.unusable(
                    f"load() could not: {error}",
                    "offer settings that it can be loaded with by a class method examples(cls, folder), which may "
                    "write files into the folder; or declare needs_download: ClassVar[bool] = True if it uses the "
                    "network.",
                    settings,
                ) from None


def knows_its_size(subject: Subject) -> None:
    for settings, instance in few(subject):
        try:
            size = instance.train_size()
        except (ConfigError, DataError) as error:
            if settings or not subject.examples:
                raise subject.unusable(
                    f"train_size() could not: {error}",
                    "return the number of training images without loading them, or offer settings that can be used by "
                    "a class method examples(cls, folder).",
                    settings,
                ) from None
            continue
        with subject.judging(settings):
            checked_size(size)


def loads_that_many(subject: Subject) -> None:
    for settings, instance, images in loaded(subject):
        size, count = instance.train_size(), len(images.train_images)
        if size != count:
            raise subject.failure(
                f"train_size() is {size}, and load() gave {count} training images",
                "let both count the same: training images before the validation split.",
                settings,
            )


def gives_images(subject: Subject) -> None:
    for settings, _, images in loaded(subject):
        with subject.judging(settings):
            checked_images(images)
        pictures = images.train_images
        if (pictures.dtype, pictures.ndim) not in ((np.uint8, 4), (np.float32, 2)):
            raise subject.unusable(
                f"train_images are {pictures.dtype} of shape {pictures.shape}",
                "return pictures as uint8 of shape (n, height, width, channels), or features as float32 of shape (n, "
                "features).",
                settings,
            )


def loads_the_same_twice(subject: Subject) -> None:
    again = {repr(settings): images for settings, _, images in loaded(subject)}
    for settings, _, images in loaded(subject):
        other = again[repr(settings)]
        for name in ("train_images", "train_labels", "test_images", "test_labels"):
            if not np.array_equal(getattr(images, name), getattr(other, name)):
                raise subject.failure(
                    f"{name} differ when it is loaded a second time",
                    "sort what comes from a folder, and draw random numbers from a generator with a fixed seed, such "
                    "as np.random.default_rng(0), made within load().",
                    settings,
                )


_LOADS_THAT_MANY, _IMAGES, _TWICE = "train_size is what load gives", "images and labels", "the same twice"
LOADING = (_LOADS_THAT_MANY, _IMAGES, _TWICE)

CHECKS = [
    ("train_size is known", knows_its_size),
    (_IMAGES, gives_images),
    (_LOADS_THAT_MANY, loads_that_many),
    (_TWICE, loads_the_same_twice),
]
