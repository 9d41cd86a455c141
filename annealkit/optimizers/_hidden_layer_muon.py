"""Keras' Muon, told by itself which layer is the output."""

from typing import Any

import keras


@keras.saving.register_keras_serializable("annealkit")
class HiddenLayerMuon(keras.optimizers.Muon):
    """Keras' Muon with AdamW for the last matrix it is given, which in a classifier is the output layer's kernel.

    Keras asks for the names of layers that Muon is not meant for, and they are known only with the model. It also has a
    weight decay of its own for what AdamW moves; here there is one for both.
    """

    def build(self, variables: list[Any]) -> None:
        matrices = [variable for variable in variables if len(variable.shape) == 2]
        self._output = matrices[-1].path if matrices else None
        self.adam_weight_decay = self.weight_decay
        super().build(variables)

    def _should_use_adamw(self, variable: Any) -> bool:
        # Keras passes its own variables here, and TensorFlow's in the update; only the former have a path.
        path = getattr(variable, "path", None)
        return bool((path is not None and path == self._output) or super()._should_use_adamw(variable))
