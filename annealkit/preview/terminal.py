"""The curve as text.

Drawn here rather than by a library. Measured: `import plotext` 6.1 takes 0.17-0.6 s, more than all the rest of a
preview, and uniplot 0.07 s or more; plotille imports in 6 ms but draws no plain ASCII; and none knows two units on
one axis.
"""

import math
import sys

import numpy as np

from annealkit.curve.span import Run

# The bit of each of a braille character's dots, 4 rows by 2 columns.
_BRAILLE = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])


def draw(rates: np.ndarray, run: Run, width: int, height: int, unicode: bool) -> str:
    """The curve as `height` lines of at most `width` characters, axes included.

    The y axis begins at 0. Every column is filled from the lowest to the highest rate of its updates, joined to the
    column before, so a peak of one update is never lost.

    Args:
        rates: the rate of every weight update, shape (run.total_steps,).
        run: the whole run; gives the x axis in epochs and weight updates.
        width: at least 30; less is taken as 30.
        height: at least 6; less is taken as 6.
        unicode: braille dots, 2 by 4 to a character; otherwise `*` and plain ASCII axes.
    """
    height, names = max(height, 6), ["epochs", "updates"]
    levels, level_names = _y_ticks(float(rates.max()), (height - 3) // 2)
    columns = plot_columns(width, [*names, *level_names])
    labels = []
    for step in _x_ticks(run, columns):
        whole, rest = divmod(step, run.steps_per_epoch)
        epochs = f"{in_epochs(step, run):.3g}" if rest else f"{whole:,}"
        labels.append((min(step * columns // run.total_steps, columns - 1), [epochs, f"{step:,}"]))
    ticks, rows = place_labels(labels, columns)
    return chart(rates, levels, level_names, ticks, list(zip(names, rows, strict=True)), width, height, unicode)


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
    step = _round_up((high - low) / most) if high > low else 1.0
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    levels = [step * i for i in range(first, max(last, first + 1) + 1)]
    decimals = next(d for d in range(20) if all(abs(round(level, d) - level) < 1e-6 * step for level in levels))
    return levels, [f"{level:.{decimals}f}" for level in levels]


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


def _y_ticks(peak: float, most: int) -> tuple[list[float], list[str]]:
    """Round numbers from 0 up to the first that is not under `peak`, at most about `most`, and their labels."""
    if peak <= 0:
        return [0.0, 1.0], ["0", "1"]
    step = _round_up(peak / max(most, 1))
    count = math.ceil(peak / step - 1e-9)
    ticks = [step * i for i in range(count + 1)]
    power = math.floor(math.log10(step) + 1e-9)
    digits = 1 if step / 10**power < 1.5 or abs(step / 10**power % 1) < 1e-9 else 2
    if 1e-3 <= ticks[-1] < 1e6:
        decimals = max(0, digits - 1 - power)
        return ticks, ["0", *(f"{tick:.{decimals}f}" for tick in ticks[1:])]
    mantissa = max(math.floor(math.log10(ticks[-1]) + 1e-9) - power + digits - 1, 0)
    return ticks, ["0", *(f"{tick:.{mantissa}e}" for tick in ticks[1:])]


def _x_ticks(run: Run, columns: int) -> range:
    """Weight updates worth a label: ends of epochs, or of round numbers of updates if the run has under two epochs."""
    unit = run.steps_per_epoch if run.total_steps >= 2 * run.steps_per_epoch else 1
    most = min(8, columns // (len(f"{run.total_steps:,}") + 3))
    return range(0, run.total_steps + 1, unit * math.ceil(_round_up(run.total_steps / unit / most) - 1e-9))


def _round_up(value: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is at least `value`."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * n for n in (1, 2, 2.5, 5, 10) if power * n >= value * (1 - 1e-9))


def can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def in_epochs(step: int, run: Run) -> float:
    return step / run.steps_per_epoch


def counted(number: float, noun: str) -> str:
    return f"{number:,.6g} {noun}{'' if number == 1 else 's'}" if number < 1e6 else f"{number:,.0f} {noun}s"
