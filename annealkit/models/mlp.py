"""A small fully connected network."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from annealkit import hookimpl
from annealkit.errors import ConfigError

if TYPE_CHECKING:
    import keras


@dataclass
class Mlp:
    """Fully connected layers with ReLU, then softmax; the default is three of 9 units.

    Args:
        hidden: units of each hidden layer, each at least 1.
    """

    hidden: list[int] = field(default_factory=lambda: [9, 9, 9])

    def __post_init__(self) -> None:
        if any(units < 1 for units in self.hidden):
            raise ConfigError(
                f"mlp: every entry of hidden must be at least 1; got {self.hidden}. Try model.hidden=[9,9,9]."
            )

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
