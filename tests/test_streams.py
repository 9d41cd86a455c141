"""Streams that are closed, left by their reader, short of characters, or no real streams: never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import environment

from annealkit.command_line.main import main
from annealkit.writing.streams import _Lasting, is_terminal

COMMAND = f"{sys.executable} -m annealkit"
PREVIEW = "preview data=toy schedule=cyclical"


def shell(line: str, cwd: Path, **changes: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["bash", "-c", line], cwd=cwd, env=environment(**changes), capture_output=True, timeout=120)


def test_no_streams_at_all(tmp_path: Path) -> None:
    done = shell(f"{COMMAND} {PREVIEW} preview.csv=a.csv >&- 2>&- <&-; echo $?", tmp_path)
    assert done.stdout == b"0\n" and done.stderr == b""
    text = (tmp_path / "a.csv").read_text()  # The file did not get the number of the closed stream, and its text.
    assert text.startswith("step,") and "cyclical" not in text


def test_a_refusal_without_a_stream_for_it(tmp_path: Path) -> None:
    assert shell(f"{COMMAND} schedule=nope 2>&-; echo $?", tmp_path).stdout == b"2\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_few_characters(encoding: str, tmp_path: Path) -> None:
    line = f"{COMMAND} {PREVIEW}; {COMMAND} schedule=größe; echo $?"
    done = shell(line, tmp_path, PYTHONIOENCODING=encoding, COLUMNS="60", NO_COLOR="1")
    assert b"Traceback" not in done.stderr and done.stdout.endswith(b"2\n")
    out, err = done.stdout.decode(encoding), done.stderr.decode(encoding)
    assert "cyclical, optimizer sgd" in out and "\x1b" not in out
    assert ("gr??e" if encoding == "ascii" else "größe") in err


def test_the_reader_has_left(tmp_path: Path) -> None:
    done = shell(f"{COMMAND} plugins | head -n 1; echo ${{PIPESTATUS[0]}}", tmp_path)
    assert done.stdout.splitlines()[-1] == b"0" and done.stderr == b""


def test_what_comes_after_the_reader_has_left_is_dropped_and_the_rest_goes_on() -> None:
    read, write = os.pipe()
    stream = _Lasting(os.fdopen(write, "wb"), "utf-8", "replace")
    stream.write("first\n")
    stream.flush()
    assert os.read(read, 100) == b"first\n"
    os.close(read)
    for _ in range(3):
        assert stream.write("x" * 100_000) == 100_000
        stream.flush()
    stream.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is always full")
def test_a_full_disk_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    stream = _Lasting(os.fdopen(os.open("/dev/full", os.O_WRONLY), "wb"), "utf-8", "replace")
    for _ in range(3):
        stream.write("text\n")
        stream.flush()
    stream.close()
    said = capsys.readouterr().err
    assert said == "annealkit: stdout cannot be written: No space left on device. What follows is lost.\n"


class Bare:
    """A stream of somebody's own: it can be written to, and no more."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass


@pytest.mark.parametrize("arguments", [["plugins"], PREVIEW.split(), ["--help"], []])
def test_a_stream_that_knows_nothing_of_terminals(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Bare()
    monkeypatch.setattr("sys.argv", ["annealkit", *arguments])
    monkeypatch.setattr("sys.stdout", stream)
    assert main() == 0
    assert "cyclical" in stream.text and not is_terminal(stream)


@pytest.mark.parametrize("columns", ["60", "20", "1"])
@pytest.mark.parametrize("arguments", [["plugins", "schedule"], PREVIEW.split()])
def test_a_narrow_terminal(
    columns: str, arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("sys.argv", ["annealkit", *arguments])
    assert main() == 0 and "cyclical" in capsys.readouterr().out
