"""Lays a fault in the code of a part at the door of the distribution that it came from."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from annealkit.errors import AnnealkitError, ConfigError, WrongValuesError
from annealkit.registry import OWN_DISTRIBUTION, Part


@contextmanager
def naming_the_faulty(suspects: list[Part]) -> Iterator[None]:
    """Turn what the code of a part raises, and what is wrong with its values, into an error that says whose it is.

    A part's own ConfigError passes as it is: it tells the user of a value that cannot be, in the author's words.

    Args:
        suspects: the parts whose code may be called within, as `Parts.made_of` has them.
    """
    try:
        yield
    except WrongValuesError as error:
        part = next((part for part in suspects if part.cls is error.part), None)
        if part is None:
            raise
        raise ConfigError(_accusation(part, str(error))) from error
    except AnnealkitError:
        raise
    except (Exception, SystemExit) as error:
        part, place = _raised_by(error, suspects)
        if part.distribution == OWN_DISTRIBUTION:
            raise  # Our own fault, of which we want the traceback.
        raise ConfigError(_accusation(part, f"{type(error).__name__}: {error} (in {place})")) from error


def _raised_by(error: BaseException, suspects: list[Part]) -> tuple[Part, str]:
    """The part whose own module has the innermost call, and where that is."""
    calls = list(traceback.walk_tb(error.__traceback__))[::-1]
    for frame, line in calls:
        for part in suspects:
            if frame.f_globals.get("__name__") == part.cls.__module__:
                return part, f"{frame.f_code.co_filename}:{line}"
    # It was not in a part's code: one lacks a method or a field, and built-in ones lack none.
    foreign = [part for part in suspects if part.distribution != OWN_DISTRIBUTION]
    frame, line = calls[0]
    return (foreign or suspects)[0], f"{frame.f_code.co_filename}:{line}"


def _accusation(part: Part, fault: str) -> str:
    return (
        f"{part.group}={part.name} (from {part.origin}): {fault.rstrip('.')}. Try another {part.group}, or pip install "
        f"-U {part.distribution}; `annealkit check {part.name}` tells its author more."
    )
