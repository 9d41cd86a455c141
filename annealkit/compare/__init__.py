"""`annealkit compare [FOLDER…] [key=value …]`: who leads, who cannot be told apart, how many seeds would decide.

What is computed, and what is assumed, stands where it is done: `runs` says which runs count, `grouping` what may be
compared, `statistics` the intervals, tests and their correction, `targets` the time to an accuracy, `rates` the curves,
`machine_files` the keys of CSV and JSON, `page` how the HTML file is made. The seed is the unit: n is a number of
seeds, and with `by` the runs of one seed are averaged before anything else.
"""

from annealkit.compare.figures import measure
from annealkit.compare.grouping import check_by, make_sections
from annealkit.compare.machine_files import to_csv, to_json
from annealkit.compare.options import parse
from annealkit.compare.output import write
from annealkit.compare.runs import find_runs
from annealkit.compare.terminal import show

__all__ = ["compare"]


def compare(arguments: list[str]) -> int:
    """Compare the runs below the given folders, print the result and write the files that were asked for.

    Returns:
        0.

    Raises:
        ConfigError: an option that cannot be, or a file that cannot be written.
        RunError: a folder that is missing, or no run at all.
    """
    options = parse(arguments)
    runs = find_runs(options.folders, options.metric)
    check_by(options.by, runs)
    sections = [
        measure(section, options.metric, options.level, options.target) for section in make_sections(runs, options.by)
    ]
    show(sections, runs, options)
    if options.csv is not None:
        write("csv", options.csv, to_csv(sections))
        print(f"wrote {options.csv}")
    if options.json is not None:
        write("json", options.json, to_json(sections, runs, options))
        print(f"wrote {options.json}")
    if options.html is not None:
        from annealkit.compare.page import make_page

        write("html", options.html, make_page(sections, runs, options))
        print(f"wrote {options.html}")
    return 0
