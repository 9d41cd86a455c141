"""The training of one run, from loading images to the figure on the test set. Reads from top to bottom."""

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from omegaconf import DictConfig, OmegaConf

from annealkit.configuration.composition import settings
from annealkit.configuration.plan import (
    Origin,
    Parts,
    feedback_interval,
    plan_momenta,
    plan_rates,
    plan_run,
    steps_to_keep,
)
from annealkit.curve.span import Run
from annealkit.keras.momentum import MomentumTable, pair_momentum
from annealkit.keras.table_schedule import TableSchedule
from annealkit.plugin_system.faulty_parts import naming_the_faulty
from annealkit.plugin_system.registry import Registry
from annealkit.runs.checkpoint import (
    Checkpoint,
    Checkpoints,
    check_same_variables,
    optimizer_variables,
    restore_variables,
    variable_arrays,
)
from annealkit.runs.folder import CHECKPOINTS, RunFolder
from annealkit.runs.result import DIVERGED, FAILED, FINISHED, INTERRUPTED, RUNNING, Result
from annealkit.start_tensorflow import available_threads
from annealkit.training import callback_state
from annealkit.training.announcement import announce, announce_branch
from annealkit.training.callbacks import check_callbacks, early_stopping
from annealkit.training.compiled_model import build_model, final_weights
from annealkit.training.custom_gradients import forgetting_custom_gradients
from annealkit.training.environment import (
    check_exact,
    check_trunk,
    describe_environment,
    prepared_keras,
)
from annealkit.training.kept_images import kept_images, use_kept_tensors
from annealkit.training.loop import Steps, TrainingLoop
from annealkit.training.progress import Progress
from annealkit.training.progress_bar import ProgressBar
from annealkit.training.saved_model import save_for_keras
from annealkit.training.splits import Splits, split
from annealkit.training.stop_request import StopRequest
from annealkit.training.tensorboard_writer import TensorBoardWriter

log = logging.getLogger("annealkit")

_SECONDS_PER_CALL = 0.5


def train(
    parts: Parts,
    config: DictConfig,
    folder: RunFolder,
    registry: Registry,
    callbacks: Sequence[keras.callbacks.Callback],
    reuse_data: bool = False,
) -> Result:
    """Train one run in its folder, from the start or from its last checkpoint, and measure it on the test images.

    With `reuse_data` the images stay in memory for the next run of this process with the same data settings.
    """
    check_callbacks(callbacks)
    with naming_the_faulty(parts.made_of["data"]):
        images = kept_images(parts.data, config.data) if reuse_data else parts.data.load()
    splits = split(images, parts.data, parts.trainer.seed)
    run = plan_run(parts, len(splits.images.train_images))
    rates = plan_rates(parts, run)
    momenta = plan_momenta(parts, run)
    schedule = TableSchedule(rates)
    threads = parts.trainer.threads or available_threads()
    environment = describe_environment(threads, config, registry, splits, rates, momenta)
    inexact = check_exact(folder, environment, config.resume)

    prepared = prepared_keras(parts.trainer.seed, parts.trainer.precision)
    with StopRequest() as stop, prepared, forgetting_custom_gradients():
        model = build_model(parts, splits, schedule)
        momentum = _paired_momentum(model.optimizer, momenta)
        training = Training(
            parts, folder, run, splits, model, schedule, momentum, [*early_stopping(parts.trainer), *callbacks]
        )
        training.restore()
        if training.begins:
            # What an earlier start mixed is gone with its checkpoints.
            inexact = []
            if parts.origin is not None:
                inexact = check_trunk(parts.origin, run.steps_per_epoch, environment, config.resume)
        folder.update_state(
            status=RUNNING,
            message="",
            settings=settings(config),
            environment=environment,
            inexact=inexact,
            **({} if parts.origin is None else {"parent": _parent(parts.origin)}),
            data={"name": splits.images.name, "origin": splits.images.origin},
            images={"train": len(splits.train), "validation": len(splits.validation), "test": len(splits.test)},
            total_steps=run.total_steps,
            steps_per_epoch=run.steps_per_epoch,
        )
        announce(parts, splits, run)
        if training.begins and parts.origin is not None:
            announce_branch(parts.origin, rates, training.scales)
        elif training.progress.step:
            log.info("Continuing after weight update %d of %d.", training.progress.step, run.total_steps)
        status, message = training.run(config, stop)
        result = training.result(status, message, inexact)
        folder.update_state(status=status, result=result.to_json())
    stop.act()  # Also where the signal came too late to shorten anything: a sweep must not go on to its next run.
    return result


class Training:
    """A run under way.

    Attributes:
        progress: where it stands.
        begins: whether it begins now, and does not go on from a checkpoint of its own.
        scales: of the planned rates by feedback, where a branch begins: its trunk's at the end, and its own.
    """

    def __init__(
        self,
        parts: Parts,
        folder: RunFolder,
        run: Run,
        splits: Splits,
        model: keras.Model,
        schedule: TableSchedule,
        momentum: MomentumTable | None,
        callbacks: list[keras.callbacks.Callback],
    ) -> None:
        settings = parts.trainer
        self.progress = Progress(feedback=parts.feedback.begin() if parts.feedback else None)
        self.begins = False
        self.scales = (1.0, 1.0)
        self._origin = parts.origin
        self._keep = steps_to_keep(parts, run)
        self._settings = settings
        self._feedback = parts.feedback
        self._made_of = parts.made_of
        self._feedback_interval = feedback_interval(parts.feedback, run)
        self._folder = folder
        self._checkpoints = Checkpoints(folder.checkpoints)
        self._span = run
        self._splits = splits
        self._model = model
        self._schedule = schedule
        self._callbacks = keras.callbacks.CallbackList(
            callbacks, model=model, epochs=settings.epochs, steps=run.steps_per_epoch
        )
        accumulate = parts.optimizer.gradient_accumulation_steps
        self._images_per_update = settings.batch_size * accumulate
        trained = splits.images.train_images
        use_kept_tensors(splits.images)
        self._loop = TrainingLoop(
            model, model.optimizer, splits, parts.data, settings.batch_size, accumulate, settings.seed, momentum
        )
        # The loop has its own copy of the training images: a second one would be most of a small process's memory.
        splits.images.train_images = np.empty((0, *trained.shape[1:]), trained.dtype)
        self._validation = self._loop.evaluation(splits.validation) if len(splits.validation) else None
        self._test_figures: tuple[float, float] | None = None
        self._began = self._epoch_began = time.perf_counter()
        self._last_checkpoint = time.monotonic()
        self._call_size = 1
        self._traced = False
        self._board: TensorBoardWriter

    def restore(self) -> None:
        """Take up the last good checkpoint, or begin: variables, progress, history and event files all at one step."""
        checkpoint = self._checkpoints.latest()
        self.begins = checkpoint is None
        if self.begins and self._origin is not None:
            self._leave_trunk(self._origin)
        self._model.stop_training = False
        self._callbacks.on_train_begin()
        sizes: dict[str, int] = {}
        if checkpoint is not None:
            self._take_up(checkpoint)
            callback_state.restore(self._callbacks.callbacks, checkpoint.state["callbacks"], checkpoint.arrays)
            sizes = checkpoint.state["event_files"]
        if self.progress.feedback is not None:
            self._schedule.scale.assign(self.progress.scale)
        self._folder.write_history(self.progress.history)
        self._board = TensorBoardWriter(self._folder.path, sizes, self.progress.step)

    def _take_up(self, checkpoint: Checkpoint) -> None:
        restore_variables("model", self._model.variables, checkpoint.arrays)
        restore_variables("optimizer", self._model.optimizer.variables, checkpoint.arrays)
        self.progress = Progress(**checkpoint.state["progress"])

    def _leave_trunk(self, origin: Origin) -> None:
        """Begin where another run stood: its weights and history; callbacks begin anew, and another feedback does."""
        begun = self.progress
        checkpoint = Checkpoints(origin.run / CHECKPOINTS).at(origin.branch.at)
        check_same_variables(self._model.optimizer, checkpoint.state)
        self._take_up(checkpoint)
        self.progress.stopped = False
        last_scale = self.progress.scale
        if not origin.keeps_feedback:
            self.progress.feedback, self.progress.unseen = begun.feedback, begun.unseen
        self.scales = last_scale, self.progress.scale

    def run(self, config: DictConfig, stop: StopRequest) -> tuple[str, str]:
        """Train what is left. Returns the status, and why it ended if that is not plain."""
        status, message = FAILED, ""
        if self.begins:
            self._board.describe(OmegaConf.to_yaml(config, resolve=True), settings(config))
        bar = ProgressBar(self._span.total_steps, self.progress.step, self._settings.epochs, self._settings.progress)
        try:
            with bar:
                status, message = self._train_epochs(stop, bar)
            if status == FINISHED:
                status, message = self._finish()
            elif status == INTERRUPTED:
                log.info(
                    "Stopped after weight update %d of %d. The same command continues there.",
                    self.progress.step,
                    self._span.total_steps,
                )
        finally:
            self._board.close(status)
        return status, message

    def _train_epochs(self, stop: StopRequest, bar: ProgressBar) -> tuple[str, str]:
        progress, run = self.progress, self._span
        while progress.step < run.total_steps and not progress.stopped:
            epoch, in_epoch = divmod(progress.step, run.steps_per_epoch)
            # A branch may end, and begin, within an epoch.
            epoch_end = min(run.steps_per_epoch, run.total_steps - epoch * run.steps_per_epoch)
            order = self._epoch_order(epoch)
            began, images = time.perf_counter(), 0
            self._epoch_began = began - progress.seconds_in_epoch
            progress.seconds_in_epoch = 0.0
            if in_epoch == 0 or self.begins:
                self._callbacks.on_epoch_begin(epoch)
            while in_epoch < epoch_end:
                count = self._next_count(epoch_end - in_epoch)
                sizes = self._update_sizes(in_epoch, count)
                call_began = time.perf_counter()
                steps = self._loop.run(order, progress.step, in_epoch, count)
                self._adapt_call_size(count, time.perf_counter() - call_began)
                self._board.steps(progress.step, steps, sizes)
                wrong = _first_not_finite(steps.losses)
                if wrong is not None:
                    return DIVERGED, self._diverged(
                        f"the loss was {steps.losses[wrong]}", progress.step + wrong, steps.rates[wrong]
                    )
                self._add_up(steps, sizes)
                progress.step += count
                in_epoch += count
                images += int(sizes.sum())
                bar.steps(epoch, progress.step, int(sizes.sum()), float(steps.rates[-1]), float(steps.losses[-1]))
                if self._feedback_interval is not None and progress.step % self._feedback_interval == 0:
                    loss_sum, correct, seen = progress.unseen
                    self._look({"loss": loss_sum / seen, "accuracy": correct / seen})
                    progress.unseen = [0.0, 0, 0]
                if in_epoch == epoch_end:
                    self._end_epoch(epoch, float(steps.rates[-1]), began, images, bar)
                if self._checkpoint_due() or stop.signal is not None:
                    if not self._save_checkpoint():
                        return DIVERGED, self._diverged("a weight was no finite number", progress.step, steps.rates[-1])
                    if stop.signal is not None:
                        return INTERRUPTED, ""
        return FINISHED, ""

    def _epoch_order(self, epoch: int) -> tf.Tensor:
        """The training images in the order of this epoch: a pure function of (seed, epoch)."""
        order = np.random.default_rng([self._settings.seed, 1, epoch]).permutation(self._splits.train)
        return tf.constant(order, tf.int32)

    def _next_count(self, left: int) -> int:
        """Weight updates of the next call: up to the next checkpoint, look of feedback or end of an epoch."""
        count = min(self._settings.steps_per_call or self._call_size, left)
        count = min([count, *(step - self.progress.step for step in self._keep if step > self.progress.step)])
        for interval in (self._settings.checkpoint_steps, self._feedback_interval):
            if interval is not None:
                count = min(count, interval - self.progress.step % interval)
        return count

    def _adapt_call_size(self, count: int, seconds: float) -> None:
        """Aim at calls of half a second; the first one, of a single update, is mostly tracing and says nothing."""
        if self._traced:
            self._call_size = max(1, min(round(_SECONDS_PER_CALL * count / seconds), 4 * self._call_size))
        self._traced = True

    def _update_sizes(self, in_epoch: int, count: int) -> np.ndarray:
        """Images in each of the next weight updates: the last of an epoch takes what is left."""
        first = (in_epoch + np.arange(count)) * self._images_per_update
        return np.minimum(self._images_per_update, len(self._splits.train) - first)

    def _add_up(self, steps: Steps, sizes: np.ndarray) -> None:
        progress = self.progress
        # One after the other, so that the sum is the same however the updates were grouped into calls.
        for loss, right, size in zip(steps.losses, steps.correct, sizes, strict=True):
            loss_sum = float(loss) * int(size)
            progress.loss_sum += loss_sum
            progress.correct += int(right)
            if self._feedback_interval is not None:
                unseen = zip(progress.unseen, (loss_sum, int(right), int(size)), strict=True)
                progress.unseen = [before + more for before, more in unseen]

    def _look(self, metrics: dict[str, float]) -> None:
        """Show the feedback rule what was measured, and let it scale the rates that follow."""
        assert self._feedback is not None and self.progress.feedback is not None
        self._board.scalars(self.progress.step - 1, {"learning_rate_scale": self.progress.scale})
        with naming_the_faulty(self._made_of["feedback"]):
            self.progress.feedback = self._feedback.observe(self.progress.feedback, metrics)
        self._schedule.scale.assign(self.progress.scale)

    def _end_epoch(self, epoch: int, rate: float, began: float, trained: int, bar: ProgressBar) -> None:
        """Measure, record, and let feedback and callbacks act; `trained` images since `began`."""
        progress, images = self.progress, self._images_since_last_row()
        speed = trained / (time.perf_counter() - began)
        logs = {"loss": progress.loss_sum / images, "accuracy": progress.correct / images}
        progress.loss_sum, progress.correct = 0.0, 0
        with final_weights(self._model):
            if self._validation is not None:
                logs["val_loss"], logs["val_accuracy"] = self._validation.measure()
                validated = {"val/loss": logs["val_loss"], "val/accuracy": logs["val_accuracy"]}
                self._board.scalars(progress.step - 1, validated)
            row = {"epoch": epoch + 1, "updates": progress.step, "learning_rate": rate, **logs}
            progress.history.append(row)
            progress.epoch_seconds.append(round(time.perf_counter() - self._epoch_began, 3))
            # Here, since a callback that keeps the best weights must keep those that were measured.
            self._callbacks.on_epoch_end(epoch, {**logs, "learning_rate": rate})
        if self._feedback is not None and self._feedback_interval is None:
            self._look(logs)
        progress.stopped = bool(self._model.stop_training)
        self._folder.write_history(progress.history)
        self._board.flush()
        bar.epoch(row, progress.epoch_seconds[-1], speed)

    def _images_since_last_row(self) -> int:
        """Images of the epoch under way, without those that a trunk that ended within it has counted."""
        first = self.progress.history[-1]["updates"] if self.progress.history else 0
        in_epoch = int(first) % self._span.steps_per_epoch
        return int(self._update_sizes(in_epoch, self.progress.step - int(first)).sum())

    def _checkpoint_due(self) -> bool:
        steps, minutes = self._settings.checkpoint_steps, self._settings.checkpoint_minutes
        by_steps = self.progress.step in self._keep or (steps is not None and self.progress.step % steps == 0)
        return by_steps or (minutes is not None and time.monotonic() - self._last_checkpoint >= 60 * minutes)

    def _save_checkpoint(self) -> bool:
        """Write a checkpoint; false, and nothing written, where a weight is no finite number any more."""
        arrays = {
            **variable_arrays("model", self._model.variables),
            **variable_arrays("optimizer", self._model.optimizer.variables),
        }
        if not all(np.isfinite(array).all() for array in arrays.values()):
            return False
        plain, callback_arrays = callback_state.save(self._callbacks.callbacks)
        progress = {**asdict(self.progress), "seconds": self._seconds()}
        if self.progress.step % self._span.steps_per_epoch:
            progress["seconds_in_epoch"] = time.perf_counter() - self._epoch_began
        state = {
            "progress": progress,
            "callbacks": plain,
            "event_files": self._board.flush(),
            "optimizer": optimizer_variables(self._model.optimizer),
        }
        for_good = self.progress.step in self._keep
        self._checkpoints.save(Checkpoint(self.progress.step, {**arrays, **callback_arrays}, state), for_good)
        self._last_checkpoint = time.monotonic()
        return True

    def _finish(self) -> tuple[str, str]:
        """Keep the last state, measure on the test images, save the model for plain Keras; status and message."""
        step, rate = self.progress.step, self.progress.history[-1]["learning_rate"]
        if not self._save_checkpoint():
            return DIVERGED, self._diverged("a weight was no finite number", step - 1, rate)
        self._model.optimizer.finalize_variable_values(self._model.trainable_variables)
        self._callbacks.on_train_end()
        loss, accuracy = self._loop.evaluation(self._splits.test, test=True).measure()
        if not np.isfinite(loss):
            return DIVERGED, self._diverged(f"the loss on the test images was {loss}", step - 1, rate)
        self._test_figures = loss, accuracy
        self._board.scalars(self.progress.step - 1, {"test/loss": loss, "test/accuracy": accuracy})
        save_for_keras(self._model, self._splits, self._folder.model_file)
        return FINISHED, ""

    def _diverged(self, what: str, step: int, rate: float) -> str:
        kept = self._checkpoints.steps()
        epoch = step // self._span.steps_per_epoch + 1
        return (
            f"{what} at weight update {step} (epoch {epoch}, learning rate {rate:.3g}). "
            f"{f'The checkpoint of step {kept[0]} is kept. ' if kept else ''}"
            "Try a smaller optimizer.lr, a warmup, or optimizer.global_clipnorm=1."
        )

    def _seconds(self) -> float:
        return self.progress.seconds + time.perf_counter() - self._began

    def result(self, status: str, message: str, inexact: list[str]) -> Result:
        """The outcome, for `run.json` and the caller."""
        history = self.progress.history
        measure = "val_accuracy" if self._validation is not None else "accuracy"
        best = max(history, key=lambda row: row[measure])["epoch"] if history else None
        loss, accuracy = self._test_figures or (None, None)
        return Result(
            status=status,
            folder=self._folder.path,
            history=history,
            test_loss=loss,
            test_accuracy=accuracy,
            best_epoch=int(best) if best else None,
            updates=self.progress.step,
            seconds=round(self._seconds(), 2),
            data=self._splits.images.name,
            message=message,
            inexact=inexact,
            epoch_seconds=self.progress.epoch_seconds,
        )


def _parent(origin: Origin) -> dict[str, Any]:
    """Of a branch, for `run.json`: which run it left, and after which weight update."""
    return {"folder": str(origin.run), "updates": origin.branch.at}


def _paired_momentum(optimizer: keras.Optimizer, momenta: np.ndarray | None) -> MomentumTable | None:
    """The optimizer's momentum, moved by the schedule, if the one has any and the other moves it."""
    if momenta is None:
        return None
    paired = pair_momentum(optimizer, momenta)
    if paired is None:
        log.info("This optimizer has no momentum or beta_1 above 0, so the schedule's momentum has no effect.")
    return paired


def _first_not_finite(losses: np.ndarray) -> int | None:
    wrong = ~np.isfinite(losses)
    return int(np.argmax(wrong)) if wrong.any() else None
