"""A line chart as text, for a terminal.

Drawn here rather than by a library. Measured: `import plotext` 6.1 takes 0.17-0.6 s, more than all the rest of a
preview, and uniplot 0.07 s or more; plotille imports in 6 ms but draws no plain ASCII; and none knows two units on
one axis.
"""

import math
import sys

import numpy as np

# The bit of each of a braille character's dots, 4 rows by 2 columns.
_BRAILLE = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])


def chart(
    values: np.ndarray,
    levels: list[float],
    level_names: list[str],
    ticks: list[int],
    under: list[tuple[str, str]],
    width: int,
    height: int,
    unicode: bool,
) -> str:
    """A line chart as `height` lines of at most `width` characters, axes included.

    Args:
        values: finite, evenly spaced along the x axis.
        levels: where the y axis is labelled, evenly spaced, from its lower end to its upper.
        level_names: the labels.
        ticks: columns of the plot that the x axis is ticked at.
        under: name and text of each row under the x axis; the text as wide as `plot_columns` says.
        width: at least 30; less is taken as 30.
        height: of the whole.
        unicode: braille dots, 2 by 4 to a character; otherwise `*` and plain ASCII axes.
    """
    corner, tick, side, line, mark = "└┤│─┬" if unicode else "++|-+"
    gaps = len(levels) - 1
    rows = 1 + (height - len(under) - 2) // gaps * gaps  # So that the labels stand at equal distances.
    names = [*level_names, *(name for name, _ in under)]
    columns, gutter = plot_columns(width, names), max(map(len, names))
    labelled = {row * (rows - 1) // gaps: text for row, text in enumerate(reversed(level_names))}
    lines = [
        f"{labelled.get(row, ''):>{gutter}} {tick if row in labelled else side}{text}"
        for row, text in enumerate(_canvas(values, levels[0], levels[-1], rows, columns, unicode))
    ]
    lines.append(f"{'':>{gutter}} {corner}{''.join(mark if i in ticks else line for i in range(columns))}")
    lines += [f"{name:>{gutter}}  {text}" for name, text in under]
    return "\n".join(text.rstrip() for text in lines)


def plot_columns(width: int, names: list[str]) -> int:
    """Columns that are left for the plot, beside an axis with these names."""
    return max(width, 30) - max(map(len, names)) - 2


def place_labels(labels: list[tuple[int, list[str]]], columns: int) -> tuple[list[int], list[str]]:
    """Rows of labels, each centred under its column as far as there is room.

    Args:
        labels: from left to right, a column and a text for each row.
        columns: of the plot.

    Returns:
        The columns whose label found room, and the rows.
    """
    rows = [[" "] * columns for _ in labels[0][1]]
    placed, free = [], 0
    for column, texts in labels:
        longest = max(map(len, texts))
        left = min(max(column - longest // 2, 0), columns - longest)
        if left < free:
            continue  # Better one label less than two run together.
        free = left + longest + 2
        placed.append(column)
        for row, text in zip(rows, texts, strict=True):
            start = min(max(column - len(text) // 2, 0), columns - len(text))
            row[start : start + len(text)] = text
    return placed, ["".join(row) for row in rows]


def levels_between(low: float, high: float, most: int) -> tuple[list[float], list[str]]:
    """Round numbers from one not over `low` to one not under `high`, at most about `most` steps, and their labels."""
    step = round_up((high - low) / most) if high > low else 1.0
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    levels = [step * i for i in range(first, max(last, first + 1) + 1)]
    decimals = next(d for d in range(20) if all(abs(round(level, d) - level) < 1e-6 * step for level in levels))
    return levels, [f"{level:.{decimals}f}" for level in levels]


def round_up(value: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is at least `value`."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * n for n in (1, 2, 2.5, 5, 10) if power * n >= value * (1 - 1e-9))


def can_print(text: str) -> bool:
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _canvas(values: np.ndarray, bottom: float, top: float, rows: int, columns: int, unicode: bool) -> list[str]:
    """The plot area: one string per row."""
    wide, high = (columns * 2, rows * 4) if unicode else (columns, rows)
    dots = np.zeros((high, wide), dtype=bool)
    before = 0  # The last value drawn so far; to begin with it joins the columns.
    for column in range(wide):
        end = max(1, -(-(column + 1) * len(values) // wide))
        part = values[before:end]
        first, last = (_dot_row(value, bottom, top, high) for value in (part.max(), part.min()))
        dots[first : last + 1, column] = True
        before = end - 1
    if not unicode:
        return ["".join("*" if dot else " " for dot in row) for row in dots]
    cells = (dots.reshape(rows, 4, columns, 2) * _BRAILLE[None, :, None, :]).sum(axis=(1, 3))
    return ["".join(chr(0x2800 + cell) if cell else " " for cell in row) for row in cells]


def _dot_row(value: float, bottom: float, top: float, high: int) -> int:
    """The row, 0 at the top, that a value is drawn in: `top` in the first and `bottom` in the last of `high` rows."""
    return round((1 - (value - bottom) / (top - bottom)) * (high - 1))
