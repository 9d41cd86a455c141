"""Muon."""

from typing import TYPE_CHECKING

from annealkit import KerasOptimizer, checked_dataclass, flag, hookimpl, integer, number

if TYPE_CHECKING:
    import keras


@checked_dataclass
class Muon(KerasOptimizer):
    """Muon: the momentum of a matrix made orthogonal, so that it moves all directions alike (Jordan et al. 2024).

        momentum_sum = momentum * momentum_sum + gradient
        weight -= rate * rms_rate * sqrt(max(rows, columns)) * orthogonal(gradient + momentum * momentum_sum)

    `orthogonal` is five Newton-Schulz steps towards U V^T of the singular value decomposition U S V^T. What is no
    matrix (kernels of convolutions, biases), embeddings and the last matrix of the model, its output layer, follow
    AdamW with the same rate. In a convolutional network that is most of it: Muon shows on models of dense layers.

    Source: K. Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"; the scale by rows and
    columns: Liu et al. 2025, arXiv 2502.16982.
    """

    keras_class = "Muon"

    lr: float = 0.001
    momentum: float = number(0.95, "[0, 1)", "how much of the sum is kept")
    nesterov: bool = flag(True, "look ahead along the momentum; otherwise `orthogonal(momentum_sum)`")
    ns_steps: int = integer(5, "[1, inf)", "Newton-Schulz steps")
    rms_rate: float | None = number(
        0.2,
        "(0, inf)",
        "root mean square of an update as a fraction of the rate; makes it like AdamW's",
        null="unscaled",
    )
    adam_beta_1: float = number(0.9, "[0, 1)", "decay of AdamW's running mean of gradients")
    adam_beta_2: float = number(0.999, "[0, 1)", "decay of AdamW's running mean of squared gradients")
    adam_lr_ratio: float = number(1.0, "[0, inf)", "AdamW's rate as a fraction of the rate")
    epsilon: float = number(1e-7, "[0, inf)", "added to AdamW's divisor; for numerical safety")
    weight_decay: float | None = 0.004

    def optimizer_class(self) -> "type[keras.Optimizer]":
        from annealkit.optimizers._hidden_layer_muon import HiddenLayerMuon

        return HiddenLayerMuon


@hookimpl
def annealkit_optimizers() -> dict[str, type]:
    return {"muon": Muon}
