"""The curve as CSV and as PNG."""

from pathlib import Path
from typing import Any

import numpy as np

from annealkit.curve.outline import outline
from annealkit.curve.span import Run
from annealkit.writing import png
from annealkit.writing.files import write_file

MOST_POINTS = 8000


def write_csv(path: str | Path, rates: np.ndarray) -> None:
    """Write `step,learning_rate`, one row per weight update; every number reads back exactly.

    Raises:
        ConfigError: the file cannot be written.
    """
    rows = (f"{step},{rate!r}\n" for step, rate in enumerate(np.asarray(rates, dtype=np.float64).tolist()))
    write_file("preview.csv", path, "step,learning_rate\n" + "".join(rows), "rates.csv")


def write_png(path: str | Path, rates: np.ndarray, run: Run, title: str) -> None:
    """Write the curve as a picture of 1600 by 800 pixels: rate over epochs, weight updates along the top.

    Raises:
        ConfigError: the file cannot be written, or matplotlib is missing.
    """

    def draw(axes: Any) -> None:
        axes.plot(*_line(rates, run), color=png.BLUE, linewidth=1.8)
        axes.set(
            xlabel="epochs",
            ylabel="learning rate",
            xlim=(0, len(rates) / run.steps_per_epoch),
            ylim=(0, 1.05 * float(rates.max()) or 1.0),
        )
        axes.yaxis.set_major_formatter(lambda rate, _: f"{rate:g}")
        top = axes.secondary_xaxis("top")  # The same ticks, named in the other unit.
        top.set_xlabel("weight updates", color="#777777")
        top.xaxis.set_major_formatter(lambda epoch, _: f"{round(epoch * run.steps_per_epoch):,}")
        top.tick_params(colors="#777777")
        top.spines["top"].set_color("#cccccc")

    png.write_png("preview.png", path, "rates.png", "preview.csv=rates.csv", title, draw)


def _line(rates: np.ndarray, run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Epochs and rates of a line: each update's rate holds until the next one, the last one's to the end of the run.

    A long run is drawn finer than a pixel all the same: matplotlib would need 20 s for half a million updates.
    """
    places = outline(rates, MOST_POINTS)
    if len(places) < len(rates):
        return places / run.steps_per_epoch, rates[places]
    return np.repeat(np.arange(len(rates) + 1), 2)[1:-1] / run.steps_per_epoch, np.repeat(rates, 2)
