"""What the warmups share."""

import numpy as np

from annealkit.fields.checks import check_duration, check_number


def way(step: np.ndarray, length: int, include_start: bool) -> np.ndarray:
    """The fraction of the ramp's way that each update has come, in [0, 1)."""
    return step / length if include_start else (step + 1) / (length + 1)


def check(part: str, length: str, start: float, bounds: str = "[]") -> None:
    check_duration(part, "length", length, hint="warmup.length=5%, or warmup=none")
    check_number(part, "start", start, 0, 1, bounds=bounds, hint="warmup.start=0.01")
