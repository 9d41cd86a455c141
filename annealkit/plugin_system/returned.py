"""What parts hand back, checked where it comes back: by plans and training, and so by the conformance checks.

Each function raises WrongReturnError, which says what was found and what its author is to change. Which part it was is
told by `naming_the_faulty`, or by the check that looked.
"""

import math
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from annealkit.datasets.base import Images
from annealkit.errors import WrongReturnError

LAST_LAYER = 'end it with keras.layers.Dense(classes, activation="softmax", dtype="float32").'
_EXAMPLES = 2  # On so many inputs a model is tried.
_ROUNDING = 0.02  # Of probabilities, also where they are bfloat16.


# --- data sets ---


def checked_size(size: Any) -> int:
    """What `train_size()` returned."""
    if not isinstance(size, numbers.Integral) or isinstance(size, bool) or size < 1:
        raise WrongReturnError(f"train_size() returned {_short(size)}", "return a whole number (int) of at least 1.")
    return int(size)


def checked_images(images: Any) -> Images:
    """What `load()` returned."""
    if not isinstance(images, Images):
        raise WrongReturnError(f"load() returned {type(images).__name__}", "return an annealkit.datasets.Images.")
    names = images.class_names
    if not isinstance(names, Sequence) or isinstance(names, str) or not names:
        raise WrongReturnError(f"class_names is {_short(names)}", "give a list with a name for each class.")
    for which in ("train", "test"):
        problem = _problem(getattr(images, f"{which}_images"), getattr(images, f"{which}_labels"), len(names))
        if problem is not None:
            raise WrongReturnError(
                f"{which}_{problem}",
                "return pictures as uint8 of shape (n, height, width, channels), or features as float32 of shape "
                "(n, features), with one int32 label each, from 0 to the number of class names - 1.",
            )
    trained, tested = images.train_images, images.test_images
    if trained.shape[1:] != tested.shape[1:]:
        raise WrongReturnError(
            f"train_images have shape {trained.shape[1:]} each and test_images {tested.shape[1:]}",
            "give both one shape.",
        )
    if trained.dtype != tested.dtype:
        raise WrongReturnError(
            f"train_images are {trained.dtype} and test_images {tested.dtype}, which are normalised in other ways",
            "give both one type.",
        )
    return images


def _problem(pictures: Any, labels: Any, classes: int) -> str | None:
    """What is wrong, beginning with the array's name."""
    for name, array in (("images", pictures), ("labels", labels)):
        if not isinstance(array, np.ndarray):
            return f"{name} is {type(array).__name__}; expected a NumPy array"
    if pictures.dtype not in (np.uint8, np.float32) or pictures.ndim < 2:
        return f"images are {pictures.dtype} of shape {pictures.shape}"
    if pictures.size == 0:
        return "images are none" if len(pictures) == 0 else f"images are empty, of shape {pictures.shape}"
    if pictures.dtype == np.float32 and not np.isfinite(pictures).all():
        return "images have values that are not finite"
    if labels.dtype != np.int32 or labels.shape != (len(pictures),):
        return f"labels are {labels.dtype} of shape {labels.shape}, for {len(pictures)} images"
    if labels.min() < 0 or labels.max() >= classes:
        return f"labels go from {labels.min()} to {labels.max()}, for {classes} class names"
    return None


# --- models ---


def checked_model(model: Any, input_shape: tuple[int, ...], classes: int) -> Any:
    """What `build(input_shape, classes)` of a model returned: it is tried on a few inputs."""
    checked_probabilities(checked_shapes(model, input_shape, classes), _ROUNDING)
    if not model.trainable_variables:
        raise WrongReturnError("it has no trainable weight", "leave the layers that are to learn trainable.")
    return model


def checked_shapes(model: Any, input_shape: tuple[int, ...], classes: int) -> np.ndarray:
    """The same, but for the values that it gives, which are returned as float32."""
    import keras

    if not isinstance(model, keras.Model):
        raise WrongReturnError(f"build returned {type(model).__name__}", "return a keras.Model.")
    if not _is_for(model, input_shape):
        raise WrongReturnError(
            f"built for inputs of shape {input_shape} it takes {_shapes(model.input_shape)}",
            "begin it with keras.Input(input_shape).",
        )
    inputs = np.random.default_rng(0).normal(0, 1, (_EXAMPLES, *input_shape)).astype(np.float32)
    output = model(inputs, training=False)
    if not keras.ops.is_tensor(output):
        raise WrongReturnError(f"it gives {type(output).__name__} for inputs, and one output is needed", LAST_LAYER)
    if tuple(output.shape) != (_EXAMPLES, classes):
        raise WrongReturnError(
            f"built for inputs of shape {input_shape} in {classes} classes it has output shape "
            f"{(None, *output.shape[1:])}",
            LAST_LAYER,
        )
    return np.asarray(keras.ops.cast(output, "float32"))


def checked_probabilities(values: np.ndarray, tolerance: float) -> None:
    """What a model gives for some inputs, float32, shape (n, classes)."""
    sums = values.sum(axis=-1)
    if not (np.isfinite(values).all() and (values >= 0).all() and np.allclose(sums, 1, atol=tolerance)):
        wrong = np.where(np.isfinite(sums), np.abs(sums - 1), np.inf) + (values < 0).any(axis=-1)
        worst = int(np.argmax(wrong))
        raise WrongReturnError(
            f"its outputs for one input are {np.round(values[worst][:10], 4).tolist()}, which add up to {sums[worst]}; "
            "expected probabilities that add up to 1",
            LAST_LAYER,
        )


def _is_for(model: Any, input_shape: tuple[int, ...]) -> bool:
    """Whether its inputs have that shape; a class of one's own may not say which it takes."""
    said = getattr(model, "input_shape", None)
    if said is None:
        return True
    if isinstance(said, tuple) and len(said) == len(input_shape) + 1:
        return all(own in (None, size) for own, size in zip(said[1:], input_shape, strict=True))
    return False


def _shapes(said: Any) -> str:
    return f"inputs of shape {said[1:]}" if isinstance(said, tuple) else f"{len(said)} inputs of shapes {said}"


# --- optimizers ---


def checked_rate_and_batches(part: Any) -> None:
    """The fields of an optimizer that plans are made with: `lr`, and `gradient_accumulation_steps` where it has it."""
    lr, batches = getattr(part, "lr", None), batches_of(part)
    if not isinstance(lr, int | float) or isinstance(lr, bool) or not 0 <= lr < math.inf:
        raise WrongReturnError(
            f"its field lr is {_short(lr)}; expected a number above 0", "give it a field `lr: float = 0.001`."
        )
    if not isinstance(batches, int) or isinstance(batches, bool) or batches < 1:
        raise WrongReturnError(
            f"its field gradient_accumulation_steps is {_short(batches)}; expected a whole number of at least 1",
            "derive the class from annealkit.optimizers.KerasOptimizer, write `gradient_accumulation_steps: int = 1`, "
            "or leave the field out: the trainer reads it.",
        )


def batches_of(part: Any) -> Any:
    """Batches in a weight update: an optimizer need not have that setting."""
    return getattr(part, "gradient_accumulation_steps", 1)


def checked_optimizer(optimizer: Any, rates: np.ndarray) -> Any:
    """What `build(learning_rate)` of an optimizer returned, for a curve of these rates; it must follow them."""
    import keras

    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise WrongReturnError(f"build returned {type(optimizer).__name__}", "return a keras.optimizers.Optimizer.")
    if (optimizer.gradient_accumulation_steps or 1) != 1:
        raise WrongReturnError(
            f"the optimizer it builds accumulates {optimizer.gradient_accumulation_steps} gradients itself",
            "do not pass gradient_accumulation_steps on: the trainer itself adds up the gradients.",
        )
    begun = optimizer.iterations.numpy()
    for step in {0, int(np.argmax(np.abs(rates - rates[0])))}:
        optimizer.iterations.assign(step)
        found = np.float32(optimizer.learning_rate)
        if found != np.float32(rates[step]):
            raise WrongReturnError(
                f"built with a learning rate of {rates[step]:.6g} the optimizer has {found:.6g}, at update {step}",
                "pass `learning_rate` on to the Keras optimizer as it is.",
            )
    optimizer.iterations.assign(begun)
    return optimizer


# --- feedback ---


def checked_state(state: Any, method: str) -> dict[str, Any]:
    """What `begin` or `observe` of a feedback rule returned."""
    if not isinstance(state, dict) or "scale" not in state:
        raise WrongReturnError(
            f'{method} returned {_short(state)}; expected a dictionary with "scale"',
            f'return {{"scale": 1.0, …}} from {method}.',
        )
    scale = state["scale"]
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 <= scale < math.inf:
        raise WrongReturnError(
            f"{method} returned a scale of {_short(scale)}; expected a finite number above 0",
            'return {"scale": …} with a number that does not come from a metric without a bound, and treat NaN and '
            "infinity as no improvement.",
        )
    if method == "begin()" and scale != 1:
        raise WrongReturnError(
            f'begin() returned {_short(state)}; expected a dictionary with "scale": 1.0',
            'return {"scale": 1.0, …} from begin().',
        )
    checked_storable(state, method)
    return state


def checked_storable(state: dict[str, Any], method: str) -> None:
    """That a checkpoint can hold a rule's state, and gives it back as it is."""
    unstorable = _unstorable(state)
    if unstorable:
        raise WrongReturnError(
            f"the state cannot be stored as JSON: {method} returned {unstorable}",
            "put only str, int, float, bool, None, lists and dictionaries with text for keys into it; float(…) makes a "
            "float of a NumPy number.",
        )


def _unstorable(value: Any, place: str = "state") -> str:
    """Where there is something that JSON cannot hold, or would give back as something else; empty for nowhere."""
    if isinstance(value, dict):
        keys = [key for key in value if not isinstance(key, str)]
        if keys:
            return f"{place} with the key {_short(keys[0])}, which is no text"
        return next(filter(None, (_unstorable(inner, f"{place}[{key!r}]") for key, inner in value.items())), "")
    if isinstance(value, list | tuple):
        return next(filter(None, (_unstorable(inner, f"{place}[{i}]") for i, inner in enumerate(value))), "")
    if value is None or isinstance(value, str | int | float):
        return ""
    return f"{place}, which is of type {type(value).__name__}"


# --- words ---


def _short(value: Any) -> str:
    """The value in at most a line; its class where it cannot be shown."""
    try:
        said = repr(value)
    except Exception:
        return type(value).__name__
    return said if len(said) <= 100 else f"{said[:99]}…"
