"""What every optimizer has: clipping, decay, averaged weights, accumulation, and groups of variables."""

import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

from annealkit.errors import ConfigError
from annealkit.fields.checks import check_number

if TYPE_CHECKING:
    import keras


@dataclass
class VariableGroup:
    """Variables that have a learning rate or weight decay of their own.

    Args:
        layer: the name of a layer, such as `head`, whose variables are meant; null for any layer.
        match: a regular expression that is searched for in a variable's path, such as `bias|gamma|beta`; null for any.
        lr_scale: multiplies the learning rate of these variables, at least 0; 0 keeps them as they are.
        weight_decay: their weight decay, at least 0; null for the optimizer's.
    """

    layer: str | None = None
    match: str | None = None
    lr_scale: float = 1.0
    weight_decay: float | None = None

    def __post_init__(self) -> None:
        if self.layer is None and self.match is None:
            raise ConfigError("optimizer.groups: a group needs layer or match. Try {layer: head, lr_scale: 10}.")
        try:
            re.compile(self.match or "")
        except re.error as error:
            raise ConfigError(
                f"optimizer.groups: match={self.match} is no regular expression: {error}. Try match: bias."
            ) from None
        check_number("optimizer.groups", "lr_scale", self.lr_scale, 0, hint="lr_scale: 10")
        if self.weight_decay is not None:
            check_number("optimizer.groups", "weight_decay", self.weight_decay, 0, hint="weight_decay: 0")


@dataclass
class KerasOptimizer:
    """Base of the optimizers: a field is the argument of that name of the Keras class.

    Args:
        lr: the base learning rate, which the schedule's factors multiply; at least 0.
        weight_decay: decoupled decay of every weight matrix and kernel per update, as a fraction of the learning
            rate; biases and normalisation weights (everything of one axis) are left out; null for none.
        clipnorm: each gradient tensor is scaled to at most this norm; null for none.
        clipvalue: each gradient entry is cut to ± this; null for none.
        global_clipnorm: all gradients together are scaled to at most this norm; null for none.
        ema_momentum: average the weights: average = ema_momentum * average + (1 - ema_momentum) * weight after each
            update. Validation, test and the saved model have the average; in [0, 1), null for none.
        ema_overwrite_frequency: updates after which the weights become the average, over and over; null for never.
        gradient_accumulation_steps: batches whose mean gradient makes one weight update. Schedules and TensorBoard
            count weight updates, not batches.
        groups: variables with a rate or decay of their own, each `{layer: …, match: …, lr_scale: …, weight_decay: …}`.
            The first group that fits a variable counts.
    """

    keras_class: ClassVar[str]
    rate_may_be_zero: ClassVar[bool] = True  # False on one that divides by the rate: `annealkit check` spares it that.

    lr: float = 0.001
    weight_decay: float | None = None
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    ema_momentum: float | None = None
    ema_overwrite_frequency: int | None = None
    gradient_accumulation_steps: int = 1
    groups: list[VariableGroup] = field(default_factory=list)

    def __post_init__(self) -> None:
        check_number("optimizer", "lr", self.lr, 0, hint="optimizer.lr=0.01")
        check_number(
            "optimizer", "gradient_accumulation_steps", self.gradient_accumulation_steps, 1,
            hint="optimizer.gradient_accumulation_steps=1",
        )  # fmt: skip
        for name in ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm"):
            if getattr(self, name) is not None:
                bounds = "[]" if name == "weight_decay" else "(]"
                check_number(
                    "optimizer", name, getattr(self, name), 0, bounds=bounds, hint=f"optimizer.{name}=null for none"
                )
        if not getattr(self, "rate_may_be_zero", True) and any(group.lr_scale == 0 for group in self.groups):
            raise ConfigError(
                "optimizer.groups: lr_scale=0 cannot be: this optimizer divides by the rate. Try lr_scale: 1e-6."
            )
        if self.ema_momentum is not None:
            check_number("optimizer", "ema_momentum", self.ema_momentum, 0, 1, bounds="[)", hint="ema_momentum=0.99")
        if self.ema_overwrite_frequency is not None:
            hint = "optimizer.ema_overwrite_frequency=null"
            check_number("optimizer", "ema_overwrite_frequency", self.ema_overwrite_frequency, 1, hint=hint)
            if self.ema_momentum is None:
                raise ConfigError(
                    f"optimizer: ema_overwrite_frequency={self.ema_overwrite_frequency} needs an average. "
                    "Try optimizer.ema_momentum=0.99."
                )

    def build(self, learning_rate: "float | keras.optimizers.schedules.LearningRateSchedule") -> "keras.Optimizer":
        """The Keras optimizer. Accumulation and groups are left to the trainer, so that Keras counts weight updates."""
        ours = ("lr", "gradient_accumulation_steps", "groups", "ema_momentum", "name")
        options: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ours}
        if self.ema_momentum is not None:
            options.update(use_ema=True, ema_momentum=self.ema_momentum)
        return self.optimizer_class()(learning_rate=learning_rate, **options)

    def optimizer_class(self) -> "type[keras.Optimizer]":
        """The Keras class that `build` calls: the one of Keras' that `keras_class` names. Override it for your own."""
        import keras

        return getattr(keras.optimizers, self.keras_class)
