"""A check and its failure."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

from annealkit.errors import AnnealkitError


class ConformanceError(AnnealkitError, AssertionError):
    """A part does not keep to what every part of its kind keeps to; says what was found and what to change."""


@dataclass(frozen=True)
class Check:
    """One property of one part; calling it checks it.

    Args:
        title: the property in a few words, such as `finite and at least 0`.
        part: what is checked, such as `schedule=ripple`.
        body: raises ConformanceError where the property does not hold.
    """

    title: str
    part: str
    body: Callable[[], None] = field(repr=False)

    def __call__(self) -> None:
        """Check it. Raises ConformanceError, also where the part raised something unforeseen."""
        try:
            self.body()
        except ConformanceError:
            raise
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            raise failure(
                self.part,
                f"{type(error).__name__}: {error} (raised in {frame.name}, {frame.filename}:{frame.lineno})",
                f"make this work: {self.title}. A value that cannot be is refused with annealkit.ConfigError in "
                "__post_init__; what is left must not fail.",
            ) from error


def failure(part: str, found: str, change: str) -> ConformanceError:
    """The error for `part`: what was found, and on a line of its own what to change."""
    return ConformanceError(f"{part}: {found}\nTo change: {change}")
