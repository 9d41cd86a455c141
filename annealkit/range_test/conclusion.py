"""What the ramps of several seeds suggest together, and whether that is to be trusted.

Of the rules `slows` is the one that is recommended, on principle: it is Smith's for the highest rate of a cycle. It was
also the one that came nearest to the best rates of a grid, for sgd and for adam, with `keras_cnn` on CIFAR-10; the
smoothing of 0.2 decades was chosen on those ramps too. `tests/benchmarks/find_lr.py` measures it against a grid.
"""

from dataclasses import dataclass

import numpy as np

from annealkit.range_test.rules import RULES, SmoothedLoss
from annealkit.range_test.settings import FindLrSettings
from annealkit.range_test.smoothing import smooth, smoothing_weight, updates_kept

PEAK, FLOOR = "slows", "begins"  # the rules that are recommended, for the upper and the lower end of a schedule
APART = 10.0  # rules or seeds that differ by a larger factor say nothing


@dataclass
class Suggestion:
    """What one rule says.

    Attributes:
        by_seed: the rate for each seed, None where the loss never fell.
        rate: the median of them, taken over logarithms.
        low: the lowest of them.
        high: the highest of them.
    """

    by_seed: list[float | None]
    rate: float
    low: float
    high: float


@dataclass
class Recommendation:
    """What to use, or why that cannot be told.

    Attributes:
        rate: for the highest rate of a schedule, to two digits; None if it cannot be told.
        floor: the lowest rate of a cycle as a fraction of `rate`, to two digits; None likewise.
        reason: why, in a sentence or two.
        advice: what to try where it cannot be told.
        overrides: schedule -> what to give for it on the command line; `any` is for every schedule.
    """

    rate: float | None
    floor: float | None
    reason: str
    advice: str
    overrides: dict[str, list[str]]


@dataclass
class RangeTest:
    """The outcome of a learning-rate range test.

    Attributes:
        settings: what was asked for.
        rates: the rate of every update of a ramp, float64, shape (steps,).
        seeds: one for each ramp.
        losses: for each seed the loss of every update that counts, measured before the weights are changed, float64.
        smoothed: for each seed the same, smoothed; see `annealkit.range_test.smooth`.
        smoothed_rates: the rates that the smoothed losses stand over, float64, shape (steps,).
        stopped: for each seed why its ramp ended early; empty if it did not.
        suggestions: rule -> what it says, of those that say anything, in the order of `rules.RULES`.
        recommendation: what to use.
    """

    settings: FindLrSettings
    rates: np.ndarray
    seeds: list[int]
    losses: list[np.ndarray]
    smoothed: list[np.ndarray]
    smoothed_rates: np.ndarray
    stopped: list[str]
    suggestions: dict[str, Suggestion]
    recommendation: Recommendation

    @property
    def mean(self) -> np.ndarray:
        """The mean of the smoothed losses, as far as all ramps went, float64, shape (n,)."""
        together = min(map(len, self.smoothed))
        return np.mean([losses[:together] for losses in self.smoothed], axis=0)


def conclude(settings: FindLrSettings, rates: np.ndarray, seeds: list[int], losses: list[np.ndarray]) -> RangeTest:
    """Smooth the losses of the ramps, apply every rule to each, and say what to use.

    Args:
        settings: of the test; its smoothing counts, the rest is for advice.
        rates: of every update of a ramp, rising, shape (steps,).
        seeds: one for each ramp.
        losses: for each seed, of the updates that were made; what `updates_kept` does not keep is left out.
    """
    weight = smoothing_weight(rates, settings.smoothing)
    kept, stopped = zip(*(updates_kept(loss, weight) for loss in losses), strict=True)
    losses = [loss[:count].astype(np.float64) for loss, count in zip(losses, kept, strict=True)]
    curves = [SmoothedLoss.of(rates, loss, weight) if len(loss) else None for loss in losses]
    every = {name: _suggestion(name, curves) for name in RULES}
    suggestions = {name: suggestion for name, suggestion in every.items() if suggestion is not None}
    return RangeTest(
        settings=settings,
        rates=rates,
        seeds=seeds,
        losses=losses,
        smoothed=[curve.losses if curve else np.zeros(0) for curve in curves],
        smoothed_rates=10 ** smooth(np.log10(rates), weight),
        stopped=list(stopped),
        suggestions=suggestions,
        recommendation=_recommend(settings, seeds, curves, list(stopped), suggestions, len(rates)),
    )


def _suggestion(name: str, curves: list[SmoothedLoss | None]) -> Suggestion | None:
    """One rule for every seed; where the loss never fell there is nothing to read off."""
    logs = [RULES[name](curve) if curve is not None and curve.fell else None for curve in curves]
    found = [log for log in logs if log is not None]
    if not found:
        return None
    by_seed = [None if log is None else float(10**log) for log in logs]
    return Suggestion(by_seed, *(float(10**log) for log in (np.median(found), min(found), max(found))))


def _recommend(
    settings: FindLrSettings,
    seeds: list[int],
    curves: list[SmoothedLoss | None],
    stopped: list[str],
    suggestions: dict[str, Suggestion],
    steps: int,
) -> Recommendation:
    """`slows` for the highest rate, if every ramp shows the whole fall and neither seeds nor rules are far apart."""
    doubt = _fall_not_shown(settings, seeds, curves, stopped, steps) or _apart(suggestions, len(seeds), steps)
    if doubt is not None:
        reason, advice = doubt
        return Recommendation(None, None, reason, advice, {})
    upper, lower = suggestions[PEAK].rate, suggestions[FLOOR].rate
    rate, floor = _two_digits(upper), _two_digits(lower / upper)
    cycle = ["schedule=cyclical", f"optimizer.lr={rate:g}", f"schedule.floor={floor:g}"]
    return Recommendation(
        rate,
        floor,
        f"by the rule {PEAK}: the highest rate at which the loss still falls well, Smith's upper bound. A schedule "
        "only passes through its highest rate, which may so be higher than the other rules say.",
        "",
        {"any": [f"optimizer.lr={rate:g}"], "cyclical": cycle},
    )


def _fall_not_shown(
    settings: FindLrSettings, seeds: list[int], curves: list[SmoothedLoss | None], stopped: list[str], steps: int
) -> tuple[str, str] | None:
    """Why some ramp does not show the whole fall, and what to try; None if all do."""
    lower, higher = f"find_lr.start={settings.start / 1000:.3g}", f"find_lr.stop={settings.stop * 100:.3g}"
    more = f"find_lr.steps={3 * steps}"
    ramps = list(zip(seeds, curves, stopped, strict=True))
    flat = [
        (seed, why or (curve and curve.ended_high)) for seed, curve, why in ramps if curve is None or not curve.fell
    ]
    if flat:
        broke = any(end for _, end in flat)
        way = f"{lower}, where it may still fall" if broke else f"{higher}, where it may begin to"
        return (
            f"the loss never fell with {_seeds([seed for seed, _ in flat])}: there is nothing to read a rate off.",
            f"Try {way}; or {more}, which gives each rate more updates.",
        )
    shown = [(seed, curve, why) for seed, curve, why in ramps if curve is not None]
    early = [seed for seed, curve, _ in shown if RULES["steepest"](curve) == curve.slopes()[0][0]]
    if early:
        return (
            f"the loss fell most steeply right at the start of the ramp with {_seeds(early)}: "
            "it may do so at lower rates still.",
            f"Try {lower} {more}.",
        )
    falling = [seed for seed, curve, why in shown if not (curve.rose or why)]
    if falling:
        return (
            f"the loss was still falling at the end of the ramp with {_seeds(falling)}: how high the rate may go is "
            "not seen.",
            f"Try {higher} {more}.",
        )
    return None


def _apart(suggestions: dict[str, Suggestion], seeds: int, steps: int) -> tuple[str, str] | None:
    """Why the seeds or the rules say too different things, and what to try; None if they do not."""
    # A tenth of the minimum and the minimum itself, which `slows` may be, are not too far apart, however rounded.
    apart, more = APART * (1 + 1e-9), f"find_lr.steps={3 * steps}"
    peak = suggestions[PEAK]
    if peak.high > apart * peak.low:
        return (
            f"the seeds are more than a factor {APART:g} apart: {PEAK} from {peak.low:.2g} to {peak.high:.2g}.",
            f"Try {more} find_lr.seeds={seeds + 4}, which tell more of the loss than of its noise.",
        )
    said = {name: suggestion.rate for name, suggestion in suggestions.items() if name != FLOOR}
    least, most = min(said, key=said.__getitem__), max(said, key=said.__getitem__)
    if said[most] > apart * said[least]:
        return (
            f"the rules are more than a factor {APART:g} apart: {least} says {said[least]:.2g}, "
            f"{most} {said[most]:.2g}.",
            f"Try {more}, or train with a few rates between the two.",
        )
    return None


def _seeds(seeds: list[int]) -> str:
    return f"seed{'' if len(seeds) == 1 else 's'} {', '.join(map(str, seeds))}"


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")
