"""What every optimizer has: clipping, decay, averaged weights, accumulation, and groups of variables."""

import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar

from annealkit.errors import ConfigError, SettingError
from annealkit.fields import checked_dataclass, integer, number, setting

if TYPE_CHECKING:
    import keras


def _pattern_problem(value: Any) -> str | None:
    try:
        re.compile(value)
    except re.error as error:
        return f"={value} is no regular expression: {error}."
    return None


@checked_dataclass(label="optimizer.groups", prefix="")
class VariableGroup:
    """Variables that have a learning rate or weight decay of their own."""

    layer: str | None = setting(
        None, "the name of a layer, such as `head`, whose variables are meant", null="of any layer"
    )
    match: str | None = setting(
        None,
        "searched for in a variable's path",
        allowed="a regular expression such as `bias|gamma|beta`",
        problem=_pattern_problem,
        null="any path",
        hint="bias",
    )
    lr_scale: float = number(
        1.0, "[0, inf)", "multiplies the learning rate of these variables; 0 keeps them as they are", hint="10"
    )
    weight_decay: float | None = number(
        None, "[0, inf)", "the weight decay of these variables", null="the optimizer's", hint="0"
    )

    def __post_init__(self) -> None:
        if self.layer is None and self.match is None:
            raise ConfigError("optimizer.groups: a group needs layer or match. Try {layer: head, lr_scale: 10}.")


@checked_dataclass
class KerasOptimizer:
    """Base of the optimizers: a field is the argument of that name of the Keras class.

    Weight decay spares everything of one axis. With `ema_momentum` the weights are averaged after each update:

        average = ema_momentum * average + (1 - ema_momentum) * weight

    Schedules and TensorBoard count weight updates, not batches.
    """

    keras_class: ClassVar[str]
    rate_may_be_zero: ClassVar[bool] = True  # False on one that divides by the rate: `annealkit check` spares it that.

    lr: float = number(0.001, "[0, inf)", "the base learning rate; the schedule's factors multiply it", hint="0.01")
    weight_decay: float | None = number(
        None,
        "[0, inf)",
        "decoupled decay per update, as a fraction of the rate; not of biases and normalisation weights",
        null="none",
        hint="0.004",
    )
    clipnorm: float | None = number(
        None, "(0, inf)", "each gradient tensor is scaled to at most this norm", null="off", hint="1"
    )
    clipvalue: float | None = number(None, "(0, inf)", "each gradient entry is cut to ± this", null="off", hint="0.5")
    global_clipnorm: float | None = number(
        None,
        "(0, inf)",
        "all gradients together are scaled to at most this norm",
        null="off",
        hint="1",
    )
    ema_momentum: float | None = number(
        None, "[0, 1)", "validate, test and save with an average of the weights", null="off", hint="0.99"
    )
    ema_overwrite_frequency: int | None = integer(
        None, "[1, inf)", "the weights become their average every so many updates", null="never"
    )
    gradient_accumulation_steps: int = integer(1, "[1, inf)", "batches whose mean gradient makes one weight update")
    groups: list[VariableGroup] = setting(
        [],
        "rates and decays of their own for some variables; the first group that fits counts",
        allowed="each {layer: head, match: bias, lr_scale: 10, weight_decay: 0}",
    )

    def __post_init__(self) -> None:
        if not getattr(self, "rate_may_be_zero", True) and any(group.lr_scale == 0 for group in self.groups):
            problem = ": lr_scale=0 cannot be: this optimizer divides by the rate"
            raise SettingError(self, "groups", problem, "[{layer:head,lr_scale:1e-6}]")
        clips = [name for name in ("clipnorm", "clipvalue", "global_clipnorm") if getattr(self, name, None) is not None]
        if len(clips) > 1:  # Keras takes one.
            raise SettingError(self, clips[1], f" cannot be set beside {clips[0]}: one way to clip", "null")
        if self.ema_overwrite_frequency is not None and self.ema_momentum is None:
            problem = f"=null leaves no average for ema_overwrite_frequency={self.ema_overwrite_frequency}"
            raise SettingError(self, "ema_momentum", problem, "0.99")

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
