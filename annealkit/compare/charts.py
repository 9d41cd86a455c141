"""The charts of the page, as SVG that stretches with its box, and what `picture` draws too: axes, lines, colours.

Each SVG of the page has the coordinates 0 to 1000 both ways and no aspect ratio of its own: at any width the marks move
and the strokes stay as thick as they are (`vector-effect: non-scaling-stroke`). Text is HTML beside it, so that it is
not stretched. A point is a line of no length with a round end.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from annealkit.compare import words
from annealkit.compare.figures import GroupFigures, SectionFigures
from annealkit.compare.rates import RateCurve
from annealkit.compare.runs import FoundRun, Metric
from annealkit.compare.targets import ACCURACY_NAMES

MOST_CURVES = 8
FAR_APART = 5.0  # Highest learning rates whose curves would not be legible on one axis.
MOST_POINTS = 300
LONG = 10

Points = list[tuple[float, float]]


class Axis:
    """One direction of a chart.

    Args:
        low: its least value.
        high: its greatest, more than `low`.
        start: coordinate of `low`.
        end: coordinate of `high`; less than `start` for an axis that goes up, since those of SVG go down.
    """

    def __init__(self, low: float, high: float, start: float = 0, end: float = 1000) -> None:
        self.low, self.high, self.start, self.end = low, high, start, end

    def on(self, start: float, end: float) -> "Axis":
        """The same values between other coordinates."""
        return Axis(self.low, self.high, start, end)

    def place(self, value: float) -> float:
        """The coordinate of a value."""
        return self.start + (self.end - self.start) * (value - self.low) / (self.high - self.low)

    def ticks(self, most: int) -> list[float]:
        """Round values within the axis: multiples of 1, 2 or 5 times a power of ten, `most` of them at most."""
        step = 10.0 ** math.floor(math.log10((self.high - self.low) / most))
        while True:
            for factor in (1, 2, 5, 10):
                ticks = np.arange(math.ceil(self.low / step / factor), math.floor(self.high / step / factor) + 1)
                if len(ticks) <= most:
                    return [float(f"{tick * step * factor:.12g}") for tick in ticks]
            step *= 10


def colour(place: int) -> str:
    """Of the group at that place: one of its own for those whose curves are drawn, grey for the rest."""
    return f"var(--c{place})" if place < MOST_CURVES else "var(--soft)"


@dataclass(frozen=True)
class Lines:
    """What is drawn over time of one group.

    Args:
        rate: its learning rate, as known.
        rates: of it what is drawn.
        runs: updates and accuracy of each of its runs, where there are several; without those that have no history.
        mean: likewise, over its runs, as far as all of them went.
    """

    rate: RateCurve
    rates: Points
    runs: list[Points]
    mean: Points


@dataclass(frozen=True)
class OverTime:
    """What is drawn over time of a section.

    Args:
        lines: of its first MOST_CURVES groups.
        updates: axis of weight updates.
        rate: axis of the learning rate.
        rate_title: what stands at it.
        accuracy: axis of the accuracy.
        caption: how to read it.
    """

    lines: list[Lines]
    updates: Axis
    rate: Axis
    rate_title: str
    accuracy: Axis
    caption: str


def over_time(section: SectionFigures, rates: list[RateCurve]) -> OverTime | None:
    """The learning rates and accuracies of a section's first groups; None where no accuracy is known.

    Args:
        section: of which the first MOST_CURVES groups are drawn.
        rates: of these groups.
    """
    drawn = section.groups[:MOST_CURVES]
    runs = [[run for run in group.group.runs if run.history] for group in drawn]
    accuracy = [row[section.column] for of_group in runs for run in of_group for row in run.history]
    accuracy = [value for value in accuracy if math.isfinite(value)]
    if not accuracy:
        return None
    ends = [run.history[-1]["updates"] for of_group in runs for run in of_group] + [
        curve.updates[-1] for curve in rates if curve.updates
    ]
    longest = max(len(run.history) for of_group in runs for run in of_group)
    # Where there are many epochs the first ones would take most of the height, and what is decided at the end none.
    low = float(np.quantile(accuracy, 0.2)) if longest >= LONG else min(accuracy)
    y = around([value for value in accuracy if value >= low], 0, 1)
    peaks = [max(curve.rates, default=0.0) for curve in rates]
    known = [peak for peak in peaks if peak]
    # Optimizers want rates of other magnitudes: on one axis, most would be flat at its bottom.
    as_share = bool(known) and max(known) > FAR_APART * min(known)
    scales = [1 / peak if as_share and peak else 1.0 for peak in peaks]
    lines = []
    for of_group, rate, scale in zip(runs, rates, scales, strict=True):
        several = of_group if len(of_group) > 1 else []
        thin = [_thinned([(row["updates"], row[section.column]) for row in run.history]) for run in several]
        lines.append(Lines(rate, _rate_points(rate, scale), thin, _thinned(_mean_curve(of_group, section.column))))
    caption = _caption(section, drawn, rates, y.low > min(accuracy))
    highest = 1.0 if as_share else max(peaks, default=0.0)
    title = "learning rate, as a share of each one's highest" if as_share else "learning rate"
    return OverTime(lines, Axis(0, max(ends)), Axis(0, 1.05 * highest or 1.0), title, y, caption)


def curves(section: SectionFigures, rates: list[RateCurve]) -> str:
    """The learning rate above the accuracy, one axis of weight updates: mean lines, and a thin line for each run.

    Args:
        section: of which the first MOST_CURVES groups are drawn.
        rates: of these groups.
    """
    chart = over_time(section, rates)
    if chart is None:
        return ""
    x, height, y = chart.updates, chart.rate.on(1000, 0), chart.accuracy.on(1000, 0)
    drawn = section.groups[:MOST_CURVES]
    lines, thin, means, hover = [], [], [], []
    for place, (group, of_group) in enumerate(zip(drawn, chart.lines, strict=True)):
        mark = f'data-group="{place}" style="--c:{colour(place)}"'
        lines.append(_path("rate", mark, x, height, of_group.rates))
        thin += [_path("thin", mark, x, y, points) for points in of_group.runs]
        means.append(_path("mean", mark, x, y, of_group.mean))
        updates, values = [point[0] for point in of_group.mean], [point[1] for point in of_group.mean]
        at = [_rate_at(of_group.rate, update) for update in updates]
        hover.append({"name": group.group.name, "x": updates, "accuracy": values, "rate": at})
    legend = "".join(
        f'<li data-group="{place}"><span class="swatch" style="--c:{colour(place)}"></span>'
        f"{escape(group.group.name or 'all runs')}</li>"
        for place, group in enumerate(drawn)
    )
    return (
        f'<figure class="curves" data-curves="{escape(json.dumps({"end": x.high, "groups": hover}))}">'
        f'<ul class="legend">{legend}</ul>'
        f'<div class="name">{chart.rate_title}</div>{_plot(x, height, "".join(lines), 130, 4, plain)}'
        f'<div class="name">{ACCURACY_NAMES[section.column]}, %</div>'
        f"{_plot(x, y, ''.join(thin + means), 260, 6, share)}"
        f'<div class="plot"><div></div>{_x_labels(x, plain)}</div><div class="unit">weight updates</div>'
        f"<figcaption>{escape(chart.caption)}</figcaption></figure>"
    )


def dots(section: SectionFigures, metric: Metric, level: float) -> str:
    """A row for each group: every seed a point, the mean, and its interval."""
    x = figure_axis(section.groups, metric)
    label = share if metric.is_share else plain
    rows = "".join(
        f'<div class="row"><div class="what">{escape(group.group.name or "all runs")}</div>'
        f'<div class="area" style="--h:34px"><svg viewBox="0 0 1000 1000" preserveAspectRatio="none" '
        f'style="--c:{colour(place)}">'
        f"{_x_grid(x)}{_dots(group, x, metric, level)}</svg></div></div>"
        for place, group in enumerate(section.groups)
    )
    return (
        f'<figure class="dots">{rows}<div class="row axis"><div class="what"></div>{_x_labels(x, label)}</div>'
        f'<div class="unit">{axis_title(metric)}</div><figcaption>A point is a seed; the line is the mean with its '
        f"{words.percent(level)} interval, where n is more than 1.</figcaption></figure>"
    )


def extent(groups: Sequence[GroupFigures]) -> list[float]:
    """Every value of the groups, and the ends of their intervals."""
    values = [float(value) for group in groups for value in group.values]
    for group in groups:
        if group.half_width is not None:
            values += [group.mean - group.half_width, group.mean + group.half_width]
    return values


def figure_axis(groups: Sequence[GroupFigures], metric: Metric) -> Axis:
    """An axis that holds the groups' values and intervals, as far as they are possible."""
    return around(extent(groups), 0, 1) if metric.is_share else around(extent(groups), -math.inf, math.inf)


def axis_title(metric: Metric) -> str:
    """`test accuracy, %`."""
    return f"{metric.title}{', %' if metric.is_share else ''}"


def _dots(group: GroupFigures, x: Axis, metric: Metric, level: float) -> str:
    name = group.group.name or "all runs"
    marks = []
    middle = x.place(group.mean)
    if group.half_width is not None:
        ends = [min(1000.0, max(0.0, x.place(group.mean + side * group.half_width))) for side in (-1, 1)]
        line = f"M{ends[0]:.1f} 500H{ends[1]:.1f}"
        tip = escape(f"{name}: {words.mean_and_interval(group, metric)}, {words.percent(level)} interval")
        marks.append(f'<path class="interval" d="{line}"/><path class="hover" data-tip="{tip}" d="{line}"/>')
    marks.append(f'<path class="middle" d="M{middle:.1f} 150V850"/>')
    for place, (seed, value) in enumerate(zip(group.seeds, group.values.tolist(), strict=True)):
        tip = escape(f"{name}, seed {seed}: {words.figure(value, metric)}")
        height = 500 + 130 * (place % 3 - 1) if group.n > 1 else 500  # So that equal values do not hide each other.
        marks.append(f'<path class="dot" data-tip="{tip}" d="M{x.place(value):.1f} {height}h0"/>')
    return "".join(marks)


def _plot(x: Axis, y: Axis, marks: str, pixels: int, most: int, label: Callable[[float], str]) -> str:
    ticks = y.ticks(most)
    grid = "".join(f'<path class="grid" d="M0 {y.place(tick):.1f}H1000"/>' for tick in ticks)
    names = "".join(f'<span style="bottom:{100 - y.place(tick) / 10:.2f}%">{label(tick)}</span>' for tick in ticks)
    return (
        f'<div class="plot"><div class="y">{names}</div><div class="area" style="--h:{pixels}px">'
        f'<svg viewBox="0 0 1000 1000" preserveAspectRatio="none">{grid}{_x_grid(x)}{marks}</svg>'
        '<div class="cross"></div></div></div>'
    )


def _x_grid(x: Axis) -> str:
    return "".join(f'<path class="grid" d="M{x.place(tick):.1f} 0V1000"/>' for tick in x.ticks(7))


def _x_labels(x: Axis, label: Callable[[float], str]) -> str:
    spans = []
    for place, tick in enumerate(x.ticks(7)):
        at = x.place(tick) / 10
        # Every other one goes where there is little room; one at the very end stays inside.
        kinds = [*(["between"] if place % 2 else []), *(["end"] if at > 97 else [])]
        spans.append(f'<span class="{" ".join(kinds)}" style="left:{at:.2f}%">{label(tick)}</span>')
    return f'<div class="x">{"".join(spans)}</div>'


def _path(kind: str, mark: str, x: Axis, y: Axis, points: Points) -> str:
    """A line through the points; a point alone is drawn as one."""
    line = path(x, y, points)
    if line.endswith("h0"):
        mark = mark.replace('style="', 'style="stroke-linecap:round;stroke-width:6px;')
    return f'<path class="{kind}" {mark} d="{line}"/>'


def path(x: Axis, y: Axis, points: Points) -> str:
    """A path through the points, of no length for one alone; a gap is left where a value is no number."""
    drawn, pen = [], "M"
    for a, b in points:
        if not math.isfinite(b):
            pen = "M"
            continue
        drawn.append(f"{pen}{x.place(a):.1f} {y.place(b):.1f}")
        pen = "L"
    return "".join(drawn) + ("h0" if len(drawn) == 1 else "")


def _rate_points(curve: RateCurve, scale: float) -> Points:
    """The learning rate, times `scale`; where only the last of each epoch is known, as if it was that all through."""
    points = [(update, rate * scale) for update, rate in zip(curve.updates, curve.rates, strict=True)]
    if curve.exact:
        return points
    begins = [0.0, *curve.updates]
    return [(x, rate) for begin, (end, rate) in zip(begins, points, strict=False) for x in (begin, end)]


def _mean_curve(runs: list[FoundRun], column: str) -> Points:
    """The mean over the runs, as far as all of them went; nothing where they were measured at different updates."""
    points = []
    for rows in zip(*(run.history for run in runs), strict=False):
        if len({row["updates"] for row in rows}) > 1:
            return []
        mean = sum(row[column] for row in rows) / len(rows)
        if not math.isfinite(mean):
            break
        points.append((rows[0]["updates"], mean))
    return points


def _thinned(points: Points) -> Points:
    """At most about MOST_POINTS of them, evenly, with the last."""
    step = -(-len(points) // MOST_POINTS) or 1
    return points[::step] + ([points[-1]] if points and (len(points) - 1) % step else [])


def _rate_at(curve: RateCurve, updates: float) -> float | None:
    """The rate of the last update made: the 0-based step before the count, as a rate of history.csv stands at it."""
    at = updates - 1 if curve.exact else updates
    place = int(np.searchsorted(curve.updates, at, side="right")) - 1
    return curve.rates[place] if place >= 0 else None


def around(values: list[float], least: float, most: float) -> Axis:
    """An axis that holds the values with a little room, within what is possible."""
    low, high = max(least, min(values)), min(most, max(values))
    room = 0.06 * (high - low) or 0.02 * abs(high) or 0.01
    return Axis(max(least, low - room), min(most, high + room) if high < most else high + 0.02 * (high - low or 1))


def _caption(section: SectionFigures, drawn: list[GroupFigures], rates: list[RateCurve], cut: bool) -> str:
    text = "Thick: mean over the seeds, as far as all of them went. Thin: each run."
    if cut:
        text += " Low accuracies of the first epochs are below the axis."
    if len(section.groups) > len(drawn):
        text += f" Drawn are the first {len(drawn)} of {len(section.groups)} groups."
    coarse = [group.group.name or "all runs" for group, rate in zip(drawn, rates, strict=True) if not rate.exact]
    if coarse:
        which = "all groups" if len(coarse) == len(drawn) else "; ".join(coarse)
        text += f" Rates known only at the end of each epoch, from history.csv of one run: {which}."
    return text


def share(value: float) -> str:
    """A tick in %, without the sign."""
    return f"{100 * value:.6g}"


def plain(value: float) -> str:
    """A tick; it is round, so no digit of it may be left out where ticks are close."""
    return f"{value:,.10g}"
