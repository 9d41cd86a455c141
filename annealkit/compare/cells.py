"""The figures of a group as texts, in the columns that the tables of the terminal and of the page have in common."""

from annealkit.compare import words
from annealkit.compare.figures import GroupFigures
from annealkit.compare.options import Options
from annealkit.compare.runs import Metric

UNKNOWN = "–"


def own_headings(mean: str, options: Options) -> tuple[str, ...]:
    """Of the columns of `own_cells`, with that over the means."""
    return "n", mean, f"± {words.percent(options.level)}", "min … max", "best seed"


def own_cells(group: GroupFigures, metric: Metric) -> tuple[str, ...]:
    """Of the group by itself."""
    low, high = words.figure(group.values.min(), metric, False), words.figure(group.values.max(), metric, False)
    half_width = "no interval" if group.half_width is None else words.spread(group.half_width, metric)
    return str(group.n), words.figure(group.mean, metric, False), half_width, f"{low} … {high}", str(group.best_seed)


def against_headings(difference: str, options: Options) -> tuple[str, ...]:
    """Of the columns of `against_cells`, with that over the differences."""
    return difference, f"{words.percent(options.level)} interval", "test", "p", "p (Holm)"


def against_cells(group: GroupFigures, metric: Metric, shared: bool = False) -> tuple[str, ...]:
    """Of the leader against the group; with how many seeds they share, if asked for."""
    pair = group.pair
    if pair is None:
        return (UNKNOWN,) * 5
    difference = words.spread(pair.difference, metric)
    if pair.interval is None or pair.p is None or pair.p_holm is None:
        return difference, UNKNOWN, pair.test, UNKNOWN, UNKNOWN
    p, corrected = (words.probability(value).removeprefix("= ") for value in (pair.p, pair.p_holm))
    test = f"{pair.test} ({pair.shared} shared)" if shared else pair.test
    return difference, words.between(pair.interval, metric), test, p, corrected


def target_cells(group: GroupFigures) -> tuple[str, ...]:
    """How many runs reached the target, and when."""
    reached = f"{group.reached} of {group.with_history}"
    return reached, words.count(group.updates_to_target), words.count(group.seconds_to_target)
