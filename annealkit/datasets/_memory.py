"""How much memory is left, so that it can be refused to fill it rather than be killed for it."""

from pathlib import Path

# Where Linux tells the limit of a container, what it uses and what that is made of, in its newer and its older form.
_CONTAINERS = (
    ("/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
    ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def available_memory() -> int | None:
    """Bytes that can be used without swapping, of the machine or of the container; None where nothing tells."""
    found = [_of_the_machine(), *(_of_a_container(Path(at), *names) for at, *names in _CONTAINERS)]
    return min((size for size in found if size is not None), default=None)


def _of_the_machine() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return None


def _of_a_container(at: Path, limit: str, used: str, files: str) -> int | None:
    try:
        left = int((at / limit).read_text()) - int((at / used).read_text())
        stat = dict(line.split() for line in (at / "memory.stat").read_text().splitlines())
        return max(left + int(stat[files]), 0)  # copies of files count as used, and are given up when asked for
    except (OSError, ValueError, KeyError):  # the limit is the word max where there is none
        return None
