"""SWATS."""

from typing import Any

import keras
from keras import ops

from annealkit_adaptive.optimizers.base import BaseRateOptimizer, number_type, one_less_power


@keras.saving.register_keras_serializable("annealkit_adaptive")
class SWATS(BaseRateOptimizer):
    """SWATS: Adam, which switches once and for all to SGD with momentum, at a rate that Adam's steps suggest.

    With the gradient g of all weights, the update t counted from 1, the base rate R and the schedule's factor f:

        m = beta_1 * m + (1 - beta_1) * g,    a = beta_2 * a + (1 - beta_2) * g^2
        p = -R * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(a) + epsilon),    w += f * p
        if p.g != 0: c = p.p / -p.g,    l = beta_2 * l + (1 - beta_2) * c,    L = l / (1 - beta_2^t)
            if t > 1 and |L - c| < tolerance and L > 0: from the next update on, with v = 0 at first,
        v = beta_1 * v + g,    w -= f * (1 - beta_1) * L * v

    c is the SGD rate whose step, projected on Adam's, would be Adam's step. Both sums are over all weights.

    Source: Keskar & Socher 2017, "Improving Generalization Performance by Switching from Adam to SGD", arXiv
    1712.07628, algorithm 1. Added to it: a rate L that is not positive, which would climb, does not count; c and L are
    taken at the base rate, so that a schedule changes neither the estimate nor the criterion and multiplies the steps
    of both phases; the paper's one epsilon is here `epsilon` and `tolerance`, which have nothing else in common.
    `weight_decay` is Keras' decoupled one, w -= f * R * weight_decay * w, in both phases.

    Args:
        learning_rate: Adam's rate, a float or a schedule.
        beta_1: decay of the running mean of gradients and SGD's momentum, in [0, 1).
        beta_2: decay of the running means of squared gradients and of the estimate, in [0, 1).
        epsilon: added for numerical safety, above 0.
        tolerance: how close the estimate must come to its mean, above 0; a rate, like c and L.
        base_learning_rate: what the schedule's factors multiply; see BaseRateOptimizer.
        options: Keras' own: weight_decay, clipnorm, use_ema and so on.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-9,
        tolerance: float = 1e-9,
        base_learning_rate: float | None = None,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, base_learning_rate, **options)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.tolerance = tolerance

    def build(self, variables: list[Any]) -> None:
        if self.built:
            return
        super().build(variables)
        self._means = self.add_optimizer_variables(variables, "mean")
        self._squares = self.add_optimizer_variables(variables, "square")
        self._velocities = self.add_optimizer_variables(variables, "velocity")
        self._switched = self.add_number("switched")
        self._sgd_rate = self.add_number("sgd_rate")
        self._estimate = self.add_number("estimate")
        self._step_by_step = self.add_number("step_by_step")
        self._step_by_gradient = self.add_number("step_by_gradient")

    @property
    def switched(self) -> keras.Variable:
        """1 once the weights move by SGD, before that 0."""
        return self._switched

    @property
    def sgd_rate(self) -> keras.Variable:
        """The SGD rate that Adam's steps have suggested, at the schedule's factor 1; 0 before the switch."""
        return self._sgd_rate

    def _backend_update_step(self, grads: list[Any], trainable_variables: list[Any], learning_rate: Any) -> None:
        self.assign(self._step_by_step, 0.0)
        self.assign(self._step_by_gradient, 0.0)
        super()._backend_update_step(grads, trainable_variables, learning_rate)
        self._watch()

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index = self._get_variable_index(variable)
        gradient = self.prepared(gradient, variable)
        mean, square, velocity = self._means[index], self._squares[index], self._velocities[index]
        count = self.updates()
        switched = ops.greater(self._switched, 0)
        rate = ops.cast(learning_rate, number_type())
        bias = ops.sqrt(one_less_power(self.beta_2, count)) / one_less_power(self.beta_1, count)

        self.assign_add(mean, (gradient - mean) * (1 - self.beta_1))
        self.assign_add(square, (ops.square(gradient) - square) * (1 - self.beta_2))
        # Nothing is added before the switch, so that SGD begins without velocity.
        self.assign(velocity, self.beta_1 * velocity + gradient * ops.cast(switched, variable.dtype))
        adam = ops.cast(bias, variable.dtype) * mean / (ops.sqrt(square) + self.epsilon)
        self.assign_add(self._step_by_step, ops.cast(ops.sum(ops.square(adam)), number_type()))
        self.assign_add(self._step_by_gradient, ops.cast(ops.sum(adam * gradient), number_type()))

        sgd_rate = self.schedule_factor(rate) * (1 - self.beta_1) * self._sgd_rate
        sgd_rate, rate = ops.cast(sgd_rate, variable.dtype), ops.cast(rate, variable.dtype)
        self.assign_sub(variable, ops.where(switched, sgd_rate * velocity, rate * adam))

    def _watch(self) -> None:
        """Take this update's step into the estimate of the SGD rate, and switch where it has settled."""
        count = self.updates()
        known = ops.not_equal(self._step_by_gradient, 0)
        divisor = ops.where(known, self._step_by_gradient, 1.0)
        rate = self.base_learning_rate * self._step_by_step / divisor
        estimate = ops.where(known, self.beta_2 * self._estimate + (1 - self.beta_2) * rate, self._estimate)
        corrected = estimate / one_less_power(self.beta_2, count)
        settled = ops.logical_and(known, ops.less(ops.abs(corrected - rate), self.tolerance))
        settled = ops.logical_and(settled, ops.logical_and(count > 1, corrected > 0))
        now = ops.logical_and(settled, ops.equal(self._switched, 0))
        self.assign(self._estimate, estimate)
        self.assign(self._sgd_rate, ops.where(now, corrected, self._sgd_rate))
        self.assign(self._switched, ops.where(now, 1.0, self._switched))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "tolerance": self.tolerance,
        }
