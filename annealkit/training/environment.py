"""What a run's bits depend on besides its configuration."""

import hashlib
import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from annealkit.configuration.plan import Plan
from annealkit.datasets.base import Images
from annealkit.groups import GROUPS, PACKAGE
from annealkit.plugin_system.loading import OWN_DISTRIBUTION, Part
from annealkit.runs.source import code_from, code_of, needs_of
from annealkit.start_tensorflow import available_threads
from annealkit.training.splits import Splits
from annealkit.version import __version__

_CHUNK = 5000
_TRAINER = f"{PACKAGE}.training.trainer"

# Variables that TensorFlow, oneDNN and XLA read and that may change a bit. No more: other programs have some that begin
# with TF_, and values that are secret.
_READ = re.compile(
    r"(XLA|ONEDNN|DNNL)_|NVIDIA_TF32_OVERRIDE$|CUBLAS_WORKSPACE_CONFIG$|TF_(AUTOTUNE|CONV|CUBLAS|CUDNN|CUFFT|DETERMINISTIC"
    r"|DISABLE|ENABLE|JIT|MATMUL|MKL|MLIR|NUM|ONEDNN|OVERRIDE|THREAD|USE|XLA)"
)
_ONLY_SAID = re.compile(r"VERBOSE|DUMP|_LOG|PROFIL")
_COMPUTING = ("avx", "amx", "fma", "sse", "asimd", "sve", "bf16")  # Beginnings of what processors can compute with.


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
    """Versions, threads, processor, images, learning rates, origin and code of every part; all that may change a bit.

    The code of schedules and warmups is not among it: all that they do are the rates and momenta.
    """
    origins = {
        group: ", ".join(dict.fromkeys(part.origin for part in used)) for group, used in plan.parts.sources.items()
    }
    moved = {} if plan.momenta is None else {"momentum": digest(plan.momenta)}
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
        "learning rates": digest(plan.rates),
        **moved,
        **{f"{group} from": origin for group, origin in origins.items()},
        "python": platform.python_version(),
        "instructions": " ".join(flag for flag in _cpuinfo("flags").split() if flag.startswith(_COMPUTING)),
        "environment variables": _variables(),
        "settings of tensorflow and keras": _settings(),
        "annealkit code": code_from((_TRAINER,), _TRAINER.rpartition(".")[0]),
        **{
            f"{group} {what}": said
            for group, used in plan.parts.sources.items()
            if group not in ("schedule", "warmup") and getattr(plan.parts, group) is not None
            for what, said in _code(used).items()
        },
    }


def _code(used: list[Part]) -> dict[str, str]:
    """What says which code a part is, and those within it."""
    builtin = {part: f"{PACKAGE}.{GROUPS[part.group].folder}" for part in used if part.distribution == OWN_DISTRIBUTION}
    said = {"code": " ".join(code_of(part.cls, builtin.get(part, "")) for part in used)}
    foreign = {part.distribution for part in used if part not in builtin}
    return said | ({"needs": "; ".join(map(needs_of, sorted(foreign)))} if foreign else {})


def _variables() -> str:
    found = {name: text for name, text in os.environ.items() if _READ.match(name) and not _ONLY_SAID.search(name)}
    return " ".join(f"{name}={text}" for name, text in sorted(found.items())) or "none"


def _settings() -> str:
    """What a program may have set before it called us, and keras.json may hold."""
    values = {
        "jit": tf.config.optimizer.get_jit(),
        "optimizer": tf.config.optimizer.get_experimental_options(),
        "eagerly": tf.config.functions_run_eagerly(),
        "tensor_float_32": tf.config.experimental.tensor_float_32_execution_enabled(),
        "epsilon": keras.config.epsilon(),
    }
    return " ".join(f"{name}={value}" for name, value in values.items())


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


def digest(values: np.ndarray) -> str:
    """Of rates or momenta as they are applied."""
    return f"sha256:{hashlib.sha256(values.astype(np.float32).tobytes()).hexdigest()}"


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
