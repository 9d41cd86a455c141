"""Adamax."""

from annealkit import KerasOptimizer, checked_dataclass, hookimpl, number


@checked_dataclass
class Adamax(KerasOptimizer):
    """Adam that divides by the largest recent gradient, not by a mean.

    Source: Kingma & Ba 2015, arXiv 1412.6980, section 7.
    """

    keras_class = "Adamax"

    lr: float = 0.001
    beta_1: float = number(0.9, "[0, 1)", "decay of the running mean of gradients")
    beta_2: float = number(0.999, "[0, 1)", "decay of the largest gradient seen")
    epsilon: float = number(1e-7, "[0, inf)", "added to the divisor; for numerical safety")


@hookimpl
def annealkit_optimizers() -> dict[str, type]:
    return {"adamax": Adamax}
