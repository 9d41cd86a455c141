"""Checkpoints: everything that the next weight update depends on, in one file that is whole or not there."""

import io
import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from annealkit.errors import RunError
from annealkit.runs.disk import unwritable, write_atomically

log = logging.getLogger("annealkit")

_KEEP = 2
_FOR_GOOD = "-kept"
_NAME = re.compile(rf"step-\d{{10,}}({_FOR_GOOD})?\.npz")
_STATE = "state.json"


@dataclass
class Checkpoint:
    """The state of a run after `step` weight updates.

    Args:
        step: weight updates made.
        arrays: every variable, by a name of its own.
        state: everything else, as JSON.
    """

    step: int
    arrays: dict[str, np.ndarray]
    state: dict[str, Any]


class Checkpoints:
    """The checkpoints of one run. The last two are kept, and those that were asked to be kept for good.

    Args:
        folder: made when the first one is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, checkpoint: Checkpoint, for_good: bool = False) -> None:
        """Write a checkpoint and remove those before the last two. Raises RunError if it cannot be written.

        With `for_good` it is kept until the run is started afresh.
        """
        buffer = io.BytesIO()
        state = np.frombuffer(json.dumps(checkpoint.state).encode(), np.uint8)
        np.savez(buffer, allow_pickle=False, **checkpoint.arrays, **{_STATE: state})
        try:
            self._folder.mkdir(exist_ok=True)
        except OSError as error:
            raise unwritable(self._folder, error) from None
        kept = _FOR_GOOD if for_good else ""
        write_atomically(self._folder / f"step-{checkpoint.step:010d}{kept}.npz", buffer.getvalue())
        old = [path for path in self._files()[_KEEP:] if not path.stem.endswith(_FOR_GOOD)]
        for path in [*old, *self._folder.glob("*.part")]:
            path.unlink(missing_ok=True)

    def latest(self) -> Checkpoint | None:
        """The newest checkpoint that can be read, or None. One that is damaged is set aside, and said so."""
        damaged = False
        for path in self._files():
            try:
                return _read(path)
            except Exception as error:  # A damaged archive raises whatever its bytes happen to mean.
                _set_aside(path, error)
                damaged = True
        if damaged:
            log.warning("No checkpoint is left that can be read: the run starts from the beginning.")
        return None

    def before(self, misfit: str, fits: Callable[[Checkpoint], str]) -> Checkpoint:
        """The newest one that fits, where the newest does not.

        Those that do not are set aside, and said so, if there is one that does; else all stay as they are.

        Args:
            misfit: why the newest does not fit.
            fits: why a checkpoint does not; empty for one that does.

        Raises:
            RunError: none fits. So it is the run that is another one, and not a checkpoint that is damaged.
        """
        reasons: list[tuple[Path, str]] = []
        for path in self._files():
            try:
                checkpoint = _read(path)
                reason = fits(checkpoint)
            except Exception as error:  # As above.
                reason = str(error)
            if not reason:
                for wrong, why in reasons:
                    _set_aside(wrong, why)
                return checkpoint
            reasons.append((path, reason))
        raise RunError(f"{misfit}. Try rerun=true, which starts afresh.")

    def steps(self) -> list[int]:
        """The steps that a checkpoint is kept of, newest first."""
        return list(dict.fromkeys(_step(path) for path in self._files()))

    def at(self, step: int) -> Checkpoint:
        """The checkpoint of that step. Raises RunError if there is none that can be read."""
        cause = "there is none"
        for path in self._files():
            if _step(path) == step:
                try:
                    return _read(path)
                except Exception as error:  # As above.
                    cause = f"{path.name} is damaged: {error}"
        raise RunError(
            f"{self._folder} has no checkpoint of weight update {step} that can be read: {cause}. "
            "Try another at=…, or train that run again with rerun=true."
        )

    def _files(self) -> list[Path]:
        """Newest first."""
        return sorted((path for path in self._folder.glob("step-*.npz") if _NAME.fullmatch(path.name)), reverse=True)


def _read(path: Path) -> Checkpoint:
    """Reading a member checks its CRC-32, so that a changed byte is found as well as a missing end."""
    # Opened here, since NumPy leaves a file open that is no archive.
    with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    state = json.loads(arrays.pop(_STATE).tobytes())
    for key, kind in (("settings", dict), ("environment", dict), ("inexact", list)):
        if not isinstance(state.get(key, kind()), kind):
            raise ValueError(f"{key} is {state[key]!r:.80}")
    return Checkpoint(_step(path), arrays, state)


def _set_aside(path: Path, reason: object) -> None:
    log.warning("Checkpoint %s is damaged (%s); going back to the one before it.", path, reason)
    path.replace(path.with_suffix(".damaged"))


def _step(path: Path) -> int:
    return int(path.stem.removeprefix("step-").removesuffix(_FOR_GOOD))


def variable_arrays(prefix: str, variables: list[Any]) -> dict[str, np.ndarray]:
    """The values of Keras variables, named by their place in the list."""
    return {f"{prefix}/{number:04d}": np.asarray(variable) for number, variable in enumerate(variables)}


def misfit(prefix: str, variables: list[Any], arrays: dict[str, np.ndarray]) -> str:
    """Why Keras variables cannot get back what `variable_arrays` took from them; empty where they can."""
    stored = sum(name.startswith(f"{prefix}/") for name in arrays)
    if stored != len(variables):
        return f"the checkpoint does not fit the {prefix}: it has {stored} variables, and the {prefix} {len(variables)}"
    for number, variable in enumerate(variables):
        value, now = arrays.get(f"{prefix}/{number:04d}"), np.asarray(variable)
        if value is None:
            return f"the checkpoint does not fit the {prefix}: it lacks {variable.path}"
        if (value.shape, value.dtype.itemsize) != (now.shape, now.dtype.itemsize):
            return (
                f"the checkpoint does not fit the {prefix}: {variable.path} has shape {now.shape} and type "
                f"{now.dtype}, the checkpoint {value.shape} and {value.dtype}"
            )
    return ""


def restore_variables(prefix: str, variables: list[Any], arrays: dict[str, np.ndarray]) -> None:
    """Give Keras variables the values that `variable_arrays` took from them. Raises RunError if they do not fit."""
    reason = misfit(prefix, variables, arrays)
    if reason:
        raise RunError(f"{reason}. Try rerun=true, which starts afresh.")
    for number, variable in enumerate(variables):
        variable.assign(arrays[f"{prefix}/{number:04d}"])


def optimizer_variables(optimizer: Any) -> list[str]:
    """The names of a Keras optimizer's variables, which say what each is for: `sgd/dense_kernel_momentum`."""
    return [variable.path for variable in optimizer.variables]


def check_same_variables(optimizer: Any, state: dict[str, Any]) -> None:
    """Refuse an optimizer that remembers something else than the one that a checkpoint is of.

    Two of its variables may be of one shape, such as a momentum and an averaged weight, so shapes would not tell.

    Raises:
        RunError: with what only one of the two has.
    """
    now = optimizer_variables(optimizer)
    before = state.get("optimizer", now)  # Not in checkpoints of earlier versions.
    if before != now:
        lost, new = sorted(set(before) - set(now)), sorted(set(now) - set(before))
        found = [
            f"{len(names)} {where} ({names[0]})" for names, where in ((lost, "only there"), (new, "only here")) if names
        ]
        raise RunError(
            "optimizer: a branch goes on with what the optimizer of its trunk remembers, and this one remembers "
            f"something else: {', '.join(found) or 'the same in another order'}. "
            "Leave out optimizer.ema_momentum, optimizer.momentum or what else switches it on or off."
        )
