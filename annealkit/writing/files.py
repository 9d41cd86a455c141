"""The one writer of files that a user asks for: whole or not at all, or in words why not."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from annealkit.errors import ConfigError


def write_file(
    key: str, path: str | Path, content: str | Callable[[BinaryIO], object], name: str, command: str = ""
) -> None:
    """Write a file beside `path` and rename it, so that no reader ever meets half of it; replaces what was there.

    What exists and is no ordinary file (/dev/null, a pipe) is written to, never replaced; a link is followed.

    Args:
        key: the setting that named the file, for the message if it cannot be written.
        path: the file.
        content: its text, or what writes its bytes.
        name: what such a file is usually called, to be suggested where a folder was named.
        command: whose setting that is, if its name does not say so.

    Raises:
        ConfigError: the file cannot be written.
    """
    path, part = Path(path), None
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            _fill(path, content)
            return
        target = path.resolve()
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        _fill(part, content)
        part.replace(target)
    except OSError as error:
        check_place(key, path, name, command)
        hint = f"another place, such as {key}={name}"
        raise _refusal(key, path, error.strerror or str(error), hint, command) from None
    finally:
        if part is not None:
            with suppress(OSError):  # It is not there: it was renamed, or its folder or its name cannot be.
                part.unlink()


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


def _fill(path: Path, content: str | Callable[[BinaryIO], object]) -> None:
    with path.open("wb") as file:
        if isinstance(content, str):
            file.write(content.encode("utf-8", "replace"))
        else:
            content(file)


def _refusal(key: str, path: Path, reason: str, hint: str, command: str) -> ConfigError:
    said = f"{command}: {key}" if command else key
    return ConfigError(f"{said}: cannot write {str(path)!r}: {reason}. Try {hint}.")
