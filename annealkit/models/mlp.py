"""A small fully connected network."""

from typing import TYPE_CHECKING

from annealkit import checked_dataclass, hookimpl, integers

if TYPE_CHECKING:
    import keras


@checked_dataclass
class Mlp:
    """Fully connected layers with ReLU, then softmax; the default is three of 9 units."""

    hidden: list[int] = integers([9, 9, 9], "[1, inf)", "units of each hidden layer")

    def build(self, input_shape: tuple[int, ...], classes: int) -> "keras.Model":
        """The model for inputs of any shape; images are flattened."""
        import keras
        from keras import layers

        flatten = [layers.Flatten()] if len(input_shape) > 1 else []
        hidden = [layers.Dense(units, activation="relu") for units in self.hidden]
        output = layers.Dense(classes, activation="softmax", dtype="float32", name="head")
        return keras.Sequential([keras.Input(input_shape), *flatten, *hidden, output], name="mlp")


@hookimpl
def annealkit_models() -> dict[str, type]:
    return {"mlp": Mlp}
