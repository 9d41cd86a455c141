"""Adagrad."""

from annealkit import KerasOptimizer, checked_dataclass, hookimpl, number


@checked_dataclass
class Adagrad(KerasOptimizer):
    """Adagrad: each weight's rate falls with the sum of its squared gradients (Duchi et al. 2011)."""

    keras_class = "Adagrad"

    lr: float = 0.01
    initial_accumulator_value: float = number(0.1, "[0, inf)", "what the sum of squared gradients starts from")
    epsilon: float = number(1e-7, "[0, inf)", "added to the divisor; for numerical safety")


@hookimpl
def annealkit_optimizers() -> dict[str, type]:
    return {"adagrad": Adagrad}
