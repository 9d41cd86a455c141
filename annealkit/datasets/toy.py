"""The dummy data of the article that annealkit grew from: which of three random numbers is the largest?"""

import numpy as np

from annealkit import Dataset, Images, SettingError, checked_dataclass, hookimpl, integer

_TRAIN, _TEST, _FEATURES = 1000, 100, 3


@checked_dataclass
class Toy(Dataset):
    """1,000 points of three random features; the class is the largest one. Trains in seconds.

    Features are float32, uniform in [0, 1), shape (n, 3). They are no pictures: use a model that takes features.

    Raises:
        ConfigError: `flip`, `crop` or `cutout` is asked for; these need pictures.

    Source: the article's listing, `X_train = np.random.random((1000, 3))` and `np.argmax(X_train[:, :3], axis=1)`.
    """

    validation: int = 0
    normalize: str = "none"
    data_seed: int = integer(0, "[0, inf)", "another number makes another set of points")

    def __post_init__(self) -> None:
        for field, none in (("flip", "false"), ("crop", "0"), ("cutout", "0")):
            if getattr(self, field):
                problem = " changes pictures, and the toy set has three features and no pictures; got "
                raise SettingError(self, field, f"{problem}{getattr(self, field)!r}", f"{none}, or data=synthetic")

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
