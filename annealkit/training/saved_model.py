"""The trained model as a file for plain Keras."""

from pathlib import Path

import keras

from annealkit.runs.disk import not_written
from annealkit.training.splits import Splits


def save_for_keras(model: keras.Model, splits: Splits, path: Path) -> None:
    """Save a copy that loads where annealkit is not installed and takes images as they are stored, pixels of 0 … 255.

    The normalisation goes in front as a layer; the optimizer with its schedule stays out.

    Raises:
        RunError: the file cannot be written; one that was there before is intact.
    """
    # `clone_model` would not do: it compiles the clone with the same optimizer, schedule and all.
    trained = type(model).from_config(model.get_config())
    trained.set_weights(model.get_weights())
    normalize = keras.layers.Rescaling(splits.scale.tolist(), splits.offset.tolist(), dtype="float32", name="normalize")
    plain = keras.Sequential([keras.Input(splits.input_shape), normalize, trained], name=model.name)
    temporary = path.with_name(f"part-{path.name}")
    try:
        plain.save(temporary)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise not_written(path, error) from None
