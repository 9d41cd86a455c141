"""`annealkit compare [FOLDER…] [key=value …]`: who leads, who cannot be told apart, how many seeds would decide.

What is computed, and what is assumed, stands where it is done: `runs` says which runs count, `grouping` what may be
compared, `statistics` the intervals, tests and their correction, `targets` the time to an accuracy, `rates` the curves,
`machine_files` the keys of CSV and JSON, `page` how the HTML file is made, `picture` what the SVG file shows, `charts`
what both draw. The seed is the unit: n is a number of seeds, and with `by` the runs of one seed are averaged before
anything else.
"""

import sys
from pathlib import Path

from annealkit.compare.figures import SectionFigures, measure
from annealkit.compare.grouping import check_by, make_sections
from annealkit.compare.machine_files import to_csv, to_json
from annealkit.compare.options import HELP, Options, parse
from annealkit.compare.runs import METRICS, FoundRun, find_runs
from annealkit.compare.terminal import show
from annealkit.errors import printable
from annealkit.writing.files import write_file

__all__ = ["compare"]


def compare(arguments: list[str]) -> int:
    """Compare the runs below the given folders, print the result and write the files that were asked for.

    Returns:
        0 if at least one run has the figure that is asked for; 1 if none can be compared, with what to do about it on
        stderr, and the files written all the same.

    Raises:
        ConfigError: an option that cannot be, or a file that cannot be written.
        RunError: a folder that is missing, or no run at all.
    """
    if "--help" in arguments:
        print(HELP, end="")
        return 0
    options = parse(arguments)
    runs = find_runs(options.folders, options.metric, options.stopped)
    check_by(options.by, runs)
    sections = [
        measure(section, options.metric, options.level, options.target) for section in make_sections(runs, options.by)
    ]
    written = _write_files(sections, runs, options)  # First, for a reader as in `| head` may end the printing.
    show(sections, runs, options)
    for line in written:
        print(printable(line))
    if not sections:
        sys.stdout.flush()
        print(printable(f"annealkit: {_nothing(runs, options)}"), file=sys.stderr)
        return 1
    return 0


def _write_files(sections: list[SectionFigures], runs: list[FoundRun], options: Options) -> list[str]:
    """Write those that are asked for; a line to say so of each."""
    written = []

    def write(key: str, path: Path, text: str, which: str = "") -> None:
        write_file(key, path, text, f"compare.{key}", "compare")
        written.append(f"wrote {path}{which}")

    if options.csv is not None:
        write("csv", options.csv, to_csv(sections))
    if options.json is not None:
        write("json", options.json, to_json(sections, runs, options))
    if options.html is None and options.svg is None:
        return written
    from annealkit.compare.charts import MOST_CURVES
    from annealkit.compare.page import make_page
    from annealkit.compare.picture import make_picture
    from annealkit.compare.rates import group_rates
    from annealkit.plugin_system.registry import load_registry

    registry = load_registry()
    drawn = sections if options.html is not None else sections[:1]
    rates = [group_rates(section.groups[:MOST_CURVES], registry) for section in drawn]
    if options.html is not None:
        write("html", options.html, make_page(sections, rates, runs, options))
    if options.svg is not None:
        picture = make_picture(sections[0] if sections else None, rates[0] if rates else [], options)
        which = f", of the first of {len(sections)} sections" if len(sections) > 1 else ""
        write("svg", options.svg, picture, which)
    return written


def _nothing(runs: list[FoundRun], options: Options) -> str:
    """That no run can be compared, and what to do: another metric if there is one that they have."""
    found = "the one run found cannot" if len(runs) == 1 else f"none of the {len(runs)} runs found can"
    text = f"compare: {found} be compared by {options.metric.title}; the reasons are above."
    for key, metric in METRICS.items():
        sections = (
            [] if metric == options.metric else make_sections(find_runs(options.folders, metric, options.stopped), [])
        )
        if sections:
            some = sum(len(group.runs) for section in sections for group in section.groups)
            return f"{text} Try metric={key}, by which {some} of them can."
    return f"{text} Train or continue some to the end, or name another folder: annealkit compare outputs."
