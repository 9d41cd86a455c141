"""Writes the files that were asked for: whole or not at all, replacing what was there, as `preview.png=` does."""

import os
from pathlib import Path

from annealkit.errors import ConfigError


def write(key: str, path: Path, text: str) -> None:
    """Write a file beside `path` and rename it, so that no reader meets half of it; a pipe or device is written to.

    Raises:
        ConfigError: the file cannot be written.
    """
    data = text.encode("utf-8", "replace")
    part = None
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
            return
        target = path.resolve()
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        part.write_bytes(data)
        part.replace(target)
    except OSError as error:
        if part is not None:
            part.unlink(missing_ok=True)
        reason, hint = error.strerror or str(error), f"another place for {key}="
        if path.is_dir():
            reason, hint = "that is a folder", f"{key}={path / f'compare.{key}'}"
        elif not path.parent.is_dir():
            reason, hint = f"there is no folder {str(path.parent)!r}", f"mkdir -p {path.parent}, or {key}={path.name}"
        raise ConfigError(f"compare: {key}: cannot write {str(path)!r}: {reason}. Try {hint}.") from None
