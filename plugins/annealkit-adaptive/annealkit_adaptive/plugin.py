"""What the plugin adds to annealkit: a dataclass for each optimizer. Keras is imported only when one is built."""

from typing import TYPE_CHECKING, Any

from annealkit import KerasOptimizer, SettingError, checked_dataclass, flag, hookimpl, number

if TYPE_CHECKING:
    import keras


@checked_dataclass
class DecayWithinStep(KerasOptimizer):
    """Base of the optimizers whose weight decay is part of their step."""

    def __post_init__(self) -> None:
        super().__post_init__()
        # annealkit gives groups their decay beside the step, so it would be added to the one within.
        if self.groups and (self.weight_decay or any(group.weight_decay for group in self.groups)):
            problem = (
                " can have no weight decay here, where it is part of the step; got "
                f"weight_decay={self.weight_decay!r} and {len(self.groups)} group(s)"
            )
            raise SettingError(self, "groups", problem, "[], or optimizer.weight_decay=null and none in the groups")


@checked_dataclass
class AdaBound(KerasOptimizer):
    """AdaBound: Adam whose rate for each weight is clipped to a band that closes on an SGD rate.

    With update t from 1, rate r and F = final_learning_rate * schedule's factor:

        step = r * sqrt(1 - beta_2^t) / (1 - beta_1^t) / (sqrt(v) + epsilon)
        weight -= clip(step, F * (1 - 1 / (gamma * t + 1)), F * (1 + 1 / (gamma * t))) * m

    where m and v are the running means of gradients and their squares. Schedules that fit: those that fit SGD, such as
    step or cosine; the authors divide both rates by ten late in the run.
    Source: Luo et al. 2019, arXiv 1902.09843. `lr` and all defaults are the authors'.
    """

    lr: float = 0.001
    beta_1: float = number(0.9, "[0, 1)", "decay of the running mean of gradients")
    beta_2: float = number(0.999, "[0, 1)", "decay of the running mean of squared gradients")
    final_learning_rate: float = number(
        0.1, "(0, inf)", "the SGD rate that both bounds approach at the schedule's factor 1"
    )
    gamma: float = number(0.001, "(0, 1)", "how fast they do")
    epsilon: float = number(1e-8, "(0, inf)", "added for numerical safety")
    amsbound: bool = flag(False, "divide by the largest mean square so far")

    def build(self, learning_rate: Any) -> "keras.Optimizer":
        optimizer = super().build(learning_rate)
        optimizer.base_learning_rate = self.lr
        return optimizer

    def optimizer_class(self) -> "type[keras.Optimizer]":
        from annealkit_adaptive.optimizers import AdaBound

        return AdaBound


@checked_dataclass
class Swats(KerasOptimizer):
    """SWATS: Adam, which switches once to SGD with momentum, at a rate that Adam's steps suggest.

    With Adam's step p and the gradient g of all weights: c = p.p / -p.g is the SGD rate that would go as far, L its
    running mean. When |L - c| < tolerance, for the first time after the first update, the weights move by
    v = beta_1 * v + g, weight -= (1 - beta_1) * L * v from then on. The schedule multiplies the steps of both phases.
    Schedules that fit: those that fit SGD, such as step (the paper's) or cosine.
    Source: Keskar & Socher 2017, arXiv 1712.07628, algorithm 1. `lr` and all defaults are the paper's. Its tolerance
    may never be met where gradients are noisy: try 1e-5 if the switch does not come.
    """

    lr: float = 0.001
    beta_1: float = number(0.9, "[0, 1)", "decay of the running mean of gradients and SGD's momentum")
    beta_2: float = number(0.999, "[0, 1)", "decay of the running means of squared gradients and of the estimate")
    epsilon: float = number(1e-9, "(0, inf)", "added for numerical safety")
    tolerance: float = number(1e-9, "(0, inf)", "how close the estimate must come to its mean; a rate")

    def build(self, learning_rate: Any) -> "keras.Optimizer":
        optimizer = super().build(learning_rate)
        optimizer.base_learning_rate = self.lr
        return optimizer

    def optimizer_class(self) -> "type[keras.Optimizer]":
        from annealkit_adaptive.optimizers import SWATS

        return SWATS


@checked_dataclass
class Prodigy(DecayWithinStep):
    """Prodigy: Adam with a rate that it estimates itself; `lr` stays 1.

    With the estimate d, the rate r and R = d * r: m and v are Adam's running means of d * g and (d * g)^2, and

        d = d_coef * (running sum of d / d0 * R * g.(w0 - w)) / |running sum of d / d0 * R * g|_1, where it has grown
        weight -= R * (weight_decay * weight + m / (sqrt(v) + d * epsilon))

    over all weights at once; w0 are those of the start. Schedules that fit: cosine, or constant. With a warmup, set
    `safeguard_warmup=true`. The learning rate that annealkit records is r, without the estimate.
    Source: Mishchenko & Defazio 2023, arXiv 2306.06101. `lr` and all defaults are the authors'.
    """

    lr: float = 1.0
    beta_1: float = number(0.9, "[0, 1)", "decay of the running mean of gradients")
    beta_2: float = number(0.999, "(0, 1)", "decay of the running mean of squared gradients")
    beta_3: float | None = number(
        None, "[0, 1)", "decay of the sums that the estimate is made of", null="the root of beta_2"
    )
    epsilon: float = number(1e-8, "(0, inf)", "added for numerical safety")
    d0: float = number(1e-6, "(0, inf)", "the first estimate; far too small is right")
    d_coef: float = number(1.0, "(0, inf)", "multiplies the estimate; what to tune, between 0.5 and 2")
    growth_rate: float | None = number(
        None, "(1, inf)", "how many times as large the estimate may become in one update", null="any", hint="1.02"
    )
    use_bias_correction: bool = flag(False, "Adam's")
    safeguard_warmup: bool = flag(False, "leave the rate out of the divisor of the estimate")

    def optimizer_class(self) -> "type[keras.Optimizer]":
        from annealkit_adaptive.optimizers import Prodigy

        return Prodigy


@checked_dataclass
class ScheduleFreeOptimizer(DecayWithinStep):
    """Base of the schedule-free optimizers."""

    weight_power: float = number(0.0, "[0, inf)", "how much more later points count in the average")
    weight_lr_power: float = number(2.0, "[0, inf)", "how much less points of a warmup count in the average")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.ema_momentum is not None:
            problem = f" must be null, since this optimizer averages the weights itself; got {self.ema_momentum!r}"
            raise SettingError(self, "ema_momentum", problem, "null")


@checked_dataclass
class ScheduleFreeSgd(ScheduleFreeOptimizer):
    """Schedule-free SGD: plain steps, an average of all points, and gradients taken between the two.

        y = (1 - momentum) * z + momentum * x,    z -= rate * (g(y) + weight_decay * y),    x += c * (z - x)

    c is t^weight_power * (largest rate so far)^weight_lr_power over the sum of these, 1/t at a constant rate.
    Validation, test and the saved model have x; it trains y. What fits: schedule=constant with a warmup of 5 %.
    Source: Defazio et al. 2024, arXiv 2405.15682. `lr` and all defaults are the authors', who advise ten to fifty times
    the rate of SGD with momentum.
    """

    lr: float = 1.0
    momentum: float = number(0.9, "(0, 1)", "how close gradients are taken to the average")

    def optimizer_class(self) -> "type[keras.Optimizer]":
        from annealkit_adaptive.optimizers import ScheduleFreeSGD

        return ScheduleFreeSGD


@checked_dataclass
class ScheduleFreeAdamW(ScheduleFreeOptimizer):
    """Schedule-free AdamW: Adam's steps, an average of all points, and gradients taken between the two.

        y = (1 - beta_1) * z + beta_1 * x,    v = beta_2 * v + (1 - beta_2) * g(y)^2
        z -= rate * (g(y) / (sqrt(v / (1 - beta_2^t)) + epsilon) + weight_decay * y),    x += c * (z - x)

    c is t^weight_power * (largest rate so far)^weight_lr_power over the sum of these, 1/t at a constant rate.
    Validation, test and the saved model have x; it trains y. What fits: schedule=constant with a warmup of 5 %.
    Source: Defazio et al. 2024, arXiv 2405.15682. `lr` and all defaults are the authors', who advise one to ten times
    the rate of AdamW under a schedule.
    """

    lr: float = 0.0025
    beta_1: float = number(0.9, "(0, 1)", "how close gradients are taken to the average; 0.95 or 0.98 in long runs")
    beta_2: float = number(0.999, "[0, 1)", "decay of the running mean of squared gradients")
    epsilon: float = number(1e-8, "(0, inf)", "added for numerical safety")

    def optimizer_class(self) -> "type[keras.Optimizer]":
        from annealkit_adaptive.optimizers import ScheduleFreeAdamW

        return ScheduleFreeAdamW


@checked_dataclass
class Momo(DecayWithinStep):
    """MoMo: SGD with momentum whose step is no longer than the loss has to fall, and at most `lr`.

    With the running means F of the loss, d of gradients g and G of g.w, where the decay is 0:

        step = min(rate, max(F - G + d.w - lower_bound, 0) / |d|^2),    weight -= step * d

    With `weight_decay` the weights are divided by 1 + rate * weight_decay instead of shortened beforehand, and the step
    takes that into account. Schedules that fit: constant, or any that only bounds the step. The learning rate that
    annealkit records is the bound, not the step.
    Source: Schaipp et al. 2023, arXiv 2305.07583. `lr` and all defaults are the authors'; for keras_cnn, which has no
    normalisation, that bound is too high: try lr=0.1.
    """

    lr: float = 1.0
    beta: float = number(0.9, "[0, 1)", "decay of the running means")
    lower_bound: float = number(0.0, "(-inf, inf)", "of the loss; 0 fits a cross-entropy")
    bias_correction: bool = flag(False, "begin the running means at 0 and divide by what is missing")
    use_fstar: bool = flag(False, "estimate the lower bound while training, from `lower_bound` up (MoMo*)")

    def optimizer_class(self) -> "type[keras.Optimizer]":
        from annealkit_adaptive.optimizers import Momo

        return Momo


@checked_dataclass
class MomoAdam(DecayWithinStep):
    """MoMo-Adam: Adam whose step is no longer than the loss has to fall, and at most `lr`.

    With the running means F of the loss, d of gradients g and G of g.w from 0 on, rho = 1 - beta_1^t, and Adam's
    divisor D = sqrt(v / (1 - beta_2^t)) + epsilon, where the decay is 0:

        step = min(rate / rho, max(F - G + d.w - rho * lower_bound, 0) / d.(d / D)),    weight -= step * d / D

    `weight_decay`, schedules and the recorded rate are as with momo.
    Source: Schaipp et al. 2023, arXiv 2305.07583. `lr` and all defaults are the authors'; for keras_cnn, which has no
    normalisation, that bound is too high, as it is for Adam: try lr=0.002.
    """

    lr: float = 0.01
    beta_1: float = number(0.9, "[0, 1)", "decay of the running means")
    beta_2: float = number(0.999, "[0, 1)", "decay of the running mean of squared gradients")
    epsilon: float = number(1e-8, "(0, inf)", "added for numerical safety")
    lower_bound: float = number(0.0, "(-inf, inf)", "of the loss; 0 fits a cross-entropy")
    use_fstar: bool = flag(False, "estimate the lower bound while training, from `lower_bound` up (MoMo*)")

    def optimizer_class(self) -> "type[keras.Optimizer]":
        from annealkit_adaptive.optimizers import MomoAdam

        return MomoAdam


@hookimpl
def annealkit_optimizers() -> dict[str, type]:
    return {
        "swats": Swats,
        "adabound": AdaBound,
        "prodigy": Prodigy,
        "schedule_free_sgd": ScheduleFreeSgd,
        "schedule_free_adamw": ScheduleFreeAdamW,
        "momo": Momo,
        "momo_adam": MomoAdam,
    }
