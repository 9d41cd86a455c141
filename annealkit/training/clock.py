"""The times of a run: how long it has taken, over all resumes, and how many weight updates a call shall make."""

import time

from annealkit.configuration.plan import Plan
from annealkit.training.progress import Progress

_SECONDS_PER_CALL = 0.5


class Clock:
    """Times of the run that this process trains.

    Attributes:
        call_size: weight updates of the next call, before a checkpoint or the end of an epoch cuts it shorter.
    """

    def __init__(self, plan: Plan) -> None:
        self._fixed_size = plan.trainer.steps_per_call
        self.call_size = self._fixed_size or 1
        self._began = self._epoch_began = self._took_up_epoch = time.perf_counter()
        self._images = 0
        self._last_checkpoint = time.monotonic()
        self._traced = False

    def epoch_begins(self, progress: Progress) -> None:
        """An epoch begins, or goes on after a resume."""
        self._took_up_epoch, self._images = time.perf_counter(), 0
        self._epoch_began = self._took_up_epoch - progress.seconds_in_epoch
        progress.seconds_in_epoch = 0.0

    def call_took(self, updates: int, images: int, seconds: float) -> None:
        """Aim at calls of half a second; the first one, of a single update, is mostly tracing and says nothing."""
        self._images += images
        if self._traced and not self._fixed_size:
            self.call_size = max(1, min(round(_SECONDS_PER_CALL * updates / seconds), 4 * self.call_size))
        self._traced = True

    def images_per_second(self) -> float:
        """Of the epoch under way, as far as this process has trained it."""
        return self._images / (time.perf_counter() - self._took_up_epoch)

    def seconds(self, progress: Progress) -> float:
        """Of the run, over all resumes."""
        return progress.seconds + time.perf_counter() - self._began

    def seconds_in_epoch(self) -> float:
        """Of the epoch under way, over all resumes."""
        return time.perf_counter() - self._epoch_began

    def minutes_since_checkpoint(self) -> float:
        """Since the last checkpoint of this process, or its start."""
        return (time.monotonic() - self._last_checkpoint) / 60

    def checkpoint_was_saved(self) -> None:
        """A checkpoint is on the disk now."""
        self._last_checkpoint = time.monotonic()
