"""Lion."""

from annealkit import KerasOptimizer, checked_dataclass, hookimpl, number


@checked_dataclass
class Lion(KerasOptimizer):
    """Lion: every weight moves by the same amount, in the sign of its momentum (Chen et al. 2023, arXiv 2302.06675).

    The paper advises a tenth to a third of the rate, and three to ten times the weight decay, of AdamW.
    """

    keras_class = "Lion"

    lr: float = 0.001
    beta_1: float = number(0.9, "(0, 1]", "share of the running mean in the direction of an update")
    beta_2: float = number(0.99, "[0, 1)", "decay of the running mean of gradients")


@hookimpl
def annealkit_optimizers() -> dict[str, type]:
    return {"lion": Lion}
