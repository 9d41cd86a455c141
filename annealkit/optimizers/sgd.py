"""Stochastic gradient descent."""

from annealkit import KerasOptimizer, checked_dataclass, flag, hookimpl, number


@checked_dataclass
class Sgd(KerasOptimizer):
    """Stochastic gradient descent with Nesterov momentum.

        velocity = momentum * velocity - rate * gradient
        weight += momentum * velocity - rate * gradient        (nesterov; otherwise weight += velocity)

    The defaults are not Keras' (0.01, 0, false): `momentum` and `nesterov` are what is usual for image classifiers,
    `lr` is what did best with keras_cnn on CIFAR-10.
    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning".
    """

    keras_class = "SGD"

    lr: float = 0.03
    momentum: float = number(0.9, "[0, 1)", "how much of the velocity is kept; 0 for none")
    nesterov: bool = flag(True, "look ahead along the velocity")


@hookimpl
def annealkit_optimizers() -> dict[str, type]:
    return {"sgd": Sgd}
