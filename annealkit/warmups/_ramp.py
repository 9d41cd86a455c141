"""What the warmups share."""

import numpy as np


def way(step: np.ndarray, length: int, include_start: bool) -> np.ndarray:
    """The fraction of the ramp's way that each update has come, in [0, 1)."""
    return step / length if include_start else (step + 1) / (length + 1)
