"""The ramp: a rate for each weight update, rising exponentially."""

import math
from dataclasses import dataclass

import numpy as np

from annealkit.curve.rates import learning_rates
from annealkit.curve.span import Run
from annealkit.errors import ConfigError
from annealkit.range_test.settings import LEAST_PER_DECADE, FindLrSettings

FEWEST, MOST = 100, 500  # updates in a ramp, where nothing else is asked for


@dataclass
class Ramp:
    """Rise exponentially from 1 to `ratio`.

    Formula: factor(s) = ratio^(s / (T - 1)), so that each update multiplies the rate by the same.

    Args:
        ratio: the last factor, above 1.

    Range: [1, ratio].
    Edges: the first update has exactly 1; a span of one update has nothing else.

    Source: Smith 2015, arXiv 1506.01186, section 3.3, raises the rate linearly; exponentially, as here, since nobody
    knows its order of magnitude beforehand: Howard and Gugger 2020, arXiv 2002.04688 (fastai's learning-rate finder).
    """

    ratio: float

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        return np.power(float(self.ratio), step / max(run.total_steps - 1, 1))


def default_steps(steps_per_epoch: int) -> int:
    """One epoch, but not under 100 updates, which would be too coarse, and not over 500, which would take long."""
    return min(max(steps_per_epoch, FEWEST), MOST)


def ramp_rates(settings: FindLrSettings, steps_per_epoch: int) -> np.ndarray:
    """The rate of every update of a ramp, float64, from `settings.start` to `settings.stop`.

    Raises:
        ConfigError: so few updates that the loss could not be smoothed and still show where it turns.
    """
    steps = default_steps(steps_per_epoch) if settings.steps is None else settings.steps
    decades = math.log10(settings.stop / settings.start)
    least = math.ceil(LEAST_PER_DECADE * decades - 1e-9)
    if steps < least:
        raise ConfigError(
            f"find_lr: steps must be at least {least}, {LEAST_PER_DECADE} for each factor of ten from "
            f"{settings.start:g} to {settings.stop:g}; got {steps}. Try find_lr.steps={max(FEWEST, least)}."
        )
    return learning_rates(Ramp(settings.stop / settings.start), settings.start, Run(steps, steps_per_epoch))
