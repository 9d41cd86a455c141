"""Adadelta."""

from annealkit import KerasOptimizer, checked_dataclass, hookimpl, number


@checked_dataclass
class Adadelta(KerasOptimizer):
    """Adadelta: steps in the ratio of past steps to past gradients (Zeiler 2012, arXiv 1212.5701).

    `lr` is 1.0, the form of the paper; Keras documents that and defaults to 0.001.
    """

    keras_class = "Adadelta"

    lr: float = 1.0
    rho: float = number(0.95, "[0, 1)", "decay of both running means")
    epsilon: float = number(1e-7, "[0, inf)", "added to the divisor; for numerical safety")


@hookimpl
def annealkit_optimizers() -> dict[str, type]:
    return {"adadelta": Adadelta}
