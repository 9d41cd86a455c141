"""What the optimizers here share."""

import math
from typing import Any

import keras
from keras import ops


class AdaptiveOptimizer(keras.Optimizer):
    """A Keras optimizer with numbers that belong to no single weight, such as an estimate of the rate.

    They are optimizer variables like all others, so that saving, loading and a resumed run keep them.
    """

    def add_number(self, name: str, value: float = 0.0) -> keras.Variable:
        """A variable for one number: float32 at least, whatever the model computes in."""
        # Not keras.initializers.Constant, which rounds to float32 on the way.
        return self.add_variable(
            (), lambda shape, dtype: ops.convert_to_tensor(value, dtype), dtype=number_type(), name=name
        )

    def updates(self) -> Any:
        """The count of this weight update, from 1."""
        return ops.cast(self.iterations + 1, number_type())

    def prepared(self, gradient: Any, variable: Any) -> Any:
        """The gradient in the variable's type, and dense."""
        if getattr(gradient, "dense_shape", None) is not None:
            # TensorFlow gives the gradient of an embedding as slices; a sum with zeros is an ordinary tensor.
            gradient = ops.add(ops.zeros(variable.shape, gradient.dtype), gradient)
        return ops.cast(gradient, variable.dtype)

    def decay_of(self, variable: Any) -> float:
        """The weight decay of this variable, 0 for none."""
        return float(self.weight_decay) if self.weight_decay and self._use_weight_decay(variable) else 0.0


class BaseRateOptimizer(AdaptiveOptimizer):
    """An optimizer that ends with an SGD rate of its own, which the schedule has to scale.

    The schedule's factor is `learning_rate / base_learning_rate`.

    Args:
        learning_rate: a float or a schedule.
        base_learning_rate: the rate that the schedule starts from; None for `learning_rate` itself, if that is a
            float. With a schedule it must be given, since no schedule says what it is a fraction of.
    """

    def __init__(self, learning_rate: Any, base_learning_rate: float | None, **options: Any) -> None:
        super().__init__(learning_rate=learning_rate, **options)
        if base_learning_rate is None and isinstance(learning_rate, float):
            base_learning_rate = learning_rate
        self.base_learning_rate = base_learning_rate

    def build(self, variables: list[Any]) -> None:
        if self.base_learning_rate is None:
            raise ValueError(
                f"{type(self).__name__}: with a schedule as learning_rate, base_learning_rate must be the rate that "
                "the schedule's factors multiply; got None. Try base_learning_rate=0.001."
            )
        super().build(variables)

    def schedule_factor(self, learning_rate: Any) -> Any:
        """What the schedule multiplies the base rate by."""
        return learning_rate / self.base_learning_rate if self.base_learning_rate else ops.zeros_like(learning_rate)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "base_learning_rate": self.base_learning_rate}


def number_type() -> str:
    """float64 where Keras computes in it, otherwise float32: a half-precision sum over all weights would be useless."""
    return "float64" if keras.config.floatx() == "float64" else "float32"


def one_less_power(beta: Any, count: Any) -> Any:
    """1 - beta^count, also where beta is close to 1 and float32 would lose most digits of the difference.

    A beta that is no plain number, since something lets it change while training, is taken as it is now.
    """
    if type(beta) not in (int, float):  # annealkit's stand-in for a momentum that moves is a kind of float, too
        return 1 - ops.power(ops.convert_to_tensor(beta, count.dtype), count)
    return -ops.expm1(count * math.log(beta)) if beta > 0 else ops.ones_like(count)
