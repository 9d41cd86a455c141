"""What a feedback rule is, and how often it looks."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Protocol

from annealkit.curve.span import parse_duration

PER_EPOCH = "1ep"  # how often a rule is asked that has no field `every`


class Feedback(Protocol):
    """A rule that changes the scale of the learning rate between epochs."""

    def begin(self) -> dict[str, Any]:
        """The state before the first epoch: what `json` can store, with `"scale": 1.0` in it."""

    def observe(self, state: dict[str, Any], metrics: Mapping[str, float]) -> dict[str, Any]:
        """The state after an epoch; `state` itself stays as it is.

        Args:
            state: what `begin` or the last `observe` returned.
            metrics: the epoch's metrics, with keys like `loss`, `accuracy`, `val_loss`, `val_accuracy`.

        Raises:
            ConfigError: the metric that the rule needs is not among `metrics`.
        """


def is_per_epoch(every: str) -> bool:
    """Whether a rule looks at the end of each epoch, when validation metrics are there; a duration, however written."""
    return parse_duration(every) == (Fraction(1), "ep")
