"""The rules that read a learning rate off the smoothed loss of one ramp.

Each takes a SmoothedLoss and returns the base-10 logarithm of a rate, or None where it finds none.
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from annealkit.range_test.smoothing import smooth

HALF_WINDOW = 0.25  # decades on each side of a slope
NOISE = 4.0  # standard errors that a fall must exceed


@dataclass(frozen=True)
class SmoothedLoss:
    """The smoothed loss of one ramp over the smoothed rate.

    Args:
        log_rates: base-10 logarithm of the rates, smoothed like the losses, rising, shape (n,).
        losses: smoothed, shape (n,).
        level: where the loss stood before it fell: the mean loss of the first tenth of the updates.
        noise: standard error of a smoothed loss, from the scatter of the losses in that tenth.
    """

    log_rates: np.ndarray
    losses: np.ndarray
    level: float
    noise: float

    @classmethod
    def of(cls, rates: np.ndarray, losses: np.ndarray, weight: float) -> "SmoothedLoss":
        """From the rates and losses of the updates that count, at least one; `weight` as in `smooth`."""
        losses = losses.astype(np.float64)
        first = losses[: max(len(losses) // 10, 1)]
        scatter = float(first.std(ddof=1)) if len(first) > 1 else 0.0
        # An average with weights w^k varies like one of (1 + w) / (1 - w) values.
        noise = scatter * ((1 - weight) / (1 + weight)) ** 0.5
        return cls(smooth(np.log10(rates[: len(losses)]), weight), smooth(losses, weight), float(first.mean()), noise)

    def at(self, log_rate: float) -> float:
        """The smoothed loss at a rate between two updates, on the straight line that joins them."""
        return float(np.interp(log_rate, self.log_rates, self.losses))

    @property
    def lowest(self) -> int:
        """The place of the lowest smoothed loss, the first of equal ones."""
        return int(self.losses.argmin())

    @property
    def fell(self) -> bool:
        """The loss fell, by more than four standard errors of the smoothed loss, and steeply somewhere."""
        return bool(self.level - self.losses.min() > NOISE * self.noise) and steepest(self) is not None

    @property
    def rose(self) -> bool:
        """The lowest loss is behind: the ramp went on for at least a quarter of a decade."""
        return bool(self.log_rates[-1] - self.log_rates[self.lowest] >= HALF_WINDOW)

    @property
    def ended_high(self) -> bool:
        """The loss ended above its first level, by more than four standard errors of the smoothed loss."""
        return bool(self.losses[-1] - self.level > NOISE * self.noise)

    def slopes(self) -> tuple[np.ndarray, np.ndarray]:
        """(log rates, slopes) up to the lowest loss, where a window of half a decade fits into the ramp.

        slope(x) = (loss(x + ¼) - loss(x - ¼)) / ½, with x the logarithm. From one update to the next, as it is often
        taken, the slope would be that of the noise.
        """
        x = self.log_rates
        fits = (x - HALF_WINDOW >= x[0] - 1e-9) & (x + HALF_WINDOW <= x[-1] + 1e-9) & (x <= x[self.lowest])
        places = x[fits]
        ahead = np.interp(places + HALF_WINDOW, x, self.losses)
        behind = np.interp(places - HALF_WINDOW, x, self.losses)
        return places, (ahead - behind) / (2 * HALF_WINDOW)


def steepest(loss: SmoothedLoss) -> float | None:
    """Where the loss falls most for a factor of the rate: the lowest slope (see `slopes`) up to the lowest loss.

    None if no slope is below 0. Source: Gugger 2018, and fastai's `steep`, with slopes from one update to the next.
    """
    places, slopes = loss.slopes()
    return float(places[slopes.argmin()]) if len(slopes) and slopes.min() < 0 else None


def minimum_tenth(loss: SmoothedLoss) -> float | None:
    """A tenth of the rate with the lowest smoothed loss.

    Source: Gugger 2018, "one order of magnitude before the minimum"; fastai's `minimum`.
    """
    return float(loss.log_rates[loss.lowest]) - 1


def valley(loss: SmoothedLoss) -> float | None:
    """The middle of the longest valley, as fastai finds it.

    The first tenth of the updates and the last five are left out. Of the longest strictly falling subsequence of the
    smoothed losses (not necessarily neighbours; of equally long ones the one that ends first), let e be the place of
    its end and L its length. Then s = e - L is called its start, as if it had no gaps, and the suggestion stands at
    s + floor(L / 3) + floor(L / 6). That is the middle, though often told as two thirds.

    None if nothing falls. Source: fastai's `valley`, its default since 2021; Howard and Gugger 2020, arXiv 2002.04688,
    for fastai.
    """
    skipped = len(loss.losses) // 10
    ends: list[float] = []  # ends[k]: minus the highest loss that a falling subsequence of length k + 1 ends with
    last = 0
    for place, value in enumerate((-loss.losses[skipped:-5]).tolist()):
        k = bisect_left(ends, value)
        if k == len(ends):
            ends.append(value)
            last = place
        else:
            ends[k] = value
    length = len(ends)
    if length < 2:
        return None
    place = max(last - length, 0) + length // 3 + length // 6
    return float(loss.log_rates[skipped + place])


def begins(loss: SmoothedLoss) -> float | None:
    """Where the loss begins to fall: where the tangent at the steepest place comes down from the first level.

    With x the logarithm of the rate, x_s the steepest place and m < 0 the slope there:

        x = x_s - (level - loss(x_s)) / |m|, at most x_s

    None if no slope is below 0. Source: the lower bound of a cycle in Smith 2015, arXiv 1506.01186, section 3.3, where
    "the accuracy starts to increase", read off by eye; the tangent is ours, as thermal analysis takes an extrapolated
    onset (ISO 11357-1).
    """
    x, slope = _steepest_slope(loss)
    return None if x is None else min(x - (loss.level - loss.at(x)) / -slope, x)


def slows(loss: SmoothedLoss) -> float | None:
    """Where the fall slows, before the loss rises: where the tangent at the steepest place reaches the lowest loss.

    With x_s and m as in `begins`:

        x = x_s + (loss(x_s) - lowest loss) / |m|, at most the rate of the lowest loss

    None if no slope is below 0. Source: the upper bound of a cycle in Smith 2015, arXiv 1506.01186, section 3.3, where
    "the accuracy slows, becomes ragged, or starts to fall", read off by eye; the tangent is ours.
    """
    x, slope = _steepest_slope(loss)
    if x is None:
        return None
    return min(x + (loss.at(x) - float(loss.losses.min())) / -slope, float(loss.log_rates[loss.lowest]))


def _steepest_slope(loss: SmoothedLoss) -> tuple[float | None, float]:
    _, slopes = loss.slopes()
    return steepest(loss), float(slopes.min()) if len(slopes) else 0.0


RULES: dict[str, Callable[[SmoothedLoss], float | None]] = {
    "begins": begins,
    "minimum/10": minimum_tenth,
    "valley": valley,
    "steepest": steepest,
    "slows": slows,
}
