"""What goes wrong on the user's side, said so that a person can act on it.

Every message names the key, the value received, what is allowed and what to try. The command line prints
these errors as one paragraph without a traceback; from Python they are ordinary exceptions.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

MOST_CHARACTERS = 400  # of a message about one override: what a terminal shows without scrolling
_MOST_OF_A_WORD = 80
_COLOURS = re.compile("\x1b\\[[0-9;]*m")
_MARK = "\N{REPLACEMENT CHARACTER}"
_LONGEST = 500  # Characters of the words of other people's exceptions, which may quote an array or a page.


def printable(text: str) -> str:
    """The text without what a terminal would act on or cannot show: control characters, escapes, broken Unicode.

    Names of files, values, docstrings and exceptions are other people's text, and may hold anything. Ends of lines
    stay, other blanks become spaces, colours go; what else is left out has a mark in its place. This is the one place
    that decides it.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _COLOURS.sub("", text)
    with suppress(UnicodeEncodeError):  # A surrogate that stands for no byte of a name, which JSON can hold.
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(c if c.isprintable() or c == "\n" else " " if c.isspace() else _MARK for c in text)


def words_of(error: BaseException) -> str:
    """`ValueError: no luck`: what other people's code raised, on one line, even where it cannot say what it is."""
    name, said = printable(type(error).__name__), text_of(error)
    if said is None:
        return f"{name}, whose text cannot be had, since its own __str__ raises"
    said = " ".join(said.split())
    if len(said) > _LONGEST:  # The end matters as much: TensorFlow says there what went wrong.
        said = f"{said[: _LONGEST // 2]}…{said[1 - _LONGEST // 2 :]}"
    return f"{name}: {said}" if said else name


def text_of(error: BaseException) -> str | None:
    """What an exception says, so that it can be printed; None where it cannot say it."""
    try:
        return printable(str(error))
    except BaseException:  # The code of whoever wrote the exception may raise anything, as the rest of it may.
        return None


class AnnealkitError(Exception):
    """Base of all errors that a user can mend. What it says can be printed, whatever it quotes."""

    def __str__(self) -> str:
        return printable(super().__str__())


class ConfigError(AnnealkitError, ValueError):
    """A name or a value in the configuration that cannot be."""


class SettingError(ConfigError):
    """A value that a setting of a part cannot have.

    In Python it names the class and the field: `Cosine: floor must lie in [0, 1]; got 3. Try floor=0.01.` On the
    command line, where the setting is `schedule.floor` of `schedule=cosine`, it is said `at` that place.

    Args:
        part: the part, or the name that stands for it.
        setting: the name of the field.
        problem: what is wrong, as it follows that name: ` must lie in [0, 1]; got 3.`
        suggestion: a value to try, and perhaps more in words; empty for none.
        prefix: what stands before the name of the setting where it is set.
    """

    def __init__(self, part: object, setting: str, problem: str, suggestion: str = "", prefix: str = "") -> None:
        self.part = part if isinstance(part, str) else type(part).__name__
        self.setting, self.problem, self.suggestion = setting, problem, suggestion
        hint = f" Try {prefix}{setting}={suggestion}." if suggestion else ""
        stop = "" if problem.endswith(("?", ".")) else "."
        super().__init__(f"{self.part}: {setting}{problem}{stop}{hint}")

    def at(self, part: str, prefix: str) -> "SettingError":
        """The same in the words of the command line: of that part, and with that before the setting's name."""
        return SettingError(part, self.setting, self.problem, self.suggestion, prefix)


class WrongValuesError(ConfigError):
    """A schedule or warmup returned something else than numbers that a rate can be made of.

    Attributes:
        part: its class.
    """

    def __init__(self, part: type, fault: str) -> None:
        super().__init__(f"{part.__module__}.{part.__qualname__} {fault}")
        self.part = part


class WrongReturnError(ConfigError):
    """What a part handed back is not what every part of its kind hands back.

    Attributes:
        found: what it was.
        change: what the author of the part is to change.
    """

    def __init__(self, found: str, change: str) -> None:
        super().__init__(f"{found}. To change: {change}")
        self.found, self.change = found, change


class DataError(AnnealkitError):
    """A data set that is missing, damaged or not what it claims to be."""


class RunError(AnnealkitError):
    """A run folder that cannot be used as asked: busy, full, finished under other conditions."""


class DamagedRunError(RunError):
    """A run folder whose files cannot be read."""


def did_you_mean(name: str, options: Iterable[str], prefix: str = "", most: int = 3) -> str:
    """` Did you mean a or b?` for at most so many names nearest to `name`, each after `prefix`, or an empty string."""
    near = difflib.get_close_matches(name, list(options), n=most, cutoff=0.6)
    return f" Did you mean {' or '.join(prefix + option for option in near)}?" if near else ""


def clipped(text: str, most: int = _MOST_OF_A_WORD) -> str:
    """The text, its end replaced by an ellipsis where it is long."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


@contextmanager
def briefly() -> Iterator[None]:
    """Shorten what an AnnealkitError says to MOST_CHARACTERS: long words to their beginning, then a list in the middle.

    It begins with what is at fault and ends with what to try; between is what another page lists too.
    """
    try:
        yield
    except AnnealkitError as error:
        text = str(error)
        if len(text) > MOST_CHARACTERS:
            text = re.sub(rf"\S{{{_MOST_OF_A_WORD + 1},}}", lambda word: clipped(word[0]), text)
        if len(text) > MOST_CHARACTERS:
            end = text[-140:].partition(" ")[2]
            text = f"{text[: MOST_CHARACTERS - len(end) - 3].rpartition(' ')[0]} … {end}"
        error.args = (text,)
        raise
