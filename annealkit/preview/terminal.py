"""The curve as text.

Drawn here rather than by a library. Measured: `import plotext` 6.1 takes 0.17-0.6 s, more than all the rest of a
preview, and uniplot 0.07 s or more; plotille imports in 6 ms but draws no plain ASCII; and none knows two units on
one axis.
"""

import math
import sys

import numpy as np

from annealkit.run import Run

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
    corner, tick, side, line, mark = "└┤│─┬" if unicode else "++|-+"
    most_rows = max(height, 6) - 3
    ticks, labels = _y_ticks(float(rates.max()), most_rows // 2)
    gaps = len(ticks) - 1
    rows = 1 + (most_rows - 1) // gaps * gaps  # So that the labels stand at equal distances.
    gutter = max(len("updates"), *map(len, labels))
    columns = max(width, 30) - gutter - 2

    labelled = {row * (rows - 1) // gaps: text for row, text in enumerate(reversed(labels))}
    lines = [
        f"{labelled.get(row, ''):>{gutter}} {tick if row in labelled else side}{text}"
        for row, text in enumerate(_canvas(rates, ticks[-1], rows, columns, unicode))
    ]

    axis, epochs, updates = ([blank] * columns for blank in (line, " ", " "))
    free = 0
    for step in _x_ticks(run, columns):
        whole, rest = divmod(step, run.steps_per_epoch)
        texts = (f"{in_epochs(step, run):.3g}" if rest else f"{whole:,}", f"{step:,}")
        longest = max(map(len, texts))
        column = min(step * columns // run.total_steps, columns - 1)
        left = min(max(column - longest // 2, 0), columns - longest)
        if left < free:
            continue  # Better one label less than two run together.
        free = left + longest + 2
        axis[column] = mark
        for row_of_text, text in zip((epochs, updates), texts, strict=True):
            start = min(max(column - len(text) // 2, 0), columns - len(text))
            row_of_text[start : start + len(text)] = text
    lines.append(f"{'':>{gutter}} {corner}{''.join(axis)}")
    lines.append(f"{'epochs':>{gutter}}  {''.join(epochs)}")
    lines.append(f"{'updates':>{gutter}}  {''.join(updates)}")
    return "\n".join(text.rstrip() for text in lines)


def _canvas(rates: np.ndarray, top: float, rows: int, columns: int, unicode: bool) -> list[str]:
    """The plot area: one string per row."""
    wide, high = (columns * 2, rows * 4) if unicode else (columns, rows)
    dots = np.zeros((high, wide), dtype=bool)
    before = 0  # The last update drawn so far; to begin with it joins the columns.
    for column in range(wide):
        end = max(1, -(-(column + 1) * len(rates) // wide))
        part = rates[before:end]
        dots[_dot_row(part.max(), top, high) : _dot_row(part.min(), top, high) + 1, column] = True
        before = end - 1
    if not unicode:
        return ["".join("*" if dot else " " for dot in row) for row in dots]
    cells = (dots.reshape(rows, 4, columns, 2) * _BRAILLE[None, :, None, :]).sum(axis=(1, 3))
    return ["".join(chr(0x2800 + cell) if cell else " " for cell in row) for row in cells]


def _dot_row(rate: float, top: float, high: int) -> int:
    """The row, 0 at the top, that a rate is drawn in: `top` in the first and 0 in the last of `high` rows."""
    return round((1 - rate / top) * (high - 1))


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
