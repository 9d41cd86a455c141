"""Writing files whole or not at all; of those that a user asks for, in words why they cannot be written."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from annealkit.errors import ConfigError

Content = str | bytes | Callable[[BinaryIO], object]  # A text, bytes, or what writes them.


def write_file(key: str, path: str | Path, content: Content, name: str, command: str = "") -> None:
    """Write a file so that no reader ever meets half of it; replaces what was there.

    What exists and is no ordinary file (/dev/null, a pipe) is written to, never replaced; a link is followed.

    Args:
        key: the setting that named the file, for the message if it cannot be written.
        path: the file.
        content: of the file.
        name: what such a file is usually called, to be suggested where a folder was named.
        command: whose setting that is, if its name does not say so.

    Raises:
        ConfigError: the file cannot be written.
    """
    path = Path(path)
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            _fill(path, content)
            return
        target = path.resolve()
        replace_file(target, content, part=target.with_name(f".{target.name}.{os.getpid()}.part"))
    except OSError as error:
        check_place(key, path, name, command)
        hint = f"another place, such as {key}={name}"
        raise _refusal(key, path, error.strerror or str(error), hint, command) from None


def check_place(key: str, path: str | Path, name: str, command: str = "") -> None:
    """Refuse a path that can be seen beforehand to be no place for a file; for the arguments see `write_file`.

    Raises:
        ConfigError: it is a folder, or its folder is missing.
    """
    path = Path(path)
    if os.path.isdir(path):
        raise _refusal(key, path, "that is a folder", f"{key}={path / name}", command) from None
    if not os.path.isdir(path.parent):
        hint = f"mkdir -p {path.parent}, or {key}={path.name}"
        raise _refusal(key, path, f"there is no folder {str(path.parent)!r}", hint, command) from None


def replace_file(path: Path, content: Content, part: Path, durable: bool = False) -> None:
    """Write `part` and rename it to `path` in the same folder; where that fails, nothing of it is left.

    Args:
        path: the file.
        content: of the file.
        part: beside it; two that write the same file at once need two.
        durable: whether the file has to be whole even if the power is cut: the old one or the new one.

    Raises:
        OSError: the file cannot be written.
    """
    try:
        _fill(part, content, durable)
        part.replace(path)
    except BaseException:
        with suppress(OSError):  # Its folder or its name may be what cannot be.
            part.unlink()
        raise
    if durable:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _fill(path: Path, content: Content, durable: bool = False) -> None:
    with path.open("wb") as file:
        if callable(content):
            content(file)
        else:
            file.write(content.encode("utf-8", "replace") if isinstance(content, str) else content)
        if durable:
            file.flush()
            os.fsync(file.fileno())


def _refusal(key: str, path: Path, reason: str, hint: str, command: str) -> ConfigError:
    said = f"{command}: {key}" if command else key
    return ConfigError(f"{said}: cannot write {str(path)!r}: {reason}. Try {hint}.")
