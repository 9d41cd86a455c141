"""Random changes of training images, each image by its own draw, a pure function of (seed, count of batches)."""

import tensorflow as tf

from annealkit.datasets.base import Dataset

# (seed, number) -> a seed of its own for each kind of draw.
_FOLD = tf.random.experimental.stateless_fold_in


def augment(images: tf.Tensor, options: Dataset, seed: tf.Tensor) -> tf.Tensor:
    """The batch with what `options` asks for: flip, crop, cutout, in this order.

    Args:
        images: normalised, float32, shape (n, height, width, channels).
        options: the data set's options `flip`, `crop` and `cutout`.
        seed: int64, shape (2,); another for each batch. The same seed gives the same changes.
    """
    if options.flip:
        images = random_flip(images, seed)
    if options.crop:
        images = random_crop(images, options.crop, seed)
    if options.cutout:
        images = random_cutout(images, options.cutout, seed)
    return images


def random_flip(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Each image mirrored left to right with probability 1/2."""
    mirrored = tf.random.stateless_uniform([tf.shape(images)[0]], _FOLD(seed, 1)) < 0.5
    return tf.where(mirrored[:, None, None, None], images[:, :, ::-1], images)


def random_crop(images: tf.Tensor, pixels: int, seed: tf.Tensor) -> tf.Tensor:
    """Each image moved by -pixels … pixels on both axes, its edges reflected into what comes into view."""
    count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
    padded = tf.pad(images, [[0, 0], [pixels, pixels], [pixels, pixels], [0, 0]], mode="REFLECT")
    corner = tf.random.stateless_uniform([2, count], _FOLD(seed, 2), 0, 2 * pixels + 1, tf.int32)
    rows = corner[0][:, None] + tf.range(height)
    columns = corner[1][:, None] + tf.range(width)
    return tf.gather(tf.gather(padded, rows, batch_dims=1), columns, axis=2, batch_dims=1)


def random_cutout(images: tf.Tensor, side: int, seed: tf.Tensor) -> tf.Tensor:
    """Each image with a square of `side` pixels set to 0, the mean of standardized images.

    The centre may be any pixel, so part of the square may fall outside.
    """
    count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
    draw = tf.random.stateless_uniform([2, count], _FOLD(seed, 3))
    top = tf.cast(draw[0] * height, tf.int32) - side // 2
    left = tf.cast(draw[1] * width, tf.int32) - side // 2
    rows, columns = tf.range(height), tf.range(width)
    in_rows = (rows >= top[:, None]) & (rows < top[:, None] + side)
    in_columns = (columns >= left[:, None]) & (columns < left[:, None] + side)
    hidden = in_rows[:, :, None] & in_columns[:, None, :]
    return tf.where(hidden[..., None], tf.zeros_like(images), images)
