"""Feedback: rules that scale the schedule by what the run has shown so far.

A rule is a pure function from its state and an epoch's metrics to its next state, so it resumes exactly, replays on a
recorded history and composes with every schedule: the rate applied is `schedule * state["scale"]`.
"""

from typing import Any

from annealkit.groups import builtin


def __getattr__(name: str) -> Any:
    """A class of a module in this folder."""
    return builtin("feedback", name)
