"""SIGINT and SIGTERM as a wish to stop at the next chunk, after a checkpoint."""

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any


class StopRequest:
    """While it is open, the first SIGINT or SIGTERM is remembered in `signal`; a second one acts at once.

    Outside the main thread Python takes no signal handlers, and none are set.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._remember)
        return self

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        self._restore()
        print("\nStopping after a checkpoint; the same signal again stops at once.", file=sys.stderr)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def act(self) -> None:
        """End as the signal's default would: KeyboardInterrupt for SIGINT, exit code 143 for SIGTERM."""
        if self.signal == signal.SIGINT:
            raise KeyboardInterrupt
        if self.signal is not None:
            raise SystemExit(128 + self.signal)
