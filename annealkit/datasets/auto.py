"""CIFAR-10 where it can be had, else the built-in set, said loudly."""

import logging

from annealkit import DataError, Dataset, Images, checked_dataclass, hookimpl
from annealkit.datasets.cifar10 import Cifar10, load_cifar10
from annealkit.datasets.synthetic import Synthetic

_log = logging.getLogger("annealkit")


@checked_dataclass
class Auto(Dataset):
    """CIFAR-10 if it is at hand or can be downloaded, else the built-in synthetic set; a warning says so.

    `Images.name` is the set that was really loaded, `cifar10` or `synthetic`, and `Images.origin` tells why. Both
    have 50,000 + 10,000 pictures of 32 x 32 pixels in ten classes. To be sure of one of them, ask for it by name.
    """

    needs_download = True

    flip: bool = True

    def train_size(self) -> int:
        return Cifar10().train_size()

    def load(self) -> Images:
        try:
            # Shorter than for data=cifar10: a machine without a network should not wait long at each run.
            return load_cifar10(timeout=10.0, attempts=2)
        except DataError as error:
            _log.warning(
                "THIS RUN USES THE SYNTHETIC SET, NOT CIFAR-10. Its figures must not be compared with those of "
                "CIFAR-10; data=synthetic asks for it without this warning. The reason: %s",
                error,
            )
            images = Synthetic(validation=self.validation, limit=self.limit).load()
            images.origin = f"{images.origin}, in place of CIFAR-10, which could not be had"
            return images


@hookimpl
def annealkit_datasets() -> dict[str, type]:
    return {"auto": Auto}
