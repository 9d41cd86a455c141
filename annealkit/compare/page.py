"""The comparison as one HTML file that opens anywhere, offline, and fetches nothing.

Written by hand as SVG, CSS and 70 lines of JavaScript for the hover, 30 kB for a usual sweep. Plotly with its script
inside is 4.5 MB for each file and one more dependency, for line charts and points that need none of the rest; and its
charts need JavaScript to be seen at all. Everything that comes from folders and configurations is escaped, and a
Content-Security-Policy lets no script run but the page's own and nothing be loaded.
"""

import base64
import hashlib
import json
from html import escape
from importlib import resources

from annealkit.compare import cells, charts, words
from annealkit.compare.axis import Axis, Label, plain
from annealkit.compare.figures import LEADER, SectionFigures
from annealkit.compare.options import Options
from annealkit.compare.over_time import OverTime, over_time, rate_at
from annealkit.compare.rates import RateCurve
from annealkit.compare.runs import FoundRun
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
    rules, script = (
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
{_looks()}{rules}</style>
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
    chart = over_time(section, rates)
    return (
        f'<section>\n<h2>{escape(section.heading)}</h2>\n<div class="verdict">{verdict}</div>\n'
        + (f'<ul class="notes">{notes}</ul>\n' if notes else "")
        + f'<div class="scroll">{_table(section, options)}</div>\n'
        f"<h3>Every seed</h3>\n{_seeds(section, options)}\n"
        + (f"<h3>Over time</h3>\n{_over_time(chart)}\n" if chart else "")
        + "</section>"
    )


def _table(section: SectionFigures, options: Options) -> str:
    metric = options.metric
    timed = any(group.with_history for group in section.groups)
    target = [f"reached {words.target_title(section)}", "updates to it", "seconds to it"] if timed else []
    ahead = f"leader ahead by{', points' if metric.is_share else ''}"
    headings = [
        *cells.own_headings(metric.axis_title, options),
        *cells.against_headings(ahead, options),
        "seeds needed",
        *target,
    ]
    rows = []
    for place, group in enumerate(section.groups):
        texts = [*cells.own_cells(group, metric), *cells.against_cells(group, metric, shared=True)]
        texts.append(cells.UNKNOWN if group.seeds_needed is None else f"about {group.seeds_needed}")
        texts += cells.target_cells(group) if timed else []
        kind = ' class="leader"' if group.standing == LEADER and len(section.groups) > 1 else ""
        rows.append(
            f'<tr{kind}><td class="group">{_swatch(place)}{escape(group.name)}</td>'
            f"{''.join(f'<td>{escape(text)}</td>' for text in texts)}</tr>"
        )
    head = "".join(f"<th>{escape(_unbroken(text))}</th>" for text in ["group", *headings])
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


# --- charts ---
# Each SVG has the coordinates 0 to 1000 both ways and no aspect ratio of its own: at any width the marks move and the
# strokes stay as thick as they are. Text is HTML beside it, so that it is not stretched.

_ROW = 34  # Height of a group's seeds in pixels.
_CROSS = '<div class="cross"></div>'


def _looks() -> str:
    """The rules for the colours and the marks, which the picture has too."""
    colours = (
        "".join(f" --{name}: {value};" for name, value in palette.items()) for palette in (charts.LIGHT, charts.DARK)
    )
    rules = ":root {{ color-scheme: light dark;{} }}\n@media (prefers-color-scheme: dark) {{ :root {{{} }} }}\n"
    marks = "".join(
        f".{kind} {{ stroke: var(--{look.colour or 'c'}); stroke-width: {look.width:g}; opacity: {look.opacity:g}; }}\n"
        for kind, look in charts.LOOKS.items()
    )
    return (
        rules.format(*colours)
        + marks
        + f".lone {{ stroke-width: {charts.LONE}; }}\n.dot, .lone {{ stroke-linecap: round; }}\n"
    )


def _seeds(section: SectionFigures, options: Options) -> str:
    """A row for each group: every seed a point, the mean, and its interval."""
    x, label = charts.figure_axis(section.groups, options.metric), charts.figure_label(options.metric)
    pixels = Axis(-_ROW / 2, _ROW / 2, 1000, 0)
    rows = []
    for place, group in enumerate(section.groups):
        marks = charts.x_grid(x, label, pixels) + charts.seed_marks(group, place, x, options.metric, options.level)
        rows.append(
            f'<div class="row"><div class="what">{escape(group.name)}</div>{_area(marks, x, pixels, _ROW)}</div>'
        )
    return (
        f'<figure class="dots">{"".join(rows)}<div class="row axis"><div class="what"></div>{_x_labels(x, label)}</div>'
        f'<div class="unit">{options.metric.axis_title}</div>'
        f"<figcaption>{charts.seeds_caption(section.groups, options.level)}</figcaption></figure>"
    )


def _over_time(chart: OverTime) -> str:
    """The learning rate above the accuracy, one axis of weight updates; what `page.js` says of a place on it."""
    hover = [
        {"name": group.group.name, "x": [x for x, _ in mean], "accuracy": [y for _, y in mean],
         "rate": [rate_at(rate, x) for x, _ in mean]}
        for group, rate, mean in zip(chart.groups, chart.rates, chart.means, strict=True)
    ]  # fmt: skip
    legend = "".join(
        f'<li data-group="{place}">{_swatch(place)}{escape(group.name)}</li>'
        for place, group in enumerate(chart.groups)
    )
    x, plots = chart.updates, []
    for panel in chart.panels:
        y = panel.y.on(1000, 0)
        names = "".join(
            f'<span style="bottom:{100 - y.place(tick) / 10:.2f}%">{panel.label(tick)}</span>'
            for tick in y.ticks(panel.most_ticks)
        )
        marks = charts.y_grid(y, panel.most_ticks, x) + charts.x_grid(x, plain, y) + panel.marks
        plots.append(
            f'<div class="name">{panel.title}</div><div class="plot"><div class="y">{names}</div>'
            f"{_area(marks, x, y, panel.height, _CROSS)}</div>"
        )
    return (
        f'<figure class="curves" data-curves="{escape(json.dumps({"end": x.high, "groups": hover}))}">'
        f'<ul class="legend">{legend}</ul>{"".join(plots)}<div class="plot"><div></div>{_x_labels(x, plain)}</div>'
        f'<div class="unit">weight updates</div><figcaption>{escape(chart.caption)}</figcaption></figure>'
    )


def _area(marks: list[charts.Mark], x: Axis, y: Axis, height: int, over: str = "") -> str:
    drawn = "".join(_drawn(mark, x, y) for mark in marks)
    svg = f'<svg viewBox="0 0 1000 1000" preserveAspectRatio="none">{drawn}</svg>'
    return f'<div class="area" style="--h:{height}px">{svg}{over}</div>'


def _drawn(mark: charts.Mark, x: Axis, y: Axis) -> str:
    """A point is a line of no length with a round end, since a circle would be stretched."""
    line = charts.path(x, y, mark.points)
    if not line:
        return ""
    lone = " lone" if line.endswith("h0") and mark.kind != "dot" else ""
    group = "" if mark.group is None else f' data-group="{mark.group}" style="--c:var(--{mark.colour})"'
    tip = f' data-tip="{escape(mark.tip)}"' if mark.tip else ""
    if mark.kind == "interval":  # It is thin: what answers to a pointer is broader.
        return f'<path class="interval"{group} d="{line}"/><path class="hover"{tip} d="{line}"/>'
    return f'<path class="{mark.kind}{lone}"{group}{tip} d="{line}"/>'


def _x_labels(x: Axis, label: Label) -> str:
    spans = []
    for place, tick in enumerate(x.ticks_with_room(label)):
        at = x.place(tick) / 10
        # Every other one goes where there is little room; one at the very end stays inside.
        kinds = [*(["between"] if place % 2 else []), *(["end"] if at > 97 else [])]
        spans.append(f'<span class="{" ".join(kinds)}" style="left:{at:.2f}%">{label(tick)}</span>')
    return f'<div class="x">{"".join(spans)}</div>'


def _swatch(place: int) -> str:
    return f'<span class="swatch" style="--c:var(--{charts.colour(place)})"></span>'


def _unbroken(heading: str) -> str:
    """The heading with its figures and their signs kept together."""
    return heading.replace("± ", "±\N{NO-BREAK SPACE}").replace(" %", "\N{NO-BREAK SPACE}%")


# --- words ---


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
