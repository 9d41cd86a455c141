"""Other people's text, which may hold anything: what reaches the terminal and the log can be printed."""

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from annealkit.errors import AnnealkitError, ConfigError, printable, words_of
from annealkit.plugin_system.ctrl_c import was_ctrl_c
from annealkit.plugin_system.faulty_parts import naming_the_faulty
from annealkit.plugin_system.loading import Part
from annealkit.writing.log import log
from annealkit.writing.tables import output, print_table

MARK = "\N{REPLACEMENT CHARACTER}"
RED = "\x1b[31mred\x1b[0m"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain, ± and 中", "plain, ± and 中"),
        (RED, "red"),
        ("\x1b[2Jgone\x1b]0;title", f"{MARK}[2Jgone{MARK}]0;title"),
        ("a\nb\tc\rd", "a\nb c d"),
        ("\x07\x00\x7f\x9b", MARK * 4),
        ("left\u202eright", f"left{MARK}right"),
        ("\udcc3\udca4", "ä"),  # the bytes of a name that Python could not read as text
        ("\ud800", MARK),
    ],
)
def test_what_a_terminal_would_act_on_is_left_out(text: str, expected: str) -> None:
    assert printable(text) == expected
    assert str(AnnealkitError(text)) == expected


class MuteError(ConfigError):
    def __str__(self) -> str:
        raise RuntimeError("no")


def test_words_of_any_exception() -> None:
    assert words_of(KeyError("a\nb")) == "KeyError: 'a\\nb'"
    assert words_of(OSError("no\n  luck")) == "OSError: no luck"
    assert words_of(ValueError()) == "ValueError"
    assert words_of(MuteError("x")) == "MuteError, whose text cannot be had, since its own __str__ raises"
    assert len(words_of(ValueError("x" * 10_000))) == len("ValueError: ") + 500


# --- whose interrupt it is ---


def raised(body: Callable[[], object]) -> BaseException:
    try:
        body()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def raises() -> None:
    raise KeyboardInterrupt


def pressed() -> None:
    signal.raise_signal(signal.SIGINT)


def pressed_and_raised_on() -> None:
    try:
        pressed()
    except KeyboardInterrupt:
        raise


def test_an_interrupt_that_code_raises_is_no_ctrl_c() -> None:
    assert was_ctrl_c(raised(pressed)) and was_ctrl_c(raised(pressed_and_raised_on))
    assert not was_ctrl_c(raised(raises)) and not was_ctrl_c(SystemExit())
    assert not was_ctrl_c(raised(lambda: next(iter([])) if False else raises()))


def test_a_handler_that_raises_is_a_ctrl_c() -> None:
    def handler(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, handler)
    try:
        assert was_ctrl_c(raised(pressed))
    finally:
        signal.signal(signal.SIGINT, before)


def test_one_that_comes_while_code_waits() -> None:
    timer = threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()

    def busy() -> None:
        while True:
            pass

    assert was_ctrl_c(raised(busy))


class Odd:
    """A part."""


@contextmanager
def _blamed() -> Iterator[None]:
    part = Part("schedule", "odd", Odd, "annealkit-odd", RED, "odd")
    with naming_the_faulty([part]):
        yield


@pytest.mark.parametrize("error", [MuteError("x"), KeyboardInterrupt("own"), GeneratorExit(), OSError(RED)])
def test_whatever_a_part_raises_is_laid_at_its_door(error: BaseException) -> None:
    def raise_it() -> None:
        with _blamed():
            raise error

    said = raised(raise_it)
    assert isinstance(said, ConfigError) and type(said) is ConfigError
    assert str(said).startswith(f"schedule=odd (from annealkit-odd red): {type(error).__name__}")
    assert str(said).isprintable()


# --- where it goes ---


def test_a_log_can_be_printed(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "annealkit"):
        log.info("from %s", RED)
        try:
            raise OSError(RED)
        except OSError:
            log.exception("stopped")
    assert caplog.messages == ["from red", "stopped"]
    assert "\x1b" not in caplog.text and "OSError: red" in caplog.text


def test_a_table_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with output() as console:
        print_table(console, ["name"], [[RED]], [], title=RED)
        console.print(RED)
    out = capsys.readouterr().out
    assert "\x1b" not in out and out.count("red") == 3


def test_names_of_files_can_be_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from annealkit.compare import compare

    (tmp_path / f"{RED}-run").mkdir()
    (tmp_path / f"{RED}-run" / "run.json").write_text("{")
    compare([str(tmp_path)])
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err and "red" in shown.out
