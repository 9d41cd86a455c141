"""Optimizers: Keras' own classes, with a learning rate that follows a schedule.

TensorFlow and Keras are imported only when one is built.
"""

from annealkit.optimizers.base import KerasOptimizer, VariableGroup
from annealkit.optimizers.keras_optimizers import (
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Ftrl,
    Lamb,
    Lion,
    Muon,
    Nadam,
    RmsProp,
    Sgd,
)

__all__ = [
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "KerasOptimizer",
    "Lamb",
    "Lion",
    "Muon",
    "Nadam",
    "RmsProp",
    "Sgd",
    "VariableGroup",
]
