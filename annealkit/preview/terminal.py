"""The curve as text: its axes in epochs and weight updates."""

import math

import numpy as np

from annealkit.curve.span import Run
from annealkit.writing.line_chart import chart, place_labels, plot_columns, round_up


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


def _y_ticks(peak: float, most: int) -> tuple[list[float], list[str]]:
    """Round numbers from 0 up to the first that is not under `peak`, at most about `most`, and their labels."""
    if peak <= 0:
        return [0.0, 1.0], ["0", "1"]
    step = round_up(peak / max(most, 1))
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
    return range(0, run.total_steps + 1, unit * math.ceil(round_up(run.total_steps / unit / most) - 1e-9))


def in_epochs(step: int, run: Run) -> float:
    return step / run.steps_per_epoch
