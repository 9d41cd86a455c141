"""What is drawn over weight updates: the learning rate, and below it the accuracy."""

import math
from dataclasses import dataclass

import numpy as np

from annealkit.compare.axis import Axis, around, plain, share
from annealkit.compare.charts import MOST_CURVES, Mark, Panel, Points
from annealkit.compare.figures import GroupFigures, SectionFigures
from annealkit.compare.rates import RateCurve
from annealkit.compare.runs import FoundRun
from annealkit.compare.targets import ACCURACY_NAMES

FAR_APART = 5.0  # Highest learning rates whose curves would not be legible on one axis.
MOST_POINTS = 300
LONG = 10


@dataclass(frozen=True)
class OverTime:
    """The learning rates and accuracies of a section's first groups.

    Args:
        groups: those that are drawn, the first MOST_CURVES.
        rates: of each, its learning rate as it is known.
        means: of each, updates and the mean accuracy over its runs, as far as all of them went.
        updates: the axis that both panels share.
        panels: the learning rate, then the accuracy: mean lines, and a thin line for each run where there are several.
        caption: how to read them.
    """

    groups: list[GroupFigures]
    rates: list[RateCurve]
    means: list[Points]
    updates: Axis
    panels: tuple[Panel, Panel]
    caption: str


def over_time(section: SectionFigures, rates: list[RateCurve]) -> OverTime | None:
    """What is drawn; None where no accuracy is known.

    Args:
        section: of which the first MOST_CURVES groups are drawn.
        rates: of these groups.
    """
    drawn, column = section.groups[:MOST_CURVES], section.column
    runs = [[run for run in group.group.runs if run.history] for group in drawn]
    rows = [run.history for of_group in runs for run in of_group]
    accuracy = [row[column] for history in rows for row in history if math.isfinite(row[column])]
    if not accuracy:
        return None
    ends = [history[-1]["updates"] for history in rows] + [curve.updates[-1] for curve in rates if curve.updates]
    # Where there are many epochs the first ones would take most of the height, and what is decided at the end none.
    low = float(np.quantile(accuracy, 0.2)) if max(map(len, rows)) >= LONG else min(accuracy)
    y = around([value for value in accuracy if value >= low], 0, 1)
    means = [_thinned(_mean_curve(of_group, column)) for of_group in runs]
    thin = [
        Mark("thin", _thinned([(row["updates"], row[column]) for row in run.history]), place)
        for place, of_group in enumerate(runs)
        for run in (of_group if len(of_group) > 1 else [])
    ]
    thick = [Mark("mean", points, place) for place, points in enumerate(means)]
    accuracies = Panel(f"{ACCURACY_NAMES[column]}, %", y, share, 6, 260, thin + thick)
    caption = _caption(section, drawn, rates, y.low > min(accuracy))
    return OverTime(drawn, rates, means, Axis(0, max(ends)), (_rate_panel(rates), accuracies), caption)


def rate_at(curve: RateCurve, updates: float) -> float | None:
    """The rate of the last update made: the 0-based step before the count, as a rate of history.csv stands at it."""
    at = updates - 1 if curve.exact else updates
    place = int(np.searchsorted(curve.updates, at, side="right")) - 1
    return curve.rates[place] if place >= 0 else None


def _rate_panel(rates: list[RateCurve]) -> Panel:
    peaks = [max(curve.rates, default=0.0) for curve in rates]
    known = [peak for peak in peaks if peak]
    # Optimizers want rates of other magnitudes: on one axis, most would be flat at its bottom.
    as_share = bool(known) and max(known) > FAR_APART * min(known)
    scales = [1 / peak if as_share and peak else 1.0 for peak in peaks]
    highest = 1.0 if as_share else max(peaks, default=0.0)
    title = "learning rate, as a share of each one's highest" if as_share else "learning rate"
    marks = [
        Mark("rate", _rate_points(curve, scale), place)
        for place, (curve, scale) in enumerate(zip(rates, scales, strict=True))
    ]
    return Panel(title, Axis(0, 1.05 * highest or 1.0), plain, 4, 140, marks)


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


def _caption(section: SectionFigures, drawn: list[GroupFigures], rates: list[RateCurve], cut: bool) -> str:
    text = "Thick: mean over the seeds, as far as all of them went. Thin: each run."
    if cut:
        text += " Low accuracies of the first epochs are below the axis."
    if len(section.groups) > len(drawn):
        text += f" Drawn are the first {len(drawn)} of {len(section.groups)} groups."
    coarse = [group.name for group, rate in zip(drawn, rates, strict=True) if not rate.exact]
    if coarse:
        which = "all groups" if len(coarse) == len(drawn) else "; ".join(coarse)
        text += f" Rates known only at the end of each epoch, from history.csv of one run: {which}."
    return text
