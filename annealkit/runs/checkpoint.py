"""Checkpoints: everything that the next weight update depends on, in one file that is whole or not there."""

import io
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from annealkit.errors import RunError
from annealkit.runs.folder import unwritable, write_atomically

log = logging.getLogger("annealkit")

_KEEP = 2
_FOR_GOOD = "-kept"
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
                log.warning("Checkpoint %s is damaged (%s); going back to the one before it.", path, error)
                path.replace(path.with_suffix(".damaged"))
                damaged = True
        if damaged:
            log.warning("No checkpoint is left that can be read: the run starts from the beginning.")
        return None

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
        return sorted(self._folder.glob("step-*.npz"), reverse=True)


def _read(path: Path) -> Checkpoint:
    """Reading a member checks its CRC-32, so that a changed byte is found as well as a missing end."""
    # Opened here, since NumPy leaves a file open that is no archive.
    with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    state = json.loads(arrays.pop(_STATE).tobytes())
    return Checkpoint(_step(path), arrays, state)


def _step(path: Path) -> int:
    return int(path.stem.removeprefix("step-").removesuffix(_FOR_GOOD))


def variable_arrays(prefix: str, variables: list[Any]) -> dict[str, np.ndarray]:
    """The values of Keras variables, named by their place in the list."""
    return {f"{prefix}/{number:04d}": np.asarray(variable) for number, variable in enumerate(variables)}


def restore_variables(prefix: str, variables: list[Any], arrays: dict[str, np.ndarray]) -> None:
    """Give Keras variables the values that `variable_arrays` took from them. Raises RunError if they do not fit."""
    stored = sum(name.startswith(f"{prefix}/") for name in arrays)
    if stored != len(variables):
        raise RunError(
            f"the checkpoint does not fit the {prefix}: it has {stored} variables, and the {prefix} {len(variables)}. "
            "Try rerun=true, which starts afresh."
        )
    for number, variable in enumerate(variables):
        value = arrays[f"{prefix}/{number:04d}"]
        if value.shape != tuple(variable.shape):
            raise RunError(
                f"the checkpoint does not fit the {prefix}: {variable.path} has shape {tuple(variable.shape)}, "
                f"the checkpoint {value.shape}. Try rerun=true, which starts afresh."
            )
        variable.assign(value)


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
