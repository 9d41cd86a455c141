"""Figures as a person reads them, and the verdict in sentences."""

import math

from annealkit.compare.figures import BETTER, UNDECIDED, WORSE, GroupFigures, SectionFigures
from annealkit.compare.runs import Metric
from annealkit.compare.statistics import EQUAL, MOST_SEEDS, NO_SPREAD, ONE_SEED, WELCH, Interval
from annealkit.compare.targets import ACCURACY_NAMES

MOST_SENTENCES = 8


def figure(value: float, metric: Metric, unit: bool = True) -> str:
    """A mean or a single figure: `78.10 %` or `0.6213`."""
    if not metric.is_share:
        return f"{value:.4f}".replace("-", "−")
    return f"{100 * value:.2f}{' %' if unit else ''}".replace("-", "−")


def spread(value: float, metric: Metric) -> str:
    """A half-width or a difference without a unit: `0.30` percentage points or `0.0213`."""
    return (f"{100 * value:.2f}" if metric.is_share else f"{value:.4f}").replace("-", "−")


def points(value: float, metric: Metric) -> str:
    """A difference with its unit: `0.30 points` or `0.0213`."""
    return f"{spread(value, metric)} points" if metric.is_share else spread(value, metric)


def between(interval: Interval, metric: Metric) -> str:
    """`−0.20 … 0.80`."""
    return f"{spread(interval.low, metric)} … {spread(interval.high, metric)}"


def probability(p: float) -> str:
    """`= 0.0021`, `< 0.0001`."""
    return "< 0.0001" if p < 0.0001 else f"= {p:.2g}"


def mean_and_interval(group: GroupFigures, metric: Metric) -> str:
    """`78.10 % ± 0.30 (n = 3)`, or the mean and why there is no interval."""
    mean = figure(group.mean, metric)
    if group.half_width is not None:
        return f"{mean} ± {spread(group.half_width, metric)} (n = {group.n})"
    if group.n == 1:
        return f"{mean} (n = 1, no interval)"
    return f"{mean} (n = {group.n}, all equal, no interval)"


def count(value: float) -> str:
    """A number of updates or seconds; a dash where it is not known or never reached."""
    if not math.isfinite(value):
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"


def target_title(section: SectionFigures) -> str:
    """`77.10 % validation accuracy`."""
    return f"{100 * section.target:.4g} % {ACCURACY_NAMES[section.column]}"


def percent(share: float) -> str:
    """`95 %`, without digits that say nothing."""
    return f"{100 * share:.6g} %"


def verdict(section: SectionFigures, metric: Metric, level: float) -> list[str]:
    """Who leads, who cannot be told apart from it, who is worse, and what to beware of: one sentence or two each."""
    leader, others = section.groups[0], section.groups[1:]
    names = _short_names(section)
    if not others:
        return [
            f"There is one group: {names[id(leader)]} with {metric.title} {mean_and_interval(leader, metric)}. "
            "There is nothing to compare it with.",
            *section.warnings,
        ]
    full = leader.group.name
    sentences = [f"{full} leads with {metric.title} {mean_and_interval(leader, metric)}."]
    undecided = [group for group in others if group.standing == UNDECIDED]
    said = [_undecided(group, names[id(group)], section, metric, level) for group in undecided]
    sentences += _shortened(said, "more cannot be told apart from it")
    surpassing = [group for group in others if group.standing == BETTER]
    sentences += [
        f"{names[id(group)]} is better by {points(-_ahead(group), metric)} on the seeds that both have "
        f"({_p(group, section)}): the leader has its higher place from other seeds."
        for group in surpassing
    ]
    worse = [group for group in others if group.standing == WORSE]
    said = [
        f"{names[id(group)]} is worse by {points(_ahead(group), metric)} ({_p(group, section)})." for group in worse
    ]
    sentences += _shortened(said, "more are worse")
    untested = [group for group in others if group not in undecided + surpassing + worse]
    sentences += _shortened(
        [_untested(group, leader, names[id(group)], metric) for group in untested], "more cannot be tested"
    )
    return sentences + section.warnings


def _undecided(group: GroupFigures, name: str, section: SectionFigures, metric: Metric, level: float) -> str:
    pair = group.pair
    assert pair is not None and pair.interval is not None
    interval = f"{percent(level)} interval {between(pair.interval, metric)}"
    text = f"It cannot be told apart from {name} (difference {points(pair.difference, metric)}, {interval}"
    if pair.interval.low > 0:  # By itself it would be a difference.
        text += f" by itself, but {_p(group, section)}"
    if pair.test == WELCH:
        text += "; by Welch's test, for they share fewer than two seeds: train both with the same"
    text += ")"
    if group.seeds_needed is not None:
        return f"{text}; about {group.seeds_needed} seeds each would decide, if the difference is as seen (power 80 %)."
    if pair.difference == 0:
        return f"{text}; as it is seen, there is nothing to find with more seeds."
    return f"{text}; more than {MOST_SEEDS:,} seeds each would be needed, if the difference is as seen."


def _untested(group: GroupFigures, leader: GroupFigures, name: str, metric: Metric) -> str:
    pair = group.pair
    assert pair is not None
    if pair.test == ONE_SEED:
        few = [f"it has n = {group.n}"] if group.n < 2 else []
        few += [f"the leader has n = {leader.n}"] if leader.n < 2 else []
        value = figure(group.mean, metric)
        return f"{name}, at {value}, cannot be tested against it: {' and '.join(few)}. Train at least 3 seeds of each."
    if pair.test == EQUAL:
        return f"{name} has the very same figure on every seed that both have."
    where = f"on each of the {pair.shared} shared seeds" if pair.test == NO_SPREAD else "without any spread"
    return (
        f"{name} differs by {points(pair.difference, metric)} {where}, so there is no spread to test it with. "
        "More seeds would show one."
    )


def _p(group: GroupFigures, section: SectionFigures) -> str:
    assert group.pair is not None and group.pair.p_holm is not None
    corrected = f", corrected for {section.comparisons} comparisons" if section.comparisons > 1 else ""
    return f"p {probability(group.pair.p_holm)}{corrected}"


def _ahead(group: GroupFigures) -> float:
    assert group.pair is not None
    return group.pair.difference


def _shortened(sentences: list[str], rest: str) -> list[str]:
    if len(sentences) <= MOST_SENTENCES:
        return sentences
    return [*sentences[:MOST_SENTENCES], f"{len(sentences) - MOST_SENTENCES} {rest}: see the table."]


def _short_names(section: SectionFigures) -> dict[int, str]:
    """`cosine` where all labels are `schedule=…` and nothing else."""
    labels = [group.group.label for group in section.groups]
    keys = {tuple(label) for label in labels}
    short = len(labels) > 1 and len(keys) == 1 and len(labels[0]) == 1 and "." not in next(iter(labels[0]))
    return {id(group): group.group.name.partition("=")[2] if short else group.group.name for group in section.groups}
