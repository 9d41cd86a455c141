"""The metric that a rule watches, and how often."""

from collections.abc import Mapping
from fractions import Fraction

from annealkit.curve.span import parse_duration
from annealkit.errors import ConfigError, did_you_mean

PER_EPOCH = "1ep"  # how often a rule is asked that has no field `every`


def is_per_epoch(every: str) -> bool:
    """Whether a rule looks at the end of each epoch, when validation metrics are there; a duration, however written."""
    return parse_duration(every) == (Fraction(1), "ep")


def watched(part: str, monitor: str, metrics: Mapping[str, float]) -> float:
    """The watched metric's value. Raises ConfigError, naming the rule and what there is, if it is not measured."""
    if monitor not in metrics:
        raise ConfigError(
            f"{part}: feedback.monitor={monitor} is not measured in this run; there are "
            f"{', '.join(sorted(metrics)) or 'no metrics'}.{did_you_mean(monitor, metrics)}"
        )
    return float(metrics[monitor])


def falls(part: str, monitor: str, mode: str) -> bool:
    """Whether the metric should fall. Raises ConfigError if its name does not tell and mode is auto."""
    if mode != "auto":
        return mode == "min"
    if monitor.endswith(("loss", "error")):
        return True
    if monitor.endswith(("accuracy", "acc")):
        return False
    raise ConfigError(
        f"{part}: mode=auto cannot tell whether {monitor} should fall or rise. "
        "Try feedback.mode=min or feedback.mode=max."
    )
