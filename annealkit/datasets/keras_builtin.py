"""The picture sets that Keras itself can fetch."""

import importlib

import numpy as np

from annealkit import DataError, Dataset, Images, checked_dataclass, choice, hookimpl
from annealkit.datasets._cifar_formats import CLASS_NAMES

_DIGITS = [str(digit) for digit in range(10)]
_CLOTHES = ["T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"]
_CLASSES = {  # Keras gives numbers only
    "mnist": _DIGITS,
    "fashion_mnist": _CLOTHES,
    "cifar10": CLASS_NAMES,
    "cifar100": [f"class {number}" for number in range(100)],
}
_TRAIN = {"mnist": 60_000, "fashion_mnist": 60_000, "cifar10": 50_000, "cifar100": 50_000}


@checked_dataclass
class KerasDataset(Dataset):
    """A set that Keras fetches and keeps: `mnist`, `fashion_mnist`, `cifar10` or `cifar100`.

    Grey pictures get a channel axis: 28 x 28 becomes (28, 28, 1).

    Raises:
        ConfigError: another name.
        DataError: Keras could not fetch it or read it.

    Source: `keras.datasets`; LeCun et al. 1998 (MNIST), Xiao et al. 2017 (Fashion-MNIST, arXiv 1708.07747),
    Krizhevsky 2009 (CIFAR-10 and CIFAR-100).
    """

    needs_download = True

    dataset: str = choice("fashion_mnist", tuple(_CLASSES), "which set")

    def train_size(self) -> int:
        return _TRAIN[self.dataset]

    def load(self) -> Images:
        # Keras is imported here and nowhere else in this package: whoever uses another set must not wait for it.
        keras = importlib.import_module("keras")
        try:
            (train_images, train_labels), (test_images, test_labels) = getattr(keras.datasets, self.dataset).load_data()
        except Exception as error:  # Keras raises a bare Exception if the download fails
            raise DataError(
                f"keras: {self.dataset} could not be loaded by keras.datasets.{self.dataset}.load_data() ({error}). "
                "Connect to the network once, or copy ~/.keras/datasets from a machine that has it, or try "
                "data=synthetic, which is built in, or data=folder data.path=/my/pictures."
            ) from error
        return Images(
            name=self.dataset,
            train_images=_with_channels(train_images),
            train_labels=train_labels.reshape(-1).astype(np.int32),
            test_images=_with_channels(test_images),
            test_labels=test_labels.reshape(-1).astype(np.int32),
            class_names=list(_CLASSES[self.dataset]),
            origin=f"keras.datasets.{self.dataset}",
        )


def _with_channels(images: np.ndarray) -> np.ndarray:
    """Grey pictures, shape (n, height, width), with a last axis of 1; colour pictures as C-contiguous arrays."""
    return np.ascontiguousarray(images[..., None] if images.ndim == 3 else images)


@hookimpl
def annealkit_datasets() -> dict[str, type]:
    return {"keras": KerasDataset}
