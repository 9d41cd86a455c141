"""RMSprop."""

from annealkit import KerasOptimizer, checked_dataclass, flag, hookimpl, number


@checked_dataclass
class RmsProp(KerasOptimizer):
    """RMSprop: gradients divided by the root of their running mean square (Tieleman & Hinton 2012)."""

    keras_class = "RMSprop"

    lr: float = 0.001
    rho: float = number(0.9, "[0, 1)", "decay of the running mean square")
    momentum: float = number(0.0, "[0, 1)", "how much of the last step is kept; 0 for none")
    epsilon: float = number(1e-7, "[0, inf)", "added to the divisor; for numerical safety")
    centered: bool = flag(False, "divide by the running standard deviation instead")


@hookimpl
def annealkit_optimizers() -> dict[str, type]:
    return {"rmsprop": RmsProp}
