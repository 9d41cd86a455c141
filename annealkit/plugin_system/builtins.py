"""The parts that annealkit brings itself, offered through the same hooks as any plugin's."""

from dataclasses import dataclass

from annealkit import datasets, feedback, models, optimizers, schedules, warmups
from annealkit.plugin_system.hookspecs import hookimpl


@dataclass
class NoWarmup:
    """Begin with the schedule's own first value."""


@dataclass
class NoFeedback:
    """Follow the schedule whatever is observed."""


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {
        "constant": schedules.Constant,
        "step": schedules.Step,
        "multistep": schedules.MultiStep,
        "piecewise": schedules.Piecewise,
        "exponential": schedules.Exponential,
        "inverse_time": schedules.InverseTime,
        "polynomial": schedules.Polynomial,
        "linear": schedules.Polynomial,
        "cosine": schedules.Cosine,
        "cosine_restarts": schedules.CosineRestarts,
        "cyclical": schedules.Cyclical,
        "one_cycle": schedules.OneCycle,
        "trapezoid": schedules.Trapezoid,
        "wsd": schedules.Trapezoid,
        "inverse_sqrt": schedules.InverseSqrt,
        "rex": schedules.Rex,
        "tanh": schedules.Tanh,
        "table": schedules.Table,
        "sequence": schedules.Sequence,
        "product": schedules.Product,
        "keras": schedules.KerasByName,
    }


@hookimpl
def annealkit_warmups() -> dict[str, type]:
    return {
        "none": NoWarmup,
        "linear": warmups.LinearWarmup,
        "exponential": warmups.ExponentialWarmup,
        "cosine": warmups.CosineWarmup,
        "polynomial": warmups.PolynomialWarmup,
    }


@hookimpl
def annealkit_feedback() -> dict[str, type]:
    return {"none": NoFeedback, "plateau": feedback.Plateau, "greedy": feedback.Greedy}


@hookimpl
def annealkit_optimizers() -> dict[str, type]:
    return {
        "sgd": optimizers.Sgd,
        "adagrad": optimizers.Adagrad,
        "adadelta": optimizers.Adadelta,
        "rmsprop": optimizers.RmsProp,
        "adam": optimizers.Adam,
        "adamw": optimizers.AdamW,
        "nadam": optimizers.Nadam,
        "adamax": optimizers.Adamax,
        "adafactor": optimizers.Adafactor,
        "ftrl": optimizers.Ftrl,
        "lion": optimizers.Lion,
        "lamb": optimizers.Lamb,
        "muon": optimizers.Muon,
    }


@hookimpl
def annealkit_models() -> dict[str, type]:
    return {"keras_cnn": models.KerasCnn, "mlp": models.Mlp, "resnet20": models.ResNet20}


@hookimpl
def annealkit_datasets() -> dict[str, type]:
    return {
        "auto": datasets.Auto,
        "cifar10": datasets.Cifar10,
        "synthetic": datasets.Synthetic,
        "folder": datasets.Folder,
        "keras": datasets.KerasDataset,
        "toy": datasets.Toy,
    }
