"""A check and its failure."""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from annealkit.errors import AnnealkitError, WrongValuesError, words_of

if TYPE_CHECKING:  # pytest imports this module wherever annealkit is installed: it stays light.
    from annealkit.plugin_system.loading import Part


class ConformanceError(AnnealkitError, AssertionError):
    """A part does not keep to what every part of its kind keeps to; says what was found and what to change."""


class UnusableError(ConformanceError):
    """The part raised, or gave what nothing can be computed with: other checks will not get any further."""


class NotRunError(ConformanceError):
    """A check could not run, because of what another one has found.

    Attributes:
        because: the title of that one.
    """

    def __init__(self, part: str, because: str) -> None:
        super().__init__(f"{part}: could not run: see {because!r}")
        self.because = because


@dataclass(frozen=True)
class Check:
    """One property of one part; calling it checks it.

    Args:
        title: the property in a few words, such as `finite and at least 0`.
        part: what is checked, such as `schedule=ripple`.
        body: raises ConformanceError where the property does not hold.
        source: the registry's entry for the part, so that the line of it that raised can be named.
        after: the checks that use the part before this one does.
    """

    title: str
    part: str
    body: Callable[[], None] = field(repr=False)
    source: "Part | None" = field(default=None, repr=False)
    after: Sequence["Check"] = field(default=(), repr=False)

    def __call__(self) -> None:
        """Check it.

        Raises:
            ConformanceError: it does not hold, or the part raised something unforeseen.
            NotRunError: the part fails so that a check in `after` finds it unusable as well.
        """
        try:
            self._run()
        except UnusableError:
            for first in self.after:
                if first.is_unusable():
                    raise NotRunError(self.part, first.title) from None
            raise

    def is_unusable(self) -> bool:
        """Whether the part fails here so that other checks will not get any further."""
        try:
            self._run()
        except UnusableError:
            return True
        except ConformanceError:
            return False
        return False

    def _run(self) -> None:
        try:
            self.body()
        except ConformanceError:
            raise
        except BaseException as error:
            from annealkit.plugin_system.ctrl_c import was_ctrl_c

            if was_ctrl_c(error):
                raise
            found, change = self._unforeseen(error)
            raise UnusableError(message(self.part, found, change)) from error

    def _unforeseen(self, error: BaseException) -> tuple[str, str]:
        """What was raised, where in the part's own code, and what to change."""
        from annealkit.plugin_system.faulty_parts import raised_by

        if isinstance(error, WrongValuesError):
            return str(error), "let it return one finite number of at least 0 for each step, whatever the span."
        found = words_of(error)
        call = None if self.source is None else raised_by(error, [self.source])
        if call is None:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            what = self.part if self.source is None else self.source.cls.__name__
            return f"{found} (raised in {frame.name}, {frame.filename}:{frame.lineno})", (
                f"no line of {what} is in this: look for a method or field that it lacks, and for what it gives to "
                f"others. Tried was: {self.title}."
            )
        return f"{found} (raised in {call.function}, {call.file}:{call.line})", (
            f"mend line {call.line} of {Path(call.file).name}. If it is a setting with which it cannot work, refuse "
            "that in __post_init__ with annealkit.ConfigError."
        )


def message(part: str, found: str, change: str) -> str:
    """What was found in `part`, and on a line of its own what to change."""
    return f"{part}: {found}\nTo change: {change}"
