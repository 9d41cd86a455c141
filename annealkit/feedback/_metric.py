"""What the rules share: the metric that one watches, and which way it should go."""

import difflib
from collections.abc import Mapping

from annealkit.errors import SettingError
from annealkit.feedback.base import is_per_epoch

__all__ = ["falls", "is_per_epoch", "watched"]


def watched(rule: object, monitor: str, metrics: Mapping[str, float]) -> float:
    """The watched metric's value. Raises SettingError, naming the rule and what there is, if it is not measured."""
    if monitor not in metrics:
        problem = f"={monitor} is not measured in this run; there are {', '.join(sorted(metrics)) or 'no metrics'}"
        near = difflib.get_close_matches(monitor, metrics, n=1)
        raise SettingError(rule, "monitor", problem, near[0] if near else "")
    return float(metrics[monitor])


def falls(rule: object, monitor: str, mode: str) -> bool:
    """Whether the metric should fall. Raises SettingError if its name does not tell and mode is auto."""
    if mode != "auto":
        return mode == "min"
    if monitor.endswith(("loss", "error")):
        return True
    if monitor.endswith(("accuracy", "acc")):
        return False
    raise SettingError(rule, "mode", f"=auto cannot tell whether {monitor} should fall or rise", "min, or max")
