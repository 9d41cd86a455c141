"""The comparison on the terminal: for each section three narrow tables and the verdict, then what was left out."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from annealkit.compare import words
from annealkit.compare.cells import against_cells, against_headings, own_cells, own_headings, target_cells
from annealkit.compare.figures import SectionFigures
from annealkit.compare.options import Options
from annealkit.compare.runs import FoundRun
from annealkit.writing.tables import output, print_table
from annealkit.writing.text import wrapped

if TYPE_CHECKING:
    from rich.console import Console

MOST_NAMED = 20


def show(sections: list[SectionFigures], runs: list[FoundRun], options: Options) -> None:
    """Print everything."""
    with output() as console:
        width = min(console.width, 100)
        for section in sections:
            _show_section(console, section, options, width)
        _show_left_out(console, runs, width)
        compared = sum(not run.reason for run in runs)
        console.print(f"{len(runs)} runs found, {compared} compared.", style="bold")


def _show_section(console: "Console", section: SectionFigures, options: Options, width: int) -> None:
    metric = options.metric
    console.print(*wrapped(section.heading, width), sep="\n", style="bold", end="\n\n")
    headings = (f"{metric.title}{' in %' if metric.is_share else ''}", *own_headings("mean", options))
    _table(console, headings, [(group.group.name, *own_cells(group, metric)) for group in section.groups])
    if len(section.groups) > 1:
        ahead = f"leader ahead by{' in points' if metric.is_share else ''}"
        rows = [(group.group.name, *against_cells(group, metric)) for group in section.groups[1:]]
        _table(console, (ahead, *against_headings("by", options)), rows)
    if any(group.with_history for group in section.groups):
        headings = ("time to the target", "reached", "updates", "seconds")
        _table(console, headings, [(group.group.name, *target_cells(group)) for group in section.groups])
    for sentence in words.verdict(section, metric, options.level):
        console.print(*wrapped(sentence, width), sep="\n", style="bold")
    for note in section.notes:
        console.print(*wrapped(f"Note: {note}", width), sep="\n")
    console.print()


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
        console.print(*(f"    {line}" for line in wrapped(reason, width - 4)), sep="\n")
    console.print()
