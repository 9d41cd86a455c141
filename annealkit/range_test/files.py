"""A range test as CSV and as PNG."""

from importlib.util import find_spec
from pathlib import Path

from annealkit.errors import ConfigError
from annealkit.preview.files import write_file
from annealkit.range_test.conclusion import RangeTest
from annealkit.range_test.rules import RULES
from annealkit.range_test.settings import FindLrSettings
from annealkit.range_test.view import highest_shown

HEADER = "seed,step,learning_rate,loss,smoothed,smoothed_learning_rate\n"


def check_files(settings: FindLrSettings) -> None:
    """Refuse before the ramps are trained what could not be written after them.

    Raises:
        ConfigError: matplotlib is missing, or a folder.
    """
    if settings.png is not None and find_spec("matplotlib") is None:
        raise ConfigError(
            f"find_lr.png: {settings.png!r} needs matplotlib, which is not installed. "
            'Try pip install "annealkit[plot]", or find_lr.csv=ramp.csv, which needs nothing.'
        )
    for key, name in (("png", settings.png), ("csv", settings.csv)):
        if name is None:
            continue
        path = Path(name)
        if path.is_dir():
            raise ConfigError(f"find_lr.{key}: {name!r} is a folder. Try find_lr.{key}={path / f'ramp.{key}'}.")
        if not path.parent.is_dir():
            raise ConfigError(
                f"find_lr.{key}: cannot write {name!r}: there is no folder {str(path.parent)!r}. "
                f"Try mkdir -p {path.parent}, or find_lr.{key}={path.name}."
            )


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
    text = HEADER + "".join(rows)
    write_file("find_lr.csv", Path(path), lambda file: file.write(text.encode()))


def write_png(path: str | Path, test: RangeTest, title: str) -> None:
    """Write a picture of 1600 by 800 pixels: the smoothed losses over the rate, the rules' rates as vertical lines.

    Raises:
        ConfigError: the file cannot be written.
    """
    from matplotlib.figure import Figure  # Not pyplot: no global state, no window, always Agg.

    figure = Figure(figsize=(10, 5), dpi=160, layout="constrained")
    axes = figure.add_subplot()
    for losses in test.smoothed:
        axes.plot(test.smoothed_rates[: len(losses)], losses, color="#9dbbdc", linewidth=1)
    mean = test.mean
    axes.plot(test.smoothed_rates[: len(mean)], mean, color="#1f5fa8", linewidth=2, label="mean of the seeds")
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
    axes.set_title(title, loc="left", fontsize=12, pad=12, parse_math=False)
    axes.grid(color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    write_file("find_lr.png", Path(path), lambda file: figure.savefig(file, format="png"))
