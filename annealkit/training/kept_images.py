"""Images that stay in memory from one run of a process to the next, as a sweep does with the same data."""

import json
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import tensorflow as tf
from omegaconf import DictConfig, OmegaConf

from annealkit.datasets.base import Images
from annealkit.plugin_system.returned import checked_images

# A sweep over data sets too large to stay in memory together loads them anew; the one in use always stays.
_MOST_BYTES = 2**30

_kept: dict[str, "KeptImages"] = {}


@dataclass
class KeptImages(Images):
    """Images whose pixels lie in tensors; the arrays are views of them, so that there is one copy and not two.

    Args:
        tensors: the training and the test images.
    """

    tensors: tuple[Any, ...] = ()


def kept_images(data: Any, node: DictConfig) -> Images:
    """The images of this data set, loaded only the first time that the process asks for these settings.

    Args:
        data: the data set.
        node: its settings.
    """
    key = json.dumps([type(data).__module__, OmegaConf.to_container(node, resolve=True)], sort_keys=True)
    if key not in _kept:
        _kept[key] = _in_tensors(checked_images(data.load()))
        while len(_kept) > 1 and sum(map(_bytes, _kept.values())) > _MOST_BYTES:
            del _kept[next(iter(_kept))]
    return replace(_kept[key])  # The run puts something else in place of its images: not in ours.


def use_kept_tensors(images: Images) -> None:
    """Put the tensors in place of the arrays, for the graph: `tf.constant` copies an array and no tensor."""
    if isinstance(images, KeptImages):
        images.train_images, images.test_images = images.tensors


def _in_tensors(images: Images) -> KeptImages:
    tensors = tf.constant(images.train_images), tf.constant(images.test_images)
    values = {field.name: getattr(images, field.name) for field in fields(Images)}
    views = [np.asarray(tensor) for tensor in tensors]  # On a GPU a copy, elsewhere the tensor's own memory.
    return KeptImages(**{**values, "train_images": views[0], "test_images": views[1]}, tensors=tensors)


def _bytes(images: Images) -> int:
    return int(images.train_images.nbytes + images.test_images.nbytes)
