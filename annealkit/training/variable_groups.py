"""Learning rates and weight decay by groups of variables."""

import re
from typing import Any

import keras
import tensorflow as tf

from annealkit.errors import ConfigError, did_you_mean
from annealkit.optimizers.base import VariableGroup


def set_groups(optimizer: keras.Optimizer, groups: list[VariableGroup], variables: list[keras.Variable]) -> None:
    """Let a built optimizer move each variable by the rate, and decay it by the decay, of the first group that fits it.

    The rate is scaled where the optimizer applies it, and not the gradient, which an adaptive optimizer would scale
    back.

    Raises:
        ConfigError: a group fits no variable, or the optimizer has a weight decay that groups cannot change.
    """
    group_of = [next((group for group in groups if _fits(group, variable)), None) for variable in variables]
    for group in groups:
        if not any(_fits(group, variable) for variable in variables):
            raise ConfigError(_fits_nothing(group, variables))
    scales = {_key(v): group.lr_scale for v, group in zip(variables, group_of, strict=True) if group is not None}
    decays = {
        _key(v): group.weight_decay
        for v, group in zip(variables, group_of, strict=True)
        if group is not None and group.weight_decay is not None
    }
    update, own_decay = optimizer.update_step, optimizer.weight_decay
    if (own_decay or any(decays.values())) and not type(optimizer)._apply_weight_decay.__module__.startswith("keras."):
        raise ConfigError(
            f"optimizer.groups: {type(optimizer).__name__} decays weights in a way of its own, which groups cannot be "
            "told of. Try optimizer.weight_decay=null and no weight_decay in the groups."
        )

    def update_scaled(gradient: tf.Tensor, variable: Any, learning_rate: tf.Tensor) -> None:
        update(gradient, variable, learning_rate * scales.get(_key(variable), 1.0))

    def decay_scaled(variables: list[keras.Variable]) -> None:
        for variable in variables:
            # As in compiled_model.py, what has one axis is spared unless its group says otherwise.
            decay = decays.get(_key(variable), own_decay if len(variable.shape) > 1 else None)
            if decay:
                rate = optimizer.learning_rate * scales.get(_key(variable), 1.0)
                variable.assign_sub(variable * tf.cast(rate * decay, variable.dtype))

    optimizer.update_step = update_scaled
    if own_decay or any(decays.values()):
        optimizer._apply_weight_decay = decay_scaled


def _fits(group: VariableGroup, variable: keras.Variable) -> bool:
    *layers, _ = variable.path.split("/")
    return (group.layer is None or group.layer in layers) and re.search(group.match or "", variable.path) is not None


def _key(variable: Any) -> str:
    """The same for a Keras variable and for TensorFlow's within it, which is what an update is given."""
    return str((variable.value if isinstance(variable, keras.Variable) else variable)._unique_id)


def _fits_nothing(group: VariableGroup, variables: list[keras.Variable]) -> str:
    paths = [variable.path for variable in variables]
    wanted = ", ".join(f"{key}={value}" for key, value in (("layer", group.layer), ("match", group.match)) if value)
    layers = sorted({layer for path in paths for layer in path.split("/")[:-1]})
    near = did_you_mean(group.layer, layers) if group.layer else ""
    return f"optimizer.groups: no variable fits {wanted}.{near} The model's variables are {', '.join(paths)}."
