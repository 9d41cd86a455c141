"""What has changed between two states of a run."""

from collections.abc import Mapping
from typing import Any


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """`threads was 2, is now 1` for every key that is not the same in both."""
    return [
        f"{key} was {before.get(key, 'not recorded')}, is now {now.get(key, 'not recorded')}"
        for key in {**before, **now}
        if key not in before or key not in now or before[key] != now[key]
    ]
