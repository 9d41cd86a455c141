"""The streams that a command prints to: there may be none, their reader may leave, their characters may be few."""

import contextlib
import io
import os
import sys
from typing import Any


class _Lasting(io.TextIOWrapper):
    """A stream that goes on where its reader has left, as in `annealkit plugins | head`: what follows is dropped.

    A run is not stopped by it, and the exit code stays what it is. A disk that is full is said, once, on stderr.
    """

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            self._drop(error)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            self._drop(error)

    def _drop(self, error: OSError) -> None:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, self.fileno())  # Also for what is still in the buffer, and is flushed at the exit.
        os.close(nothing)
        if not isinstance(error, BrokenPipeError) and self is not sys.stderr and sys.stderr is not None:
            print(f"annealkit: stdout cannot be written: {error.strerror}. What follows is lost.", file=sys.stderr)


def make_streams_last() -> None:
    """Let stdout and stderr of this process be written to whatever becomes of them.

    Those that a caller has put in the place of the process's own are left alone, but for None.
    """
    for number in (0, 1, 2):  # `>&-` closes one, and the next file that is opened would get its number, and our text.
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  to the end of the process
        elif stream is getattr(sys, f"__{name}__") and type(stream) is io.TextIOWrapper:
            encoding, buffered = stream.encoding, stream.line_buffering
            # A terminal without ± and … gets question marks, and no traceback.
            lasting = _Lasting(stream.detach(), encoding, "replace", line_buffering=buffered)
            setattr(sys, name, lasting)
            setattr(sys, f"__{name}__", lasting)


def is_terminal(stream: Any) -> bool:
    """Whether somebody looks at it; not where it does not say."""
    with contextlib.suppress(AttributeError, ValueError):  # None, one without that method, one that is closed
        return bool(stream.isatty())
    return False


def encoding_of(stream: Any) -> str:
    """The name of its character set; UTF-8 where it does not say."""
    return getattr(stream, "encoding", None) or "utf-8"
