"""Writing into a run's folder, and what is said where that cannot be."""

import errno
from pathlib import Path

from annealkit.errors import RunError
from annealkit.writing.files import replace_file

_ANOTHER = "outputs=<another folder>"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_ADVICE = {
    **dict.fromkeys(_FULL, f"{_ANOTHER}, or free some space"),
    errno.EROFS: f"{_ANOTHER}: this disk can only be read",
    errno.EACCES: f"{_ANOTHER}, or let yourself write there (chmod u+w)",
    errno.EPERM: f"{_ANOTHER}, or let yourself write there (chmod u+w)",
    errno.ENAMETOOLONG: f"a shorter {_ANOTHER}",
}


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that at any moment, power cut included, it is whole: the old one or the new one."""
    try:
        replace_file(path, data, part=path.with_name(f"{path.name}.part"), durable=True)
    except OSError as error:
        raise not_written(path, error) from None


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, unless it is there. Raises RunError that says where nothing can be written."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from None


def unwritable(path: Path, error: OSError) -> RunError:
    """The error for a folder, or its lock, that cannot be written to."""
    what, first = _in_the_way(path, error)
    advice = f"{first}{_ANOTHER}" if what else _ADVICE.get(error.errno or 0, _ANOTHER)
    return RunError(f"outputs: cannot write to {path}: {what or error.strerror}. Try {advice}.")


def not_written(path: Path, error: OSError) -> RunError:
    """The error for a file that could not be written, most likely because the disk is full."""
    space = "Free some space and give" if error.errno in _FULL else "Mend that and give"
    return RunError(
        f"cannot write {path}: {error.strerror or error}. What was there before is intact. "
        f"{space} the same command again, or try {_ANOTHER}."
    )


def _in_the_way(path: Path, error: OSError) -> tuple[str, str]:
    """What stands where a folder or the lock should be, and what to try first; both empty where nothing does."""
    if path.name == ".lock" and path.is_dir():
        return "that is a folder, and should be a file", f"rmdir {path}, or "
    for place in (path, *path.parents):
        if place.is_symlink() and not place.exists():
            target = place.parent / place.readlink()
            return f"{place} is a link to {target}, which is not there", f"mkdir -p {target}, or "
        if place.is_file() and error.errno in (errno.EEXIST, errno.ENOTDIR):
            return f"{place} is a file, and no folder", ""
    return "", ""
