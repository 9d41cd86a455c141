"""The built-in warmups: ramps that lead from a small rate to the schedule's first value.

A ramp of w updates runs through a fraction x of its way, and the schedule's first value follows at update w, x = 1:

    include_start=False   x = (s + 1) / (w + 1)   `start` is passed one update before the first
    include_start=True    x = s / w               the first update, s = 0, has exactly `start`

The first never wastes an update at a rate of zero; the second is what most libraries do. No warmup repeats the value
that it leads to: the last update of a ramp, s = w - 1, is below it.
"""

from typing import Any

from annealkit.groups import builtin


def __getattr__(name: str) -> Any:
    """A class of a module in this folder."""
    return builtin("warmups", name)
