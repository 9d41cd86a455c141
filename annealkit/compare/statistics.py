"""Intervals, tests and the number of seeds that would decide.

What is assumed: the seeds are a random sample of all seeds, and the figures (or their differences) of different seeds
are independent and about normal. An interval says how far the mean over *all* seeds may lie from the mean over these;
that the test set itself is a sample is not in it. Two groups trained with the same seeds share their weights at the
start and the order of their images, so the test is a paired one: of the differences seed by seed. Groups that share
fewer than two seeds are compared with Welch's test (Welch 1947), which takes their figures as independent and does not
assume that both spread equally.

The leader is chosen by the same figures that it is then tested with. With k groups of equal worth the best looks better
than it is, and tests against k - 1 others corrected for k - 1 comparisons call something different too often: in
simulations without any difference, with 5 seeds, in 7 % of all cases for k = 4 and in 10 % for k = 8, not in 5 %.
So the correction (Holm 1979) is for all k (k - 1) / 2 pairs: whichever group leads, its comparisons are among them, and
the chance of calling any two equal groups different is at most 1 - level. It needs no equal variances, which
schedules, some of them close to diverging, do not have. The price is power: with few seeds and many groups little can
be decided, and `seeds_needed` says how many it takes.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy import stats

POWER = 0.8
MOST_SEEDS = 1000

# Differences that vary by less than this part of the figures vary by rounding only.
_ROUNDING = 1e-12


class Interval(NamedTuple):
    """Both ends of a confidence interval."""

    low: float
    high: float


@dataclass(frozen=True)
class Pair:
    """Group i against group j.

    Args:
        difference: mean of i minus mean of j, of the shared seeds where the test is paired.
        interval: of the difference, of this pair by itself; None where there is no test.
        p: of the two-sided test; None where there is no test.
        p_holm: corrected for all pairs.
        test: `paired t`, `Welch t`, or why there is none.
        shared: seeds that both have.
        spread: standard deviation that decides how many seeds are needed: of the differences, or for Welch's test of
            the figures within a group; None where there is no test.
    """

    difference: float
    interval: Interval | None
    p: float | None
    p_holm: float | None
    test: str
    shared: int
    spread: float | None


PAIRED = "paired t"
WELCH = "Welch t"
ONE_SEED = "no test: n = 1"
NO_SPREAD = "no test: the same difference on every seed"
EQUAL = "no test: equal on every seed"
NO_SPREAD_APART = "no test: no spread within the groups"


def mean_interval(values: np.ndarray, level: float) -> Interval | None:
    """Student's t interval of the mean, `mean ± t(n-1) s / √n`; None for one value, or where all are equal."""
    if len(values) < 2 or _no_spread(values[None])[0]:
        return None
    low, high = stats.ttest_1samp(values, 0.0).confidence_interval(level)
    return Interval(float(low), float(high))


def compare_pairs(figures: np.ndarray, level: float) -> dict[tuple[int, int], Pair]:
    """Every pair of groups, tested and corrected.

    Args:
        figures: shape (groups, seeds), NaN where a group has no run of that seed; each group has at least one.
        level: of the intervals, within (0, 1).

    Returns:
        (i, j) with i < j -> the pair. Pairs that cannot be tested because a group has one seed are not in the family
        that is corrected for; those without spread are in it, with p = 1.
    """
    has = ~np.isnan(figures)
    patterns: dict[bytes, list[int]] = {}
    for group, row in enumerate(has):
        patterns.setdefault(row.tobytes(), []).append(group)
    pairs: dict[tuple[int, int], Pair] = {}
    members = list(patterns.values())
    # Groups with the same seeds are tested in one call: SciPy's overhead would be most of the time.
    for a, left in enumerate(members):
        for right in members[a:]:
            if left is right:
                first, second = (np.array(left)[index] for index in np.triu_indices(len(left), 1))
            else:
                first, second = np.repeat(left, len(right)), np.tile(right, len(left))
            if len(first):
                pairs.update(_test(figures, has, first, second, level))
    return _corrected(pairs)


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down correction (Holm 1979): the i-th smallest of m times m - i + 1, never falling, at most 1."""
    order = np.argsort(p)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return corrected


def seeds_needed(difference: float, spread: float, alpha: float, test: str) -> int | None:
    """Seeds in each group with which a two-sided t test would find this difference with a probability of 80 %.

    The power is that of the noncentral t distribution with noncentrality d √n (paired) or d √(n/2) (two samples) and
    n - 1 or 2 (n - 1) degrees of freedom, d = difference / spread (Cohen 1988, chapter 2).

    Args:
        difference: the true difference, taken to be as seen.
        spread: `Pair.spread`.
        alpha: error rate of this one test, within (0, 1).
        test: `PAIRED` or `WELCH`.

    Returns:
        The number, or None if it is more than MOST_SEEDS.
    """
    counts = np.arange(2, MOST_SEEDS + 1)
    samples = 1 if test == PAIRED else 2
    freedom = samples * (counts - 1)
    noncentrality = abs(difference) / spread * np.sqrt(counts / samples)
    critical = stats.t.isf(alpha / 2, freedom)
    # A difference found on the wrong side; SciPy gives NaN for some of those probabilities that are below 1e-12.
    wrong_side = np.nan_to_num(stats.nct.cdf(-critical, freedom, noncentrality))
    enough = stats.nct.sf(critical, freedom, noncentrality) + wrong_side >= POWER
    return int(counts[enough.argmax()]) if enough.any() else None


def _test(
    figures: np.ndarray, has: np.ndarray, first: np.ndarray, second: np.ndarray, level: float
) -> dict[tuple[int, int], Pair]:
    """Pairs that all have the same seeds on the left, and the same seeds on the right."""
    of_left, of_right = has[first[0]], has[second[0]]
    both = of_left & of_right
    shared = int(both.sum())
    if shared >= 2:
        left, right = figures[first][:, both], figures[second][:, both]
        spread, test = (left - right).std(axis=1, ddof=1), PAIRED
        flat = _no_spread(left - right, np.abs(left).max(axis=1))
        found = stats.ttest_rel(left[~flat], right[~flat], axis=1) if not flat.all() else None
    else:
        left, right = figures[first][:, of_left], figures[second][:, of_right]
        test = WELCH if min(left.shape[1], right.shape[1]) >= 2 else ONE_SEED
        flat, found, spread = np.full(len(first), test == ONE_SEED), None, np.zeros(len(first))
        if test == WELCH:
            flat = _no_spread(left) & _no_spread(right)
            spread = np.sqrt((left.var(axis=1, ddof=1) + right.var(axis=1, ddof=1)) / 2)
            if not flat.all():
                found = stats.ttest_ind(left[~flat], right[~flat], axis=1, equal_var=False)
    difference = left.mean(axis=1) - right.mean(axis=1)
    p, low, high = (np.full(len(first), np.nan) for _ in range(3))
    if found is not None:
        p[~flat] = found.pvalue
        low[~flat], high[~flat] = found.confidence_interval(level)
    pairs = {}
    for place, (i, j) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
        apart = float(difference[place])
        if flat[place]:
            why = _why_no_test(test, apart, float(np.abs(left[place]).max()))
            pair = Pair(apart, None, None, None, why, shared, None)
        else:
            interval = Interval(float(low[place]), float(high[place]))
            pair = Pair(apart, interval, float(p[place]), None, test, shared, float(spread[place]))
        if i > j:
            pair = turned(pair)
        pairs[min(i, j), max(i, j)] = pair
    return pairs


def _why_no_test(test: str, difference: float, size: float) -> str:
    if test == ONE_SEED:
        return ONE_SEED
    if test == WELCH:
        return NO_SPREAD_APART
    return EQUAL if abs(difference) <= _ROUNDING * size else NO_SPREAD


def turned(pair: Pair) -> Pair:
    """The same pair seen from the other group."""
    interval = None if pair.interval is None else Interval(-pair.interval.high, -pair.interval.low)
    return replace(pair, difference=-pair.difference, interval=interval)


def family_size(pairs: dict[tuple[int, int], Pair]) -> int:
    """The number of comparisons that p values are corrected for."""
    return sum(pair.test != ONE_SEED for pair in pairs.values())


def _corrected(pairs: dict[tuple[int, int], Pair]) -> dict[tuple[int, int], Pair]:
    family = [key for key, pair in pairs.items() if pair.test != ONE_SEED]
    p = np.array([1.0 if pairs[key].p is None else pairs[key].p for key in family])
    for key, corrected in zip(family, holm(p).tolist(), strict=True):
        if pairs[key].p is not None:
            pairs[key] = replace(pairs[key], p_holm=corrected)
    return pairs


def _no_spread(rows: np.ndarray, size: np.ndarray | None = None) -> np.ndarray:
    """Which rows hold one value, but for rounding: of them a t test would claim to be certain."""
    size = np.abs(rows).max(axis=1) if size is None else size
    return np.asarray(np.ptp(rows, axis=1) <= _ROUNDING * size)
