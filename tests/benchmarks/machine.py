"""The line about hardware and versions that stands beside every measured number."""

import os
import platform
from importlib.metadata import version
from pathlib import Path


def machine() -> str:
    """Processor, cores that may be used, and the versions that matter for speed."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    ]
    flags = Path("/proc/cpuinfo").read_text()
    extra = (
        " with AMX and AVX512-BF16" if "amx_bf16" in flags else " with AVX512-BF16" if "avx512_bf16" in flags else ""
    )
    cores = len(os.sched_getaffinity(0))
    return (
        f"{names[0]}{extra}, {cores} cores, Linux, Python {platform.python_version()}, "
        f"TensorFlow {version('tensorflow')}, Keras {version('keras')}"
    )
