"""Picture files of data=folder: what is read, what is said, and what is refused."""

import logging
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from annealkit.datasets import Folder, Images
from annealkit.errors import ConfigError, DataError

SIDE = 16


def shape(kind: str, height: int, colour: tuple[int, int, int] = (0, 0, 0)) -> Image.Image:
    """A disc or a bar that is seen by its opacity alone: the whole picture has one colour."""
    opacity = Image.new("L", (SIDE, SIDE), 0)
    draw = ImageDraw.Draw(opacity)
    (draw.ellipse if kind == "disc" else draw.rectangle)((2, 2, 12, height), fill=255)
    picture = Image.new("RGB", (SIDE, SIDE), colour)
    picture.putalpha(opacity)
    return picture


def as_palette(picture: Image.Image) -> Image.Image:
    """The same with a palette: colour 0, which is black too, is the one that is not there."""
    made = Image.new("P", picture.size, 0)
    made.putpalette([0, 0, 0, 0, 0, 0])
    made.paste(1, mask=picture.getchannel("A"))
    made.info["transparency"] = 0
    return made


def as_colour_key(picture: Image.Image) -> Image.Image:
    """The same with one colour, (1, 1, 1), that is not there: it would look black."""
    made = Image.new("RGB", picture.size, (1, 1, 1))
    made.paste((0, 0, 0), mask=picture.getchannel("A"))
    made.info["transparency"] = (1, 1, 1)
    return made


FORMS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "RGBA": lambda picture: picture,
    "LA": lambda picture: picture.convert("LA"),
    "palette": as_palette,
    "colour key": as_colour_key,
}


def write_shapes(root: Path, form: str = "RGBA", colour: tuple[int, int, int] = (0, 0, 0)) -> Path:
    for kind in ("disc", "bar"):
        folder = root / "train" / kind
        folder.mkdir(parents=True)
        for number in range(4):
            picture = FORMS[form](shape(kind, 7 + number, colour))
            picture.save(folder / f"{number}.png", **{k: v for k, v in picture.info.items() if k == "transparency"})
    return root


@pytest.mark.parametrize("form", FORMS)
def test_what_differs_in_transparency_differs_in_pixels(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, form: str
) -> None:
    with caplog.at_level(logging.INFO, logger="annealkit"):
        images = Folder(path=str(write_shapes(tmp_path, form)), test_fraction=0.25).load()
    pictures = [*images.train_images, *images.test_images]
    assert len({picture.tobytes() for picture in pictures}) == 8
    for picture in pictures:  # Nothing is drawn in the corner, which is the background; the shape is black.
        assert picture[0, 0].tolist() == [255, 255, 255]
        assert picture.min() == 0 if form != "colour key" else picture.min() <= 1
    [note] = [record.getMessage() for record in caplog.records]
    assert "8 of 8 pictures" in note and "white (data.background)" in note


def test_half_opaque_is_half_background(tmp_path: Path) -> None:
    for kind, opacity in (("faint", 51), ("strong", 204)):
        (tmp_path / "train" / kind).mkdir(parents=True)
        for number in range(2):
            Image.new("RGBA", (4, 4), (100, 0, number, opacity)).save(tmp_path / "train" / kind / f"{number}.png")
    images = Folder(path=str(tmp_path), test_fraction=0.5, background="#0000ff").load()
    # 51 of 255 is a fifth: a fifth of red 100; and 204 four fifths. Blue is what the background adds.
    assert set(images.train_images[..., 0].ravel().tolist()) == {20, 80}
    assert images.train_images[images.train_labels == 0][0, 0, 0, 2] == 204


def test_an_opaque_picture_keeps_its_pixels_and_nothing_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 5, 5, 3), np.uint8)
    for number, picture in enumerate(pixels):
        file = tmp_path / "train" / "ab"[number % 2] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).convert("RGBA" if number < 4 else "RGB").save(file)
    with caplog.at_level(logging.INFO, logger="annealkit"):
        images = Folder(path=str(tmp_path), test_fraction=0.3).load()
    read = {picture.tobytes() for picture in (*images.train_images, *images.test_images)}
    assert read == {picture.tobytes() for picture in pixels}
    assert not caplog.records


def test_a_background_that_swallows_the_classes_is_refused(tmp_path: Path) -> None:
    write_shapes(tmp_path, colour=(255, 255, 255))
    with pytest.raises(DataError, match=r"on a background of white they are the same\. Try data\.background=black"):
        Folder(path=str(tmp_path)).load()
    images = Folder(path=str(tmp_path), background="black").load()
    assert len({picture.tobytes() for picture in (*images.train_images, *images.test_images)}) == 8


def test_colours_that_nobody_can_see_make_no_difference(tmp_path: Path) -> None:
    """The same empty picture in both classes is no fault of the background."""
    for kind, colour in (("a", (9, 9, 9, 0)), ("b", (70, 80, 90, 0))):
        (tmp_path / "train" / kind).mkdir(parents=True)
        for number in range(2):
            Image.new("RGBA", (4, 4), colour).save(tmp_path / "train" / kind / f"{number}.png")
    assert (Folder(path=str(tmp_path)).load().train_images == 255).all()


@pytest.mark.parametrize("colour", ["nocolour", "#12", ""])
def test_a_background_that_is_no_colour_is_refused(colour: str) -> None:
    with pytest.raises(ConfigError, match="background must be the name of a colour"):
        Folder(path="somewhere", background=colour)


# More than 8 bits


def png16(path: Path, colour_type: int, channels: int) -> None:
    """A PNG of 16 bits a channel, each 300, written by hand: Pillow can read such files and not write them."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = (b"\0" + struct.pack(">H", 300) * channels * 4) * 4
    header = struct.pack(">IIBBBBB", 4, 4, 16, colour_type, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


def tiff16(path: Path) -> None:
    """An uncompressed RGB TIFF of 16 bits a channel, 1 x 1 pixel."""
    entries = [(256, 3, 1, 1), (257, 3, 1, 1), (258, 3, 3, 200), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 206)]
    entries += [(277, 3, 1, 3), (278, 3, 1, 1), (279, 4, 1, 6)]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    content = b"II*\0" + struct.pack("<I", 8) + directory + struct.pack("<I", 0)
    path.write_bytes(content.ljust(200, b"\0") + struct.pack("<3H", 16, 16, 16) + struct.pack("<3H", 300, 300, 300))


DEEP: dict[str, Callable[[Path], None]] = {
    "RGB.png": lambda path: png16(path, 2, 3),
    "RGBA.png": lambda path: png16(path, 6, 4),
    "LA.png": lambda path: png16(path, 4, 2),
    "L.png": lambda path: png16(path, 0, 1),
    "RGB.tif": tiff16,
    "RGB.ppm": lambda path: path.write_bytes(b"P6 2 1 65535\n" + struct.pack(">6H", *[300] * 6)),
    "L.pgm": lambda path: path.write_bytes(b"P5 2 1 65535\n" + struct.pack(">2H", *[300] * 2)),
    "F.tif": lambda path: Image.fromarray(np.zeros((2, 2), np.float32)).save(path),
}


@pytest.mark.parametrize("name", DEEP)
def test_more_than_eight_bits_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "train" / "a").mkdir(parents=True)
    DEEP[name](tmp_path / "train" / "a" / name)
    with Image.open(tmp_path / "train" / "a" / name) as image:
        image.load()  # a whole file: it is not refused for being broken
    with pytest.raises(DataError, match=rf"{name} cannot be read .*more than 8 bits a channel.*save it with 8"):
        whole(tmp_path, "a")


def whole(root: Path, *classes: str) -> Images:
    """The folder, with pictures of every class added so that it can be read."""
    for kind in (*classes, "other"):
        (root / "train" / kind).mkdir(parents=True, exist_ok=True)
        for number in range(2):
            Image.new("RGB", (4, 4), (number, 0, 0)).save(root / "train" / kind / f"plain {number}.png")
    return Folder(path=str(root), size=4).load()


# Several pictures in one file


@pytest.mark.parametrize("name", ["moving.gif", "moving.png", "moving.webp", "pages.tif", "phone.jpg"])
def test_of_several_pictures_the_first_is_used_and_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    (tmp_path / "train" / "a").mkdir(parents=True)
    first, second = (Image.new("RGB", (4, 4), colour) for colour in ((255, 255, 0), (0, 0, 255)))
    more = {"format": "MPO"} if name == "phone.jpg" else {"lossless": True} if name.endswith("webp") else {}
    first.save(tmp_path / "train" / "a" / name, save_all=True, append_images=[second], **more)
    with caplog.at_level(logging.INFO, logger="annealkit"):
        images = whole(tmp_path, "a")
    colours = [picture[0, 0].tolist() for picture in (*images.train_images, *images.test_images)]
    assert [red > 250 and green > 250 and blue < 5 for red, green, blue in colours].count(True) == 1
    assert not any(blue > 250 for _, _, blue in colours)
    assert any("1 of 5 files hold more than one picture" in record.getMessage() for record in caplog.records)
