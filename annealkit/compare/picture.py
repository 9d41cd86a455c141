"""The comparison as one SVG picture, for a README or a paper.

It shows the largest section, the one that the table begins with: above, a row for each group, the best mean first, with
every seed as a point, the mean and its interval; below, the learning rates above the accuracies, where they are known.

A README shows it as an image, on a page that is white or dark and that it cannot ask: so it has a white background of
its own, colours as attributes, no style sheet, no script, and only fonts that are there. A reader's fonts are not known
here, so labels are set in a fixed-pitch font, of which all are about 0.6 times as wide as high, and broken into lines.

Where a few low groups would squeeze all the others together, the best are drawn a second time beside the whole, on an
axis of their own that says so; the whole stays, with the enlarged part marked in it.
"""

import re
import unicodedata
from collections.abc import Callable
from html import escape

from annealkit.compare import words
from annealkit.compare.charts import (
    MOST_CURVES,
    Axis,
    OverTime,
    axis_title,
    extent,
    figure_axis,
    over_time,
    path,
    plain,
    share,
)
from annealkit.compare.figures import GroupFigures, SectionFigures
from annealkit.compare.options import Options
from annealkit.compare.rates import RateCurve
from annealkit.compare.runs import Metric
from annealkit.compare.targets import ACCURACY_NAMES
from annealkit.version import __version__

MOST_ROWS = 40
# Groups are enlarged if they are several, at least half of all, and take less than a third of the width of all.
LEAST_ENLARGED = 3
MOST_EXTENT = 1 / 3

WIDTH, EDGE = 1000, 24
LABEL, LINE, PITCH = 13, 16, 0.61  # Size of the text, of a line, and width of a character in sizes.
SMALL = 12
LONGEST_LABEL, LONGEST_FIGURE = 36, 24  # Characters.
GAP = 44  # Between the panels, so that the ticks at their ends do not meet.
WHOLE = 0.3  # Of the width is for the whole where a part of it is enlarged.

TEXT, SOFT, GRID, FAINT = "#1c2126", "#5c6670", "#d9dee3", "#eef1f4"
COLOURS = ("#0b62a8", "#c2410c", "#0f7a55", "#9b3a8c", "#8a6a00", "#3a3f9e", "#b3123f", "#0a86a0")
GREY = "#8b949e"
SANS = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
FIXED = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def make_picture(section: SectionFigures | None, rates: list[RateCurve], options: Options) -> str:
    """The whole file.

    Args:
        section: what is drawn; None where nothing can be compared, which the picture then says.
        rates: of its first MOST_CURVES groups.
        options: what was asked for.
    """
    metric = options.metric
    title = metric.title.capitalize()
    if section is None:
        drawing, bottom = _paragraph("No run can be compared.", EDGE, 76, LABEL, TEXT)
        return _file(title, "No run can be compared.", drawing, bottom)
    drawing, y = _paragraph(f"{section.heading}; {_seeds(section)}.", EDGE, 64, LABEL, SOFT)
    rows, y = _rows(section, metric, options.level, y + 14)
    drawing += rows
    chart = over_time(section, rates)
    if chart is not None:
        panels, y = _over_time(chart, section, y + 30)
        drawing += panels
    verdict = " ".join(words.verdict(section, metric, options.level))
    several = f" of {len(section.groups)} groups" if len(section.groups) > 1 else ""
    return _file(title + several, verdict, drawing, y)


def _file(title: str, description: str, drawing: str, bottom: float) -> str:
    height = round(bottom + EDGE)
    made = _text(f"annealkit {__version__}", WIDTH - EDGE, 40, SMALL, SOFT, "end")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" font-family="{SANS}">\n<title>{escape(title)}</title>\n<desc>{escape(description)}</desc>\n'
        f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="6" fill="#ffffff" stroke="{GRID}"/>\n'
        f"{_text(title, EDGE, 40, 20, TEXT, weight='600')}{made}{drawing}</svg>\n"
    )


def _seeds(section: SectionFigures) -> str:
    low, high = min(group.n for group in section.groups), max(group.n for group in section.groups)
    return f"n = {low} to {high} seeds" if low < high else f"n = {low} seed{'s' if low > 1 else ''} in each group"


def _rows(section: SectionFigures, metric: Metric, level: float, top: float) -> tuple[str, float]:
    """The groups below each other; and where they end."""
    places = sorted(
        range(len(section.groups)),
        key=lambda place: section.groups[place].mean * (-1 if metric.higher_is_better else 1),
    )[:MOST_ROWS]
    groups = [section.groups[place] for place in places]
    labels = [_lines(group.group.name or "all runs", LONGEST_LABEL) for group in groups]
    figures = [_mean(group, metric) for group in groups]
    counts = [f"{group.n}" for group in groups]
    spread = any(group.half_width is not None for group in groups)
    heading = f"mean ± {words.percent(level)}" if spread else "mean"
    label_width = 18 + max(_width(line, LABEL) for label in labels for line in label)
    figure_width = max(_width(text, LABEL) for text in [heading, *figures])
    count_width = max(_width(text, LABEL) for text in counts)
    left = EDGE + label_width + 30
    right = WIDTH - EDGE - count_width - 18 - figure_width - 24

    whole, best = figure_axis(groups, metric), _best(groups)
    if best < len(groups):
        split = left + WHOLE * (right - left - GAP)
        enlarged = figure_axis(groups[:best], metric)
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
    label = share if metric.is_share else plain
    for axis, name in panels:
        drawing += _ruler(axis, first, bottom, label)
        if name:
            drawing.append(_text(name, (axis.start + axis.end) / 2, top + 14, SMALL, SOFT, "middle"))
    y = first
    for place, group, lines, figure, height in zip(places, groups, labels, figures, heights, strict=True):
        middle, colour = y + height / 2, _colour(place)
        if y > first:
            drawing.append(_line(EDGE, y, WIDTH - EDGE, y, FAINT))
        drawing.append(f'<rect x="{EDGE}" y="{middle - 5:.1f}" width="10" height="10" rx="2" fill="{colour}"/>')
        baseline = middle - LINE * (len(lines) - 1) / 2 + 4.5
        for number, line in enumerate(lines):
            drawing.append(_text(line, EDGE + 18, baseline + LINE * number, LABEL, TEXT, font=FIXED))
        drawing.append(_text(figure, right + 24 + figure_width, middle + 4.5, LABEL, TEXT, "end", FIXED))
        drawing.append(_text(f"{group.n}", WIDTH - EDGE, middle + 4.5, LABEL, TEXT, "end", FIXED))
        drawing += [_marks(group, axis, whole, middle, colour) for axis, _ in panels]
        y += height
    for axis, _ in panels:
        drawing.append(_text(axis_title(metric), (axis.start + axis.end) / 2, bottom + 36, SMALL, SOFT, "middle"))
    interval = f", the line its {words.percent(level)} interval (Student's t), where n is more than 1" if spread else ""
    caption = f"A point is a seed, the bar the mean{interval}."
    if best < len(groups):
        caption += " Shaded: the part that is enlarged. A triangle: there is more of the group beyond this edge."
    if len(groups) < len(section.groups):
        caption += f" Shown are the best {len(groups)} of {len(section.groups)} groups."
    text, bottom = _paragraph(caption, EDGE, bottom + 60, SMALL, SOFT)
    return "".join(drawing) + text, bottom


def _best(groups: list[GroupFigures]) -> int:
    """How many of the groups, from the best on, are worth to be enlarged; all where none need be."""
    values = extent(groups)
    most = MOST_EXTENT * (max(values) - min(values))
    for best in range(len(groups) - 1, max(LEAST_ENLARGED, -(-len(groups) // 2)) - 1, -1):
        values = extent(groups[:best])
        if max(values) - min(values) < most:
            return best
    return len(groups)


def _marks(group: GroupFigures, axis: Axis, whole: Axis, middle: float, colour: str) -> str:
    """The group's interval, mean and seeds, as far as the axis goes; a triangle where there is more beyond an end."""
    marks = []
    if group.half_width is not None:
        ends = [min(axis.high, max(axis.low, group.mean + side * group.half_width)) for side in (-1, 1)]
        if ends[0] < ends[1]:
            marks.append(_line(axis.place(ends[0]), middle, axis.place(ends[1]), middle, colour, 2, 0.6))
    if axis.low <= group.mean <= axis.high:
        mean = axis.place(group.mean)
        marks.append(_line(mean, middle - 11, mean, middle + 11, TEXT, 2))
    for place, value in enumerate(group.values.tolist()):
        height = middle + 4 * (place % 3 - 1) if group.n > 1 else middle  # So that equal values do not hide each other.
        if axis.low <= value <= axis.high:
            x = axis.place(value)
            marks.append(f'<circle cx="{x:.1f}" cy="{height:.1f}" r="4.5" fill="{colour}" fill-opacity="0.75"/>')
    return "".join(marks) + _beyond(group, axis, whole, middle, colour)


def _beyond(group: GroupFigures, axis: Axis, whole: Axis, middle: float, colour: str) -> str:
    """Triangles that point to what lies beyond the axis, and within the whole one."""
    values = extent([group])
    marks = ""
    if max(min(values), whole.low) < axis.low:
        marks += f'<path d="M{axis.start:.1f} {middle:.1f}l7 -5v10z" fill="{colour}"/>'
    if min(max(values), whole.high) > axis.high:
        marks += f'<path d="M{axis.end:.1f} {middle:.1f}l-7 -5v10z" fill="{colour}"/>'
    return marks


def _over_time(chart: OverTime, section: SectionFigures, top: float) -> tuple[str, float]:
    """The learning rates above the accuracies; and where they end."""
    left, right = EDGE + 60, WIDTH - EDGE - 10
    x = chart.updates.on(left, right)
    rate = chart.rate.on(top + 160, top + 20)
    accuracy = chart.accuracy.on(rate.start + 300, rate.start + 40)
    drawing = [
        '<clipPath id="accuracies">'
        f'<rect x="{left}" y="{accuracy.end}" width="{right - left}" height="{accuracy.start - accuracy.end}"/>'
        "</clipPath>"
    ]
    for y, name, label, most in (
        (rate, chart.rate_title, plain, 4),
        (accuracy, f"{ACCURACY_NAMES[section.column]}, %", share, 6),
    ):
        drawing.append(_text(name, left, y.end - 9, SMALL, SOFT))
        for tick in y.ticks(most):
            drawing.append(_line(left, y.place(tick), right, y.place(tick), GRID))
            drawing.append(_text(label(tick), left - 8, y.place(tick) + 4, SMALL, SOFT, "end"))
        drawing += _ruler(x, y.end, y.start, plain, y is accuracy)
    thin, thick = [], []
    for place, lines in enumerate(chart.lines):
        colour = _colour(place)
        drawing.append(_curve(path(x, rate, lines.rates), colour, 2))
        thin += [_curve(path(x, accuracy, points), colour, 1, 0.35) for points in lines.runs]
        thick.append(_curve(path(x, accuracy, lines.mean), colour, 2))
    drawing.append(f'<g clip-path="url(#accuracies)">{"".join(thin + thick)}</g>')
    drawing.append(_text("weight updates", (left + right) / 2, accuracy.start + 36, SMALL, SOFT, "middle"))
    text, bottom = _paragraph(f"Colours as above. {chart.caption}", EDGE, accuracy.start + 60, SMALL, SOFT)
    return "".join(drawing) + text, bottom


def _ruler(axis: Axis, top: float, bottom: float, label: Callable[[float], str], named: bool = True) -> list[str]:
    """Upright lines at round values, with their names below, as many as there is room for."""
    for most in range(8, 1, -1):
        ticks = axis.ticks(most)
        room = axis.place(ticks[1]) - axis.place(ticks[0]) if len(ticks) > 1 else axis.end - axis.start
        if ticks and max(_width(label(tick), SMALL) for tick in ticks) + 10 <= room:
            break
    marks = []
    for tick in ticks:
        x, half = axis.place(tick), _width(label(tick), SMALL) / 2
        marks.append(_line(x, top, x, bottom, GRID))
        # A long name at the very end would meet that of the next panel.
        if named and axis.start - GAP / 2 + 2 <= x - half and x + half <= axis.end + GAP / 2 - 2:
            marks.append(_text(label(tick), x, bottom + 17, SMALL, SOFT, "middle"))
    return marks


def _curve(path: str, colour: str, width: float, opacity: float = 1) -> str:
    if path.endswith("h0"):  # A point alone is seen by its round end.
        width = 6
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}" stroke-opacity="{opacity:g}" '
        'stroke-linejoin="round" stroke-linecap="round"/>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1, opacity: float = 1) -> str:
    return (
        f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{colour}" stroke-width="{width:g}" '
        f'stroke-opacity="{opacity:g}"/>'
    )


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
    lines = _lines(text, int((WIDTH - EDGE - x) / (PITCH * size)))
    drawing = [_text(line, x, y + LINE * number, size, colour) for number, line in enumerate(lines)]
    return "".join(drawing), y + LINE * (len(lines) - 1)


def _mean(group: GroupFigures, metric: Metric) -> str:
    mean = words.figure(group.mean, metric, unit=False)
    if group.half_width is None:
        return mean if len(mean) <= LONGEST_FIGURE else f"{group.mean:.4g}"
    text = f"{mean} ± {words.spread(group.half_width, metric)}"
    return text if len(text) <= LONGEST_FIGURE else f"{group.mean:.4g} ± {group.half_width:.4g}"


def _colour(place: int) -> str:
    """Of the group at that place, as on the page: one of its own for those whose curves are drawn."""
    return COLOURS[place] if place < MOST_CURVES else GREY


def _lines(text: str, most: int) -> list[str]:
    """The text in lines of at most so many characters; of half as many where some are twice as wide.

    A word that is longer than a line begins one of its own, and is broken behind commas if it can be.
    """
    most = most // 2 if _has_wide(text) else most
    lines = [""]
    for word in text.split():
        if len(f"{lines[-1]} {word}".strip()) <= most:
            lines[-1] = f"{lines[-1]} {word}".strip()
            continue
        parts = re.split("(?<=,)", word) if len(word) > most else [word]
        lines.append("")
        for piece in (part[start : start + most] for part in parts for start in range(0, len(part), most)):
            if len(lines[-1] + piece) <= most:
                lines[-1] += piece
            else:
                lines.append(piece)
    return [line for line in lines if line] or [""]


def _width(text: str, size: int) -> float:
    return PITCH * size * len(text) * (2 if _has_wide(text) else 1)


def _has_wide(text: str) -> bool:
    return any(unicodedata.east_asian_width(character) in "WF" for character in text)
