"""AdaBound."""

from typing import Any

import keras
from keras import ops

from annealkit_adaptive.optimizers.base import BaseRateOptimizer, one_less_power


@keras.saving.register_keras_serializable("annealkit_adaptive")
class AdaBound(BaseRateOptimizer):
    """AdaBound: Adam whose rate for each weight is clipped to a band that closes on an SGD rate.

    With the gradient g, the update t counted from 1, the rate r and F = final_learning_rate * r / base_learning_rate:

        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g^2                          (amsbound: the largest v so far)
        step = r * sqrt(1 - beta_2^t) / (1 - beta_1^t) / (sqrt(v) + epsilon)
        w -= clip(step, F * (1 - 1 / (gamma * t + 1)), F * (1 + 1 / (gamma * t))) * m

    Source: Luo, Xiong, Liu, Sun 2019, "Adaptive Gradient Methods with Dynamic Bound of Learning Rate", arXiv
    1902.09843. The scaling of F by the schedule, and epsilon beside the root, are those of the authors' code.
    `weight_decay` is Keras' decoupled one, w -= r * weight_decay * w; the authors' L2 penalty is a kernel regularizer.

    Args:
        learning_rate: Adam's rate, a float or a schedule.
        beta_1: decay of the running mean of gradients, in [0, 1).
        beta_2: decay of the running mean of squared gradients, in [0, 1).
        final_learning_rate: the SGD rate that both bounds approach, above 0.
        gamma: how fast they do, in (0, 1).
        epsilon: added for numerical safety, above 0.
        amsbound: divide by the largest mean square so far.
        base_learning_rate: what the schedule's factors multiply; see BaseRateOptimizer.
        options: Keras' own: weight_decay, clipnorm, use_ema and so on.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        final_learning_rate: float = 0.1,
        gamma: float = 0.001,
        epsilon: float = 1e-8,
        amsbound: bool = False,
        base_learning_rate: float | None = None,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, base_learning_rate, **options)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.final_learning_rate = final_learning_rate
        self.gamma = gamma
        self.epsilon = epsilon
        self.amsbound = amsbound

    def build(self, variables: list[Any]) -> None:
        if self.built:
            return
        super().build(variables)
        self._means = self.add_optimizer_variables(variables, "mean")
        self._squares = self.add_optimizer_variables(variables, "square")
        self._largest = self.add_optimizer_variables(variables, "largest_square") if self.amsbound else []

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index = self._get_variable_index(variable)
        gradient = self.prepared(gradient, variable)
        mean, square = self._means[index], self._squares[index]
        self.assign_add(mean, (gradient - mean) * (1 - self.beta_1))
        self.assign_add(square, (ops.square(gradient) - square) * (1 - self.beta_2))
        if self.amsbound:
            self.assign(self._largest[index], ops.maximum(self._largest[index], square))
            square = self._largest[index]
        count = self.updates()
        rate = ops.cast(learning_rate, count.dtype)
        final = self.final_learning_rate * self.schedule_factor(rate)
        adam = rate * ops.sqrt(one_less_power(self.beta_2, count)) / one_less_power(self.beta_1, count)
        # 1 - 1/(x+1) is x/(x+1), which float32 can tell from 0 while x is small.
        close = self.gamma * count
        low, high = final * close / (close + 1), final * (1 + 1 / close)
        adam, low, high = (ops.cast(number, variable.dtype) for number in (adam, low, high))
        step = ops.minimum(ops.maximum(adam / (ops.sqrt(square) + self.epsilon), low), high)
        self.assign_sub(variable, step * mean)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "final_learning_rate": self.final_learning_rate,
            "gamma": self.gamma,
            "epsilon": self.epsilon,
            "amsbound": self.amsbound,
        }
