"""What has changed between two states of a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from annealkit.errors import RunError


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """`threads was 2, is now 1` for every key that is not the same in both."""
    return [
        f"{key} was {before.get(key, 'not recorded')}, is now {now.get(key, 'not recorded')}"
        for key in {**before, **now}
        if key not in before or key not in now or before[key] != now[key]
    ]


def refuse_other_settings(path: Path, before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> None:
    """Raise RunError where a folder that was named by hand, with `hydra.run.dir` and the like, holds another run."""
    if before is None or before == now:
        return
    found = changes(before, now)
    more = f"; and {len(found) - 5} more" if len(found) > 5 else ""
    raise RunError(
        f"{path} holds a run with other settings: {'; '.join(found[:5])}{more}. "
        "Leave hydra.run.dir or hydra.sweep.subdir out, which gives each run a folder of its own, or try rerun=true, "
        "which replaces that run."
    )
