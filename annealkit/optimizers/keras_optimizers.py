"""Keras' own optimizers. A field is Keras' argument of that name, with its default unless it says otherwise."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from annealkit import hookimpl
from annealkit.fields.checks import check_number
from annealkit.optimizers.base import KerasOptimizer

if TYPE_CHECKING:
    import keras


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


@dataclass
class Nadam(KerasOptimizer):
    """Adam with Nesterov momentum (Dozat 2016, "Incorporating Nesterov momentum into Adam").

    Args:
        beta_1: decay of the running mean of gradients, from 0 to below 1.
        beta_2: decay of the running mean of squared gradients, from 0 to below 1.
        epsilon: added for numerical safety.
    """

    keras_class = "Nadam"

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("nadam", "beta_1", self.beta_1, 0, 1, bounds="[)", hint="optimizer.beta_1=0.9")
        check_number("nadam", "beta_2", self.beta_2, 0, 1, bounds="[)", hint="optimizer.beta_2=0.999")


@dataclass
class Adamax(KerasOptimizer):
    """Adam that divides by the largest recent gradient, not by a mean (Kingma & Ba 2015, arXiv 1412.6980, section 7).

    Args:
        beta_1: decay of the running mean of gradients, from 0 to below 1.
        beta_2: decay of the largest gradient seen, from 0 to below 1.
        epsilon: added for numerical safety.
    """

    keras_class = "Adamax"

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("adamax", "beta_1", self.beta_1, 0, 1, bounds="[)", hint="optimizer.beta_1=0.9")
        check_number("adamax", "beta_2", self.beta_2, 0, 1, bounds="[)", hint="optimizer.beta_2=0.999")


@dataclass
class Adafactor(KerasOptimizer):
    """Adafactor: mean squares kept by row and column, updates scaled by the weights (Shazeer & Stern 2018).

    Source: arXiv 1804.04235. At update n the rate is at most 1/√n, and it is multiplied by the root mean square of the
    tensor it moves, so `lr` is relative to the weights. Keras' `relative_step` has no effect under a schedule and is
    left out. Keras' `epsilon_1` of 1e-30 is multiplied by itself where a row and a column have no gradient, as between
    units that never fire; in float32 that is 0, and 0 is divided by it. The default here is large enough not to be.

    Args:
        beta_2_decay: the decay of the running mean at update n is 1 - n^beta_2_decay; below 0.
        epsilon_1: added to the squared gradients, greater than 0.
        epsilon_2: the least size of weights that updates are scaled by.
        clip_threshold: each tensor's update is scaled to at most this root mean square; greater than 0.
    """

    keras_class = "Adafactor"

    beta_2_decay: float = -0.8
    epsilon_1: float = 1e-16
    epsilon_2: float = 1e-3
    clip_threshold: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        hint = "optimizer.beta_2_decay=-0.8"
        check_number("adafactor", "beta_2_decay", self.beta_2_decay, -math.inf, 0, bounds="()", hint=hint)
        check_number("adafactor", "epsilon_1", self.epsilon_1, 0, bounds="()", hint="optimizer.epsilon_1=1e-16")
        check_number("adafactor", "epsilon_2", self.epsilon_2, 0, hint="optimizer.epsilon_2=0.001")
        hint = "optimizer.clip_threshold=1.0"
        check_number("adafactor", "clip_threshold", self.clip_threshold, 0, bounds="()", hint=hint)


@dataclass
class Ftrl(KerasOptimizer):
    """FTRL-Proximal: each weight anew from the sum of its gradients (McMahan et al. 2013, "Ad click prediction").

    Made for convex models such as a single layer (model=mlp model.hidden=[]): the weights that a network begins with
    are soon forgotten. It divides by the rate, so no update may have a rate of exactly 0, and the `lr_scale` of a group
    does not scale its moves in proportion.

    Args:
        learning_rate_power: how the rate falls with the sum of squared gradients; 0 keeps it; at most 0.
        initial_accumulator_value: what that sum starts from, at least 0.
        l1_regularization_strength: penalty on absolute weights, which makes zeros; at least 0.
        l2_regularization_strength: penalty on squared weights, within the update; at least 0.
        l2_shrinkage_regularization_strength: penalty on squared weights, in the gradient; at least 0.
        beta: the β of the paper, at least 0.
    """

    keras_class = "Ftrl"
    rate_may_be_zero = False

    learning_rate_power: float = -0.5
    initial_accumulator_value: float = 0.1
    l1_regularization_strength: float = 0.0
    l2_regularization_strength: float = 0.0
    l2_shrinkage_regularization_strength: float = 0.0
    beta: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        hint = "optimizer.learning_rate_power=-0.5"
        check_number("ftrl", "learning_rate_power", self.learning_rate_power, -math.inf, 0, bounds="(]", hint=hint)
        strengths = [f"{kind}_regularization_strength" for kind in ("l1", "l2", "l2_shrinkage")]
        for name in ("initial_accumulator_value", "beta", *strengths):
            check_number("ftrl", name, getattr(self, name), 0, hint=f"optimizer.{name}=0.0")


@dataclass
class Lion(KerasOptimizer):
    """Lion: every weight moves by the same amount, in the sign of its momentum (Chen et al. 2023, arXiv 2302.06675).

    The paper advises a tenth to a third of the rate, and three to ten times the weight decay, of AdamW.

    Args:
        beta_1: share of the running mean in the direction of an update, from above 0 to 1.
        beta_2: decay of the running mean of gradients, from 0 to below 1.
    """

    keras_class = "Lion"

    beta_1: float = 0.9
    beta_2: float = 0.99

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("lion", "beta_1", self.beta_1, 0, 1, bounds="(]", hint="optimizer.beta_1=0.9")
        check_number("lion", "beta_2", self.beta_2, 0, 1, bounds="[)", hint="optimizer.beta_2=0.99")


@dataclass
class Lamb(KerasOptimizer):
    """LAMB: Adam's step in proportion to the tensor it moves, for large batches (You et al. 2020, arXiv 1904.00962).

    Args:
        beta_1: decay of the running mean of gradients, from 0 to below 1.
        beta_2: decay of the running mean of squared gradients, from 0 to below 1.
        epsilon: added for numerical safety.
    """

    keras_class = "Lamb"

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("lamb", "beta_1", self.beta_1, 0, 1, bounds="[)", hint="optimizer.beta_1=0.9")
        check_number("lamb", "beta_2", self.beta_2, 0, 1, bounds="[)", hint="optimizer.beta_2=0.999")


@dataclass
class Muon(KerasOptimizer):
    """Muon: the momentum of a matrix made orthogonal, so that it moves all directions alike (Jordan et al. 2024).

        momentum_sum = momentum * momentum_sum + gradient
        weight -= rate * rms_rate * sqrt(max(rows, columns)) * orthogonal(gradient + momentum * momentum_sum)

    `orthogonal` is five Newton-Schulz steps towards U V^T of the singular value decomposition U S V^T. What is no
    matrix (kernels of convolutions, biases), embeddings and the last matrix of the model, its output layer, follow
    AdamW with the same rate. In a convolutional network that is most of it: Muon shows on models of dense layers.

    Source: K. Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"; the scale by rows and
    columns: Liu et al. 2025, arXiv 2502.16982.

    Args:
        weight_decay: as in AdamW, for every matrix and kernel.
        momentum: from 0 to below 1.
        nesterov: look ahead along the momentum; otherwise `orthogonal(momentum_sum)`.
        ns_steps: Newton-Schulz steps, at least 1.
        rms_rate: root mean square of an update as a fraction of the rate, which makes it like AdamW's; null: unscaled.
        adam_beta_1: decay of AdamW's running mean of gradients, from 0 to below 1.
        adam_beta_2: decay of AdamW's running mean of squared gradients, from 0 to below 1.
        adam_lr_ratio: AdamW's rate as a fraction of the rate, at least 0.
        epsilon: AdamW's, added for numerical safety.
    """

    keras_class = "Muon"

    weight_decay: float | None = 0.004
    momentum: float = 0.95
    nesterov: bool = True
    ns_steps: int = 5
    rms_rate: float | None = 0.2
    adam_beta_1: float = 0.9
    adam_beta_2: float = 0.999
    adam_lr_ratio: float = 1.0
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, usual in (("momentum", 0.95), ("adam_beta_1", 0.9), ("adam_beta_2", 0.999)):
            check_number("muon", name, getattr(self, name), 0, 1, bounds="[)", hint=f"optimizer.{name}={usual}")
        check_number("muon", "ns_steps", self.ns_steps, 1, hint="optimizer.ns_steps=5")
        check_number("muon", "adam_lr_ratio", self.adam_lr_ratio, 0, hint="optimizer.adam_lr_ratio=1.0")
        if self.rms_rate is not None:
            check_number("muon", "rms_rate", self.rms_rate, 0, bounds="(]", hint="optimizer.rms_rate=0.2")

    def optimizer_class(self) -> "type[keras.Optimizer]":
        from annealkit.optimizers._hidden_layer_muon import HiddenLayerMuon

        return HiddenLayerMuon


@hookimpl
def annealkit_optimizers() -> dict[str, type]:
    return {
        "sgd": Sgd,
        "adagrad": Adagrad,
        "adadelta": Adadelta,
        "rmsprop": RmsProp,
        "adam": Adam,
        "adamw": AdamW,
        "nadam": Nadam,
        "adamax": Adamax,
        "adafactor": Adafactor,
        "ftrl": Ftrl,
        "lion": Lion,
        "lamb": Lamb,
        "muon": Muon,
    }
