"""Feedback: rules that scale the schedule by what the run has shown so far.

A rule is a pure function from its state and an epoch's metrics to its next state, so it resumes exactly, replays on a
recorded history and composes with every schedule: the rate applied is `schedule * state["scale"]`.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from annealkit.feedback.greedy import Greedy
from annealkit.feedback.plateau import Plateau

__all__ = ["Feedback", "Greedy", "Plateau"]


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
