"""Drawing some of the images: the first of a random order, or of each class in proportion."""

import numpy as np


def draw_first(order: np.ndarray, labels: np.ndarray, count: int, spare: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The first so many of `order`, and the others; the labels make no difference."""
    return order[:count], order[count:]


def draw_by_class(order: np.ndarray, labels: np.ndarray, count: int, spare: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """So many of `order`, of each class in proportion, and the others; both in the order that they had.

    Args:
        order: which images, in random order.
        labels: of all images.
        count: how many to draw.
        spare: how many of each class to leave, if there are enough of all classes together.
    """
    own = labels[order]
    shares = _shares(np.bincount(own), min(count, len(order)), spare)
    drawn = np.zeros(len(order), bool)
    for label, share in enumerate(shares):
        drawn[np.flatnonzero(own == label)[:share]] = True
    return order[drawn], order[~drawn]


def _shares(sizes: np.ndarray, count: int, spare: int) -> np.ndarray:
    """How many of each class: in proportion to their sizes, at least one where that can be, summing to `count`."""
    most = np.maximum(sizes - spare, 0)
    if most.sum() < count:
        most = sizes
    least = np.minimum(most, 1) if count >= np.count_nonzero(most) else np.zeros_like(most)
    exact = sizes * (count / max(sizes.sum(), 1))
    shares = np.clip(exact.astype(np.int64), least, most)
    while (missing := count - shares.sum()) != 0:  # at most about as often as there are classes
        step = 1 if missing > 0 else -1
        free = shares < most if missing > 0 else shares > least
        # The class that is furthest from its exact share; of equals, the first.
        shares[np.where(free, step * (exact - shares), -np.inf).argmax()] += step
    return shares
