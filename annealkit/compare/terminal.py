"""The comparison on the terminal: for each section three narrow tables and the verdict, then what was left out."""

import textwrap
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from annealkit.compare import words
from annealkit.compare.figures import GroupFigures, SectionFigures
from annealkit.compare.options import Options
from annealkit.compare.runs import FoundRun, Metric
from annealkit.writing.tables import output, print_table

if TYPE_CHECKING:
    from rich.console import Console

MOST_NAMED = 20


def show(sections: list[SectionFigures], runs: list[FoundRun], options: Options) -> None:
    """Print everything."""
    with output() as console:
        width = console.width
        for section in sections:
            _show_section(console, section, options, width)
        _show_left_out(console, runs, width)
        compared = sum(not run.reason for run in runs)
        console.print(f"{len(runs)} runs found, {compared} compared.", style="bold")


def _show_section(console: "Console", section: SectionFigures, options: Options, width: int) -> None:
    metric, level = options.metric, words.percent(options.level)
    console.print(*_wrapped(section.heading, width), sep="\n", style="bold", end="\n\n")
    unit = " in %" if metric.is_share else ""
    headings: tuple[str, ...] = (metric.title + unit, "n", "mean", f"± {level}", "min … max", "best seed")
    _table(console, headings, [(group.group.name, *_own(group, metric)) for group in section.groups])
    if len(section.groups) > 1:
        unit = " in points" if metric.is_share else ""
        headings = (f"leader ahead by{unit}", "by", f"{level} interval", "test", "p", "p (Holm)")
        rows = [(group.group.name, *_against(group, metric)) for group in section.groups[1:]]
        _table(console, headings, rows)
    if any(group.with_history for group in section.groups):
        headings = ("time to the target", "reached", "updates", "seconds")
        _table(console, headings, [(group.group.name, *_to_target(group)) for group in section.groups])
    for sentence in words.verdict(section, metric, options.level):
        console.print(*_wrapped(sentence, width), sep="\n", style="bold")
    for note in section.notes:
        console.print(*_wrapped(f"Note: {note}", width), sep="\n")
    console.print()


def _own(group: GroupFigures, metric: Metric) -> tuple[str, ...]:
    low, high = words.figure(group.values.min(), metric, False), words.figure(group.values.max(), metric, False)
    half_width = "no interval" if group.half_width is None else words.spread(group.half_width, metric)
    return str(group.n), words.figure(group.mean, metric, False), half_width, f"{low} … {high}", str(group.best_seed)


def _against(group: GroupFigures, metric: Metric) -> tuple[str, ...]:
    pair = group.pair
    assert pair is not None
    difference = words.spread(pair.difference, metric)
    if pair.interval is None or pair.p is None or pair.p_holm is None:
        return difference, "–", pair.test, "–", "–"
    p, corrected = (words.probability(value).removeprefix("= ") for value in (pair.p, pair.p_holm))
    return difference, words.between(pair.interval, metric), pair.test, p, corrected


def _to_target(group: GroupFigures) -> tuple[str, str, str]:
    reached = f"{group.reached} of {group.with_history}"
    return reached, words.count(group.updates_to_target), words.count(group.seconds_to_target)


def _table(console: "Console", headings: Sequence[str], rows: list[tuple[str, ...]]) -> None:
    """A table whose names fold where they must, and whose figures never do."""
    right = [place for place, heading in enumerate(headings) if place and heading != "test"]
    print_table(console, headings, rows, [0], right)


def _show_left_out(console: "Console", runs: list[FoundRun], width: int) -> None:
    """Each run that is not compared, under its reason."""
    left_out = sorted((run for run in runs if run.reason), key=lambda run: (run.reason, run.folder))
    if not left_out:
        return
    console.print(f"Left out ({len(left_out)})", style="bold")
    for reason, same in groupby(left_out, key=lambda run: run.reason):
        names = [run.folder for run in same]
        for name in names[:MOST_NAMED]:
            console.print(name, soft_wrap=True)
        if len(names) > MOST_NAMED:
            console.print(f"and {len(names) - MOST_NAMED} more; json=… has them all")
        console.print(*(f"    {line}" for line in _wrapped(reason, width - 4)), sep="\n")
    console.print()


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, min(width, 100), break_long_words=False, break_on_hyphens=False) or [""]
