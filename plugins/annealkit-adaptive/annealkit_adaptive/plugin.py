"""What the plugin adds to annealkit: a dataclass for each optimizer. Keras is imported only when one is built."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from annealkit import ConfigError, hookimpl
from annealkit.fields.checks import check_number
from annealkit.optimizers import KerasOptimizer

if TYPE_CHECKING:
    import keras


@dataclass
class AdaBound(KerasOptimizer):
    """AdaBound: Adam whose rate for each weight is clipped to a band that closes on an SGD rate.

    With update t from 1, rate r and F = final_learning_rate * schedule's factor:

        step = r * sqrt(1 - beta_2^t) / (1 - beta_1^t) / (sqrt(v) + epsilon)
        weight -= clip(step, F * (1 - 1 / (gamma * t + 1)), F * (1 + 1 / (gamma * t))) * m

    where m and v are the running means of gradients and their squares. Schedules that fit: those that fit SGD, such as
    step or cosine; the authors divide both rates by ten late in the run.
    Source: Luo et al. 2019, arXiv 1902.09843. `lr` and all defaults are the authors'.

    Args:
        beta_1: decay of the running mean of gradients, from 0 to below 1.
        beta_2: decay of the running mean of squared gradients, from 0 to below 1.
        final_learning_rate: the SGD rate that both bounds approach at the schedule's factor 1, above 0.
        gamma: how fast they do, between 0 and 1.
        epsilon: added for numerical safety, above 0.
        amsbound: divide by the largest mean square so far.
    """

    lr: float = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    final_learning_rate: float = 0.1
    gamma: float = 0.001
    epsilon: float = 1e-8
    amsbound: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_decay("adabound", self, "beta_1", 0.9)
        _check_decay("adabound", self, "beta_2", 0.999)
        _check_above_zero("adabound", self, "final_learning_rate", 0.1)
        check_number("adabound", "gamma", self.gamma, 0, 1, bounds="()", hint="optimizer.gamma=0.001")
        _check_above_zero("adabound", self, "epsilon", 1e-8)

    def build(self, learning_rate: Any) -> "keras.Optimizer":
        optimizer = super().build(learning_rate)
        optimizer.base_learning_rate = self.lr
        return optimizer

    def optimizer_class(self) -> "type[keras.Optimizer]":
        from annealkit_adaptive.optimizers import AdaBound

        return AdaBound


@dataclass
class Swats(KerasOptimizer):
    """SWATS: Adam, which switches once to SGD with momentum, at a rate that Adam's steps suggest.

    With Adam's step p and the gradient g of all weights: c = p.p / -p.g is the SGD rate that would go as far, L its
    running mean. When |L - c| < tolerance, for the first time after the first update, the weights move by
    v = beta_1 * v + g, weight -= (1 - beta_1) * L * v from then on. The schedule multiplies the steps of both phases.
    Schedules that fit: those that fit SGD, such as step (the paper's) or cosine.
    Source: Keskar & Socher 2017, arXiv 1712.07628, algorithm 1. `lr` and all defaults are the paper's. Its tolerance
    may never be met where gradients are noisy: try 1e-5 if the switch does not come.

    Args:
        beta_1: decay of the running mean of gradients and SGD's momentum, from 0 to below 1.
        beta_2: decay of the running means of squared gradients and of the estimate, from 0 to below 1.
        epsilon: added for numerical safety, above 0.
        tolerance: how close the estimate must come to its mean, above 0; a rate.
    """

    lr: float = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-9
    tolerance: float = 1e-9

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_decay("swats", self, "beta_1", 0.9)
        _check_decay("swats", self, "beta_2", 0.999)
        _check_above_zero("swats", self, "epsilon", 1e-9)
        _check_above_zero("swats", self, "tolerance", 1e-9)

    def build(self, learning_rate: Any) -> "keras.Optimizer":
        optimizer = super().build(learning_rate)
        optimizer.base_learning_rate = self.lr
        return optimizer

    def optimizer_class(self) -> "type[keras.Optimizer]":
        from annealkit_adaptive.optimizers import SWATS

        return SWATS


@dataclass
class Prodigy(KerasOptimizer):
    """Prodigy: Adam with a rate that it estimates itself; `lr` stays 1.

    With the estimate d, the rate r and R = d * r: m and v are Adam's running means of d * g and (d * g)^2, and

        d = d_coef * (running sum of d / d0 * R * g.(w0 - w)) / |running sum of d / d0 * R * g|_1, where it has grown
        weight -= R * (weight_decay * weight + m / (sqrt(v) + d * epsilon))

    over all weights at once; w0 are those of the start. Schedules that fit: cosine, or constant. With a warmup, set
    `safeguard_warmup=true`. The learning rate that annealkit records is r, without the estimate.
    Source: Mishchenko & Defazio 2023, arXiv 2306.06101. `lr` and all defaults are the authors'.

    Args:
        beta_1: decay of the running mean of gradients, from 0 to below 1.
        beta_2: decay of the running mean of squared gradients, from above 0 to below 1.
        beta_3: decay of the sums that the estimate is made of, from 0 to below 1; null for the root of beta_2.
        epsilon: added for numerical safety, above 0.
        d0: the first estimate, above 0; far too small is right.
        d_coef: multiplies the estimate, above 0; what to tune, between 0.5 and 2.
        growth_rate: how many times as large the estimate may become in one update, above 1; null for any.
        use_bias_correction: Adam's.
        safeguard_warmup: leave the rate out of the divisor of the estimate.
    """

    lr: float = 1.0
    beta_1: float = 0.9
    beta_2: float = 0.999
    beta_3: float | None = None
    epsilon: float = 1e-8
    d0: float = 1e-6
    d_coef: float = 1.0
    growth_rate: float | None = None
    use_bias_correction: bool = False
    safeguard_warmup: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_groups("prodigy", self)
        _check_decay("prodigy", self, "beta_1", 0.9)
        check_number("prodigy", "beta_2", self.beta_2, 0, 1, bounds="()", hint="optimizer.beta_2=0.999")
        if self.beta_3 is not None:
            check_number("prodigy", "beta_3", self.beta_3, 0, 1, bounds="[)", hint="optimizer.beta_3=null")
        for name, value in (("epsilon", 1e-8), ("d0", 1e-6), ("d_coef", 1.0)):
            _check_above_zero("prodigy", self, name, value)
        if self.growth_rate is not None:
            check_number("prodigy", "growth_rate", self.growth_rate, 1, bounds="()", hint="optimizer.growth_rate=1.02")

    def optimizer_class(self) -> "type[keras.Optimizer]":
        from annealkit_adaptive.optimizers import Prodigy

        return Prodigy


@dataclass
class ScheduleFreeOptimizer(KerasOptimizer):
    """Base of the schedule-free optimizers.

    Args:
        weight_power: how much more later points count in the average, at least 0.
        weight_lr_power: how much less points of a warmup count in the average, at least 0.
    """

    weight_power: float = 0.0
    weight_lr_power: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_groups("schedule_free", self)
        for name, value in (("weight_power", 0.0), ("weight_lr_power", 2.0)):
            check_number("schedule_free", name, getattr(self, name), 0, hint=f"optimizer.{name}={value}")
        if self.ema_momentum is not None:
            raise ConfigError(
                "schedule_free: ema_momentum must be null, since this optimizer averages the weights itself; "
                f"got {self.ema_momentum!r}. Try optimizer.ema_momentum=null."
            )


@dataclass
class ScheduleFreeSgd(ScheduleFreeOptimizer):
    """Schedule-free SGD: plain steps, an average of all points, and gradients taken between the two.

        y = (1 - momentum) * z + momentum * x,    z -= rate * (g(y) + weight_decay * y),    x += c * (z - x)

    c is t^weight_power * (largest rate so far)^weight_lr_power over the sum of these, 1/t at a constant rate.
    Validation, test and the saved model have x; it trains y. What fits: schedule=constant with a warmup of 5 %.
    Source: Defazio et al. 2024, arXiv 2405.15682. `lr` and all defaults are the authors', who advise ten to fifty times
    the rate of SGD with momentum.

    Args:
        momentum: how close gradients are taken to the average, above 0 and below 1.
    """

    lr: float = 1.0
    momentum: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("schedule_free_sgd", "momentum", self.momentum, 0, 1, bounds="()", hint="optimizer.momentum=0.9")

    def optimizer_class(self) -> "type[keras.Optimizer]":
        from annealkit_adaptive.optimizers import ScheduleFreeSGD

        return ScheduleFreeSGD


@dataclass
class ScheduleFreeAdamW(ScheduleFreeOptimizer):
    """Schedule-free AdamW: Adam's steps, an average of all points, and gradients taken between the two.

        y = (1 - beta_1) * z + beta_1 * x,    v = beta_2 * v + (1 - beta_2) * g(y)^2
        z -= rate * (g(y) / (sqrt(v / (1 - beta_2^t)) + epsilon) + weight_decay * y),    x += c * (z - x)

    c is t^weight_power * (largest rate so far)^weight_lr_power over the sum of these, 1/t at a constant rate.
    Validation, test and the saved model have x; it trains y. What fits: schedule=constant with a warmup of 5 %.
    Source: Defazio et al. 2024, arXiv 2405.15682. `lr` and all defaults are the authors', who advise one to ten times
    the rate of AdamW under a schedule.

    Args:
        beta_1: how close gradients are taken to the average, above 0 and below 1; 0.95 or 0.98 in long runs.
        beta_2: decay of the running mean of squared gradients, from 0 to below 1.
        epsilon: added for numerical safety, above 0.
    """

    lr: float = 0.0025
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("schedule_free_adamw", "beta_1", self.beta_1, 0, 1, bounds="()", hint="optimizer.beta_1=0.9")
        _check_decay("schedule_free_adamw", self, "beta_2", 0.999)
        _check_above_zero("schedule_free_adamw", self, "epsilon", 1e-8)

    def optimizer_class(self) -> "type[keras.Optimizer]":
        from annealkit_adaptive.optimizers import ScheduleFreeAdamW

        return ScheduleFreeAdamW


@dataclass
class Momo(KerasOptimizer):
    """MoMo: SGD with momentum whose step is no longer than the loss has to fall, and at most `lr`.

    With the running means F of the loss, d of gradients g and G of g.w, where the decay is 0:

        step = min(rate, max(F - G + d.w - lower_bound, 0) / |d|^2),    weight -= step * d

    With `weight_decay` the weights are divided by 1 + rate * weight_decay instead of shortened beforehand, and the step
    takes that into account. Schedules that fit: constant, or any that only bounds the step. The learning rate that
    annealkit records is the bound, not the step.
    Source: Schaipp et al. 2023, arXiv 2305.07583. `lr` and all defaults are the authors'; for keras_cnn, which has no
    normalisation, that bound is too high: try lr=0.1.

    Args:
        beta: decay of the running means, from 0 to below 1.
        lower_bound: of the loss; 0 fits a cross-entropy.
        bias_correction: begin the running means at 0 and divide by what is missing.
        use_fstar: estimate the lower bound while training, from `lower_bound` up (MoMo*).
    """

    lr: float = 1.0
    beta: float = 0.9
    lower_bound: float = 0.0
    bias_correction: bool = False
    use_fstar: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_groups("momo", self)
        _check_decay("momo", self, "beta", 0.9)
        check_number("momo", "lower_bound", self.lower_bound, -math.inf, bounds="()", hint="optimizer.lower_bound=0.0")

    def optimizer_class(self) -> "type[keras.Optimizer]":
        from annealkit_adaptive.optimizers import Momo

        return Momo


@dataclass
class MomoAdam(KerasOptimizer):
    """MoMo-Adam: Adam whose step is no longer than the loss has to fall, and at most `lr`.

    With the running means F of the loss, d of gradients g and G of g.w from 0 on, rho = 1 - beta_1^t, and Adam's
    divisor D = sqrt(v / (1 - beta_2^t)) + epsilon, where the decay is 0:

        step = min(rate / rho, max(F - G + d.w - rho * lower_bound, 0) / d.(d / D)),    weight -= step * d / D

    `weight_decay`, schedules and the recorded rate are as with momo.
    Source: Schaipp et al. 2023, arXiv 2305.07583. `lr` and all defaults are the authors'; for keras_cnn, which has no
    normalisation, that bound is too high, as it is for Adam: try lr=0.002.

    Args:
        beta_1: decay of the running means, from 0 to below 1.
        beta_2: decay of the running mean of squared gradients, from 0 to below 1.
        epsilon: added for numerical safety, above 0.
        lower_bound: of the loss; 0 fits a cross-entropy.
        use_fstar: estimate the lower bound while training, from `lower_bound` up (MoMo*).
    """

    lr: float = 0.01
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    lower_bound: float = 0.0
    use_fstar: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_groups("momo_adam", self)
        _check_decay("momo_adam", self, "beta_1", 0.9)
        _check_decay("momo_adam", self, "beta_2", 0.999)
        _check_above_zero("momo_adam", self, "epsilon", 1e-8)
        check_number(
            "momo_adam", "lower_bound", self.lower_bound, -math.inf, bounds="()", hint="optimizer.lower_bound=0.0"
        )

    def optimizer_class(self) -> "type[keras.Optimizer]":
        from annealkit_adaptive.optimizers import MomoAdam

        return MomoAdam


def _check_decay(part: str, options: KerasOptimizer, name: str, usual: float) -> None:
    check_number(part, name, getattr(options, name), 0, 1, bounds="[)", hint=f"optimizer.{name}={usual:g}")


def _check_above_zero(part: str, options: KerasOptimizer, name: str, usual: float) -> None:
    check_number(part, name, getattr(options, name), 0, bounds="()", hint=f"optimizer.{name}={usual:g}")


def _check_groups(part: str, options: KerasOptimizer) -> None:
    """Refuse groups beside weight decay: annealkit would add its own decay to the one within the step."""
    if options.groups and (options.weight_decay or any(group.weight_decay for group in options.groups)):
        raise ConfigError(
            f"{part}: groups can have no weight decay here, where it is part of the step; got "
            f"weight_decay={options.weight_decay!r} and {len(options.groups)} group(s). "
            "Try optimizer.weight_decay=null and no weight_decay in the groups, or optimizer.groups=[]."
        )


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
