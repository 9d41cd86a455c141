"""Adam, and AdamW, which is Adam with decoupled weight decay."""

from annealkit import KerasOptimizer, checked_dataclass, flag, hookimpl, number


@checked_dataclass
class Adam(KerasOptimizer):
    """Adam: momentum and RMSprop with bias correction (Kingma & Ba 2015, arXiv 1412.6980).

    `lr` is what did best under an annealing schedule with keras_cnn on CIFAR-10; Keras' default is 0.001.
    `amsgrad`: Reddi et al. 2018, arXiv 1904.09237.
    """

    keras_class = "Adam"

    lr: float = 0.002
    beta_1: float = number(0.9, "[0, 1)", "decay of the running mean of gradients")
    beta_2: float = number(0.999, "[0, 1)", "decay of the running mean of squared gradients")
    epsilon: float = number(1e-7, "[0, inf)", "added to the divisor; for numerical safety")
    amsgrad: bool = flag(False, "divide by the largest mean square so far")


@checked_dataclass
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv 1711.05101)."""

    keras_class = "AdamW"

    lr: float = 0.001
    weight_decay: float | None = 0.004


@hookimpl
def annealkit_optimizers() -> dict[str, type]:
    return {"adam": Adam, "adamw": AdamW}
