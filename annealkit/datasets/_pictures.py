"""Picture files as arrays: upright, RGB, 8 bits, and nothing that tells them apart lost in silence on the way."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageColor, ImageOps, TiffTags

from annealkit.datasets._memory import available_memory
from annealkit.errors import DataError

_BITS_IN_TIFF = next(tag for tag, info in TiffTags.TAGS_V2.items() if info.name == "BitsPerSample")
_PNG_BITS_AT = 24  # the byte that tells how many bits a channel has


@dataclass
class Pictures:
    """Pictures that were read.

    Args:
        pixels: uint8, shape (n, height, width, 3).
        notes: what was done to them that their owner may not expect, in words.
    """

    pixels: np.ndarray
    notes: list[str]


@dataclass
class _Picture:
    """One of them. `appearance` is a digest of what it looks like on any background; None if it is opaque."""

    pixels: np.ndarray
    appearance: bytes | None
    has_more: bool


def read_pictures(paths: list[Path], labels: np.ndarray, size: int | None, background: str) -> Pictures:
    """All pictures, in the order of the paths.

    Args:
        paths: at least one.
        labels: the class of each.
        size: the side of the square that each is resized to; None to take them as they are.
        background: the colour on which pictures with transparency are laid.

    Raises:
        DataError: one cannot be read or has more than 8 bits a channel; they have several sizes; or two of different
            classes differ in their transparency alone and look the same on the background. They would not fit into
            the memory that is left.
    """
    first = _picture(paths[0], size, background).pixels
    _check_memory(len(paths), first)
    images = np.empty((len(paths), *first.shape), np.uint8)
    appearances: list[bytes | None] = [None] * len(paths)
    has_more = np.zeros(len(paths), bool)

    def read(number: int) -> str | None:
        try:
            picture = _picture(paths[number], size, background)
        except DataError as error:
            return str(error)
        if picture.pixels.shape != first.shape:
            raise DataError(
                f"folder: pictures have several sizes: {paths[0]} is {_size(first)}, {paths[number]} is "
                f"{_size(picture.pixels)}. Try data.size=32 to make them all 32x32."
            )
        images[number], appearances[number], has_more[number] = picture.pixels, picture.appearance, picture.has_more
        return None

    with ThreadPoolExecutor() as pool:  # Pillow decodes without Python's lock
        try:
            faults = [fault for fault in pool.map(read, range(len(paths))) if fault]
        except DataError:
            pool.shutdown(cancel_futures=True)  # sizes differ: no need to read on through thousands of files
            raise
    if faults:
        more = f" And {len(faults) - 5} more." if len(faults) > 5 else ""
        raise DataError(" ".join(faults[:5]) + more)
    _check_told_apart(paths, labels, images, appearances, background)
    return Pictures(images, list(_notes(len(paths), appearances, has_more, background)))


def _check_memory(count: int, first: np.ndarray) -> None:
    """Refuse what would fill the memory: the system would end the process without a word."""
    needed, left = 2 * count * first.nbytes, available_memory()  # TensorFlow copies them
    if left is not None and needed > left:
        height, width, _ = first.shape
        smaller = max(int((left / (2 * 2 * 3 * count)) ** 0.5), 1)  # to fill half of it
        raise DataError(
            f"folder: {count:,} pictures of {width}x{height} pixels need {needed / 2**30:,.1f} GiB of memory, and "
            f"{left / 2**30:,.1f} GiB are left. Try data.size={min(smaller, 224)}, or fewer pictures."
        )


def _picture(path: Path, size: int | None, background: str) -> _Picture:
    try:
        with path.open("rb") as file, Image.open(file) as image:
            if _bits(image, file) > 8:  # Pillow cuts some of them to 8 bits in silence: 300 of 65,535 becomes 1 of 255
                raise ValueError(f"it has more than 8 bits a channel, mode {image.mode}; save it with 8")
            picture, appearance = _on_background(ImageOps.exif_transpose(image), background)
            has_more = bool(getattr(image, "is_animated", False))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"folder: {path} cannot be read as a picture ({error}). Repair or remove it.") from error
    if size is not None and picture.size != (size, size):
        picture = picture.resize((size, size), Image.Resampling.BICUBIC)
    return _Picture(np.asarray(picture), appearance, has_more)


def _bits(image: Image.Image, file: IO[bytes]) -> int:
    """Bits of one channel in the file, of which Pillow's mode tells only for some grey pictures."""
    if image.mode[0] in "IF":
        return 16
    if image.format == "TIFF":
        return max(getattr(image, "tag_v2", {}).get(_BITS_IN_TIFF, (8,)))
    if image.format == "PNG":
        place = file.tell()
        file.seek(_PNG_BITS_AT)
        bits = file.read(1)[0]
        file.seek(place)
        return bits
    if image.format == "PPM":
        [*_, arguments] = getattr(image, "tile")[0]  # noqa: B009  Pillow does not declare it
        return 16 if isinstance(arguments, tuple) and arguments[-1] > 255 else 8  # the largest value, unless it is 255
    return 8


def _on_background(image: Image.Image, background: str) -> tuple[Image.Image, bytes | None]:
    """The picture in RGB, laid on a colour where one can look through it, and what it looks like on any."""
    if not image.has_transparency_data:
        return image.convert("RGB"), None
    transparent = image.convert("RGBA")
    if transparent.getchannel("A").getextrema()[0] == 255:
        return transparent.convert("RGB"), None
    ground = Image.new("RGBA", transparent.size, (*ImageColor.getrgb(background)[:3], 255))
    # Colours times opacity: what nobody can see, the colour of a pixel that is not there, makes no difference.
    appearance = hashlib.sha256(transparent.convert("RGBa").tobytes()).digest()
    return Image.alpha_composite(ground, transparent).convert("RGB"), appearance


def _check_told_apart(
    paths: list[Path], labels: np.ndarray, images: np.ndarray, appearances: list[bytes | None], background: str
) -> None:
    """Refuse a background that swallows what tells pictures of two classes apart: white shapes on white."""
    seen: dict[bytes, int] = {}
    for number, appearance in enumerate(appearances):
        if appearance is None:
            continue
        other = seen.setdefault(hashlib.sha256(images[number].tobytes()).digest(), number)
        if labels[other] != labels[number] and appearances[other] != appearance:
            another = "black" if background != "black" else "white"
            raise DataError(
                f"folder: {paths[other]} and {paths[number]} differ in their transparency, and on a background of "
                f"{background} they are the same. Try data.background={another}, or a colour that they do not have."
            )


def _notes(count: int, appearances: list[bytes | None], has_more: np.ndarray, background: str) -> Iterator[str]:
    transparent = sum(appearance is not None for appearance in appearances)
    if transparent:
        yield (
            f"{transparent:,} of {count:,} pictures can be looked through; they are laid on {background} "
            "(data.background)"
        )
    if has_more.any():
        yield f"{has_more.sum():,} of {count:,} files hold more than one picture, as animations do; the first is used"


def _size(picture: np.ndarray) -> str:
    return f"{picture.shape[1]}x{picture.shape[0]}"
