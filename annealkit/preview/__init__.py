"""A learning-rate curve shown before anything is trained: as text in the terminal, as CSV, as PNG.

What is drawn is the array that training applies. TensorFlow is never imported, matplotlib only for a PNG.
"""

import shutil
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from annealkit.curve.span import Run
from annealkit.fields import checked_dataclass, integer, setting
from annealkit.preview.files import write_csv, write_png
from annealkit.preview.lint import warnings
from annealkit.preview.terminal import draw, in_epochs
from annealkit.writing.line_chart import can_print
from annealkit.writing.text import counted, wrapped

__all__ = ["Point", "PreviewSettings", "describe", "draw", "show", "warnings", "write_csv", "write_png"]


@checked_dataclass(label="preview")
class PreviewSettings:
    """Where a preview goes besides the terminal."""

    png: str | None = setting(
        None, 'file for the curve as a picture, which needs `pip install "annealkit[plot]"`', null="none"
    )
    csv: str | None = setting(None, "file for the numbers, `step,learning_rate` in full precision", null="none")
    steps_per_epoch: int | None = integer(
        None, "[1, inf)", "weight updates in one epoch", null="by the data set and the batch size", hint="391"
    )


class Point(NamedTuple):
    """One place on the curve: the rate and the weight update, 0-based, that it is applied at."""

    rate: float
    step: int


def show(
    rates: np.ndarray,
    run: Run,
    settings: PreviewSettings,
    title: str,
    momenta: np.ndarray | None = None,
    warnings: Sequence[str] = (),
) -> None:
    """Print the curve, what it amounts to and what is probably not meant, and write the files that were asked for.

    Args:
        rates: the rate of every weight update, from `annealkit.curve.rates.learning_rates`.
        run: the whole run.
        settings: which files to write.
        title: one line that says what the curve is of.
        momenta: the momentum of every weight update, from `annealkit.curve.rates.momenta`, where the schedule moves it.
        warnings: what to warn of, for example what `warnings` returns.

    Raises:
        ConfigError: a file cannot be written, or matplotlib is missing.
    """
    width = min(shutil.get_terminal_size().columns, 100)
    print(title)
    print(
        f"{counted(run.total_steps, 'weight update')} in {counted(in_epochs(run.total_steps, run), 'epoch')}"
        f" of {run.steps_per_epoch:,}"
    )
    print()
    print(draw(rates, run, width, 15, unicode=can_print("⣿┤└┬─")))
    print()
    for name, point in describe(rates).items():
        print(f"{name:<6}  {point.rate:<10.4g}  update {point.step:,} (epoch {in_epochs(point.step, run):,.4g})")
    if momenta is not None and not np.isnan(momenta).all():
        low, high = np.nanmin(momenta), np.nanmax(momenta)
        print(f"momentum of the optimizer, if it has one: {low:.4g} to {high:.4g}, against the rate")
    if settings.csv is not None:
        write_csv(settings.csv, rates)
        print(f"wrote {settings.csv}")
    if settings.png is not None:
        write_png(settings.png, rates, run, title)
        print(f"wrote {settings.png}")
    for warning in warnings:
        print("", *wrapped(f"warning: {warning}", width), sep="\n")


def describe(rates: np.ndarray) -> dict[str, Point]:
    """The first, highest, lowest and last rate, each with its update; of equal ones the earliest."""
    places = {"first": 0, "peak": int(rates.argmax()), "lowest": int(rates.argmin()), "last": len(rates) - 1}
    return {name: Point(float(rates[step]), step) for name, step in places.items()}
