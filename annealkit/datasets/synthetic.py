"""A built-in set in place of CIFAR-10: the same geometry, no download, hard enough that schedules differ."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from annealkit.checks import check_number
from annealkit.datasets.base import Dataset, Images

_TRAIN, _TEST, _CLASSES, _SIDE = 50_000, 10_000, 10, 32
_CHUNK = 1_000  # images made at a time; part of what the set is, as each chunk has its own random stream
_CANVAS = 40
_PATTERNS = 3  # for each class; more of them make the set harder to learn
_NOISE = 16


@dataclass
class Synthetic(Dataset):
    """Built-in: 50,000 + 10,000 random textures, 32 × 32 pixels in colour, ten classes; no download."""

    data_seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("synthetic", "data_seed", self.data_seed, 0, hint="data.data_seed=0")

    def train_size(self) -> int:
        return _TRAIN

    def load(self) -> Images:
        patterns = _patterns(self.data_seed)
        train_images, train_labels = _make(patterns, self.data_seed, 1, _TRAIN)
        test_images, test_labels = _make(patterns, self.data_seed, 2, _TEST)
        return Images(
            name="synthetic",
            train_images=train_images,
            train_labels=train_labels,
            test_images=test_images,
            test_labels=test_labels,
            class_names=[f"texture {number}" for number in range(_CLASSES)],
            origin=f"made from data_seed={self.data_seed}",
        )


class _Dice:
    """Random integers that are the same in every version of NumPy and on every platform."""

    def __init__(self, *key: int) -> None:
        # Only the raw words of a bit generator are promised to stay the same.
        self._words = np.random.PCG64(np.random.SeedSequence(key))

    def between(self, low: int, high: int, count: int) -> np.ndarray:
        """`count` integers from `low` up to and with `high`, int16."""
        span = np.uint64(high - low + 1)
        return ((self._words.random_raw(count) >> np.uint64(32)) % span).astype(np.int16) + np.int16(low)

    def bytes(self, count: int) -> np.ndarray:
        """`count` values of uint8; a multiple of 8."""
        return self._words.random_raw(count // 8).astype("<u8", copy=False).view(np.uint8)


def _smooth(field: np.ndarray, radius: int) -> np.ndarray:
    for axis in (-2, -1, -2, -1):
        field = sum(np.roll(field, shift, axis) for shift in range(-radius, radius + 1))
    return field


def _patterns(seed: int) -> np.ndarray:
    """silhouettes, (classes * patterns, canvas, canvas) int8 0..127, in the middle of an empty canvas."""
    count = _CLASSES * _PATTERNS
    dice = _Dice(seed, 0)
    field = dice.bytes(count * 24 * 24).astype(np.int64).reshape(count, 24, 24) - 128
    field[::2] = _smooth(field[::2], 2)
    field[1::2] = _smooth(field[1::2], 3)
    field -= np.median(field, axis=(1, 2)).astype(np.int64)[:, None, None]
    row, column = np.mgrid[:24, :24] * 2 - 23
    inside = (field > 0) & (row**2 + column**2 < SIZE**2)
    out = np.zeros((count, _CANVAS, _CANVAS), np.int64)
    edge = (_CANVAS - 24) // 2
    out[:, edge:-edge, edge:-edge] = inside
    out = sum(np.roll(out, (dy, dx), (1, 2)) for dy in (-1, 0, 1) for dx in (-1, 0, 1))
    return (out * 127 // 9).astype(np.int8)


def _textures(seed: int) -> np.ndarray:
    dice = _Dice(seed, 3)
    field = dice.bytes(64 * 64 * 64).astype(np.int64).reshape(64, 64, 64) - 128
    for r in range(1, 5):
        field[r - 1 :: 4] = _smooth(field[r - 1 :: 4], r)
    scale = np.median(np.abs(field), axis=(1, 2)).astype(np.int64)
    return np.clip(field * 64 // scale[:, None, None], -127, 127).astype(np.int8)


def _make(patterns: np.ndarray, seed: int, part: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    images = np.empty((count, _SIDE, _SIDE, 3), np.uint8)
    labels = np.empty(count, np.int32)

    TEX = _textures(seed)

    def chunk(start: int) -> None:
        end = start + _CHUNK
        labels[start:end] = _chunk(patterns, TEX, _Dice(seed, part, start // _CHUNK), images[start:end])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(chunk, range(0, count, _CHUNK)))
    return images, labels


LO, HI = 61, 110
BG = 32
HUE = 30
SIZE = 22


def _chunk(patterns: np.ndarray, textures, dice: _Dice, images: np.ndarray) -> np.ndarray:
    n = len(images)
    windows = np.lib.stride_tricks.sliding_window_view(patterns, (_SIDE, _SIDE), axis=(1, 2))
    backs = np.lib.stride_tricks.sliding_window_view(textures, (_SIDE, _SIDE), axis=(1, 2))
    label = dice.between(0, _CLASSES - 1, n)
    other = (label + dice.between(1, _CLASSES - 1, n)) % _CLASSES
    strength = dice.between(LO, HI, n)
    canvas = np.zeros((n, 3, _SIDE, _SIDE), np.int16)
    for kind, share in ((label, strength), (other, 127 - strength)):
        which = kind * _PATTERNS + dice.between(0, _PATTERNS - 1, n)
        last = _CANVAS - _SIDE
        window = windows[which, dice.between(0, last, n), dice.between(0, last, n)]
        flip = dice.between(0, 1, n) == 1
        window[flip] = window[flip, :, ::-1]
        colour = dice.between(30, 128, 3 * n).reshape(n, 3)
        sign = dice.between(0, 1, n) * 2 - 1
        gain = (colour * share[:, None] * sign[:, None] // 128).astype(np.int16)
        canvas += window[:, None] * gain[:, :, None, None]
    back = backs[dice.between(0, 63, n), dice.between(0, 32, n), dice.between(0, 32, n)]
    gain = dice.between(-BG, BG, 3 * n).reshape(n, 3)
    canvas >>= 1
    canvas += (back[:, None] * gain[:, :, None, None]) >> 1
    canvas >>= 6
    canvas += dice.between(98, 158, 3 * n).reshape(n, 3, 1, 1)
    noise = dice.bytes(canvas.size).reshape(canvas.shape).view(np.int8)
    canvas += (noise * np.int16(_NOISE)) >> 7
    images[:] = np.clip(canvas, 0, 255).transpose(0, 2, 3, 1)
    return label
