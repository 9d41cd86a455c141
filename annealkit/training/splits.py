"""The images as they are trained on: split, limited, normalised."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import tensorflow as tf

from annealkit.configuration.plan import Plan, training_images
from annealkit.datasets.base import Dataset, Images
from annealkit.errors import ConfigError, DataError
from annealkit.plugin_system.faulty_parts import naming_the_faulty
from annealkit.plugin_system.returned import checked_images
from annealkit.training.drawing import draw_by_class, draw_first
from annealkit.training.kept_images import kept_images

_CHUNK = 5000


@dataclass
class Splits:
    """A data set ready for training.

    Args:
        images: the loaded data set.
        train: int32, which of `images.train_images` are trained on.
        validation: int32, which of them are kept for validation; empty with `data.validation=0`.
        test: int32, which of `images.test_images` give the final figure.
        scale: float32, one for each channel: the model sees `image * scale + offset`.
        offset: float32, one for each channel.
    """

    images: Images
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    scale: np.ndarray
    offset: np.ndarray

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one input."""
        return self.images.train_images.shape[1:]


def split(images: Images, options: Dataset, seed: int) -> Splits:
    """Choose the validation images by seed, apply the limit, and find the normalisation of the training images."""
    _check_augmentation(images, options)
    train_count, validation_count = training_images(options, len(images.train_images))
    order = np.random.default_rng([seed, 0x5B117]).permutation(len(images.train_images)).astype(np.int32)
    by_class = getattr(options, "validation_by_class", False)  # a plain dataclass need not have it
    draw = partial(draw_by_class if by_class else draw_first, labels=images.train_labels)
    if images.own_validation:
        own = order >= len(order) - images.own_validation
        kept, rest = order[own], order[~own]
    else:
        kept, rest = draw(order, count=options.validation, spare=1)
    # Sorted, since the order in which training images are seen is drawn anew each epoch, and sorted reads are faster.
    validation = np.sort(draw(kept, count=validation_count)[0])
    train = np.sort(draw(rest, count=train_count)[0])
    test_count = len(images.test_images) if options.limit is None else min(options.limit, len(images.test_images))
    test = np.arange(test_count, dtype=np.int32)
    scale, offset = _normalisation(images.train_images, train, options.normalize)
    return Splits(images, train, validation, test, scale, offset)


def load_splits(plan: Plan, reuse_data: bool) -> Splits:
    """The images of a plan, split.

    Raises:
        DataError: there are more or fewer than were planned with.
    """
    data = plan.parts.data
    images = load_images(plan, reuse_data)
    assert plan.train_size is not None
    # Counted as they are used: with data.limit, data=auto falls back to a set that has no more than these.
    if training_images(data, len(images.train_images)) != training_images(data, plan.train_size):
        part = plan.parts.sources["data"][0]
        raise DataError(
            f"{part.label} (from {part.origin}): planned for {plan.train_size} training images, as train_size() says, "
            f"and load() gave {len(images.train_images)}. If pictures were added or removed just now, give the same "
            "command again."
        )
    return split(images, data, plan.trainer.seed)


def load_images(plan: Plan, reuse_data: bool = False) -> Images:
    """The images of a plan; with `reuse_data` those that an earlier run of this process has loaded, if it has."""
    data = plan.parts.data
    with naming_the_faulty(plan.parts.sources["data"]):
        return kept_images(data, plan.config.data) if reuse_data else checked_images(data.load())


def epoch_order(train: np.ndarray, seed: int, epoch: int) -> tf.Tensor:
    """The training images in the order in which an epoch sees them: a pure function of (seed, epoch)."""
    return tf.constant(np.random.default_rng([seed, 1, epoch]).permutation(train), tf.int32)


def _check_augmentation(images: Images, options: Dataset) -> None:
    """Refuse what these images cannot be changed by, before it becomes a puzzling error in the graph."""
    shape = images.train_images.shape[1:]
    for name in ("flip", "crop", "cutout"):
        if getattr(options, name) and len(shape) != 3:
            raise ConfigError(
                f"data.{name}={getattr(options, name)} changes pictures, and {images.name} has inputs of shape "
                f"{shape}. Leave data.{name} out."
            )
    if options.crop and options.crop >= min(shape[:2]):
        raise ConfigError(
            f"data.crop={options.crop} must be less than the side of the pictures, which are {shape[0]}×{shape[1]}. "
            "Try data.crop=4."
        )


def _normalisation(images: np.ndarray, chosen: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """(scale, offset) of each channel, so that `image * scale + offset` is normalised as asked."""
    channels = images.shape[-1]
    largest = 255.0 if images.dtype == np.uint8 else 1.0
    if kind != "standardize":
        return np.full(channels, 1 / largest if kind == "scale" else 1, np.float32), np.zeros(channels, np.float32)
    total, squares, count = np.zeros(channels), np.zeros(channels), 0
    for start in range(
        0, len(chosen), _CHUNK
    ):  # In chunks: all at once in float64 would take eight times the images' memory.
        pixels = images[chosen[start : start + _CHUNK]].reshape(-1, channels).astype(np.float32)
        total += pixels.sum(axis=0, dtype=np.float64)
        squares += np.einsum("ij,ij->j", pixels, pixels, dtype=np.float64)
        count += len(pixels)
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - mean**2, 0))
    deviation[deviation == 0] = 1  # A constant channel carries nothing; dividing by zero would make it NaN.
    return (1 / deviation).astype(np.float32), (-mean / deviation).astype(np.float32)
