"""The comparison as one SVG picture, for a README or a paper.

It shows the largest section, the one that the table begins with: above, a row for each group, the best mean first, with
every seed as a point, the mean and its interval; below, the learning rates above the accuracies, where they are known.

A README shows it as an image, on a page that is white or dark and that it cannot ask: so it has a white background of
its own, colours as attributes, no style sheet, no script, and only fonts that are there.

Where a few low groups would squeeze all the others together, the best are drawn a second time beside the whole, on an
axis of their own that says so; the whole stays, with the enlarged part marked in it.
"""

from collections.abc import Iterable
from html import escape

from annealkit.compare import charts, words
from annealkit.compare.axis import TICK_SIZE, Axis, Label, plain
from annealkit.compare.figures import GroupFigures, SectionFigures
from annealkit.compare.options import Options
from annealkit.compare.over_time import OverTime, over_time
from annealkit.compare.rates import RateCurve
from annealkit.compare.runs import Metric
from annealkit.compare.text_size import PITCH, in_lines, text_width
from annealkit.version import __version__

MOST_ROWS = 40
# Groups are enlarged if they are several, at least half of all, and take less than a third of the width of all.
LEAST_ENLARGED = 3
MOST_EXTENT = 1 / 3

WIDTH, EDGE = 1000, 24
LABEL, LINE, SMALL = 13, 16, TICK_SIZE  # Size of the text, of a line, and of what is less important.
LONGEST_LABEL, LONGEST_FIGURE = 36, 24  # Characters.
GAP = 44  # Between the panels, so that the ticks at their ends do not meet.
WHOLE = 0.3  # Of the width is for the whole where a part of it is enlarged.

BACK, TEXT, SOFT, GRID, FAINT = (charts.LIGHT[name] for name in ("back", "text", "soft", "line", "faint"))
SANS = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
FIXED = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def make_picture(section: SectionFigures | None, rates: list[RateCurve], options: Options) -> str:
    """The whole file.

    Args:
        section: what is drawn; None where nothing can be compared, which the picture then says.
        rates: of its first MOST_CURVES groups.
        options: what was asked for.
    """
    title = options.metric.title.capitalize()
    if section is None:
        drawing, bottom = _paragraph("No run can be compared.", EDGE, 76, LABEL, TEXT)
        return _file(title, "No run can be compared.", drawing, bottom)
    drawing, y = _paragraph(f"{section.heading}; {_seeds(section)}.", EDGE, 64, LABEL, SOFT)
    rows, y = _rows(section, options, y + 14)
    drawing += rows
    chart = over_time(section, rates)
    if chart is not None:
        panels, y = _over_time(chart, y + 30)
        drawing += panels
    verdict = " ".join(words.verdict(section, options.metric, options.level))
    several = f" of {len(section.groups)} groups" if len(section.groups) > 1 else ""
    return _file(title + several, verdict, drawing, y)


def _file(title: str, description: str, drawing: str, bottom: float) -> str:
    height = round(bottom + EDGE)
    made = _text(f"annealkit {__version__}", WIDTH - EDGE, 40, SMALL, SOFT, "end")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" font-family="{SANS}">\n<title>{escape(title)}</title>\n<desc>{escape(description)}</desc>\n'
        f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="6" fill="{BACK}" '
        f'stroke="{GRID}"/>\n'
        f"{_text(title, EDGE, 40, 20, TEXT, weight='600')}{made}{drawing}</svg>\n"
    )


def _seeds(section: SectionFigures) -> str:
    low, high = min(group.n for group in section.groups), max(group.n for group in section.groups)
    return f"n = {low} to {high} seeds" if low < high else f"n = {low} seed{'s' if low > 1 else ''} in each group"


def _rows(section: SectionFigures, options: Options, top: float) -> tuple[str, float]:
    """The groups below each other; and where they end."""
    metric = options.metric
    places = sorted(
        range(len(section.groups)),
        key=lambda place: section.groups[place].mean * (-1 if metric.higher_is_better else 1),
    )[:MOST_ROWS]
    groups = [section.groups[place] for place in places]
    labels = [in_lines(group.name, LONGEST_LABEL) for group in groups]
    figures = [_mean(group, metric) for group in groups]
    counts = [f"{group.n}" for group in groups]
    spread = any(group.half_width is not None for group in groups)
    heading = f"mean ± {words.percent(options.level)}" if spread else "mean"
    label_width = 18 + max(text_width(line, LABEL) for label in labels for line in label)
    figure_width = max(text_width(text, LABEL) for text in [heading, *figures])
    count_width = max(text_width(text, LABEL) for text in counts)
    left = EDGE + label_width + 30
    right = WIDTH - EDGE - count_width - 18 - figure_width - 24

    whole, best = charts.figure_axis(groups, metric), _best(groups)
    if best < len(groups):
        split = left + WHOLE * (right - left - GAP)
        enlarged = charts.figure_axis(groups[:best], metric)
        panels = [(whole.on(left, split), "all"), (enlarged.on(split + GAP, right), f"the best {best}, enlarged")]
    else:
        panels = [(whole.on(left, right), "")]

    heights = [max(30, LINE * len(label) + 10) for label in labels]
    first = top + 26
    bottom = first + sum(heights)
    drawing = [
        _text(heading, right + 24 + figure_width, top + 14, SMALL, SOFT, "end"),
        _text("n", WIDTH - EDGE, top + 14, SMALL, SOFT, "end"),
    ]
    if best < len(groups):
        within, marked = panels[0][0], panels[1][0]
        start, width = within.place(marked.low), within.place(marked.high) - within.place(marked.low)
        drawing.append(
            f'<rect x="{start:.1f}" y="{first}" width="{width:.1f}" height="{bottom - first}" fill="{FAINT}"/>'
        )
    label = charts.figure_label(metric)
    for axis, name in panels:
        drawing.append(_drawn(charts.x_grid(axis, label, ruled := Axis(0, 1, bottom, first)), axis, ruled))
        drawing.append(_tick_labels(axis, label, bottom))
        if name:
            drawing.append(_text(name, (axis.start + axis.end) / 2, top + 14, SMALL, SOFT, "middle"))
    y = first
    for place, group, lines, figure, height in zip(places, groups, labels, figures, heights, strict=True):
        middle, fill = y + height / 2, charts.LIGHT[charts.colour(place)]
        if y > first:
            drawing.append(f'<path d="M{EDGE} {y:.1f}H{WIDTH - EDGE}" stroke="{FAINT}"/>')
        drawing.append(f'<rect x="{EDGE}" y="{middle - 5:.1f}" width="10" height="10" rx="2" fill="{fill}"/>')
        baseline = middle - LINE * (len(lines) - 1) / 2 + 4.5
        for number, line in enumerate(lines):
            drawing.append(_text(line, EDGE + 18, baseline + LINE * number, LABEL, TEXT, font=FIXED))
        drawing.append(_text(figure, right + 24 + figure_width, middle + 4.5, LABEL, TEXT, "end", FIXED))
        drawing.append(_text(f"{group.n}", WIDTH - EDGE, middle + 4.5, LABEL, TEXT, "end", FIXED))
        pixels = Axis(0, 1, middle, middle - 1)
        for axis, _ in panels:
            drawing.append(_drawn(charts.seed_marks(group, place, axis, metric, options.level), axis, pixels))
            drawing.append(_beyond(group, axis, whole, middle, fill))
        y += height
    for axis, _ in panels:
        drawing.append(_text(metric.axis_title, (axis.start + axis.end) / 2, bottom + 36, SMALL, SOFT, "middle"))
    caption = charts.seeds_caption(groups, options.level)
    if best < len(groups):
        caption += " Shaded: the part that is enlarged. A triangle: there is more of the group beyond this edge."
    if len(groups) < len(section.groups):
        caption += f" Shown are the best {len(groups)} of {len(section.groups)} groups."
    text, bottom = _paragraph(caption, EDGE, bottom + 60, SMALL, SOFT)
    return "".join(drawing) + text, bottom


def _best(groups: list[GroupFigures]) -> int:
    """How many of the groups, from the best on, are worth to be enlarged; all where none need be."""
    values = charts.extent(groups)
    most = MOST_EXTENT * (max(values) - min(values))
    for best in range(len(groups) - 1, max(LEAST_ENLARGED, -(-len(groups) // 2)) - 1, -1):
        values = charts.extent(groups[:best])
        if max(values) - min(values) < most:
            return best
    return len(groups)


def _beyond(group: GroupFigures, axis: Axis, whole: Axis, middle: float, colour: str) -> str:
    """Triangles that point to what lies beyond the axis, and within the whole one."""
    values = charts.extent([group])
    marks = ""
    if max(min(values), whole.low) < axis.low:
        marks += f'<path d="M{axis.start:.1f} {middle:.1f}l7 -5v10z" fill="{colour}"/>'
    if min(max(values), whole.high) > axis.high:
        marks += f'<path d="M{axis.end:.1f} {middle:.1f}l-7 -5v10z" fill="{colour}"/>'
    return marks


def _over_time(chart: OverTime, top: float) -> tuple[str, float]:
    """The learning rates above the accuracies; and where they end."""
    x, drawing = chart.updates.on(EDGE + 60, WIDTH - EDGE - 10), []
    for panel in chart.panels:
        y = panel.y.on(top + 20 + panel.height, top + 20)
        drawing.append(_text(panel.title, x.start, y.end - 9, SMALL, SOFT))
        for tick in y.ticks(panel.most_ticks):
            drawing.append(_text(panel.label(tick), x.start - 8, y.place(tick) + 4, SMALL, SOFT, "end"))
        drawing.append(_drawn(charts.y_grid(y, panel.most_ticks, x) + charts.x_grid(x, plain, y), x, y))
        marks = _drawn(panel.marks, x, y)
        if y.low > 0:  # Early accuracies may lie below the axis.
            inside = f'x="{x.start}" y="{y.end}" width="{x.end - x.start}" height="{panel.height}"'
            marks = f'<clipPath id="accuracies"><rect {inside}/></clipPath><g clip-path="url(#accuracies)">{marks}</g>'
        drawing.append(marks)
        top = y.start + 20
    drawing.append(_tick_labels(x, plain, y.start))
    drawing.append(_text("weight updates", (x.start + x.end) / 2, y.start + 36, SMALL, SOFT, "middle"))
    text, bottom = _paragraph(f"Colours as above. {chart.caption}", EDGE, y.start + 60, SMALL, SOFT)
    return "".join(drawing) + text, bottom


def _tick_labels(axis: Axis, label: Label, bottom: float) -> str:
    """What stands below the ticks of an axis from left to right."""
    drawing = []
    for tick in axis.ticks_with_room(label):
        x, half = axis.place(tick), text_width(label(tick), SMALL) / 2
        # A long name at the very end would meet that of the next panel.
        if axis.start - GAP / 2 + 2 <= x - half and x + half <= axis.end + GAP / 2 - 2:
            drawing.append(_text(label(tick), x, bottom + 17, SMALL, SOFT, "middle"))
    return "".join(drawing)


def _drawn(marks: Iterable[charts.Mark], x: Axis, y: Axis) -> str:
    drawing = []
    for mark in marks:
        look, ink, line = charts.LOOKS[mark.kind], charts.LIGHT[mark.colour], charts.path(x, y, mark.points)
        if line.endswith("h0"):  # A circle, since not every program draws the round end of a line of no length.
            at, radius = line[1:-2].split(), max(look.width, charts.LONE) / 2
            dot = f'cx="{at[0]}" cy="{at[1]}" r="{radius:g}"'
            drawing.append(f'<circle {dot} fill="{ink}" fill-opacity="{look.opacity:g}"/>')
        elif line:
            drawing.append(
                f'<path d="{line}" fill="none" stroke="{ink}" stroke-width="{look.width:g}" '
                f'stroke-opacity="{look.opacity:g}" stroke-linejoin="round"/>'
            )
    return "".join(drawing)


def _text(
    text: str, x: float, y: float, size: int, colour: str, anchor: str = "start", font: str = "", weight: str = ""
) -> str:
    kind = (f' font-family="{font}"' if font else "") + (f' font-weight="{weight}"' if weight else "")
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"{kind}>'
        f"{escape(text)}</text>\n"
    )


def _paragraph(text: str, x: float, y: float, size: int, colour: str) -> tuple[str, float]:
    """Lines of text from a first baseline on; and the last baseline."""
    lines = in_lines(text, int((WIDTH - EDGE - x) / (PITCH * size)))
    drawing = [_text(line, x, y + LINE * number, size, colour) for number, line in enumerate(lines)]
    return "".join(drawing), y + LINE * (len(lines) - 1)


def _mean(group: GroupFigures, metric: Metric) -> str:
    mean = words.figure(group.mean, metric, unit=False)
    if group.half_width is None:
        return mean if len(mean) <= LONGEST_FIGURE else f"{group.mean:.4g}"
    text = f"{mean} ± {words.spread(group.half_width, metric)}"
    return text if len(text) <= LONGEST_FIGURE else f"{group.mean:.4g} ± {group.half_width:.4g}"
