"""The Keras CIFAR-10 example network."""

from typing import TYPE_CHECKING

from annealkit import ConfigError, checked_dataclass, hookimpl

if TYPE_CHECKING:
    import keras


@checked_dataclass
class KerasCnn:
    """The Keras CIFAR-10 example network: four convolutions, one dense layer, dropout.

    Convolutions of 3×3 and ReLU: 32 (same), 32 (valid), max-pool 2, dropout 0.25, 64 (same), 64 (valid), max-pool 2,
    dropout 0.25, dense 512, dropout 0.5, softmax. 1,250,858 weights for 32×32×3 images in 10 classes.
    Source: the example `cifar10_cnn` of Keras (Chollet and others, 2015-2020).
    """

    def build(self, input_shape: tuple[int, ...], classes: int) -> "keras.Model":
        """The model for images of shape (height, width, channels), each side at least 14 pixels."""
        import keras
        from keras import layers

        if len(input_shape) != 3 or min(input_shape[:2]) < 14:
            raise ConfigError(
                f"model=keras_cnn needs images of at least 14×14 pixels; got shape {input_shape}. Try model=mlp."
            )
        return keras.Sequential(
            [
                keras.Input(input_shape),
                layers.Conv2D(32, 3, padding="same", activation="relu"),
                layers.Conv2D(32, 3, activation="relu"),
                layers.MaxPooling2D(),
                layers.Dropout(0.25),
                layers.Conv2D(64, 3, padding="same", activation="relu"),
                layers.Conv2D(64, 3, activation="relu"),
                layers.MaxPooling2D(),
                layers.Dropout(0.25),
                layers.Flatten(),
                layers.Dense(512, activation="relu"),
                layers.Dropout(0.5),
                layers.Dense(classes, activation="softmax", dtype="float32", name="head"),
            ],
            name="keras_cnn",
        )


@hookimpl
def annealkit_models() -> dict[str, type]:
    return {"keras_cnn": KerasCnn}
