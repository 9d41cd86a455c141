"""Prodigy."""

import math
from typing import Any

import keras
from keras import ops

from annealkit_adaptive.optimizers.base import AdaptiveOptimizer, number_type, one_less_power


@keras.saving.register_keras_serializable("annealkit_adaptive")
class Prodigy(AdaptiveOptimizer):
    """Prodigy: Adam with a rate that it estimates itself, from how far the weights are from where they began.

    With the gradient g, the rate r (usually 1 times a schedule), the estimate d and the first weights w0:

        R = d * r,  with use_bias_correction times sqrt(1 - beta_2^t) / (1 - beta_1^t)
        m = beta_1 * m + (1 - beta_1) * d * g,    v = beta_2 * v + (1 - beta_2) * d^2 * g^2
        n = beta_3 * n + d / d0 * R * g.(w0 - w)
        s = beta_3 * s + d / d0 * R * g               (safeguard_warmup: d / d0 * d * g)
        d' = d_coef * n / |s|_1
        d = the largest d' so far, at least d0        (growth_rate: at most growth_rate times the d before)
        w -= R * (weight_decay * w + m / (sqrt(v) + d * epsilon)),    with R of the d before

    All sums are over all weights. An update at rate 0 changes nothing, the estimate included.

    Source: Mishchenko & Defazio 2023, "Prodigy: An Expeditiously Adaptive Parameter-Free Learner", arXiv 2306.06101;
    the order within an update is that of the authors' code. A group of variables with a rate of its own has longer or
    shorter steps, but does not change the estimate.

    Args:
        learning_rate: multiplies the estimate; 1.0 or a schedule that begins there.
        beta_1: decay of the running mean of gradients, in [0, 1).
        beta_2: decay of the running mean of squared gradients, in (0, 1).
        beta_3: decay of the sums that the estimate is made of, in [0, 1); None for the root of beta_2.
        epsilon: added for numerical safety, above 0.
        d0: the first estimate, above 0; far too small is right.
        d_coef: multiplies the estimate, above 0; what to tune, between 0.5 and 2.
        growth_rate: how many times as large the estimate may become in one update, above 1; None for any.
        use_bias_correction: Adam's, which makes the first steps smaller here.
        safeguard_warmup: leave the rate out of s, so that a warmup does not distort the estimate.
        options: Keras' own: weight_decay, clipnorm, use_ema and so on.
    """

    def __init__(
        self,
        learning_rate: Any = 1.0,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        beta_3: float | None = None,
        epsilon: float = 1e-8,
        d0: float = 1e-6,
        d_coef: float = 1.0,
        growth_rate: float | None = None,
        use_bias_correction: bool = False,
        safeguard_warmup: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **options)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.beta_3 = beta_3
        self.epsilon = epsilon
        self.d0 = d0
        self.d_coef = d_coef
        self.growth_rate = growth_rate
        self.use_bias_correction = use_bias_correction
        self.safeguard_warmup = safeguard_warmup

    def build(self, variables: list[Any]) -> None:
        if self.built:
            return
        super().build(variables)
        self._first_weights = self.add_optimizer_variables(variables, "first")
        self._means = self.add_optimizer_variables(variables, "mean")
        self._squares = self.add_optimizer_variables(variables, "square")
        self._sums = self.add_optimizer_variables(variables, "sum")
        self._d = self.add_number("d", self.d0)
        self._d_before = self.add_number("d_before", self.d0)
        self._d_largest = self.add_number("d_largest", self.d0)
        self._numerator = self.add_number("numerator")
        self._moves = self.add_number("moves")

    @property
    def d(self) -> keras.Variable:
        """The estimate: what the rate is multiplied by."""
        return self._d

    def _apply_weight_decay(self, variables: list[Any]) -> None:
        """Nothing: the decay goes by the estimated rate and is part of the step."""

    def _backend_update_step(self, grads: list[Any], trainable_variables: list[Any], learning_rate: Any) -> None:
        ops.cond(ops.equal(self.iterations, 0), lambda: self._begin(trainable_variables), lambda: None)
        rate = ops.cast(learning_rate, number_type())
        moves = rate > 0
        d = ops.convert_to_tensor(self._d)
        weight = d / self.d0 * d * (1.0 if self.safeguard_warmup else rate * self._bias())
        self.assign(self._d_before, d)
        beta_3 = math.sqrt(self.beta_2) if self.beta_3 is None else self.beta_3

        distance = size = ops.zeros((), number_type())
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            index = self._get_variable_index(variable)
            gradient = self.prepared(gradient, variable)
            mean, square, total = self._means[index], self._squares[index], self._sums[index]
            keep_1, keep_2, keep_3, add_1, add_2, add_3 = (
                ops.cast(ops.where(moves, number, standing), variable.dtype)
                for number, standing in (
                    (self.beta_1, 1.0),
                    (self.beta_2, 1.0),
                    (beta_3, 1.0),
                    ((1 - self.beta_1) * d, 0.0),
                    ((1 - self.beta_2) * d * d, 0.0),
                    (weight, 0.0),
                )
            )
            self.assign(mean, keep_1 * mean + add_1 * gradient)
            self.assign(square, keep_2 * square + add_2 * ops.square(gradient))
            self.assign(total, keep_3 * total + add_3 * gradient)
            distance += ops.cast(ops.sum(gradient * (self._first_weights[index] - variable)), number_type())
            size += ops.cast(ops.sum(ops.abs(total)), number_type())

        numerator = beta_3 * self._numerator + d / self.d0 * d * rate * self._bias() * distance
        self._estimate(ops.logical_and(moves, size > 0), d, numerator, size)
        super()._backend_update_step(grads, trainable_variables, learning_rate)
        self.assign_add(self._moves, ops.cast(moves, number_type()))

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index = self._get_variable_index(variable)
        rate = ops.cast(ops.cast(learning_rate, number_type()) * self._d_before * self._bias(), variable.dtype)
        divisor = ops.sqrt(self._squares[index]) + ops.cast(self._d * self.epsilon, variable.dtype)
        self.assign_sub(variable, rate * (self.decay_of(variable) * variable + self._means[index] / divisor))

    def _begin(self, variables: list[Any]) -> None:
        """Keep where the weights begin: at the first update, since they may be set after the optimizer is built."""
        for variable in variables:
            self.assign(self._first_weights[self._get_variable_index(variable)], variable)

    def _bias(self) -> Any:
        count = self._moves + 1
        if not self.use_bias_correction:
            return ops.ones_like(count)
        return ops.sqrt(one_less_power(self.beta_2, count)) / one_less_power(self.beta_1, count)

    def _estimate(self, known: Any, d: Any, numerator: Any, size: Any) -> None:
        """Take this update's sums into the estimate, where they say anything."""
        found = self.d_coef * numerator / ops.where(known, size, 1.0)
        largest = ops.maximum(self._d_largest, found)
        begun = ops.where(ops.equal(d, ops.convert_to_tensor(self.d0, d.dtype)), ops.maximum(d, found), d)
        new = largest if self.growth_rate is None else ops.minimum(largest, begun * self.growth_rate)
        self.assign(self._numerator, ops.where(known, numerator, self._numerator))
        self.assign(self._d_largest, ops.where(known, largest, self._d_largest))
        self.assign(self._d, ops.where(known, new, d))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "beta_3": self.beta_3,
            "epsilon": self.epsilon,
            "d0": self.d0,
            "d_coef": self.d_coef,
            "growth_rate": self.growth_rate,
            "use_bias_correction": self.use_bias_correction,
            "safeguard_warmup": self.safeguard_warmup,
        }
