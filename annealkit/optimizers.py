"""Optimizers: Keras' own classes. A field is Keras' argument of that name, with its default unless it says otherwise.

TensorFlow and Keras are imported only when one is built.
"""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

from annealkit.checks import check_number

if TYPE_CHECKING:
    import keras


@dataclass
class KerasOptimizer:
    """Base of the optimizers that Keras brings.

    Args:
        lr: the base learning rate, which the schedule's factors multiply; at least 0.
        weight_decay: decoupled decay of every weight matrix and kernel per update, as a fraction of the learning
            rate; biases and normalisation weights (everything of one axis) are left out; null for none.
        clipnorm: each gradient tensor is scaled to at most this norm; null for none.
        clipvalue: each gradient entry is cut to ± this; null for none.
        global_clipnorm: all gradients together are scaled to at most this norm; null for none.
        gradient_accumulation_steps: batches whose mean gradient makes one weight update. Schedules and TensorBoard
            count weight updates, not batches.
    """

    keras_class: ClassVar[str]

    lr: float = 0.001
    weight_decay: float | None = None
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    gradient_accumulation_steps: int = 1

    def __post_init__(self) -> None:
        check_number("optimizer", "lr", self.lr, 0, hint="optimizer.lr=0.01")
        check_number(
            "optimizer", "gradient_accumulation_steps", self.gradient_accumulation_steps, 1,
            hint="optimizer.gradient_accumulation_steps=1",
        )  # fmt: skip
        for name in ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm"):
            if getattr(self, name) is not None:
                bounds = "[]" if name == "weight_decay" else "(]"
                check_number(
                    "optimizer", name, getattr(self, name), 0, bounds=bounds, hint=f"optimizer.{name}=null for none"
                )

    def build(self, learning_rate: "float | keras.optimizers.schedules.LearningRateSchedule") -> "keras.Optimizer":
        """The Keras optimizer; accumulation is the trainer's work, so that Keras' count is one of weight updates."""
        import keras

        ours = ("lr", "gradient_accumulation_steps", "name")
        options: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ours}
        return getattr(keras.optimizers, self.keras_class)(learning_rate=learning_rate, **options)


@dataclass
class Sgd(KerasOptimizer):
    """Stochastic gradient descent with Nesterov momentum.

        velocity = momentum * velocity - rate * gradient
        weight += momentum * velocity - rate * gradient        (nesterov; otherwise weight += velocity)

    The defaults are not Keras' (0.01, 0, false): `momentum` and `nesterov` are what is usual for image classifiers,
    `lr` is what did best with keras_cnn on CIFAR-10.
    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning".

    Args:
        momentum: from 0 (none) to below 1.
        nesterov: look ahead along the velocity.
    """

    keras_class = "SGD"

    lr: float = 0.03
    momentum: float = 0.9
    nesterov: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("sgd", "momentum", self.momentum, 0, 1, bounds="[)", hint="optimizer.momentum=0.9")


@dataclass
class Adagrad(KerasOptimizer):
    """Adagrad: each weight's rate falls with the sum of its squared gradients (Duchi et al. 2011).

    Args:
        initial_accumulator_value: what the sum starts from, at least 0.
        epsilon: added for numerical safety.
    """

    keras_class = "Adagrad"

    lr: float = 0.01
    initial_accumulator_value: float = 0.1
    epsilon: float = 1e-7


@dataclass
class Adadelta(KerasOptimizer):
    """Adadelta: steps in the ratio of past steps to past gradients (Zeiler 2012, arXiv 1212.5701).

    `lr` is 1.0, the form of the paper; Keras documents that and defaults to 0.001.

    Args:
        rho: decay of both running means, from 0 to 1.
        epsilon: added for numerical safety.
    """

    keras_class = "Adadelta"

    lr: float = 1.0
    rho: float = 0.95
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("adadelta", "rho", self.rho, 0, 1, bounds="[)", hint="optimizer.rho=0.95")


@dataclass
class RmsProp(KerasOptimizer):
    """RMSprop: gradients divided by the root of their running mean square (Tieleman & Hinton 2012).

    Args:
        rho: decay of the running mean square, from 0 to 1.
        momentum: from 0 (none) to below 1.
        epsilon: added for numerical safety.
        centered: divide by the running standard deviation instead.
    """

    keras_class = "RMSprop"

    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7
    centered: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("rmsprop", "rho", self.rho, 0, 1, bounds="[)", hint="optimizer.rho=0.9")
        check_number("rmsprop", "momentum", self.momentum, 0, 1, bounds="[)", hint="optimizer.momentum=0.0")


@dataclass
class Adam(KerasOptimizer):
    """Adam: momentum and RMSprop with bias correction (Kingma & Ba 2015, arXiv 1412.6980).

    `lr` is what did best under an annealing schedule with keras_cnn on CIFAR-10; Keras' default is 0.001.

    Args:
        beta_1: decay of the running mean of gradients, from 0 to below 1.
        beta_2: decay of the running mean of squared gradients, from 0 to below 1.
        epsilon: added for numerical safety.
        amsgrad: divide by the largest mean square so far (Reddi et al. 2018, arXiv 1904.09237).
    """

    keras_class = "Adam"

    lr: float = 0.002
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    amsgrad: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("adam", "beta_1", self.beta_1, 0, 1, bounds="[)", hint="optimizer.beta_1=0.9")
        check_number("adam", "beta_2", self.beta_2, 0, 1, bounds="[)", hint="optimizer.beta_2=0.999")


@dataclass
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv 1711.05101)."""

    keras_class = "AdamW"

    lr: float = 0.001
    weight_decay: float | None = 0.004
