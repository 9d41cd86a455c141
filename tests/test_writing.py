"""Files that a user asks for, written whole or not at all, and in words why not; tables for a reader."""

import errno
import re
from pathlib import Path
from typing import BinaryIO

import pytest

from annealkit.errors import ConfigError
from annealkit.writing.files import check_place, write_file
from annealkit.writing.tables import output, print_table


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


# --- tables ---


def test_only_the_columns_that_may_fold_do(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "50")
    name, figure = "one two three four five six seven eight", "no test: the same difference on every seed"
    with output() as console:
        print_table(console, ("name", "test", "n"), [(name, figure, "1"), ("[red]", ":tea:", "10")], [0], [2])
    lines = capsys.readouterr().out.splitlines()
    # A folding column is 24 wide at least, and two blanks stand after each.
    assert lines[0] == f"{'name':<24}  {'test':<{len(figure)}}   n"
    assert lines[1:5] == [
        f"{'one two three four five':<24}  {figure}   1",
        "six seven eight",
        f"{'[red]':<24}  {':tea:':<{len(figure)}}  10",
        "",
    ]


def test_a_table_that_has_room_is_as_narrow_as_its_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    with output() as console:
        assert console.width == 80
        print_table(console, ("a", "b"), [("x\nlonger", "y")], [0], title="two")
    assert capsys.readouterr().out == "two\na       b\nx       y\nlonger\n\n"


def test_on_a_terminal_rules_and_all_columns_fit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich then takes any output for a terminal.
    monkeypatch.setenv("COLUMNS", "60")
    with output() as console:
        print_table(console, ("name", "test", "p (Holm)"), [("one two three four five six", "x" * 20, "0.5")], [0], [2])
    lines = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in capsys.readouterr().out.splitlines()]
    # A blank at each side; between columns two for padding and one more.
    assert lines[1] == f" {'name':<24}   {'test':<20}   p (Holm) "
    assert lines[2] == f" {'─' * 58} "
    assert lines[3:5] == [f" {'one two three four five':<24}   {'x' * 20}        0.5 ", f" {'six':<58} "]
