"""Adafactor."""

from annealkit import KerasOptimizer, checked_dataclass, hookimpl, number


@checked_dataclass
class Adafactor(KerasOptimizer):
    """Adafactor: mean squares kept by row and column, updates scaled by the weights (Shazeer & Stern 2018).

    Source: arXiv 1804.04235. At update n the rate is at most 1/√n, and it is multiplied by the root mean square of the
    tensor it moves, so `lr` is relative to the weights. Keras' `relative_step` has no effect under a schedule and is
    left out. Keras' `epsilon_1` of 1e-30 is multiplied by itself where a row and a column have no gradient, as between
    units that never fire; in float32 that is 0, and 0 is divided by it. The default here is large enough not to be.
    """

    keras_class = "Adafactor"

    lr: float = 0.001
    beta_2_decay: float = number(-0.8, "(-inf, 0)", "the running mean's decay at update n is 1 - n^beta_2_decay")
    epsilon_1: float = number(1e-16, "(0, inf)", "added to the squared gradients; far smaller ones make 0/0 in float32")
    epsilon_2: float = number(1e-3, "[0, inf)", "the least size of weights that updates are scaled by")
    clip_threshold: float = number(1.0, "(0, inf)", "each tensor's update is scaled to at most this root mean square")


@hookimpl
def annealkit_optimizers() -> dict[str, type]:
    return {"adafactor": Adafactor}
