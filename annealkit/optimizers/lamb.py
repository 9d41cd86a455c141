"""LAMB."""

from annealkit import KerasOptimizer, checked_dataclass, hookimpl, number


@checked_dataclass
class Lamb(KerasOptimizer):
    """LAMB: Adam's step in proportion to the tensor it moves, for large batches (You et al. 2020, arXiv 1904.00962)."""

    keras_class = "Lamb"

    lr: float = 0.001
    beta_1: float = number(0.9, "[0, 1)", "decay of the running mean of gradients")
    beta_2: float = number(0.999, "[0, 1)", "decay of the running mean of squared gradients")
    epsilon: float = number(1e-7, "[0, inf)", "added to the divisor; for numerical safety")


@hookimpl
def annealkit_optimizers() -> dict[str, type]:
    return {"lamb": Lamb}
