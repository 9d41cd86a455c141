"""The figures of every group, beside its leader."""

import math
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from annealkit.compare.facets import BUDGET
from annealkit.compare.grouping import Group, Section
from annealkit.compare.runs import FoundRun, Metric
from annealkit.compare.statistics import Pair, compare_pairs, family_size, mean_interval, seeds_needed
from annealkit.compare.targets import ACCURACY_NAMES, measured_by, median, reach
from annealkit.compare.values import readable
from annealkit.runs.result import DIVERGED, FAILED, STOPPED

LEADER = "leader"
WORSE = "worse"
BETTER = "better on the shared seeds"
UNDECIDED = "cannot be told apart"
UNTESTED = "not tested"

_ENVIRONMENT = ("annealkit", "tensorflow", "keras", "numpy", "processor", "threads", "accelerators")
_POINT = 0.01


@dataclass
class GroupFigures:
    """One group, measured.

    Args:
        group: its label and its runs.
        seeds: sorted.
        values: of each seed; with `by`, the mean over the runs of that seed.
        mean: over the seeds.
        half_width: of the t interval of the mean; None where there is none.
        best_seed: with the best value.
        pair: the leader against this group, positive where the leader is better; None for the leader.
        standing: LEADER, WORSE, BETTER, UNDECIDED or UNTESTED.
        seeds_needed: that would decide; None where it is decided, not known, or more than statistics.MOST_SEEDS.
        reached: runs that reached the target.
        with_history: runs whose accuracy over time is known.
        updates_to_target: median over the runs, infinite where most never get there, NaN where nothing is known.
        seconds_to_target: likewise.
    """

    group: Group
    seeds: list[int]
    values: np.ndarray
    mean: float
    half_width: float | None
    best_seed: int
    pair: Pair | None = None
    standing: str = LEADER
    seeds_needed: int | None = None
    reached: int = 0
    with_history: int = 0
    updates_to_target: float = math.nan
    seconds_to_target: float = math.nan

    @property
    def name(self) -> str:
        """What tells it apart; `all runs` where nothing does."""
        return self.group.name or "all runs"

    @property
    def n(self) -> int:
        """Seeds."""
        return len(self.seeds)


@dataclass
class SectionFigures:
    """One section, measured.

    Args:
        heading: what all its runs have in common.
        groups: the leader first, then by their means.
        comparisons: pairs of groups that p values are corrected for.
        target: accuracy that a run is asked to reach; NaN where nothing is known of the leader's.
        column: what it is reached by: `val_accuracy` or `accuracy`.
        notes: what a reader must know besides.
        warnings: what differs between its runs and makes them hardly comparable; part of the verdict.
    """

    heading: str
    groups: list[GroupFigures]
    comparisons: int
    target: float
    column: str
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def measure(section: Section, metric: Metric, level: float, target: float | None) -> SectionFigures:
    """The figures of a section.

    The leader is the group with the best mean among those of at least two seeds; among all, if each has one only.
    """
    groups = [_measure_group(group, metric, level) for group in section.groups]
    sign = 1 if metric.higher_is_better else -1
    several = any(group.n > 1 for group in groups)
    groups.sort(key=lambda group: -sign * group.mean)
    leader = next(group for group in groups if group.n > 1 or not several)
    groups.remove(leader)
    groups.insert(0, leader)
    comparisons = _compare(groups, sign, level)
    runs = [run for group in groups for run in group.group.runs]
    column = measured_by(runs)
    reached_by_leader = [run.history[-1].get(column, math.nan) for run in leader.group.runs if run.history]
    known = [value for value in reached_by_leader if math.isfinite(value)]
    goal = target if target is not None else (sum(known) / len(known) - _POINT if known else math.nan)
    for group in groups:
        if math.isfinite(goal):
            _reach(group, column, goal)
    notes = _notes(section, groups, runs, metric)
    if math.isfinite(goal):
        why = "" if target is not None else ", one point less than the leader's mean at the end"
        over = "" if column == "val_accuracy" else " (not every run has validation images)"
        notes.append(f"The target is {100 * goal:.4g} % {ACCURACY_NAMES[column]}{over}{why}; times are medians.")
    return SectionFigures(section.heading, groups, comparisons, goal, column, notes, _warnings(section))


def _measure_group(group: Group, metric: Metric, level: float) -> GroupFigures:
    by_seed = group.by_seed
    values = np.array([np.mean([run.value for run in runs]) for runs in by_seed.values()])
    interval = mean_interval(values, level)
    best = int(values.argmax() if metric.higher_is_better else values.argmin())
    half_width = None if interval is None else (interval.high - interval.low) / 2
    return GroupFigures(group, list(by_seed), values, float(values.mean()), half_width, list(by_seed)[best])


def _compare(groups: list[GroupFigures], sign: int, level: float) -> int:
    """Test every group against the first; how many comparisons are corrected for."""
    seeds = sorted({seed for group in groups for seed in group.seeds})
    column = {seed: place for place, seed in enumerate(seeds)}
    table = np.full((len(groups), len(seeds)), np.nan)
    for row, group in zip(table, groups, strict=True):
        row[[column[seed] for seed in group.seeds]] = sign * group.values
    pairs = compare_pairs(table, level)
    family = family_size(pairs)
    for place, group in enumerate(groups[1:], 1):
        group.pair = pair = pairs[0, place]
        group.standing = UNTESTED
        if pair.p is None or pair.p_holm is None:
            continue
        if pair.p_holm < 1 - level:
            group.standing = WORSE if pair.difference > 0 else BETTER
            continue
        group.standing = UNDECIDED
        if pair.spread and pair.difference:
            # As strict as this table is with its smallest p value, so that as many seeds decide it here.
            group.seeds_needed = seeds_needed(pair.difference, pair.spread, (1 - level) / family, pair.test)
    return family


def _reach(group: GroupFigures, column: str, target: float) -> None:
    """When the target is reached; a run counts as one even where `by` puts several of a seed into a group."""
    times = [reach(run, column, target) for run in group.group.runs]
    group.with_history = sum(not math.isnan(time.updates) for time in times)
    group.reached = sum(math.isfinite(time.updates) for time in times)
    group.updates_to_target = median([time.updates for time in times])
    group.seconds_to_target = median([time.seconds for time in times])


def _notes(section: Section, groups: list[GroupFigures], runs: list[FoundRun], metric: Metric) -> list[str]:
    notes = []
    notes += [text for group in groups if (text := _left_out(group.group))]
    for group in groups:
        if group.group.averaged:
            keys = ", ".join(group.group.averaged[:6]) + (", …" if len(group.group.averaged) > 6 else "")
            notes.append(f"{group.group.name or 'The group'} is averaged over {keys} for each seed.")
    if _unbalanced(groups):
        notes.append(
            "The groups also differ in settings that by= does not name, or in how many runs each seed has: "
            "part of any difference may come from that."
        )
    if len({tuple(group.seeds) for group in groups}) > 1:
        notes.append("Not all groups have the same seeds; a test uses those that both of its groups have.")
    for key in _ENVIRONMENT:
        values = sorted({str(run.environment.get(key, "unknown")) for run in runs})
        if len(values) > 1:
            notes.append(f"These runs differ in {key}: {readable(', '.join(values[:4]))}.")
    short = sum(run.updates is not None and run.total_steps not in (None, run.updates) for run in runs)
    if short:
        notes.append(
            f"{short} of {len(runs)} runs ended before their last weight update, by early stopping or by a callback."
        )
    problems = Counter(run.history_problem for run in runs if run.history_problem)
    notes += [f"Not in curves and times, {times} of {len(runs)} runs: {why}." for why, times in problems.items()]
    if metric.key.startswith("val_"):
        notes.append(f"The {metric.title} is that of the last epoch.")
    return notes


def _warnings(section: Section) -> list[str]:
    """That what is compared is not only what `by` was given for."""
    warnings = []
    for key, values in section.differing.items():
        part = key.partition(".")[0]
        what = "budget" if key in BUDGET else "model" if part == "model" else "data set"
        listed = ", ".join(readable(value) for value in values[:6]) + (", …" if len(values) > 6 else "")
        warnings.append(
            f"The {what} differs between these runs, as by= asks ({key}: {listed}): part of any difference may come "
            "from that."
        )
    return warnings


def _left_out(group: Group) -> str:
    """That a mean without the runs that went wrong flatters the group."""
    if not group.left_out:
        return ""
    counts = ", ".join(f"{times} {status}" for status, times in sorted(group.left_out.items()))
    flatters = " The mean may flatter it." if {DIVERGED, FAILED, STOPPED} & set(group.left_out) else ""
    return f"{group.name or 'The group'}: not in its figures, for reasons given below: {counts}.{flatters}"


def _unbalanced(groups: list[GroupFigures]) -> bool:
    """Whether, for a seed that two groups have, they are averaged over runs of different other settings."""
    first = groups[0]
    for group in groups[1:]:
        shared = set(first.seeds) & set(group.seeds)
        left, right = (Counter(x for x in each.group.other_settings if x[0] in shared) for each in (first, group))
        if left != right:
            return True
    return False
