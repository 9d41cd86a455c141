"""Lays a fault in the code of a part at the door of the distribution that it came from."""

import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from annealkit.errors import (
    AnnealkitError,
    ConfigError,
    SettingError,
    WrongReturnError,
    WrongValuesError,
    text_of,
    words_of,
)
from annealkit.plugin_system.ctrl_c import was_ctrl_c
from annealkit.plugin_system.loading import OWN_DISTRIBUTION, Part


class Call(NamedTuple):
    """A call in the code of a part."""

    part: Part
    function: str
    file: str
    line: int


@contextmanager
def naming_the_faulty(suspects: Sequence[Part], own_code_only: bool = False) -> Iterator[None]:
    """Turn what the code of a part raises, and what is wrong with its values, into an error that says whose it is.

    A ConfigError of the part's own keeps its words, which tell the user of a value that cannot be, with the names that
    the command line has for part and setting; where they do not begin with the part's name, that and the distribution
    are put before them.

    Args:
        suspects: the parts whose code may be called within, as `Parts.sources` has them.
        own_code_only: what is raised elsewhere is nobody's fault here, since much else is done within.
    """
    try:
        yield
    except WrongValuesError as error:
        part = next((part for part in suspects if part.cls is error.part), None)
        if part is None:
            raise
        raise ConfigError(_accusation(part, str(error))) from error
    except WrongReturnError as error:
        raise ConfigError(_accusation(suspects[0], error.found)) from error
    except AnnealkitError as error:
        if text_of(error) is None:
            raise _blaming(error, suspects) from error
        if not isinstance(error, ConfigError):
            raise
        said = _on_the_command_line(error, suspects)
        call = raised_by(error, suspects)
        if call is None or call.part.distribution == OWN_DISTRIBUTION or _is_named(call.part, str(said)):
            raise said from error.__cause__
        raise ConfigError(f"{call.part.label} (from {call.part.origin}): {said}") from error
    except BaseException as error:
        if own_code_only and raised_by(error, suspects) is None:
            raise
        if was_ctrl_c(error) or _blamed(error, suspects)[0].distribution == OWN_DISTRIBUTION:
            raise  # Our own fault, of which we want the traceback.
        raise _blaming(error, suspects) from error


def raised_by(error: BaseException, suspects: Sequence[Part]) -> Call | None:
    """The innermost call in a part's own module; None where none of them had a hand in it."""
    for frame, line in list(traceback.walk_tb(error.__traceback__))[::-1]:
        for part in suspects:
            if frame.f_globals.get("__name__") == part.cls.__module__:
                return Call(part, frame.f_code.co_name, frame.f_code.co_filename, line)
    return None


def _blaming(error: BaseException, suspects: Sequence[Part]) -> ConfigError:
    part, place = _blamed(error, suspects)
    return ConfigError(_accusation(part, f"{words_of(error)} (in {place})"))


def _blamed(error: BaseException, suspects: Sequence[Part]) -> tuple[Part, str]:
    """Whose fault it is, and the file and line that raised."""
    call = raised_by(error, suspects)
    if call is not None:
        return call.part, f"{call.file}:{call.line}"
    # It was not in a part's code: one lacks a method or a field, and built-in ones lack none.
    foreign = [part for part in suspects if part.distribution != OWN_DISTRIBUTION]
    frame, line = list(traceback.walk_tb(error.__traceback__))[-1]
    return (foreign or suspects)[0], f"{frame.f_code.co_filename}:{line}"


def _on_the_command_line(error: ConfigError, suspects: Sequence[Part]) -> ConfigError:
    """The error in the words of the command line, if it is about a setting of one of them."""
    if isinstance(error, SettingError):
        for part in suspects:
            if part.cls.__name__ == error.part:
                return error.at(part.name, f"{part.group}.")
    return error


def _is_named(part: Part, words: str) -> bool:
    """Whether the words begin with the part: `ripple: …`, `schedule=ripple …`."""
    return words.startswith((f"{part.name}:", f"{part.name} ", part.label))


def _accusation(part: Part, fault: str) -> str:
    return (
        f"{part.label} (from {part.origin}): {fault.rstrip('.')}. Try another {part.group}, or pip install "
        f"-U {part.distribution}; `annealkit check {part.name}` tells its author more."
    )
