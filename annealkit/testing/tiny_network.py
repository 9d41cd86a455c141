"""A network of a few weights, the same each time, on which optimizers are tried."""

from typing import Any

import numpy as np

from annealkit.testing.keras_setup import start

FEATURES, CLASSES, IMAGES, BATCHES = 6, 3, 16, 8


class Pair:
    """A network and an optimizer that is made ready for it as training does.

    Args:
        optimizer: new, not built.
        policy: precision of the network.
    """

    def __init__(self, optimizer: Any, policy: str = "float32") -> None:
        keras = start()
        output = keras.layers.Dense(CLASSES, activation="softmax", dtype="float32")
        hidden = keras.layers.Dense(8, activation="tanh", dtype=policy)
        self.model = keras.Sequential([keras.Input((FEATURES,)), hidden, output])
        random = np.random.default_rng(0)
        self.model.set_weights([random.normal(0, 0.5, weight.shape) for weight in self.model.get_weights()])
        self.optimizer = optimizer
        variables = self.model.trainable_variables
        if optimizer.weight_decay:
            optimizer.exclude_from_weight_decay([variable for variable in variables if len(variable.shape) <= 1])
        optimizer.build(variables)
        self.inputs = random.normal(0, 1, (BATCHES, IMAGES, FEATURES)).astype(np.float32)
        self.labels = random.integers(CLASSES, size=(BATCHES, IMAGES)).astype(np.int32)

    @property
    def weights(self) -> np.ndarray:
        """All weights in one array."""
        return np.concatenate([np.ravel(weight) for weight in self.model.get_weights()])

    @property
    def variables(self) -> list[Any]:
        """What a checkpoint keeps."""
        return [*self.model.variables, *self.optimizer.variables]

    def train(self, count: int, begin: int = 0, in_graph: bool = False) -> "Pair":
        """Make `count` weight updates, beginning with that batch."""
        import tensorflow as tf

        inputs, labels = tf.constant(self.inputs), tf.constant(self.labels)
        update = self._update
        if in_graph:
            # A concrete function: of some of them in one process TensorFlow would warn otherwise.
            update = tf.function(update).get_concrete_function(inputs[0], labels[0])
        for number in range(begin, begin + count):
            update(inputs[number], labels[number])
        return self

    def push(self, sizes: list[float]) -> "Pair":
        """Make one weight update for each size, whose gradients are about that large."""
        import tensorflow as tf

        random = np.random.default_rng(1)
        for size in sizes:
            gradients = [
                tf.constant((size * random.uniform(0.5, 1.5, tuple(variable.shape))).astype(np.float32))
                for variable in self.model.trainable_variables
            ]
            self.optimizer.scale_loss(tf.constant(abs(size)))
            self.optimizer.apply(gradients, self.model.trainable_variables)
        return self

    def _update(self, inputs: Any, labels: Any) -> None:
        import keras
        import tensorflow as tf

        with tf.GradientTape() as tape:
            probabilities = self.model(inputs, training=True)
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels, probabilities))
        # As the training loop and Keras do: it is how an optimizer gets to know the loss.
        self.optimizer.scale_loss(loss)
        weights = [variable.value for variable in self.model.trainable_variables]
        self.optimizer.apply(tape.gradient(loss, weights), self.model.trainable_variables)


class Bowl:
    """Half the squared distance of some weights, at first 0, from a point: the simplest thing to descend on.

    Args:
        optimizer: new, not built.
    """

    def __init__(self, optimizer: Any) -> None:
        keras = start()
        random = np.random.default_rng(2)
        shapes = [(6, 4), (4,)]
        self._points = [random.normal(0, 1, shape).astype(np.float32) for shape in shapes]
        self._weights = [keras.Variable(np.zeros(shape, np.float32), name=f"weights_{len(shape)}") for shape in shapes]
        self._optimizer = optimizer
        optimizer.build(self._weights)

    @property
    def loss(self) -> float:
        """The value where the weights are."""
        return sum(0.5 * float((gradient**2).sum()) for gradient in self._gradients())

    def update(self) -> float:
        """Make a weight update; how far along the gradient it went, below 0 for a descent."""
        import tensorflow as tf

        gradients, before = self._gradients(), [weight.numpy() for weight in self._weights]
        self._optimizer.scale_loss(tf.constant(self.loss, tf.float32))
        self._optimizer.apply([tf.constant(gradient) for gradient in gradients], self._weights)
        moves = [weight.numpy() - old for weight, old in zip(self._weights, before, strict=True)]
        return sum(float((move * gradient).sum()) for move, gradient in zip(moves, gradients, strict=True))

    def _gradients(self) -> list[np.ndarray]:
        return [weight.numpy() - point for weight, point in zip(self._weights, self._points, strict=True)]
