"""The checks of models."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from annealkit.errors import ConfigError, words_of
from annealkit.plugin_system.returned import LAST_LAYER, checked_probabilities, checked_shapes
from annealkit.testing.keras_setup import precision, start
from annealkit.testing.subject import Settings, Subject

SHAPES = [(32, 32, 3), (3,)]  # a picture, and three features where pictures are refused
CLASSES, IMAGES = 7, 5


def networks(subject: Subject, policy: str = "float32") -> Iterator[tuple[Settings, Any, np.ndarray]]:
    """For all settings a new Keras model, and inputs for it."""
    for settings, instance in subject.each():
        refusals = []
        for shape in SHAPES:
            try:
                with precision(policy):
                    model = instance.build(shape, CLASSES)
            except ConfigError as error:
                refusals.append(str(error))
                continue
            yield settings, model, np.random.default_rng(0).normal(0, 1, (IMAGES, *shape)).astype(np.float32)
            break
        else:
            raise subject.unusable(
                f"build refused each of the input shapes {SHAPES}: {' '.join(refusals)}",
                "let build make a model for one of them.",
                settings,
            )


def builds(subject: Subject) -> None:
    start()
    for settings, model, inputs in networks(subject):
        shape = inputs.shape[1:]
        with subject.judging(settings):
            checked_shapes(model, shape, CLASSES)
        if model.output_shape != (None, CLASSES) or model.input_shape != (None, *shape):
            raise subject.unusable(
                f"built for inputs of shape {shape} in {CLASSES} classes it has input shape {model.input_shape} and "
                f"output shape {model.output_shape}",
                "begin it with keras.Input(input_shape); " + LAST_LAYER,
                settings,
            )


def gives_probabilities(subject: Subject) -> None:
    _check_probabilities(subject, "float32")


def gives_float32_probabilities(subject: Subject) -> None:
    _check_probabilities(subject, "mixed_bfloat16")


def _check_probabilities(subject: Subject, policy: str) -> None:
    for settings, model, inputs in networks(subject, policy):
        output = model(inputs, training=False)
        if output.dtype != "float32":
            raise subject.failure(
                f"its output is {output.dtype.name} in {policy}; expected float32", LAST_LAYER, settings
            )
        values = np.asarray(output)
        with subject.judging(settings, usable=True):
            checked_probabilities(values, 1e-4)


def learns(subject: Subject) -> None:
    keras = start()
    import tensorflow as tf

    for settings, model, inputs in networks(subject):
        labels = np.arange(IMAGES, dtype=np.int32) % CLASSES
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels, model(inputs, training=True)))
            loss = tf.add_n([loss, *model.losses])
        weights = model.trainable_variables
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        without = [weight.path for weight, gradient in zip(weights, gradients, strict=True) if gradient is None]
        if without or not weights:
            raise subject.failure(
                f"the loss does not depend on {', '.join(without) or 'any weight, as there is none'}",
                "use every layer in the way to the output, and only operations that have a gradient.",
                settings,
            )
        if not all(np.isfinite(gradient).all() for gradient in gradients):
            raise subject.failure(
                f"a gradient is not finite, with a loss of {float(loss)}",
                "look for a division by 0 or a logarithm of 0 in the layers.",
                settings,
            )
        before = model.get_weights()
        optimizer = keras.optimizers.SGD(0.01)
        optimizer.build(weights)
        optimizer.apply(gradients, weights)
        if all(np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True)):
            raise subject.failure(
                "an update of plain SGD changed no weight: all gradients are 0",
                "look for layers that pass nothing on, such as a ReLU whose inputs are all below 0.",
                settings,
            )


def survives_its_config(subject: Subject) -> None:
    for settings, model, inputs in networks(subject):
        change = (
            "build it from Keras layers (Sequential or functional), or give the class a get_config() with every "
            "argument of its __init__: model.keras is saved that way."
        )
        try:
            again = type(model).from_config(model.get_config())
            again.set_weights(model.get_weights())
        except Exception as error:
            raise subject.failure(
                f"it cannot be rebuilt from its configuration: {words_of(error)}", change, settings
            ) from None
        left, right = (np.asarray(network(inputs, training=False)) for network in (model, again))
        if not np.allclose(left, right, atol=1e-5):
            raise subject.failure(
                f"rebuilt from its configuration and with the same weights it gives {right[0].tolist()} instead of "
                f"{left[0].tolist()}",
                change,
                settings,
            )


CHECKS = [
    ("builds for its inputs and classes", builds),
    ("gives probabilities", gives_probabilities),
    ("float32 in mixed_bfloat16", gives_float32_probabilities),
    ("learns from a gradient", learns),
    ("the same from its config", survives_its_config),
]
