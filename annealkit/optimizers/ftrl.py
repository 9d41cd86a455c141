"""FTRL."""

from annealkit import KerasOptimizer, checked_dataclass, hookimpl, number


@checked_dataclass
class Ftrl(KerasOptimizer):
    """FTRL-Proximal: each weight anew from the sum of its gradients (McMahan et al. 2013, "Ad click prediction").

    Made for convex models such as a single layer (model=mlp model.hidden=[]): the weights that a network begins with
    are soon forgotten. It divides by the rate, so no update may have a rate of exactly 0, and the `lr_scale` of a group
    does not scale its moves in proportion.
    """

    keras_class = "Ftrl"
    rate_may_be_zero = False

    lr: float = 0.001
    learning_rate_power: float = number(
        -0.5, "(-inf, 0]", "how the rate falls with the sum of squared gradients; 0 keeps it"
    )
    initial_accumulator_value: float = number(0.1, "[0, inf)", "what the sum of squared gradients starts from")
    l1_regularization_strength: float = number(0.0, "[0, inf)", "penalty on absolute weights; makes zeros")
    l2_regularization_strength: float = number(0.0, "[0, inf)", "penalty on squared weights; within the update")
    l2_shrinkage_regularization_strength: float = number(0.0, "[0, inf)", "penalty on squared weights; in the gradient")
    beta: float = number(0.0, "[0, inf)", "the β of the paper")


@hookimpl
def annealkit_optimizers() -> dict[str, type]:
    return {"ftrl": Ftrl}
