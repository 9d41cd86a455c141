"""What a run's bits depend on besides its configuration, and whether they can still be promised on a resume."""

import hashlib
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from annealkit.configuration.plan import Origin, Plan
from annealkit.datasets.base import Images
from annealkit.errors import RunError
from annealkit.groups import GROUPS
from annealkit.runs.changes import changes
from annealkit.runs.checkpoint import Checkpoint
from annealkit.runs.folder import RunFolder
from annealkit.start_tensorflow import available_threads
from annealkit.training.splits import Splits
from annealkit.version import __version__

_CHUNK = 5000

# What a branch may have otherwise than its trunk.
_OWN_IN_BRANCH = ("momentum", *(f"{name} from" for name, group in GROUPS.items() if group.free_in_branch))


@contextmanager
def prepared_keras(seed: int, precision: str) -> Iterator[None]:
    """A fresh Keras with this seed; the precision applies to what is built inside, and to nothing afterwards."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def describe_environment(plan: Plan, splits: Splits) -> dict[str, Any]:
    """Versions, threads, processor, images, learning rates and the origin of every part, for `run.json`."""
    origins = {
        group: ", ".join(dict.fromkeys(part.origin for part in used)) for group, used in plan.parts.sources.items()
    }
    moved = {} if plan.momenta is None else {"momentum": _digest(plan.momenta)}
    return {
        "annealkit": __version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "threads": plan.trainer.threads or available_threads(),
        "processor": _processor(),
        "accelerators": len(tf.config.list_physical_devices("GPU")),
        "images": f"{splits.images.name} {fingerprint(splits.images)}",
        # A schedule may read a file, or come from a plugin that was edited in place.
        "learning rates": _digest(plan.rates),
        **moved,
        **{f"{group} from": origin for group, origin in origins.items()},
    }


def fingerprint(images: Images) -> str:
    """Of all training and test images and their labels, whichever of them a seed or a limit chooses."""
    digest = hashlib.sha256()
    for inputs, labels in (
        (images.train_images, images.train_labels),
        (images.test_images, images.test_labels),
    ):
        digest.update(f"{inputs.shape} {inputs.dtype};".encode())
        for array in (inputs, labels):
            for start in range(0, len(array), _CHUNK):  # In chunks, since the arrays may lie in a file.
                digest.update(array[start : start + _CHUNK].tobytes())
    return f"sha256:{digest.hexdigest()}"


def _digest(values: np.ndarray) -> str:
    return f"sha256:{hashlib.sha256(values.astype(np.float32).tobytes()).hexdigest()}"


def changed_conditions(plan: Plan, folder: RunFolder, checkpoint: Checkpoint | None, now: dict[str, Any]) -> list[str]:
    """What differs from the environment in which the state was made that training goes on from; none at a fresh start.

    Raises:
        RunError: something differs, which would change bits, and `resume=inexact` does not allow it.
    """
    if checkpoint is not None:
        return _since_the_checkpoint(folder, now, plan.config.resume)
    if plan.origin is not None:
        return _since_the_trunk(plan.origin, plan.run.steps_per_epoch, now, plan.config.resume)
    return []


def _since_the_checkpoint(folder: RunFolder, now: dict[str, Any], resume: str) -> list[str]:
    state = folder.read_state()
    before = state.get("environment", {})
    found = changes(before, now) if before else []
    if found and resume != "inexact":
        # Mended without a loss, and common: a sweep that was begun one after another and is continued in parallel.
        threads_alone = before.get("threads") != now["threads"] and len(found) == 1
        first = f"trainer.threads={before.get('threads')}, with which it is exact; " if threads_alone else ""
        raise RunError(
            f"{folder.path} cannot be continued to the exact bit: {'; '.join(found)}. "
            f"Try {first}resume=inexact to continue all the same (the result says so), or rerun=true to start afresh."
        )
    return [*state.get("inexact", []), *found]


def _since_the_trunk(origin: Origin, steps_per_epoch: int, now: dict[str, Any], resume: str) -> list[str]:
    state = RunFolder(origin.run).read_state()
    now = {**now, "learning rates": _digest(origin.branch.trunk.rates(steps_per_epoch))}
    found = changes(
        *(
            {key: value for key, value in each.items() if key not in _OWN_IN_BRANCH}
            for each in (state.get("environment", {}), now)
        )
    )
    if found and resume != "inexact":
        raise RunError(
            f"{origin.run} cannot be branched to the exact bit: {'; '.join(found)}. Try what it was trained with, or "
            "resume=inexact to branch all the same (the result says so)."
        )
    said = "in its trunk: "  # Once, however many branches are between.
    return [f"{said}{change.removeprefix(said)}" for change in [*state.get("inexact", []), *found]]


def computes_bfloat16() -> bool:
    """Whether the processor has instructions for bfloat16, with which mixed_bfloat16 is faster than float32."""
    return bool({"amx_bf16", "avx512_bf16"} & set(_cpuinfo("flags").split()))


def _processor() -> str:
    """The processor's name: another one may add up in another order."""
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _cpuinfo(key: str) -> str:
    """A line of /proc/cpuinfo; empty where there is none, which is anywhere but on Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")
