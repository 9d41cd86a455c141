"""The network that is trained: model, optimizer, the table of rates and the graph that makes weight updates."""

import logging
from contextlib import AbstractContextManager

import numpy as np
import tensorflow as tf

from annealkit.configuration.plan import Epoch, Plan
from annealkit.keras.momentum import MomentumTable, pair_momentum
from annealkit.keras.table_schedule import TableSchedule
from annealkit.plugin_system.faulty_parts import naming_the_faulty
from annealkit.runs.checkpoint import Checkpoint, misfit, restore_variables, variable_arrays
from annealkit.training.compiled_model import build_model, final_weights
from annealkit.training.kept_images import use_kept_tensors
from annealkit.training.loop import Evaluation, Steps, TrainingLoop
from annealkit.training.splits import Splits, epoch_order

log = logging.getLogger("annealkit")


class Network:
    """A model with its optimizer, ready to be trained on some images.

    Args:
        plan: what to build and how to train it.
        splits: the images; those to train on are given up, since the graph has a copy of its own.

    Attributes:
        model: compiled; the optimizer is `model.optimizer`.
    """

    def __init__(self, plan: Plan, splits: Splits) -> None:
        self._schedule = TableSchedule(plan.rates)
        self.model = build_model(plan.parts, splits, self._schedule)
        self._seed, self._splits = plan.trainer.seed, splits
        self._suspects = [*plan.parts.sources["optimizer"], *plan.parts.sources["model"]]
        trained = splits.images.train_images
        use_kept_tensors(splits.images)
        self._loop = TrainingLoop(
            self.model,
            splits,
            plan.parts.data,
            plan.trainer.batch_size,
            plan.accumulate,
            plan.trainer.seed,
            self._paired_momentum(plan.momenta),
        )
        # A second copy of the training images would be most of a small process's memory.
        splits.images.train_images = np.empty((0, *trained.shape[1:]), trained.dtype)
        self._order: tuple[int, tf.Tensor] | None = None  # of the epoch under way
        self._validation: Evaluation | None = None
        if len(splits.validation):
            self._validation = Evaluation(self.model, self._loop.data, splits.validation, splits)

    def run(self, epoch: Epoch, step: int, count: int) -> Steps:
        """Make `count` weight updates from that of the count `step` on; not past the end of the epoch."""
        if self._order is None or self._order[0] != epoch.number:
            self._order = epoch.number, epoch_order(self._splits.train, self._seed, epoch.number)
        with self._naming():
            return self._loop.run(self._order[1], step, step - epoch.start, count)

    def images_in(self, in_epoch: int, count: int) -> int:
        """Training images in so many weight updates, from that place in an epoch on."""
        return int(self._loop.update_sizes(in_epoch, count).sum())

    def scale_rates(self, scale: float) -> None:
        """Multiply the planned learning rates of all further weight updates."""
        self._schedule.scale.assign(scale)

    def validate(self) -> tuple[float, float] | None:
        """(mean loss, fraction classified correctly) of the validation images; None where there are none."""
        with self._naming():
            return None if self._validation is None else self._validation.measure()

    def test(self) -> tuple[float, float]:
        """(mean loss, fraction classified correctly) of the test images."""
        images = self._splits.images
        data = tf.constant(images.test_images), tf.constant(images.test_labels)
        with self._naming():
            return Evaluation(self.model, data, self._splits.test, self._splits).measure()

    def final_weights(self) -> AbstractContextManager[None]:
        """While the model has the weights that training would end with if it ended now."""
        return final_weights(self.model)

    def keep_final_weights(self) -> None:
        """End with those weights; the optimizer's average, if it has one."""
        self.model.optimizer.finalize_variable_values(self.model.trainable_variables)

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything in it that a weight update changes or depends on, for a checkpoint."""
        return {
            **variable_arrays("model", self.model.variables),
            **variable_arrays("optimizer", self.model.optimizer.variables),
        }

    def misfit(self, checkpoint: Checkpoint) -> str:
        """Why it cannot become the network that a checkpoint was taken of; empty where it can."""
        return misfit("model", self.model.variables, checkpoint.arrays) or misfit(
            "optimizer", self.model.optimizer.variables, checkpoint.arrays
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Become the network that a checkpoint was taken of. Raises RunError if it does not fit."""
        restore_variables("model", self.model.variables, checkpoint.arrays)
        restore_variables("optimizer", self.model.optimizer.variables, checkpoint.arrays)

    def _naming(self) -> AbstractContextManager[None]:
        """While the graph is made and run, in which the code of model and optimizer is called."""
        return naming_the_faulty(self._suspects, own_code_only=True)

    def _paired_momentum(self, momenta: np.ndarray | None) -> MomentumTable | None:
        """The optimizer's momentum, moved by the schedule, if the one has any and the other moves it."""
        if momenta is None:
            return None
        paired = pair_momentum(self.model.optimizer, momenta)
        if paired is None:
            log.info("This optimizer has no momentum or beta_1 above 0, so the schedule's momentum has no effect.")
        return paired
