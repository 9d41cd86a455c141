"""Files that a user asks for: written whole or not at all, and in words why not."""

import errno
from pathlib import Path
from typing import BinaryIO

import pytest

from annealkit.errors import ConfigError
from annealkit.writing.files import check_place, write_file


def test_a_file_is_replaced_whole_and_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x" * 100)
    (tmp_path / "link").symlink_to("kept")
    write_file("csv", tmp_path / "link", "é\n", "a.csv")
    assert (tmp_path / "kept").read_bytes() == b"\xc3\xa9\n"
    assert (tmp_path / "link").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "link"]


def test_what_was_there_stays_where_the_writing_fails_half_way(tmp_path: Path) -> None:
    def half(file: BinaryIO) -> None:
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "a.csv").write_text("before")
    with pytest.raises(ConfigError) as raised:
        write_file("preview.csv", tmp_path / "a.csv", half, "rates.csv")
    assert str(raised.value) == (
        f"preview.csv: cannot write '{tmp_path}/a.csv': No space left on device. "
        "Try another place, such as preview.csv=rates.csv."
    )
    assert (tmp_path / "a.csv").read_text() == "before" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (".", "that is a folder. Try csv=PLACE/a.csv."),
        ("nowhere/b.csv", "there is no folder 'PLACE/nowhere'. Try mkdir -p PLACE/nowhere, or csv=b.csv."),
        ("file/b.csv", "there is no folder 'PLACE/file'. Try mkdir -p PLACE/file, or csv=b.csv."),
        ("x" * 300, "File name too long. Try another place, such as csv=a.csv."),
    ],
)
def test_places_where_no_file_can_be(place: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError) as raised:
        write_file("csv", tmp_path / place, "text", "a.csv", "compare")
    path = str(tmp_path / place)
    assert str(raised.value) == f"compare: csv: cannot write {path!r}: {said.replace('PLACE', str(tmp_path))}"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_device_is_written_to_and_a_full_one_is_said() -> None:
    write_file("csv", "/dev/null", "text", "a.csv")
    with pytest.raises(ConfigError, match=r"^csv: cannot write '/dev/full': No space left on device\. Try another"):
        write_file("csv", "/dev/full", "text", "a.csv")
    assert Path("/dev/null").is_char_device() and Path("/dev/full").is_char_device()


def test_a_place_is_checked_beforehand_without_writing(tmp_path: Path) -> None:
    check_place("csv", tmp_path / "a.csv", "ramp.csv")
    assert list(tmp_path.iterdir()) == []
