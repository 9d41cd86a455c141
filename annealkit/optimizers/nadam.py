"""Nadam."""

from annealkit import KerasOptimizer, checked_dataclass, hookimpl, number


@checked_dataclass
class Nadam(KerasOptimizer):
    """Adam with Nesterov momentum (Dozat 2016, "Incorporating Nesterov momentum into Adam")."""

    keras_class = "Nadam"

    lr: float = 0.001
    beta_1: float = number(0.9, "[0, 1)", "decay of the running mean of gradients")
    beta_2: float = number(0.999, "[0, 1)", "decay of the running mean of squared gradients")
    epsilon: float = number(1e-7, "[0, inf)", "added to the divisor; for numerical safety")


@hookimpl
def annealkit_optimizers() -> dict[str, type]:
    return {"nadam": Nadam}
