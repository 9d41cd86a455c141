"""One file from the network: whole and with the right checksum, or not there at all."""

import logging
import os
import time
from pathlib import Path

from annealkit.errors import DataError

_log = logging.getLogger("annealkit")


def download(url: str, target: Path, sha256: str, *, timeout: float, attempts: int, pause: float = 1.0) -> None:
    """Fetch `url` into `target`, through a `.part` file beside it that is renamed once its checksum is right.

    Args:
        url: http or https.
        target: the file to write; its folder must exist. The caller holds the lock, if others may write it too.
        sha256: the checksum in hexadecimal digits.
        timeout: seconds for the connection, and for each wait for more data.
        attempts: how often to try, at least 1.
        pause: seconds before the second attempt; twice as long before each one after.

    Raises:
        DataError: every attempt failed; the message is the last cause.
    """
    import pooch  # Slow to import, as rich is, and seldom needed.

    part = target.with_name(target.name + ".part")
    cause = ""
    for attempt in range(attempts):
        if attempt:
            _log.info("download of %s failed (%s); trying again", url, cause)
            time.sleep(pause * 2 ** (attempt - 1))
        try:
            # Requests' own errors are OSErrors, and so are a full disk and a folder that cannot be written.
            with _Bar(target.name) as bar:
                # Identity: else Requests would unpack what a server declares as packed for the journey.
                fetch = pooch.HTTPDownloader(
                    progressbar=bar, chunk_size=1 << 16, timeout=timeout, headers={"Accept-Encoding": "identity"}
                )
                fetch(url, str(part), None)
            received = pooch.file_hash(str(part))
            if received == sha256:
                os.replace(part, target)
                return
            cause = f"{part.stat().st_size:,} bytes came with sha256 {received} in place of {sha256}"
        except OSError as error:
            cause = _plain(error)
        finally:
            part.unlink(missing_ok=True)
    raise DataError(f"{cause} ({attempts} {'attempt' if attempts == 1 else 'attempts'})")


def _plain(error: OSError) -> str:
    """The root of a chain such as ConnectionError(MaxRetryError(NewConnectionError(refused)))."""
    reason: object = error
    while isinstance(reason, Exception):
        inner = getattr(reason, "reason", None) or (reason.args[0] if reason.args else None)
        if not isinstance(inner, Exception):
            break
        reason = inner
    return f"{type(error).__name__}: {reason}"


class _Bar:
    """A progress bar on the terminal, or nothing elsewhere, with the methods that pooch calls."""

    def __init__(self, name: str) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn(name),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(name, total=None)
        self.total = 0

    def __enter__(self) -> "_Bar":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def update(self, count: int) -> None:
        self._bar.update(self._task, advance=count, total=self.total or None)

    def reset(self) -> None:
        self._bar.update(self._task, completed=0)

    def close(self) -> None:
        pass
