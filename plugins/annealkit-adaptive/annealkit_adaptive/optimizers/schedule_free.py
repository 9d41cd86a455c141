"""Schedule-free SGD and AdamW."""

from typing import Any

import keras
from keras import ops

from annealkit_adaptive.optimizers.base import AdaptiveOptimizer, number_type, one_less_power


class ScheduleFree(AdaptiveOptimizer):
    """Base of the schedule-free optimizers: gradients are taken between a running average and what is averaged.

    There are three points: z moves by plain steps, x is the average of all z, and y = (1 - beta) * z + beta * x is
    where gradients are taken. With the direction u, the update t counted from 1 and the rate r (times t / warmup_steps
    at first):

        weight = t^weight_power * (the largest r so far)^weight_lr_power,    c = weight / (the sum of all weights)
        y += c * (z - y) + r * (beta * (1 - c) - 1) * u
        z -= r * u

    While training the model's weights are y; x is what to evaluate and to keep. `finalize_variable_values`, which
    `model.fit` calls at its end, makes them x. `AveragedWeights` does so around each validation in `model.fit` and
    takes training up again from x. A program of its own has to call `finalize_variable_values` with weights that are
    y, so not twice in a row, and `restore_training_values` before it trains on.

    Args:
        learning_rate: a float or a schedule.
        beta: how close gradients are taken to the average, in (0, 1).
        warmup_steps: updates over which the rate rises to `learning_rate`; 0 for none.
        weight_power: how much more later points count in the average, at least 0.
        weight_lr_power: how much less points of the warmup count in the average, at least 0.
        options: Keras' own: weight_decay, clipnorm and so on; not use_ema.
    """

    def __init__(
        self,
        learning_rate: Any,
        beta: float,
        warmup_steps: int,
        weight_power: float,
        weight_lr_power: float,
        **options: Any,
    ) -> None:
        if options.get("use_ema"):
            raise ValueError(
                f"{type(self).__name__}: use_ema must be False, since this optimizer averages the weights itself; "
                "got True. Try use_ema=False."
            )
        super().__init__(learning_rate=learning_rate, **options)
        # Under no public name: y, of which x is computed, has to be made with one value from beginning to end.
        self._beta = beta
        self.warmup_steps = warmup_steps
        self.weight_power = weight_power
        self.weight_lr_power = weight_lr_power

    def build(self, variables: list[Any]) -> None:
        if self.built:
            return
        super().build(variables)
        self._z = self.add_optimizer_variables(variables, "z")
        self._largest_rate = self.add_number("largest_rate")
        self._weight_sum = self.add_number("weight_sum")
        self._share = self.add_number("share")
        self._averaged = self.add_number("averaged")

    @property
    def averaged(self) -> bool:
        """Whether the weights were made the average after the last update."""
        return bool(self.built and self._averaged > 0)

    def finalize_variable_values(self, var_list: list[Any]) -> None:
        """Make the weights, which are the training point y, the average x."""
        self._move(var_list, 1 - 1 / self._beta)
        self._averaged.assign(1.0)

    def restore_training_values(self, var_list: list[Any]) -> None:
        """Make the weights, which are the average x, the training point y again, up to rounding."""
        self._move(var_list, 1 - self._beta)
        self._averaged.assign(0.0)

    def _move(self, variables: list[Any], share: float) -> None:
        """Move the weights by that share of their way to z."""
        share = share * ops.cast(self.iterations > 0, number_type())
        for variable in variables:
            z = self._z[self._get_variable_index(variable)]
            variable.assign(variable + ops.cast(share, variable.dtype) * (z - variable))

    def _apply_weight_decay(self, variables: list[Any]) -> None:
        """Nothing: the decay is part of the direction, taken at y."""

    def _backend_update_step(self, grads: list[Any], trainable_variables: list[Any], learning_rate: Any) -> None:
        ops.cond(ops.equal(self.iterations, 0), lambda: self._begin(trainable_variables), lambda: None)
        rate = ops.cast(learning_rate, number_type()) * self._warmup()
        largest = ops.maximum(self._largest_rate, rate)
        weight = ops.power(self.updates(), self.weight_power) * ops.power(largest, self.weight_lr_power)
        weight_sum = self._weight_sum + weight
        self.assign(self._largest_rate, largest)
        self.assign(self._weight_sum, weight_sum)
        self.assign(self._share, ops.where(weight_sum > 0, weight / ops.where(weight_sum > 0, weight_sum, 1.0), 0.0))
        self.assign(self._averaged, 0.0)
        super()._backend_update_step(grads, trainable_variables, learning_rate)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        z = self._z[self._get_variable_index(variable)]
        direction = self._direction(self.prepared(gradient, variable), variable) + self.decay_of(variable) * variable
        rate = ops.cast(ops.cast(learning_rate, number_type()) * self._warmup(), variable.dtype)
        share = ops.cast(self._share, variable.dtype)
        self.assign_add(variable, share * (z - variable) + rate * (self._beta * (1 - share) - 1) * direction)
        self.assign_sub(z, rate * direction)

    def _direction(self, gradient: Any, variable: Any) -> Any:
        raise NotImplementedError

    def _begin(self, variables: list[Any]) -> None:
        """All three points are one: at the first update, since weights may be set after the optimizer is built."""
        for variable in variables:
            self.assign(self._z[self._get_variable_index(variable)], variable)

    def _warmup(self) -> Any:
        return ops.minimum(self.updates() / self.warmup_steps, 1.0) if self.warmup_steps else 1.0

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "warmup_steps": self.warmup_steps,
            "weight_power": self.weight_power,
            "weight_lr_power": self.weight_lr_power,
        }


@keras.saving.register_keras_serializable("annealkit_adaptive")
class ScheduleFreeSGD(ScheduleFree):
    """Schedule-free SGD: plain steps, an average of all points, and gradients taken in between.

    See ScheduleFree for the formula; the direction is u = g + weight_decay * y. `momentum` is what SGD's momentum is in
    its effect; there is no velocity.

    Source: Defazio, Yang, Mehta, Mishchenko, Khaled, Cutkosky 2024, "The Road Less Scheduled", arXiv 2405.15682; the
    weights of the average, the warmup and the decay at y are those of the authors' code.

    Args:
        learning_rate: a float, or a schedule for a warmup; far larger than for SGD with momentum.
        momentum: how close gradients are taken to the average, in (0, 1).
        warmup_steps: updates over which the rate rises to `learning_rate`; 0 for none.
        weight_power: how much more later points count in the average, at least 0.
        weight_lr_power: how much less points of the warmup count in the average, at least 0.
        options: Keras' own: weight_decay, clipnorm and so on; not use_ema.
    """

    def __init__(
        self,
        learning_rate: Any = 1.0,
        momentum: float = 0.9,
        warmup_steps: int = 0,
        weight_power: float = 0.0,
        weight_lr_power: float = 2.0,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, momentum, warmup_steps, weight_power, weight_lr_power, **options)

    def _direction(self, gradient: Any, variable: Any) -> Any:
        return gradient

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self._beta}


@keras.saving.register_keras_serializable("annealkit_adaptive")
class ScheduleFreeAdamW(ScheduleFree):
    """Schedule-free AdamW: Adam's steps without a mean of gradients, and an average of all points in its place.

    See ScheduleFree for the formula, with beta = beta_1; the direction is

        v = beta_2 * v + (1 - beta_2) * g^2
        u = g / (sqrt(v / (1 - beta_2^t)) + epsilon) + weight_decay * y

    Source: Defazio, Yang, Mehta, Mishchenko, Khaled, Cutkosky 2024, "The Road Less Scheduled", arXiv 2405.15682; the
    weights of the average, the warmup and the decay at y are those of the authors' code.

    Args:
        learning_rate: a float, or a schedule for a warmup; one to ten times as large as for AdamW under a schedule.
        beta_1: how close gradients are taken to the average, in (0, 1); 0.95 or 0.98 in long runs.
        beta_2: decay of the running mean of squared gradients, in [0, 1).
        epsilon: added for numerical safety, above 0.
        warmup_steps: updates over which the rate rises to `learning_rate`; 0 for none.
        weight_power: how much more later points count in the average, at least 0.
        weight_lr_power: how much less points of the warmup count in the average, at least 0.
        options: Keras' own: weight_decay, clipnorm and so on; not use_ema.
    """

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        weight_power: float = 0.0,
        weight_lr_power: float = 2.0,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, warmup_steps, weight_power, weight_lr_power, **options)
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def build(self, variables: list[Any]) -> None:
        if self.built:
            return
        super().build(variables)
        self._squares = self.add_optimizer_variables(variables, "square")

    def _direction(self, gradient: Any, variable: Any) -> Any:
        square = self._squares[self._get_variable_index(variable)]
        self.assign_add(square, (ops.square(gradient) - square) * (1 - self.beta_2))
        correction = ops.cast(one_less_power(self.beta_2, self.updates()), variable.dtype)
        return gradient / (ops.sqrt(square / correction) + self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self._beta, "beta_2": self.beta_2, "epsilon": self.epsilon}
