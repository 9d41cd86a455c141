"""Feedback rules over a schedule in `model.fit`."""

import json
import os
from pathlib import Path
from typing import Any

import keras

from annealkit.errors import ConfigError
from annealkit.feedback.base import PER_EPOCH, is_per_epoch
from annealkit.feedback.base import Feedback as Rule
from annealkit.keras.optimizer_rate import inner_optimizer, schedule_of
from annealkit.keras.table_schedule import TableSchedule
from annealkit.runs.disk import write_atomically


class Feedback(keras.callbacks.Callback):
    """Scales an `annealkit.keras.schedule` by what each epoch shows, where ReduceLROnPlateau needs a constant rate.

    After each epoch the rule sees the epoch's logs; the scale that it sets holds from the next epoch on. The scale that
    an epoch was trained with is put into its logs as `learning_rate_scale`. The scale is saved with the model, and a
    rule that meets a loaded model begins with that scale.

    What the rule remembers is the attribute `state`, which JSON can store, and None before training. A second `fit`
    with the same callback goes on with it. To go on in another process, either pass `state=`, or let `backup` do it:
    Keras' BackupAndRestore restores weights and the optimizer's variables, and the scale is neither. Give the callbacks
    as `[BackupAndRestore(…), Feedback(…, backup=…), …]`, in this order.

    Args:
        rule: for example `annealkit.feedback.Plateau(monitor="val_loss", patience=2)`.
        state: what an earlier training left in `state`, or None.
        backup: a file, for example `feedback.json`, that keeps the state after each epoch of a training; the next one
            takes up the last state that is not later than its optimizer's count of weight updates. Not with `state`.

    Raises:
        ConfigError: both `state` and `backup` are given; the rule wants to be asked within an epoch (`every`), of which
            `fit` has only running means; when training begins: the optimizer's rate is not an
            annealkit.keras.schedule, or the backup cannot be read; or an epoch has not measured what the rule monitors,
            such as `val_loss` with `validation_freq=2`.
        RunError: the backup cannot be written.
    """

    def __init__(
        self,
        rule: Rule,
        state: dict[str, Any] | None = None,
        backup: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__()
        every = getattr(rule, "every", PER_EPOCH)
        if not is_per_epoch(every):
            raise ConfigError(f"Feedback asks its rule after each epoch; got every={every!r}. Try every={PER_EPOCH!r}.")
        if state is not None and backup is not None:
            raise ConfigError("Feedback takes state or backup, not both: a backup holds a state of its own.")
        self.rule = rule
        self.state = state
        self._backup = None if backup is None else Path(backup)
        self._kept: list[dict[str, Any]] = []
        self._optimizer: Any = None
        self._schedule: Any = None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self._optimizer = inner_optimizer(self.model, "Feedback")
        self._schedule = schedule_of(self._optimizer)
        if not isinstance(self._schedule, TableSchedule):
            raise ConfigError(
                "Feedback scales a schedule of annealkit; the optimizer's learning rate is a "
                f"{type(self._schedule).__name__}. Try keras.optimizers.SGD(annealkit.keras.schedule(…)), for a "
                "constant rate annealkit.keras.schedule('constant', …)."
            )
        if self._backup is not None:
            updates = int(self._optimizer.iterations)
            self._kept = [entry for entry in _read(self._backup) if entry["updates"] <= updates]
            self.state = self._kept[-1]["state"] if self._kept else None
        if self.state is None:
            self.state = {**self.rule.begin(), "scale": float(self._schedule.scale.numpy())}
        self._schedule.scale.assign(self.state["scale"])

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        logs = {} if logs is None else logs
        assert self.state is not None
        metrics = dict(logs)
        logs["learning_rate_scale"] = self.state["scale"]
        self.state = self.rule.observe(self.state, metrics)
        self._schedule.scale.assign(self.state["scale"])
        if self._backup is not None:
            self._kept.append({"updates": int(self._optimizer.iterations), "state": self.state})
            write_atomically(self._backup, json.dumps(self._kept).encode())


def _read(path: Path) -> list[dict[str, Any]]:
    """The states in a backup, oldest first; none where there is no such file."""
    try:
        kept: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise ConfigError(f"Feedback: backup={path} cannot be read: {error}. Try another file.") from None
    return kept
