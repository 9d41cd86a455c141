"""What a feedback rule is."""

from collections.abc import Mapping
from typing import Any, Protocol


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
