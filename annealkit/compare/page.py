"""The comparison as one HTML file that opens anywhere, offline, and fetches nothing.

Written by hand as SVG, CSS and 70 lines of JavaScript for the hover, 30 kB for a usual sweep. Plotly with its script
inside is 4.5 MB for each file and one more dependency, for line charts and points that need none of the rest; and its
charts need JavaScript to be seen at all. Everything that comes from folders and configurations is escaped, and a
Content-Security-Policy lets no script run but the page's own and nothing be loaded.
"""

import base64
import hashlib
from html import escape
from importlib import resources

from annealkit.compare import words
from annealkit.compare.charts import colour, curves, dots
from annealkit.compare.figures import LEADER, GroupFigures, SectionFigures
from annealkit.compare.options import Options
from annealkit.compare.rates import RateCurve
from annealkit.compare.runs import FoundRun, Metric
from annealkit.version import __version__


def make_page(
    sections: list[SectionFigures], rates: list[list[RateCurve]], runs: list[FoundRun], options: Options
) -> str:
    """The whole file.

    Args:
        sections: all that there are.
        rates: for each of them, the learning rates of its first MOST_CURVES groups.
        runs: all that were found.
        options: what was asked for.
    """
    style, script = (
        (resources.files("annealkit.compare") / name).read_text(encoding="utf-8") for name in ("page.css", "page.js")
    )
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    compared = sum(not run.reason for run in runs)
    body = "\n".join(_section(section, drawn, options) for section, drawn in zip(sections, rates, strict=True))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>annealkit compare: {escape(options.metric.title)}</title>
<style>
{style}</style>
</head>
<body>
<h1>Runs compared by {escape(options.metric.title)}</h1>
<p class="soft">{len(runs)} runs found, {compared} compared. annealkit {__version__}.</p>
{body}
{_left_out(runs)}
{_explanation(options)}
<div id="tip" role="status"></div>
<script>{script}</script>
</body>
</html>
"""


def _section(section: SectionFigures, rates: list[RateCurve], options: Options) -> str:
    verdict = "".join(f"<p>{escape(text)}</p>" for text in words.verdict(section, options.metric, options.level))
    notes = "".join(f"<li>{escape(note)}</li>" for note in section.notes)
    over_time = curves(section, rates)
    return (
        f'<section>\n<h2>{escape(section.heading)}</h2>\n<div class="verdict">{verdict}</div>\n'
        + (f'<ul class="notes">{notes}</ul>\n' if notes else "")
        + f'<div class="scroll">{_table(section, options)}</div>\n'
        f"<h3>Every seed</h3>\n{dots(section, options.metric, options.level)}\n"
        + (f"<h3>Over time</h3>\n{over_time}\n" if over_time else "")
        + "</section>"
    )


def _table(section: SectionFigures, options: Options) -> str:
    metric, level = options.metric, words.percent(options.level)
    unit = ", points" if metric.is_share else ""
    target = [f"reached {words.target_title(section)}", "updates to it", "seconds to it"]
    timed = any(group.with_history for group in section.groups)
    half_width = f"± {level}".replace(" ", "\N{NO-BREAK SPACE}")
    headings = ["group", "n", metric.title, half_width, "min … max", "best seed", f"leader ahead by{unit}",
                f"{level} interval", "test", "p", "p (Holm)", "seeds needed", *(target if timed else [])]  # fmt: skip
    head = "".join(f"<th>{escape(text)}</th>" for text in headings)
    rows = []
    for place, group in enumerate(section.groups):
        cells = "".join(f"<td>{escape(text)}</td>" for text in _cells(group, metric, timed))
        swatch = f'<span class="swatch" style="--c:{colour(place)}"></span>'
        kind = ' class="leader"' if group.standing == LEADER and len(section.groups) > 1 else ""
        name = escape(group.group.name or "all runs")
        rows.append(f'<tr{kind}><td class="group">{swatch}{name}</td>{cells}</tr>')
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _cells(group: GroupFigures, metric: Metric, timed: bool) -> list[str]:
    low, high = words.figure(group.values.min(), metric, False), words.figure(group.values.max(), metric, False)
    half_width = "no interval" if group.half_width is None else words.spread(group.half_width, metric)
    cells = [str(group.n), words.figure(group.mean, metric), half_width, f"{low} … {high}", str(group.best_seed)]
    pair = group.pair
    cells.append("–" if pair is None else words.spread(pair.difference, metric))
    if pair is None or pair.interval is None or pair.p is None or pair.p_holm is None:
        cells += ["–", "–" if pair is None else pair.test, "–", "–"]
    else:
        p, corrected = (words.probability(value).removeprefix("= ") for value in (pair.p, pair.p_holm))
        cells += [words.between(pair.interval, metric), f"{pair.test} ({pair.shared} shared)", p, corrected]
    cells.append("–" if group.seeds_needed is None else f"about {group.seeds_needed}")
    if timed:
        reached = f"{group.reached} of {group.with_history}"
        cells += [reached, words.count(group.updates_to_target), words.count(group.seconds_to_target)]
    return cells


def _left_out(runs: list[FoundRun]) -> str:
    left_out = [run for run in runs if run.reason]
    if not left_out:
        return ""
    rows = "".join(
        f'<tr><td>{escape(run.folder)}</td><td class="left">{escape(run.status)}</td>'
        f'<td class="left">{escape(run.reason)}</td></tr>'
        for run in left_out
    )
    return (
        f'<section class="left-out"><h2>Left out ({len(left_out)})</h2><div class="scroll"><table><thead><tr>'
        '<th>run</th><th class="left">status</th><th class="left">reason</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _explanation(options: Options) -> str:
    level = words.percent(options.level)
    texts = (
        f"± is half of Student's {level} interval of the mean over the seeds; it says nothing of the size of the test "
        "set. Intervals of differences are of one pair by itself.",
        "Tests are paired by seed where two groups share at least two, else Welch's. p (Holm) is corrected for all "
        "pairs of a section, since the leader is chosen by the figures that it is tested with: the chance of calling "
        f"any two equal groups different is at most {words.percent(1 - options.level)}.",
        "Seeds needed: in each group, to find the difference with a probability of 80 %, if it is as seen.",
        "Updates and seconds to the target are medians over the runs, those that never reach it counted as latest; "
        "accuracy is taken to go straight from epoch to epoch.",
    )
    return '<section><h2>How to read this</h2><ul class="notes">' + "".join(
        f"<li>{escape(text)}</li>" for text in texts
    ) + "</ul></section>"  # fmt: skip
