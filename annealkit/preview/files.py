"""The curve as CSV and as PNG."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from annealkit.curve.span import Run
from annealkit.errors import ConfigError


def write_csv(path: str | Path, rates: np.ndarray) -> None:
    """Write `step,learning_rate`, one row per weight update; every number reads back exactly.

    Raises:
        ConfigError: the file cannot be written.
    """
    rows = (f"{step},{rate!r}\n" for step, rate in enumerate(np.asarray(rates, dtype=np.float64).tolist()))
    text = "step,learning_rate\n" + "".join(rows)
    write_file("preview.csv", Path(path), lambda file: file.write(text.encode()))


def write_png(path: str | Path, rates: np.ndarray, run: Run, title: str) -> None:
    """Write the curve as a picture of 1600 by 800 pixels: rate over epochs, weight updates along the top.

    Raises:
        ConfigError: the file cannot be written, or matplotlib is missing.
    """
    try:
        from matplotlib.figure import Figure  # Not pyplot: no global state, no window, always Agg.
        from matplotlib.ticker import FuncFormatter
    except ImportError as error:
        raise ConfigError(
            f"preview.png: {str(path)!r} needs matplotlib, which cannot be imported ({error}). "
            'Try pip install "annealkit[plot]", or preview.csv=rates.csv, which needs nothing.'
        ) from None
    figure = Figure(figsize=(10, 5), dpi=160, layout="constrained")
    axes = figure.add_subplot()
    axes.plot(*_outline(rates, run), color="#1f5fa8", linewidth=1.8)
    axes.set(
        xlabel="epochs",
        ylabel="learning rate",
        xlim=(0, len(rates) / run.steps_per_epoch),
        ylim=(0, 1.05 * float(rates.max()) or 1.0),
    )
    axes.set_title(title, loc="left", fontsize=12, pad=12, parse_math=False)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    axes.grid(color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    top = axes.secondary_xaxis("top")  # The same ticks, named in the other unit.
    top.set_xlabel("weight updates", color="#777777")
    top.xaxis.set_major_formatter(FuncFormatter(lambda epoch, _: f"{round(epoch * run.steps_per_epoch):,}"))
    top.tick_params(colors="#777777")
    top.spines["top"].set_color("#cccccc")
    write_file("preview.png", Path(path), lambda file: figure.savefig(file, format="png"))


def _outline(rates: np.ndarray, run: Run, most: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Epochs and rates of a line: each update's rate holds until the next one, the last one's to the end of the run.

    A long run is drawn as the lowest and highest rate of each of `most` stretches, finer than a pixel: matplotlib
    would need 20 s for half a million updates.
    """
    if len(rates) <= most:
        return np.repeat(np.arange(len(rates) + 1), 2)[1:-1] / run.steps_per_epoch, np.repeat(rates, 2)
    starts = np.arange(most) * len(rates) // most
    ends = np.stack([np.minimum.reduceat(rates, starts), np.maximum.reduceat(rates, starts)], axis=1)
    # Low before high where the curve rises, so that the line does not zigzag more than the curve.
    falls = rates[starts] > rates[np.append(starts[1:], len(rates)) - 1]
    ends[falls] = ends[falls, ::-1]
    return np.repeat(starts, 2) / run.steps_per_epoch, ends.ravel()


def write_file(key: str, path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Fill a file beside `path` and rename it, so that no reader ever meets half of it.

    What exists and is no ordinary file (/dev/null, a pipe) is written to, never replaced; a link is followed.

    Args:
        key: the setting that named it, for the message if it cannot be written.
        path: the file.
        fill: writes its bytes.

    Raises:
        ConfigError: the file cannot be written.
    """
    part = None
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                fill(file)
            return
        target = path.resolve()
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        with part.open("wb") as file:
            fill(file)
        part.replace(target)
    except OSError as error:
        if part is not None:
            part.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        if not path.parent.is_dir():
            reason, hint = f"there is no folder {str(path.parent)!r}", f"mkdir -p {path.parent}, or {key}={path.name}"
        elif path.is_dir():
            reason, hint = "that is a folder", f"{key}={path / ('rates' + ('.png' if key.endswith('png') else '.csv'))}"
        else:
            hint = f"another place, such as {key}={path.name}"
        raise ConfigError(f"{key}: cannot write {str(path)!r}: {reason}. Try {hint}.") from None
