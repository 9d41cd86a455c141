"""Which points of a long curve to draw."""

import numpy as np


def outline(rates: np.ndarray, most: int) -> np.ndarray:
    """Places to draw a line through: all of a short curve, else the lowest and highest of each of many stretches.

    Args:
        rates: the curve.
        most: places, about.

    Returns:
        Increasing, the first and the last among them.
    """
    if len(rates) <= most:
        return np.arange(len(rates))
    starts = np.arange(most // 2) * len(rates) // (most // 2)
    stretches = np.split(rates, starts[1:])
    ends = [[start + part.argmin(), start + part.argmax()] for start, part in zip(starts, stretches, strict=True)]
    return np.unique([0, *np.ravel(ends), len(rates) - 1])
