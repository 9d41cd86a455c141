"""ResNet-20 for CIFAR-10."""

from typing import TYPE_CHECKING

from annealkit import ConfigError, checked_dataclass, hookimpl, number

if TYPE_CHECKING:
    import keras


@checked_dataclass
class ResNet20:
    """ResNet-20 v1 for small images: three stages of three residual blocks with 16, 32 and 64 filters.

    Source: He et al. 2016, arXiv 1512.03385, section 4.2, as the Keras CIFAR-10 ResNet example builds it
    (projection shortcuts between stages, He-normal weights, L2 penalty on kernels).
    """

    l2: float = number(1e-4, "[0, inf)", "factor of the L2 penalty on kernels")

    def build(self, input_shape: tuple[int, ...], classes: int) -> "keras.Model":
        """The model for images of shape (height, width, channels), each side at least 8 pixels."""
        import keras
        from keras import layers

        if len(input_shape) != 3 or min(input_shape[:2]) < 8:
            raise ConfigError(
                f"model=resnet20 needs images of at least 8×8 pixels; got shape {input_shape}. Try model=mlp."
            )

        def convolution(x: "keras.KerasTensor", filters: int, size: int, strides: int) -> "keras.KerasTensor":
            return layers.Conv2D(
                filters, size, strides, padding="same", kernel_initializer="he_normal",
                kernel_regularizer=keras.regularizers.L2(self.l2),
            )(x)  # fmt: skip

        def block(x: "keras.KerasTensor", filters: int, strides: int) -> "keras.KerasTensor":
            y = layers.ReLU()(layers.BatchNormalization()(convolution(x, filters, 3, strides)))
            y = layers.BatchNormalization()(convolution(y, filters, 3, 1))
            shortcut = convolution(x, filters, 1, strides) if strides > 1 else x
            return layers.ReLU()(layers.Add()([shortcut, y]))

        inputs = keras.Input(input_shape)
        x = layers.ReLU()(layers.BatchNormalization()(convolution(inputs, 16, 3, 1)))
        for filters, first_strides in ((16, 1), (32, 2), (64, 2)):
            for strides in (first_strides, 1, 1):
                x = block(x, filters, strides)
        x = layers.GlobalAveragePooling2D()(x)
        head = layers.Dense(classes, "softmax", kernel_initializer="he_normal", dtype="float32", name="head")
        return keras.Model(inputs, head(x), name="resnet20")


@hookimpl
def annealkit_models() -> dict[str, type]:
    return {"resnet20": ResNet20}
