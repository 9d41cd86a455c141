"""The progress of a run: a bar on a terminal, a line for each epoch and every half minute elsewhere."""

import logging
import sys
import time

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from annealkit.writing.streams import is_terminal

log = logging.getLogger("annealkit")

_SECONDS_PER_LINE = 30  # within a long epoch, where there is no terminal to draw a bar on


class ProgressBar:
    """Shows rate, loss, images per second and time left.

    Args:
        total: weight updates of the whole run.
        done: weight updates already made.
        epochs: epochs of the whole run.
        shown: false keeps quiet.
        unit: what the epochs are called, where they are something else.
    """

    def __init__(self, total: int, done: int, epochs: int, shown: bool, unit: str = "epoch") -> None:
        self._unit = unit
        self._epochs = epochs
        self._shown = shown
        self._bar = Progress(
            TextColumn(f"{unit} {{task.fields[epoch]}}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn(
                "rate {task.fields[rate]:.2e}  loss {task.fields[loss]:.3f}  {task.fields[speed]:,.0f} images/s"
            ),
            TimeRemainingColumn(),
            disable=not (shown and is_terminal(sys.stdout)),
            transient=True,
        )
        self._task = self._bar.add_task(
            "", total=total, completed=done, epoch=f"1/{epochs}", rate=0.0, loss=0.0, speed=0.0
        )
        self._begin = time.perf_counter(), done
        self._since = self._said = self._begin[0]

    def __enter__(self) -> "ProgressBar":
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def steps(self, epoch: int, done: int, images: int, rate: float, loss: float) -> None:
        """After each chunk: `done` updates in all, `images` seen since the last call."""
        now = time.perf_counter()
        speed = images / (now - self._since)
        self._since = now
        self._bar.update(
            self._task, completed=done, epoch=f"{epoch + 1}/{self._epochs}", rate=rate, loss=loss, speed=speed
        )
        total = int(self._bar.tasks[self._task].total or 0)
        if self._shown and self._bar.disable and now - self._said >= _SECONDS_PER_LINE:
            self._said = now
            began, done_before = self._begin
            left = (now - began) / (done - done_before) * (total - done)
            log.info(
                "%s %d/%d  update %d/%d  rate %.3e  loss %.4f  %s images/s  %d min %02d s left",
                self._unit, epoch + 1, self._epochs, done, total, rate, loss, f"{speed:,.0f}",
                *divmod(round(left), 60),
            )  # fmt: skip

    def epoch(self, row: dict[str, float], seconds: float, speed: float) -> None:
        """After each epoch, with its row of the history, its time and the images per second of its training."""
        if self._shown:
            self._bar.stop()  # Otherwise the line would be written into the bar.
            validation = (
                f"  val_loss {row['val_loss']:.4f}  val_accuracy {row['val_accuracy']:.4f}" if "val_loss" in row else ""
            )
            log.info(
                "epoch %d/%d  rate %.3e  loss %.4f  accuracy %.4f%s  %.1f s  %s images/s",
                row["epoch"], self._epochs, row["learning_rate"], row["loss"], row["accuracy"], validation,
                seconds, f"{speed:,.0f}",
            )  # fmt: skip
            self._bar.start()
        self._since = self._said = time.perf_counter()
