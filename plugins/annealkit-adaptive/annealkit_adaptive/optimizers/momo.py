"""MoMo and MoMo-Adam."""

import math
from typing import Any

import keras
from keras import ops

from annealkit_adaptive.optimizers.base import AdaptiveOptimizer, number_type, one_less_power


class LossModel(AdaptiveOptimizer):
    """Base of the optimizers whose step goes by how far the loss is above a lower bound.

    With the loss f, the gradient g, the rate r, the weight decay e, and rho, which is 1 or 1 - beta^t with bias
    correction:

        F = beta * F + (1 - beta) * f
        d = beta * d + (1 - beta) * g
        G = beta * G + (1 - beta) * g.w
        h = F - G + sum(d.w / (1 + r * e)),    n = sum(d.(d / D) / (1 + r * e))
        tau = min(r / rho, max(h - rho * lower_bound, 0) / n)
        w = (w - tau * d / D) / (1 + r * e)

    D is 1 for MoMo. The sums are over all weights, e being 0 for those without weight decay; where it is the same for
    all, this is the authors' formula. Where n is 0, so is tau.

    The loss comes in through `scale_loss`, which Keras' training step calls; a loop of one's own calls it once for each
    batch before `apply`. With several batches to an update (gradient_accumulation_steps) their mean loss counts. In a
    LossScaleOptimizer, as under mixed_float16, the loss does not come through; and on the JAX backend Keras drops what
    `scale_loss` remembers.

    `use_fstar` is MoMo*: after each update lower_bound becomes (F - G + d.w - tau / 2 * d.(d / D)) / rho, and before a
    step that would find the loss below the bound, half of h / rho; never less than what it was set to.

    Args:
        learning_rate: the largest step, a float or a schedule.
        lower_bound: of the loss; 0 fits a cross-entropy.
        use_fstar: estimate the lower bound from below while training.
        options: Keras' own: weight_decay (proximal here), clipnorm, use_ema and so on.
    """

    def __init__(self, learning_rate: Any, lower_bound: float, use_fstar: bool, **options: Any) -> None:
        super().__init__(learning_rate=learning_rate, **options)
        self.lower_bound = lower_bound
        self.use_fstar = use_fstar
        # Here and not in build, since scale_loss is called before the first update builds the others.
        self._loss_sum = self.add_number("loss_sum")
        self._loss_count = self.add_number("loss_count")
        self._loss_seen = False

    def build(self, variables: list[Any]) -> None:
        if self.built:
            return
        super().build(variables)
        self._means = self.add_optimizer_variables(variables, "mean")
        self._mean_loss = self.add_number("mean_loss")
        self._mean_product = self.add_number("mean_product")
        self._bound = self.add_number("lower_bound", self.lower_bound)
        self._tau = self.add_number("tau")
        self._relative_step = self.add_number("relative_step")

    @property
    def step_size(self) -> keras.Variable:
        """tau of the last update: the rate that was applied."""
        return self._tau

    @property
    def bound(self) -> keras.Variable:
        """The lower bound, as it stands."""
        return self._bound

    def scale_loss(self, loss: Any) -> Any:
        """Remember the loss for the next update; it is returned as any Keras optimizer does."""
        self._loss_seen = True
        self.assign_add(self._loss_sum, ops.cast(ops.mean(loss), number_type()))
        self.assign_add(self._loss_count, ops.ones((), number_type()))
        return super().scale_loss(loss)

    def _apply_weight_decay(self, variables: list[Any]) -> None:
        """Nothing: the decay is part of the step."""

    def _backend_update_step(self, grads: list[Any], trainable_variables: list[Any], learning_rate: Any) -> None:
        rate = ops.cast(learning_rate, number_type())
        loss = self._take_loss()
        keep, correction = self._averaging()
        product = product_now = decayed_product = size = decayed_size = ops.zeros((), number_type())
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            gradient = self.prepared(gradient, variable)
            mean = self._means[self._get_variable_index(variable)]
            kept = ops.cast(keep, variable.dtype)
            self.assign(mean, kept * mean + (1 - kept) * gradient)
            self._observe(gradient, variable)
            shrink = 1 + rate * self.decay_of(variable)
            here = ops.cast(ops.sum(mean * variable), number_type())
            length = ops.cast(ops.sum(mean * self._scaled(mean, variable)), number_type())
            product += ops.cast(ops.sum(gradient * variable), number_type())
            product_now, decayed_product = product_now + here, decayed_product + here / shrink
            size, decayed_size = size + length, decayed_size + length / shrink
        self.assign(self._mean_loss, keep * self._mean_loss + (1 - keep) * loss)
        self.assign(self._mean_product, keep * self._mean_product + (1 - keep) * product)

        line = self._mean_loss - self._mean_product
        ahead = line + decayed_product
        if self.use_fstar:
            lowered = ops.maximum(ahead / (2 * correction), self.lower_bound)
            self.assign(self._bound, ops.where(ahead < correction * self._bound, lowered, self._bound))
        moves = decayed_size > 0
        wanted = ops.maximum(ahead - correction * self._bound, 0.0) / ops.where(moves, decayed_size, 1.0)
        tau = ops.where(moves, ops.minimum(rate / correction, wanted), 0.0)
        if self.use_fstar:
            reached = (line + product_now - 0.5 * tau * size) / correction
            self.assign(self._bound, ops.maximum(reached, self.lower_bound))
        self.assign(self._tau, tau)
        self.assign(self._relative_step, ops.where(rate > 0, tau / ops.where(rate > 0, rate, 1.0), 0.0))
        super()._backend_update_step(grads, trainable_variables, learning_rate)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        # By way of the rate, so that a group of variables with a rate of its own has it.
        rate = ops.cast(learning_rate, number_type())
        step = ops.cast(self._relative_step * rate, variable.dtype)
        shrink = ops.cast(1 + rate * self.decay_of(variable), variable.dtype)
        mean = self._means[self._get_variable_index(variable)]
        self.assign(variable, (variable - step * self._scaled(mean, variable)) / shrink)

    def _averaging(self) -> tuple[Any, Any]:
        """What the running means keep of themselves in this update, and rho."""
        raise NotImplementedError

    def _observe(self, gradient: Any, variable: Any) -> None:
        """Keep more of a gradient than its mean."""

    def _scaled(self, mean: Any, variable: Any) -> Any:
        """The mean gradient over D."""
        return mean

    def _take_loss(self) -> Any:
        if not self._loss_seen:
            raise ValueError(
                f"{type(self).__name__}: apply was called, but scale_loss never was, and without the loss there is no "
                "step. Try loss = optimizer.scale_loss(loss) before the gradients are taken; model.fit does so by "
                "itself, but not through a LossScaleOptimizer (mixed_float16; take mixed_bfloat16)."
            )
        # In a graph nothing can be raised: an update without a loss of its own gives weights that are no numbers.
        given = self._loss_count > 0
        loss = ops.where(given, self._loss_sum / ops.where(given, self._loss_count, 1.0), math.nan)
        self.assign(self._loss_sum, 0.0)
        self.assign(self._loss_count, 0.0)
        return loss

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "lower_bound": self.lower_bound, "use_fstar": self.use_fstar}


@keras.saving.register_keras_serializable("annealkit_adaptive")
class Momo(LossModel):
    """MoMo: SGD with momentum whose step is no longer than the loss has to fall, and at most the rate.

    See LossModel for the formula, with D = 1. Without bias correction the running means begin at their first value.

    Source: Schaipp, Ohana, Eickenberg, Defazio, Gower 2023, "MoMo: Momentum Models for Adaptive Learning Rates", arXiv
    2305.07583, algorithms 1 and 3 (MoMo*).

    Args:
        learning_rate: the largest step, a float or a schedule.
        beta: decay of the running means, in [0, 1).
        lower_bound: of the loss; 0 fits a cross-entropy.
        bias_correction: begin the running means at 0 and divide by what is missing.
        use_fstar: estimate the lower bound while training, from `lower_bound` up.
        options: Keras' own: weight_decay (proximal here), clipnorm, use_ema and so on.
    """

    def __init__(
        self,
        learning_rate: Any = 1.0,
        beta: float = 0.9,
        lower_bound: float = 0.0,
        bias_correction: bool = False,
        use_fstar: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, lower_bound, use_fstar, **options)
        self.beta = beta
        self.bias_correction = bias_correction

    def _averaging(self) -> tuple[Any, Any]:
        if self.bias_correction:
            return ops.convert_to_tensor(self.beta, number_type()), one_less_power(self.beta, self.updates())
        return ops.where(ops.equal(self.iterations, 0), 0.0, self.beta), ops.ones((), number_type())

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta": self.beta, "bias_correction": self.bias_correction}


@keras.saving.register_keras_serializable("annealkit_adaptive")
class MomoAdam(LossModel):
    """MoMo-Adam: Adam whose step is no longer than the loss has to fall, and at most the rate.

    See LossModel for the formula, with bias correction and D = sqrt(v / (1 - beta_2^t)) + epsilon, where
    v = beta_2 * v + (1 - beta_2) * g^2.

    Source: Schaipp, Ohana, Eickenberg, Defazio, Gower 2023, "MoMo: Momentum Models for Adaptive Learning Rates", arXiv
    2305.07583, algorithm 2.

    Args:
        learning_rate: the largest step, a float or a schedule.
        beta_1: decay of the running means, in [0, 1).
        beta_2: decay of the running mean of squared gradients, in [0, 1).
        epsilon: added for numerical safety, above 0.
        lower_bound: of the loss; 0 fits a cross-entropy.
        use_fstar: estimate the lower bound while training, from `lower_bound` up.
        options: Keras' own: weight_decay (proximal here), clipnorm, use_ema and so on.
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        lower_bound: float = 0.0,
        use_fstar: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, lower_bound, use_fstar, **options)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def build(self, variables: list[Any]) -> None:
        if self.built:
            return
        super().build(variables)
        self._squares = self.add_optimizer_variables(variables, "square")

    def _averaging(self) -> tuple[Any, Any]:
        return ops.convert_to_tensor(self.beta_1, number_type()), one_less_power(self.beta_1, self.updates())

    def _observe(self, gradient: Any, variable: Any) -> None:
        square = self._squares[self._get_variable_index(variable)]
        self.assign_add(square, (ops.square(gradient) - square) * (1 - self.beta_2))

    def _scaled(self, mean: Any, variable: Any) -> Any:
        square = self._squares[self._get_variable_index(variable)]
        correction = ops.cast(one_less_power(self.beta_2, self.updates()), variable.dtype)
        return mean / (ops.sqrt(square / correction) + self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
