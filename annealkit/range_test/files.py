"""A range test as CSV and as PNG."""

from pathlib import Path
from typing import Any

from annealkit.range_test.conclusion import RangeTest
from annealkit.range_test.rules import RULES
from annealkit.range_test.settings import FindLrSettings
from annealkit.range_test.view import highest_shown
from annealkit.writing import png
from annealkit.writing.files import check_place, write_file

HEADER = "seed,step,learning_rate,loss,smoothed,smoothed_learning_rate\n"
_INSTEAD = "find_lr.csv=ramp.csv"


def check_files(settings: FindLrSettings) -> None:
    """Refuse before the ramps are trained what could not be written after them.

    Raises:
        ConfigError: matplotlib or a folder is missing, or a folder is in the place of a file.
    """
    if settings.png is not None:
        png.check_matplotlib("find_lr.png", settings.png, _INSTEAD)
    for key, path in (("png", settings.png), ("csv", settings.csv)):
        if path is not None:
            check_place(f"find_lr.{key}", path, f"ramp.{key}")


def write_csv(path: str | Path, test: RangeTest) -> None:
    """Write a row for each update of each ramp, `step` counted from 0; every number reads back exactly.

    The smoothed loss stands over the smoothed rate, see `annealkit.range_test.smooth`.

    Raises:
        ConfigError: the file cannot be written.
    """
    rows = (
        f"{seed},{step},{rate!r},{loss!r},{smoothed!r},{smoothed_rate!r}\n"
        for seed, losses, averages in zip(test.seeds, test.losses, test.smoothed, strict=True)
        for step, (rate, loss, smoothed, smoothed_rate) in enumerate(
            zip(test.rates.tolist(), losses.tolist(), averages.tolist(), test.smoothed_rates.tolist(), strict=False)
        )
    )
    write_file("find_lr.csv", path, HEADER + "".join(rows), "ramp.csv")


def write_png(path: str | Path, test: RangeTest, title: str) -> None:
    """Write a picture of 1600 by 800 pixels: the smoothed losses over the rate, the rules' rates as vertical lines.

    Raises:
        ConfigError: the file cannot be written, or matplotlib cannot be imported.
    """

    def draw(axes: Any) -> None:
        for losses in test.smoothed:
            axes.plot(test.smoothed_rates[: len(losses)], losses, color="#9dbbdc", linewidth=1)
        mean = test.mean
        axes.plot(test.smoothed_rates[: len(mean)], mean, color=png.BLUE, linewidth=2, label="mean of the seeds")
        colors = ("#2e8b57", "#8a6d3b", "#7b5ea7", "#d08000", "#c0392b")
        for rule, color in zip(RULES, colors, strict=True):
            if rule in test.suggestions:
                said = test.suggestions[rule]
                axes.axvline(said.rate, color=color, linewidth=1.4, linestyle="--", label=f"{rule}: {said.rate:.2g}")
                axes.axvspan(said.low, said.high, color=color, alpha=0.08, linewidth=0)
        drawn = [losses for losses in test.smoothed if len(losses)]
        low = min((float(losses.min()) for losses in drawn), default=0.0)
        high = max((highest_shown(losses) for losses in drawn), default=1.0)
        margin = 0.05 * (high - low) or 1.0
        axes.set(
            xscale="log",
            xlabel="learning rate",
            ylabel="smoothed loss",
            xlim=(test.rates[0], test.rates[-1]),
            ylim=(low - margin, high + margin),
        )
        axes.legend(frameon=False)

    png.write_png("find_lr.png", path, "ramp.png", _INSTEAD, title, draw)
