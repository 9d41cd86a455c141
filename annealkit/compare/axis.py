"""An axis of a chart: its values, their coordinates, its ticks and what stands at them."""

import math
from collections.abc import Callable

import numpy as np

from annealkit.compare.text_size import text_width

Label = Callable[[float], str]
TICK_SIZE = 12


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

    def ticks_with_room(self, label: Label) -> list[float]:
        """As many as have room for their labels beside each other; for an axis from left to right."""
        for most in range(8, 1, -1):
            ticks = self.ticks(most)
            room = self.place(ticks[1]) - self.place(ticks[0]) if len(ticks) > 1 else self.end - self.start
            if ticks and max(text_width(label(tick), TICK_SIZE) for tick in ticks) + 10 <= room:
                break
        return ticks


def around(values: list[float], least: float = -math.inf, most: float = math.inf) -> Axis:
    """An axis that holds the values with a little room, within what is possible."""
    low, high = max(least, min(values)), min(most, max(values))
    room = 0.06 * (high - low) or 0.02 * abs(high) or 0.01
    return Axis(max(least, low - room), min(most, high + room) if high < most else high + 0.02 * (high - low or 1))


def share(value: float) -> str:
    """A tick in %, without the sign."""
    return f"{100 * value:.6g}"


def plain(value: float) -> str:
    """A tick; it is round, so no digit of it may be left out where ticks are close."""
    return f"{value:,.10g}"
