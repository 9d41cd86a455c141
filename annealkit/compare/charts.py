"""What the charts of a comparison show, for the page and for the picture alike: axes, marks, colours, captions.

A chart is an axis from left to right, one that goes up, and marks at values of both. `path` draws a mark; whoever has
it drawn says where the axes lie, and dresses the path as its format wants, in the looks and colours given here.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from annealkit.compare import words
from annealkit.compare.axis import Axis, Label, around, plain, share
from annealkit.compare.figures import GroupFigures
from annealkit.compare.runs import Metric

MOST_CURVES = 8  # Groups whose curves are drawn, and that have a colour of their own.

# Colours by what they are for; `c0` is that of the first group, `rest` that of all after the MOST_CURVESth.
LIGHT = {
    "back": "#ffffff", "text": "#1c2126", "soft": "#5c6670", "line": "#d9dee3", "faint": "#eef1f4", "lead": "#eaf3fb",
    "c0": "#0b62a8", "c1": "#c2410c", "c2": "#0f7a55", "c3": "#9b3a8c", "c4": "#8a6a00", "c5": "#3a3f9e",
    "c6": "#b3123f", "c7": "#0a86a0", "rest": "#8b949e",
}  # fmt: skip
DARK = {
    "back": "#14181c", "text": "#e4e8ec", "soft": "#9aa5af", "line": "#343c44", "faint": "#20262c", "lead": "#1b2c3c",
    "c0": "#63b3f4", "c1": "#ff9a63", "c2": "#4fcf9f", "c3": "#e295d6", "c4": "#e0bf4a", "c5": "#a3a8ff",
    "c6": "#ff7d9e", "c7": "#5bd6e6", "rest": "#9aa5af",
}  # fmt: skip

Points = list[tuple[float, float]]


class Look(NamedTuple):
    """How thick a kind of mark is, in pixels, how opaque, and of what colour; else of its group's."""

    width: float
    opacity: float = 1
    colour: str = ""


LOOKS = {
    "grid": Look(1, colour="line"),
    "rate": Look(2),
    "thin": Look(1, 0.35),
    "mean": Look(2),
    "interval": Look(2, 0.6),
    "middle": Look(2, colour="text"),
    "dot": Look(9, 0.75),
}
LONE = 6  # Width of a line's only point.


@dataclass(frozen=True)
class Mark:
    """A line through points, or a point alone.

    Args:
        kind: of LOOKS.
        points: values of the two axes; where one is no number, the line has a gap.
        group: the place of its group; None for what is of none.
        tip: what it says where a reader can ask it.
    """

    kind: str
    points: Points
    group: int | None = None
    tip: str = ""

    @property
    def colour(self) -> str:
        """Its key in LIGHT and DARK."""
        return LOOKS[self.kind].colour or colour(self.group or 0)


@dataclass(frozen=True)
class Panel:
    """One chart over weight updates.

    Args:
        title: of the axis that goes up.
        y: that axis.
        label: what stands at its ticks.
        most_ticks: of it.
        height: in pixels.
        marks: curves.
    """

    title: str
    y: Axis
    label: Label
    most_ticks: int
    height: int
    marks: list[Mark]


def colour(place: int) -> str:
    """The key in LIGHT and DARK of the group at that place."""
    return f"c{place}" if place < MOST_CURVES else "rest"


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


def x_grid(x: Axis, label: Label, y: Axis) -> list[Mark]:
    """The grid of an axis from left to right."""
    return [Mark("grid", [(tick, y.low), (tick, y.high)]) for tick in x.ticks_with_room(label)]


def y_grid(y: Axis, most: int, x: Axis) -> list[Mark]:
    """The grid of an axis that goes up."""
    return [Mark("grid", [(x.low, tick), (x.high, tick)]) for tick in y.ticks(most)]


# --- every seed ---


def seed_marks(group: GroupFigures, place: int, x: Axis, metric: Metric, confidence: float) -> list[Mark]:
    """The group's interval, mean and seeds, as far as the axis goes; the other axis is in pixels above the middle."""
    marks = []
    if group.half_width is not None:
        ends = [min(x.high, max(x.low, group.mean + side * group.half_width)) for side in (-1, 1)]
        if ends[0] < ends[1]:
            tip = f"{group.name}: {words.mean_and_interval(group, metric)}, {words.percent(confidence)} interval"
            marks.append(Mark("interval", [(end, 0) for end in ends], place, tip))
    if x.low <= group.mean <= x.high:
        marks.append(Mark("middle", [(group.mean, -11), (group.mean, 11)]))
    for number, (seed, value) in enumerate(zip(group.seeds, group.values.tolist(), strict=True)):
        height = 4 * (1 - number % 3) if group.n > 1 else 0  # So that equal values do not hide each other.
        if x.low <= value <= x.high:
            tip = f"{group.name}, seed {seed}: {words.figure(value, metric)}"
            marks.append(Mark("dot", [(value, height)], place, tip))
    return marks


def extent(groups: Iterable[GroupFigures]) -> list[float]:
    """Every value of the groups, and the ends of their intervals."""
    values = []
    for group in groups:
        values += [float(value) for value in group.values]
        if group.half_width is not None:
            values += [group.mean - group.half_width, group.mean + group.half_width]
    return values


def figure_axis(groups: Iterable[GroupFigures], metric: Metric) -> Axis:
    """An axis that holds the groups' values and intervals, as far as they are possible."""
    return around(extent(groups), 0, 1) if metric.is_share else around(extent(groups))


def figure_label(metric: Metric) -> Label:
    """What stands at the ticks of that axis."""
    return share if metric.is_share else plain


def seeds_caption(groups: Sequence[GroupFigures], confidence: float) -> str:
    """How to read the marks."""
    if all(group.half_width is None for group in groups):
        return "A point is a seed, the bar the mean."
    interval = f"{words.percent(confidence)} interval (Student's t)"
    return f"A point is a seed, the bar the mean, the line its {interval}, where n is more than 1."
