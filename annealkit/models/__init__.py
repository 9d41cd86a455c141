"""Models: dataclasses whose `build(input_shape, classes)` returns a Keras model that ends in class probabilities.

Keras is imported only when one is built. The last layer computes in float32 whatever `trainer.precision` says.
"""

from annealkit.models.keras_cnn import KerasCnn
from annealkit.models.mlp import Mlp
from annealkit.models.resnet20 import ResNet20

__all__ = ["KerasCnn", "Mlp", "ResNet20"]
