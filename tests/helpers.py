"""What several test files need: annealkit as a command, its event files read record by record, its checkpoints."""

import io
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import annealkit
from annealkit import SettingError
from annealkit.plugin_system.registry import load_registry

# A run of a second: the article's 1,000 points, 20 weight updates an epoch, no images, no download.
TOY = ("data=toy", "model=mlp", "trainer.epochs=3", "trainer.batch_size=50")

# 20 weight updates an epoch, 80 in all, and checkpoints only where they are asked for.
POINTS = ("data=toy", "model=mlp", "trainer.epochs=4", "trainer.batch_size=50", "trainer.checkpoint_minutes=null")
QUIET = "trainer.progress=false"


def environment(**changes: str) -> dict[str, str]:
    """The environment of a command: annealkit is found where this process found it, and the terminal is none."""
    root = os.fspath(Path(annealkit.__file__).resolve().parent.parent)
    kept = {name: value for name, value in os.environ.items() if name not in ("ANNEALKIT_DISABLE_PLUGINS", "COLUMNS")}
    paths = [changes.pop("PYTHONPATH", ""), root, kept.get("PYTHONPATH", "")]
    return {**kept, **changes, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def start(
    *arguments: str, cwd: Path, preexec_fn: Callable[[], None] | None = None, **changes: str
) -> subprocess.Popen[str]:
    """`python -m annealkit ARGUMENTS`, begun in `cwd`, which is no checkout."""
    return subprocess.Popen(
        [sys.executable, "-m", "annealkit", *arguments],
        cwd=cwd, env=environment(**changes), preexec_fn=preexec_fn,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def assert_refused(make: Callable[[], object], group: str, message: str) -> None:
    """What `make` raises begins with the message, which is in the words of the command line; in Python's, likewise.

    `cosine: floor must … Try schedule.floor=0.01.` is `Cosine: floor must … Try floor=0.01.` in Python.
    """
    with pytest.raises(SettingError) as caught:
        make()
    name, _, problem = message.partition(":")
    on_the_command_line = str(caught.value.at(name, f"{group}."))
    assert on_the_command_line.startswith(message), on_the_command_line
    in_python = f"{load_registry().get(group, name).cls.__name__}:{problem.replace(f'{group}.', '')}"
    assert str(caught.value).startswith(in_python), caught.value


def end_process(process: "subprocess.Popen[Any]") -> None:
    """Ask a server to stop, and make it."""
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def annealkit_command(
    *arguments: str, cwd: Path, preexec_fn: Callable[[], None] | None = None, **changes: str
) -> subprocess.CompletedProcess[str]:
    """`python -m annealkit ARGUMENTS` to its end."""
    process = start(*arguments, cwd=cwd, preexec_fn=preexec_fn, **changes)
    try:
        out, err = process.communicate(timeout=300)
    finally:
        process.kill()  # Only if it is still there: after a timeout.
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def python(code: str, cwd: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """`python -c CODE` to its end, in a process where annealkit can be imported."""
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=environment(**changes), capture_output=True, text=True, timeout=300
    )


def state(run: Path) -> dict[str, Any]:
    """What stands in the run's `run.json`."""
    loaded: dict[str, Any] = json.loads((run / "run.json").read_text())
    return loaded


def only_run(folder: Path) -> Path:
    """The one run folder in an outputs folder."""
    [run] = [path for path in folder.iterdir() if path.is_dir()]
    return run


def one_line(text: str) -> str:
    """The text with every break and run of blanks as one blank."""
    return re.sub(r"\s+", " ", text)


def read_events(folder: Path) -> list[Any]:
    """Every event of every event file, in the order in which TensorBoard reads them; nothing is merged or dropped."""
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

    files = sorted(folder.glob("events.out.tfevents.*"))
    return [event for path in files for event in LegacyEventFileLoader(os.fspath(path)).Load()]


def read_all_scalars(folder: Path) -> list[tuple[str, int, float]]:
    """(tag, step, value) of every scalar, as it stands in the files."""
    return [
        (value.tag, event.step, value.simple_value)
        for event in read_events(folder)
        for value in event.summary.value
        if value.HasField("simple_value")
    ]


def read_scalars(folder: Path, tag: str) -> tuple[list[int], np.ndarray]:
    """Steps and float32 values of one tag, in file order, so that a doubled or missing step shows."""
    pairs = [(step, value) for name, step, value in read_all_scalars(folder) if name == tag]
    return [step for step, _ in pairs], np.array([value for _, value in pairs], np.float32)


def checkpoints(run: Path) -> list[Path]:
    """Oldest first."""
    return sorted((run / "checkpoints").glob("step-*.npz"))


def step_of(checkpoint: Path) -> int:
    """The weight update that a checkpoint, kept for good or not, is of."""
    return int(checkpoint.stem.removeprefix("step-").removesuffix("-kept"))


def checkpoint_arrays(path: Path) -> dict[str, np.ndarray]:
    """The variables in a checkpoint, without the rest of its state, which holds times."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files if name.startswith(("model/", "optimizer/"))}


def model_arrays(path: Path) -> dict[str, np.ndarray]:
    """The weights in a `.keras` file by their path in it, read without Keras."""
    arrays = {}
    with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:

        def keep(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                arrays[name] = np.asarray(item)

        file.visititems(keep)
    return arrays


def assert_same_bits(left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> None:
    """The same names, types, shapes and bits."""
    assert left.keys() == right.keys() and left
    for name, array in left.items():
        assert array.dtype == right[name].dtype and array.shape == right[name].shape, name
        assert array.tobytes() == right[name].tobytes(), name


@dataclass
class Kill:
    """A run that was killed and started again.

    Args:
        before: the run folder as the kill left it, a copy; None if there was none yet.
        run: the run folder after the second start.
        output: what the second start said in the run's log.
    """

    before: Path | None
    run: Path
    output: str


@dataclass
class Kills:
    """One uninterrupted run, and the same run killed with SIGKILL at random moments of its life."""

    whole: Path
    kills: list[Kill]


def interrupt_after(epoch: int) -> Any:
    """A Keras callback that sends this process SIGTERM at the end of that epoch, counted from 1."""
    import keras

    class InterruptAfter(keras.callbacks.Callback):
        def on_epoch_end(self, index: int, logs: dict[str, float] | None = None) -> None:
            if index + 1 == epoch:
                os.kill(os.getpid(), signal.SIGTERM)

    return InterruptAfter()


def interrupted(arguments: list[str], epoch: int, *callbacks: Any) -> None:
    """Train up to the end of that epoch, where SIGTERM stops the run."""
    try:
        annealkit.train(arguments, [*callbacks, interrupt_after(epoch)])
    except SystemExit as stopped:
        assert stopped.code == 143
    else:
        raise AssertionError("the run was not stopped")


def wait_for_epochs(count: int, outputs: Path, process: subprocess.Popen[str]) -> None:
    """Until the run that the process trains has a history of so many epochs."""
    while sum(len(path.read_text().splitlines()) - 1 for path in outputs.glob("*/history.csv")) < count:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def cosine(total: int, lr: float) -> np.ndarray:
    """Half a cosine wave from `lr` to 0, by hand."""
    return np.array([lr * (1 + math.cos(math.pi * s / total)) / 2 for s in range(total)])
