"""The rate of every weight update of a run, also of one that left another run on the way: its trunk's, then its own."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from annealkit.curve.rates import learning_rates, momenta
from annealkit.curve.span import Run


@dataclass(frozen=True)
class Branch:
    """Where a run left its trunk, the run that trained it so far.

    Args:
        at: weight updates that the trunk made.
        begins: the weight update at which the span begins that warmup and schedule have to themselves; `at`, or earlier
            where the trunk's own schedule is stretched.
        trunk: how those updates were made.
    """

    at: int
    begins: int
    trunk: "Curve"


@dataclass(frozen=True)
class Curve:
    """What decides the rates and momenta of a run.

    Args:
        schedule: a schedule.
        warmup: a warmup, or None.
        lr: the base learning rate.
        total_steps: weight updates of the whole run, its trunk's included.
        branch: where it left its trunk, or None for a run of its own.
    """

    schedule: Any
    warmup: Any
    lr: float
    total_steps: int
    branch: Branch | None = None

    @property
    def needs_tensorflow(self) -> bool:
        """Whether a schedule on the way is computed by TensorFlow."""
        own = getattr(self.schedule, "needs_tensorflow", False)
        return own or (self.branch is not None and self.branch.trunk.needs_tensorflow)

    def rates(self, steps_per_epoch: int) -> np.ndarray:
        """The learning rate of every weight update, float64, shape (total_steps,).

        Raises:
            ConfigError: as `annealkit.curve.rates.learning_rates`.
        """
        own = learning_rates(self.schedule, self.lr, self._span(steps_per_epoch), self.warmup)
        if self.branch is None:
            return own
        before = self.branch.trunk.rates(steps_per_epoch)[: self.branch.at]
        return np.concatenate([before, own[self.branch.at - self.branch.begins :]])

    def momenta(self, steps_per_epoch: int) -> np.ndarray | None:
        """The momentum of every weight update, NaN for the optimizer's own; None where no schedule moves it."""
        span = self._span(steps_per_epoch)
        own = momenta(self.schedule, np.arange(span.total_steps, dtype=np.int64), span, self.warmup)
        if self.branch is None:
            return own
        before = self.branch.trunk.momenta(steps_per_epoch)
        if own is None and before is None:
            return None
        result = np.full(self.total_steps, np.nan)
        if before is not None:
            result[: self.branch.at] = before[: self.branch.at]
        if own is not None:
            result[self.branch.at :] = own[self.branch.at - self.branch.begins :]
        return result

    def _span(self, steps_per_epoch: int) -> Run:
        begins = 0 if self.branch is None else self.branch.begins
        return Run(self.total_steps - begins, steps_per_epoch)
