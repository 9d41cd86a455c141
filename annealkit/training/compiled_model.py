"""Builds the model with its optimizer, as the loop and Keras callbacks expect them."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np

from annealkit.configuration.plan import Parts
from annealkit.errors import ConfigError, WrongReturnError
from annealkit.keras.table_schedule import TableSchedule
from annealkit.plugin_system.faulty_parts import naming_the_faulty
from annealkit.plugin_system.returned import checked_model, checked_optimizer
from annealkit.training.splits import Splits
from annealkit.training.variable_groups import set_groups


def build_model(parts: Parts, splits: Splits, schedule: TableSchedule) -> keras.Model:
    """The compiled model; its optimizer, in `model.optimizer`, follows the schedule and has its variables."""
    classes = len(splits.images.class_names)
    with naming_the_faulty(parts.sources["model"]):
        model = checked_model(parts.model.build(splits.input_shape, classes), splits.input_shape, classes)
        _check_savable(model)
    with naming_the_faulty(parts.sources["optimizer"]):
        optimizer = checked_optimizer(parts.optimizer.build(schedule), schedule.rates)
        if optimizer.weight_decay:
            # Biases and normalisation weights are spared, as He et al. 2019 advise (arXiv 1812.01187, section 3.1).
            optimizer.exclude_from_weight_decay([v for v in model.trainable_variables if len(v.shape) <= 1])
        optimizer.build(model.trainable_variables)
    if getattr(parts.optimizer, "groups", None):
        set_groups(optimizer, parts.optimizer.groups, model.trainable_variables)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    # Callbacks with mode="auto" ask the model's metrics whether more is better, and a metric is built by its first use.
    model.compute_metrics(None, np.zeros(1, np.int32), np.full((1, classes), 1 / classes, np.float32))
    model.reset_metrics()
    return model


def _check_savable(model: keras.Model) -> None:
    """Refuse before training what could not be saved after it."""
    try:
        type(model).from_config(model.get_config())
    except (NotImplementedError, TypeError):
        change = "build it from Keras layers (Sequential or functional), or give the class a get_config()"
        raise WrongReturnError(
            f"{type(model).__name__} cannot be rebuilt from its configuration, so model.keras could not be saved: "
            f"{change}",
            f"{change}.",
        ) from None


@contextmanager
def final_weights(model: keras.Model) -> Iterator[None]:
    """The weights that training would end with if it ended now, and the ones it goes on with afterwards.

    They differ where the optimizer averages them; Keras' name for making the one of the other is
    `finalize_variable_values`. Where they do not, nothing is put back: a callback may change the weights.

    Raises:
        ConfigError: the average was changed meanwhile, which would be lost.
    """
    variables = model.trainable_variables
    kept = [variable.numpy() for variable in variables]
    model.optimizer.finalize_variable_values(variables)
    final = [variable.numpy() for variable in variables]
    yield
    if _same(final, kept):
        return
    if not _same(final, [variable.numpy() for variable in variables]):
        raise ConfigError(
            "callbacks: one of them has changed the weights at the end of an epoch. With an optimizer that averages "
            "them that is the average, and training does not go on from there. Leave the callback or the average out."
        )
    for variable, value in zip(variables, kept, strict=True):
        variable.assign(value)


def _same(left: list[np.ndarray], right: list[np.ndarray]) -> bool:
    return all(np.array_equal(one, other, equal_nan=True) for one, other in zip(left, right, strict=True))
