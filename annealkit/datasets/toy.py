"""The dummy data of the article that annealkit grew from: which of three random numbers is the largest?"""

from dataclasses import dataclass

import numpy as np

from annealkit import hookimpl
from annealkit.datasets.base import Dataset, Images
from annealkit.errors import ConfigError
from annealkit.fields.checks import check_number

_TRAIN, _TEST, _FEATURES = 1000, 100, 3


@dataclass
class Toy(Dataset):
    """1,000 points of three random features; the class is the largest one. Trains in seconds.

    Features are float32, uniform in [0, 1), shape (n, 3). They are no pictures: use a model that takes features.

    Args:
        data_seed: another number makes another set of points; at least 0.
        validation: as in every data set, but 0 here.
        normalize: as in every data set, but `none` here.

    Raises:
        ConfigError: `flip`, `crop` or `cutout` is asked for; these need pictures.

    Source: the article's listing, `X_train = np.random.random((1000, 3))` and `np.argmax(X_train[:, :3], axis=1)`.
    """

    validation: int = 0
    normalize: str = "none"
    data_seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("toy", "data_seed", self.data_seed, 0, hint="data.data_seed=0")
        for field in ("flip", "crop", "cutout"):
            if getattr(self, field):
                raise ConfigError(
                    f"toy: {field} changes pictures, and the toy set has three features and no pictures; "
                    f"got {getattr(self, field)!r}. Leave data.{field} out, or try data=synthetic."
                )

    def train_size(self) -> int:
        return _TRAIN

    def load(self) -> Images:
        # Raw 64-bit words are the part of NumPy's generators that is promised to stay the same in all versions;
        # 24 of their bits make a float32 in [0, 1) without rounding.
        words = np.random.PCG64(self.data_seed).random_raw((_TRAIN + _TEST) * _FEATURES)
        features = ((words >> 40).astype(np.float32) / np.float32(2**24)).reshape(-1, _FEATURES)
        labels = features.argmax(axis=1).astype(np.int32)
        return Images(
            name="toy",
            train_images=features[:_TRAIN],
            train_labels=labels[:_TRAIN],
            test_images=features[_TRAIN:],
            test_labels=labels[_TRAIN:],
            class_names=["first", "second", "third"],
            origin=f"made from data_seed={self.data_seed}",
        )


@hookimpl
def annealkit_datasets() -> dict[str, type]:
    return {"toy": Toy}
