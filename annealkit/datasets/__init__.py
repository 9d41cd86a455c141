"""Data sets: where the pictures come from. Importing this imports neither TensorFlow nor Keras."""

from annealkit.datasets.auto import Auto
from annealkit.datasets.base import Dataset, Images
from annealkit.datasets.cifar10 import Cifar10
from annealkit.datasets.folder import Folder
from annealkit.datasets.keras_builtin import KerasDataset
from annealkit.datasets.synthetic import Synthetic
from annealkit.datasets.toy import Toy

__all__ = ["Auto", "Cifar10", "Dataset", "Folder", "Images", "KerasDataset", "Synthetic", "Toy"]
