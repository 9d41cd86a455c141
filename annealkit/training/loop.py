"""The training loop in the graph: whole chunks of weight updates in one call."""

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from annealkit.datasets.base import Dataset
from annealkit.keras.momentum import MomentumTable
from annealkit.training.augment import augment
from annealkit.training.splits import Splits

Normalize = Callable[[tf.Tensor], tf.Tensor]
Data = tuple[tf.Tensor, tf.Tensor]  # all images, all labels
Gradients = tuple[list[tf.Tensor], tf.Tensor, tf.Tensor]  # of each weight; the mean loss; the count of correct answers


class Steps(NamedTuple):
    """What a chunk of weight updates hands back, each an array with one entry for each update.

    Attributes:
        sizes: images in the update.
        rates: float32, the learning rate as it was applied.
        losses: float32, mean loss over the images of the update, penalties included.
        correct: int32, how many of them were classified correctly.
        momenta: float32, the optimizer's momentum as it was applied, where it moves with the schedule.
    """

    sizes: np.ndarray
    rates: np.ndarray
    losses: np.ndarray
    correct: np.ndarray
    momenta: np.ndarray | None = None


class TrainingLoop:
    """Runs weight updates on images that lie in memory, gathered by index.

    Args:
        model: ends in class probabilities; its optimizer is built, the learning rate a schedule of weight updates.
        splits: the data.
        options: the data set's augmentation options.
        batch_size: images in a batch.
        accumulate: batches in a weight update.
        seed: of the augmentation.
        momentum: the optimizer's momentum, where it moves with the schedule.

    Attributes:
        data: all training images, those for validation among them, and their labels.
    """

    def __init__(
        self,
        model: keras.Model,
        splits: Splits,
        options: Dataset,
        batch_size: int,
        accumulate: int,
        seed: int,
        momentum: MomentumTable | None = None,
    ) -> None:
        self.data: Data = tf.constant(splits.images.train_images), tf.constant(splits.images.train_labels)
        self._model = model
        self._batch = BatchGradients(model, splits, options, seed)
        self._batch_size = batch_size
        self._accumulate = accumulate
        self._momentum = momentum
        self._train_size = len(splits.train)
        self._run: Callable[..., tuple[tf.Tensor, ...]] | None = None

    def run(self, order: tf.Tensor, update: int, in_epoch: int, count: int) -> Steps:
        """Make `count` weight updates.

        Args:
            order: int32, the epoch's training images in the order in which they are seen.
            update: 0-based count of the first update within the run.
            in_epoch: the same within the epoch.
            count: updates to make; not past the end of the epoch.
        """
        if self._run is None:
            # Images and labels are arguments and not captured: whatever keeps this graph in memory after its run (see
            # custom_gradients.py) would keep the images of that run with it.
            data = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in self.data]
            numbers = [tf.TensorSpec([], tf.int64)] * 3
            signature = [*data, tf.TensorSpec([None], tf.int32), *numbers]
            self._run = tf.function(self._run_updates, input_signature=signature).get_concrete_function()
        results = self._run(*self.data, order, *(tf.constant(number, tf.int64) for number in (update, in_epoch, count)))
        return Steps(self.update_sizes(in_epoch, count), *(result.numpy() for result in results))

    def update_sizes(self, in_epoch: int, count: int) -> np.ndarray:
        """Images in each of `count` weight updates: the last of an epoch takes what is left."""
        per_update = self._batch_size * self._accumulate
        first = (in_epoch + np.arange(count)) * per_update
        return np.minimum(per_update, self._train_size - first)

    def _run_updates(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        order: tf.Tensor,
        update: tf.Tensor,
        in_epoch: tf.Tensor,
        count: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        optimizer = self._model.optimizer
        types = [tf.float32, tf.float32, tf.int32, *([tf.float32] if self._momentum is not None else [])]
        recorded = [tf.TensorArray(type_, size=tf.cast(count, tf.int32)) for type_ in types]
        per_update = self._batch_size * self._accumulate
        for i in tf.range(count):
            first = tf.cast((in_epoch + i) * per_update, tf.int32)
            chosen = order[first : first + per_update]
            gradients, loss, right = self._gradients((images, labels), chosen, update + i)
            # Read before the update: afterwards Keras has counted it, and they would be the next one's.
            now = [tf.convert_to_tensor(optimizer.learning_rate), loss, right]
            if self._momentum is not None:
                now.append(self._momentum.value())
            # Keras' own train step does this before it takes gradients; it is how an optimizer gets to know the loss.
            optimizer.scale_loss(loss)
            optimizer.apply(gradients, self._model.trainable_variables)
            recorded = [array.write(tf.cast(i, tf.int32), value) for array, value in zip(recorded, now, strict=True)]
        return tuple(array.stack() for array in recorded)

    def _gradients(self, data: Data, chosen: tf.Tensor, update: tf.Tensor) -> Gradients:
        """Mean gradients, mean loss and correct answers over the chosen images, however many batches they make."""
        if self._accumulate == 1:
            return self._batch.of(data, chosen, update)
        total = tf.size(chosen)
        sums = [tf.zeros_like(variable) for variable in self._model.trainable_variables]
        loss, right = tf.constant(0.0), tf.constant(0)
        # Counted up to the batches there are, since the last update of an epoch may have fewer.
        for batch in tf.range((total + self._batch_size - 1) // self._batch_size):
            part = chosen[batch * self._batch_size : (batch + 1) * self._batch_size]
            number = update * self._accumulate + tf.cast(batch, tf.int64)
            gradients, part_loss, part_right = self._batch.of(data, part, number)
            weight = tf.cast(tf.size(part), tf.float32) / tf.cast(total, tf.float32)
            sums = [sum_ + weight * gradient for sum_, gradient in zip(sums, gradients, strict=True)]
            loss += weight * part_loss
            right += part_right
        return sums, loss, right


class BatchGradients:
    """What one batch says of the weights.

    Args:
        model: ends in class probabilities.
        splits: the data, for their normalisation.
        options: the data set's augmentation options.
        seed: of the augmentation.
    """

    def __init__(self, model: keras.Model, splits: Splits, options: Dataset, seed: int) -> None:
        self._model, self._options, self._seed = model, options, seed
        self._normalize = normalizer(splits)

    def of(self, data: Data, chosen: tf.Tensor, number: tf.Tensor) -> Gradients:
        """Gradients, mean loss and correct answers over the chosen images, which are the `number`-th batch of a run."""
        images, labels = (tf.gather(part, chosen) for part in data)
        inputs = self._normalize(images)
        seed = tf.stack([tf.constant(self._seed, tf.int64), number])
        inputs = augment(inputs, self._options, seed)
        with tf.GradientTape() as tape:
            probabilities = self._model(inputs, training=True)
            loss = mean_loss(self._model, labels, probabilities)
        # A weight that the loss does not depend on has gradient zero, which can be summed; None could not.
        weights = [variable.value for variable in self._model.trainable_variables]
        gradients = tape.gradient(loss, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return gradients, loss, correct_answers(labels, probabilities)


class Evaluation:
    """Mean loss and accuracy over some images, without augmentation or dropout.

    Args:
        model: ends in class probabilities; its optimizer is built, the learning rate a schedule of weight updates.
        data: all images, as stored, and their labels.
        chosen: which of them to measure on.
        splits: the data, for their normalisation.
    """

    _BATCH = 128  # no slower than larger ones here, and its activations take a quarter of the memory of 500

    def __init__(self, model: keras.Model, data: Data, chosen: np.ndarray, splits: Splits) -> None:
        self._model = model
        self._images, self._labels = data
        self._chosen = tf.constant(chosen)
        self._normalize = normalizer(splits)
        self._sum: Callable[[], tuple[tf.Tensor, tf.Tensor]] | None = None

    def measure(self) -> tuple[float, float]:
        """(mean loss, fraction classified correctly)."""
        if self._sum is None:
            # A concrete function: for five runs in one process TensorFlow would warn of needless tracing otherwise.
            self._sum = tf.function(self._sum_batches).get_concrete_function()
        loss, correct = self._sum()
        return float(loss) / len(self._chosen), int(correct) / len(self._chosen)

    def _sum_batches(self) -> tuple[tf.Tensor, tf.Tensor]:
        loss, correct = tf.constant(0.0, tf.float64), tf.constant(0)
        for first in tf.range(0, len(self._chosen), self._BATCH):
            chosen = self._chosen[first : first + self._BATCH]
            labels = tf.gather(self._labels, chosen)
            probabilities = self._model(self._normalize(tf.gather(self._images, chosen)), training=False)
            loss += tf.cast(mean_loss(self._model, labels, probabilities), tf.float64) * tf.cast(
                tf.size(chosen), tf.float64
            )
            correct += correct_answers(labels, probabilities)
        return loss, correct


def mean_loss(model: keras.Model, labels: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
    """Cross-entropy, averaged over the batch, plus the model's penalties."""
    loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels, probabilities))
    return tf.add_n([loss, *model.losses])


def correct_answers(labels: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
    """How many images of the batch have the highest probability at their label, int32."""
    return tf.reduce_sum(tf.cast(tf.argmax(probabilities, axis=-1, output_type=tf.int32) == labels, tf.int32))


def normalizer(splits: Splits) -> Normalize:
    """The function that makes float32 model inputs of stored images."""
    scale, offset = tf.constant(splits.scale), tf.constant(splits.offset)
    return lambda images: tf.cast(images, tf.float32) * scale + offset
