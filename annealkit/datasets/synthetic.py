"""A built-in set in place of CIFAR-10: the same geometry, no download, hard enough that schedules differ.

How a picture is made, all in integers: one of its class's silhouettes, mirrored or not, shifted, light or dark, in a
random colour; a second silhouette, of another class and mostly fainter; a random texture behind; noise over all.
What a network must learn is form. Colour, brightness and place say nothing, so a linear model is left with
guessing. Where both silhouettes are about equally strong, nobody can tell which one gave the label: that, as in
real sets, keeps the best model below 100 %.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from annealkit import Dataset, Images, checked_dataclass, hookimpl, integer

_TRAIN, _TEST, _CLASSES, _SIDE = 50_000, 10_000, 10, 32
# All numbers below are part of what the set is: change one and old results are not comparable any more.
_CHUNK = 250  # pictures made at a time; each chunk has a random stream of its own
_FORMS = 3  # silhouettes of each class
_FORM_SIDE = 24
_SHIFT = 4  # a silhouette lies up to this many pixels from the middle, each way
_TEXTURES, _TEXTURE_SIDE = 64, 64
_STRENGTH = (63, 110)  # of the labelled silhouette, in parts of 127; the other one has the rest
_COLOUR = (30, 128)  # share of each of red, green and blue in a silhouette's strength, in parts of 128
_TEXTURE_STRENGTH = 32
_NOISE = 16  # brightness steps, each way
_GREY = (98, 158)  # of the ground, for each of red, green and blue


@checked_dataclass
class Synthetic(Dataset):
    """Built-in: 50,000 + 10,000 pictures of blots on textures, 32 x 32 pixels in colour, ten classes; no download.

    The same on every platform and with every version of NumPy. With `limit`, only the pictures that can be used are
    made: the first `limit` + `validation` of the training pictures and the first `limit` of the test pictures.

    Raises:
        ConfigError: a negative seed.
    """

    data_seed: int = integer(0, "[0, inf)", "another number makes another set; with other silhouettes")

    def train_size(self) -> int:
        return _TRAIN if self.limit is None else min(_TRAIN, self.limit + self.validation)

    def load(self) -> Images:
        forms, textures = _forms(self.data_seed), _textures(self.data_seed)
        train_images, train_labels = _pictures(forms, textures, (self.data_seed, 0), self.train_size())
        test_images, test_labels = _pictures(forms, textures, (self.data_seed, 1), min(_TEST, self.limit or _TEST))
        return Images(
            name="synthetic",
            train_images=train_images,
            train_labels=train_labels,
            test_images=test_images,
            test_labels=test_labels,
            class_names=[f"blot {number}" for number in range(_CLASSES)],
            origin=f"made from data_seed={self.data_seed}",
        )


class _Dice:
    """Random integers from raw 64-bit words, the one part of NumPy's generators that is promised never to change."""

    def __init__(self, *key: int) -> None:
        self._words = np.random.PCG64(np.random.SeedSequence(key))

    def between(self, ends: tuple[int, int], *shape: int) -> np.ndarray:
        """Integers from the first end up to and with the second, int16."""
        low, high = ends
        words = self._words.random_raw(int(np.prod(shape))).reshape(shape)
        return ((words >> np.uint64(32)) % np.uint64(high - low + 1)).astype(np.int16) + np.int16(low)

    def bytes(self, *shape: int) -> np.ndarray:
        """Integers from -128 to 127, int8; their number must be a multiple of 8."""
        words = self._words.random_raw(int(np.prod(shape)) // 8)
        return words.astype("<u8", copy=False).view(np.int8).reshape(shape)  # one byte order everywhere


def _blurred(field: np.ndarray, radius: int) -> np.ndarray:
    """The last two axes blurred twice by a box that wraps round; sums, not means, so that it stays exact."""
    for axis in (-2, -1, -2, -1):
        field = np.sum([np.roll(field, shift, axis) for shift in range(-radius, radius + 1)], axis=0)
    return field


def _forms(seed: int) -> np.ndarray:
    """Silhouettes, int8 from 0 to 127, one after the other for each class, each in the middle of an empty square."""
    count = _CLASSES * _FORMS
    field = _Dice(seed, 2).bytes(count, _FORM_SIDE, _FORM_SIDE).astype(np.int64)
    field[::2] = _blurred(field[::2], 2)
    field[1::2] = _blurred(field[1::2], 3)
    middle = np.sort(field.reshape(count, -1), axis=1)[:, _FORM_SIDE * _FORM_SIDE // 2]
    row, column = np.mgrid[:_FORM_SIDE, :_FORM_SIDE] * 2 - (_FORM_SIDE - 1)
    blot = (field > middle[:, None, None]) & (row**2 + column**2 < (_FORM_SIDE - 2) ** 2)

    side = _SIDE + 2 * _SHIFT
    edge = (side - _FORM_SIDE) // 2
    square = np.zeros((count, side, side), np.int64)
    square[:, edge:-edge, edge:-edge] = blot
    soft = np.sum([np.roll(square, (down, across), (1, 2)) for down in (-1, 0, 1) for across in (-1, 0, 1)], axis=0)
    return (soft * 127 // 9).astype(np.int8)


def _textures(seed: int) -> np.ndarray:
    """Random fields, int8, from fine to coarse."""
    field = _Dice(seed, 3).bytes(_TEXTURES, _TEXTURE_SIDE, _TEXTURE_SIDE).astype(np.int64)
    for radius in range(1, 5):
        field[radius - 1 :: 4] = _blurred(field[radius - 1 :: 4], radius)
    # Half of the pixels come to lie within ± 64, however coarse the texture.
    typical = np.sort(np.abs(field).reshape(_TEXTURES, -1), axis=1)[:, _TEXTURE_SIDE * _TEXTURE_SIDE // 2]
    return np.clip(field * 64 // typical[:, None, None], -127, 127).astype(np.int8)


def _pictures(
    forms: np.ndarray, textures: np.ndarray, key: tuple[int, int], count: int
) -> tuple[np.ndarray, np.ndarray]:
    """The first `count` pictures and labels of an endless row."""
    images = np.empty((count, _SIDE, _SIDE, 3), np.uint8)
    labels = np.empty(count, np.int32)

    def fill(start: int) -> None:
        end = min(start + _CHUNK, count)
        chunk, chunk_labels = _chunk(forms, textures, _Dice(*key, start // _CHUNK))
        images[start:end] = chunk[: end - start].transpose(0, 2, 3, 1)
        labels[start:end] = chunk_labels[: end - start]

    with ThreadPoolExecutor() as pool:  # NumPy computes without Python's lock
        list(pool.map(fill, range(0, count, _CHUNK)))
    return images, labels


def _chunk(forms: np.ndarray, textures: np.ndarray, dice: _Dice) -> tuple[np.ndarray, np.ndarray]:
    """Pictures, uint8 of shape (_CHUNK, 3, 32, 32), and labels. No sum below can leave the range of int16."""
    n = _CHUNK
    label = dice.between((0, _CLASSES - 1), n)
    other = (label + dice.between((1, _CLASSES - 1), n)) % _CLASSES
    strength = dice.between(_STRENGTH, n)

    canvas = _cut(textures, dice.between((0, _TEXTURES - 1), n), dice)[:, None] * dice.between(
        (-_TEXTURE_STRENGTH, _TEXTURE_STRENGTH), n, 3, 1, 1
    )
    for kind, share in ((label, strength), (other, 127 - strength)):
        form = _cut(forms, kind * np.int16(_FORMS) + dice.between((0, _FORMS - 1), n), dice)
        mirrored = dice.between((0, 1), n) == 1
        form[mirrored] = form[mirrored, :, ::-1]
        light_or_dark = dice.between((0, 1), n) * np.int16(2) - np.int16(1)
        colour = dice.between(_COLOUR, n, 3) * (share * light_or_dark)[:, None] >> 7
        canvas += form[:, None] * colour[:, :, None, None]
    canvas >>= 7
    canvas += dice.between(_GREY, n, 3, 1, 1)
    canvas += dice.bytes(*canvas.shape).astype(np.int16) * _NOISE >> 7
    return np.clip(canvas, 0, 255, out=canvas).astype(np.uint8), label


def _cut(fields: np.ndarray, which: np.ndarray, dice: _Dice) -> np.ndarray:
    """From each chosen field a window of one picture's size at a random place."""
    windows = np.lib.stride_tricks.sliding_window_view(fields, (_SIDE, _SIDE), axis=(1, 2))
    last = fields.shape[1] - _SIDE
    return windows[which, dice.between((0, last), len(which)), dice.between((0, last), len(which))]


@hookimpl
def annealkit_datasets() -> dict[str, type]:
    return {"synthetic": Synthetic}
