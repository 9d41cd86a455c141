"""What is kept and shown of a run while it goes on: run.json, history.csv, event files, progress bar, callbacks."""

import logging
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import keras
import numpy as np
from omegaconf import OmegaConf

from annealkit.configuration.plan import Epoch, Plan
from annealkit.runs.checkpoint import Checkpoint, Checkpoints, optimizer_variables
from annealkit.runs.folder import RunFolder
from annealkit.runs.result import FAILED, RUNNING, Result
from annealkit.training import callback_state
from annealkit.training.callbacks import Callbacks, early_stopping
from annealkit.training.clock import Clock
from annealkit.training.loop import Steps
from annealkit.training.progress import Progress
from annealkit.training.progress_bar import ProgressBar
from annealkit.training.splits import Splits
from annealkit.training.tensorboard_writer import TensorBoardWriter

log = logging.getLogger("annealkit")


class Record:
    """The record of a run; as a context it is open, and closed with the status that the run has come to.

    Args:
        plan: of the run.
        folder: of the run.
        model: that is trained, for the callbacks.
        callbacks: Keras callbacks of the user's.

    Attributes:
        callbacks: those, and early stopping if it is asked for.
        checkpoints: of the run.
        clock: its times.
        bar: shows them on a terminal, once the run has begun.
    """

    def __init__(
        self, plan: Plan, folder: RunFolder, model: keras.Model, callbacks: Sequence[keras.callbacks.Callback]
    ) -> None:
        self._planned = early_stopping(plan.trainer)
        self.callbacks = Callbacks(
            [*self._planned, *callbacks],
            model=model,
            epochs=plan.trainer.epochs,
            steps=plan.run.steps_per_epoch,
        )
        self.checkpoints = Checkpoints(folder.checkpoints)
        self.clock = Clock(plan)
        self._plan, self._folder = plan, folder
        self._status = FAILED
        self._conditions: dict[str, Any] = {}
        self._board: TensorBoardWriter
        self.bar: ProgressBar

    def begin(
        self,
        splits: Splits,
        environment: dict[str, Any],
        inexact: list[str],
        checkpoint: Checkpoint | None,
        progress: Progress,
    ) -> "Record":
        """Bring history and event files to where the run stands, and say in run.json that it is under way."""
        plan, origin = self._plan, self._plan.origin
        self._conditions = {"settings": plan.settings, "environment": environment, "inexact": inexact}
        self._folder.write_history(progress.history)
        extents = checkpoint.state["event_files"] if checkpoint else {}
        self._board = TensorBoardWriter(self._folder.path, extents, progress.step)
        lost = self._board.lost
        if lost:
            log.warning("Lost for TensorBoard: %s. The training goes on to the same bits.", "; ".join(lost))
        self.bar = ProgressBar(plan.run.total_steps, progress.step, plan.trainer.epochs, plan.trainer.progress)
        self._folder.update_state(
            status=RUNNING,
            message="",
            **self._conditions,
            **({} if origin is None else {"parent": {"folder": str(origin.run), "updates": origin.branch.at}}),
            lost=[*self._folder.read_state().get("lost", []), *lost],
            data={"name": splits.images.name, "origin": splits.images.origin},
            images={"train": len(splits.train), "validation": len(splits.validation), "test": len(splits.test)},
            total_steps=plan.run.total_steps,
            steps_per_epoch=plan.run.steps_per_epoch,
        )
        if checkpoint is None or lost:  # The first file of a run, which holds this, may be what is lost.
            self._board.describe(OmegaConf.to_yaml(plan.config, resolve=True), plan.settings)
        return self

    def __enter__(self) -> "Record":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._board.close(self._status)

    def epoch_begins(self, epoch: Epoch, progress: Progress) -> None:
        """An epoch begins, or goes on after a resume, of which callbacks are not told again."""
        self.clock.epoch_begins(progress)
        origin = self._plan.origin
        branches_here = origin is not None and progress.step == origin.branch.at  # perhaps within an epoch
        if progress.step == epoch.start or branches_here:
            self.callbacks.on_epoch_begin(epoch.number)

    def stops_as_planned(self) -> bool:
        """Whether `trainer.early_stopping` ends the training here."""
        return any(callback.stopped_epoch > 0 for callback in self._planned)

    def steps(self, epoch: Epoch, first: int, steps: Steps, seconds: float) -> None:
        """Weight updates that were made in one call, from that of the count `first` on."""
        count, images = len(steps.losses), int(steps.sizes.sum())
        self.clock.call_took(count, images, seconds)
        self._board.steps(first, steps)
        self.bar.steps(epoch.number, first + count, images, float(steps.rates[-1]), float(steps.losses[-1]))

    def scale(self, progress: Progress) -> None:
        """What feedback has scaled the rates by so far, before it looks again."""
        self._board.scalars(progress.step - 1, {"learning_rate_scale": progress.scale})

    def validation(self, progress: Progress, loss: float, accuracy: float) -> None:
        """What the validation images have shown."""
        self._board.scalars(progress.step - 1, {"val/loss": loss, "val/accuracy": accuracy})

    def epoch(self, progress: Progress, images_per_second: float) -> None:
        """The row of an epoch that has ended."""
        self._folder.write_history(progress.history)
        self._board.flush()
        self.bar.epoch(progress.history[-1], progress.epoch_seconds[-1], images_per_second)

    def test(self, progress: Progress, loss: float, accuracy: float) -> None:
        """What the test images have shown."""
        self._board.scalars(progress.step - 1, {"test/loss": loss, "test/accuracy": accuracy})

    def save_checkpoint(self, arrays: dict[str, np.ndarray], optimizer: keras.Optimizer, progress: Progress) -> None:
        """Write a checkpoint of everything that the next weight update depends on; `arrays` are the network's."""
        plain, callback_arrays = callback_state.save(self.callbacks.callbacks)
        in_epoch = progress.step % self._plan.run.steps_per_epoch
        state = {
            "progress": {
                **progress.to_state(),
                "seconds": self.clock.seconds(progress),
                "seconds_in_epoch": self.clock.seconds_in_epoch() if in_epoch else progress.seconds_in_epoch,
            },
            "callbacks": plain,
            "event_files": self._board.flush(),
            "optimizer": optimizer_variables(optimizer),
            **self._conditions,
        }
        checkpoint = Checkpoint(progress.step, {**arrays, **callback_arrays}, state)
        self.checkpoints.save(checkpoint, for_good=progress.step in self._plan.kept_steps)
        self.clock.checkpoint_was_saved()

    def end(self, result: Result, progress: Progress) -> None:
        """The run has come to an end, or to a stop: complete its result, which run.json receives."""
        history = result.history = progress.history
        measure = "val_accuracy" if history and "val_accuracy" in history[0] else "accuracy"
        if history:
            result.best_epoch = int(max(history, key=lambda row: row[measure])["epoch"])
        result.updates, result.epoch_seconds = progress.step, progress.epoch_seconds
        result.seconds = round(self.clock.seconds(progress), 2)
        self._status = result.status
        self._folder.update_state(status=result.status, result=result.to_json())
