"""A learning-rate curve shown before anything is trained: as text in the terminal, as CSV, as PNG.

What is drawn is the array that training applies. TensorFlow is never imported, matplotlib only for a PNG.
"""

import math
import os
import shutil
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from annealkit.checks import check_number
from annealkit.curve import Schedule, Warmup
from annealkit.errors import ConfigError
from annealkit.run import Run, parse_duration


@dataclass
class PreviewSettings:
    """Where a preview goes besides the terminal.

    Args:
        png: file for the curve as a picture, or None. Needs `pip install "annealkit[plot]"`.
        csv: file for the numbers, `step,learning_rate` in full precision, or None.
        steps_per_epoch: weight updates in one epoch; None takes it from the data set and the batch size.
    """

    png: str | None = None
    csv: str | None = None
    steps_per_epoch: int | None = None

    def __post_init__(self) -> None:
        if self.steps_per_epoch is not None:
            check_number("preview", "steps_per_epoch", self.steps_per_epoch, 1, hint="preview.steps_per_epoch=391")


class Point(NamedTuple):
    """One place on the curve: the rate and the weight update, 0-based, that it is applied at."""

    rate: float
    step: int


def show(
    rates: np.ndarray,
    run: Run,
    schedule: Schedule | None,
    settings: PreviewSettings,
    title: str,
    warmup: Warmup | None = None,
) -> None:
    """Print the curve, what it amounts to and what looks unmeant, and write the files that were asked for.

    Args:
        rates: the rate of every weight update, from `annealkit.curve.learning_rates`.
        run: the whole run.
        schedule: the schedule that made them; warnings then name its fields.
        settings: which files to write.
        title: one line that says what the curve is of.
        warmup: the warmup that made them; durations in % are then taken of what it leaves.

    Raises:
        ConfigError: a file cannot be written, or matplotlib is missing.
    """
    width = min(shutil.get_terminal_size().columns, 100)
    print(title)
    print(
        f"{_count(run.total_steps, 'weight update')} in {_count(_epoch(run.total_steps, run), 'epoch')}"
        f" of {run.steps_per_epoch:,}"
    )
    print()
    print(draw(rates, run, width, 15, unicode=_can_print("⣿┤└┬─")))
    print()
    for name, point in describe(rates).items():
        print(f"{name:<6}  {point.rate:<10.4g}  update {point.step:,} (epoch {_epoch(point.step, run):,.4g})")
    if settings.csv is not None:
        write_csv(settings.csv, rates)
        print(f"wrote {settings.csv}")
    if settings.png is not None:
        write_png(settings.png, rates, run, title)
        print(f"wrote {settings.png}")
    for warning in warnings(rates, run, schedule, warmup):
        lines = textwrap.wrap(f"warning: {warning}", width, break_long_words=False, break_on_hyphens=False)
        print("\n" + "\n".join(lines))


def describe(rates: np.ndarray) -> dict[str, Point]:
    """The first, highest, lowest and last rate, each with its update; of equal ones the earliest."""
    places = {"first": 0, "peak": int(rates.argmax()), "lowest": int(rates.argmin()), "last": len(rates) - 1}
    return {name: Point(float(rates[step]), step) for name, step in places.items()}


# --- the curve as text ---------------------------------------------------------------------------------------------
# Drawn here rather than by a library. Measured: `import plotext` 6.1 takes 0.17-0.6 s, more than all the rest of a
# preview, and uniplot 0.07 s or more; plotille imports in 6 ms but draws no plain ASCII; and none knows two units on
# one axis.

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
        texts = (f"{_epoch(step, run):.3g}" if rest else f"{whole:,}", f"{step:,}")
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


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _epoch(step: int, run: Run) -> float:
    return step / run.steps_per_epoch


def _count(number: float, noun: str) -> str:
    return f"{number:,.6g} {noun}{'' if number == 1 else 's'}" if number < 1e6 else f"{number:,.0f} {noun}s"


# --- what is probably not meant --------------------------------------------------------------------------------------


# The fields by which schedules say how long something takes, and what fits into every run.
FITTING = {"half_cycle": "12.5%", "first": "20%", "length": "100%", "every": "20%"}


def warnings(rates: np.ndarray, run: Run, schedule: Schedule | None = None, warmup: Warmup | None = None) -> list[str]:
    """What is probably not meant about a curve, each a sentence or two that say what to try.

    Only the curve is needed. With the schedule its own fields are named and its `floor` is held against the curve's
    end; with the warmup its ramp is left out of the judgement.

    Warned of: a rate of exactly 0, a leap to more than ten times any rate before, a period longer than the run, a curve
    that ends at its peak or well above its floor, and a curve that is nearly 0 for most of the run. A restart (a leap
    back to where the curve has been) and the drops of a staircase are meant and are not mentioned.
    """
    ramp = run.steps(warmup.length) if warmup is not None else 0
    body = rates[ramp:]
    span = Run(len(body), run.steps_per_epoch)
    if body.max() <= 0:
        return ["The rate is 0 throughout: nothing will be learned. Try optimizer.lr=0.01."]
    zero = _zero(rates, schedule)
    end = _never_down(body, span, schedule) or _ends_at_peak(body, span, schedule) or _above_floor(body, span, schedule)
    found = [zero, _leap(rates), end, None if zero else _spent(rates, schedule)]
    return [warning for warning in found if warning]


def _zero(rates: np.ndarray, schedule: Schedule | None) -> str | None:
    """Updates that change nothing. A cycle that touches 0 for one update is no waste worth a word."""
    zero = rates == 0
    steps = np.flatnonzero(zero)
    in_a_row = bool((zero[1:] & zero[:-1]).any())
    dropped = np.flatnonzero(zero[1:] & (rates[:-1] > 0.5 * rates.max()))
    if not (in_a_row and len(steps) > 0.01 * len(rates)) and not len(dropped):
        return None
    hint = "schedule.floor=0.01" if hasattr(schedule, "floor") else "a schedule that stays above 0"
    if hasattr(schedule, "length"):
        hint += " or schedule.length=100%"
    where = f"at {len(steps):,} of {len(rates):,} updates, first" if len(steps) > 1 else "once,"
    return f"The rate is exactly 0 {where} at update {steps[0]:,}: there, nothing is learned. Try {hint}."


def _leap(rates: np.ndarray) -> str | None:
    """More than ten times any rate so far in one update.

    From 0 is no leap, warmups begin there; nor is the first update of a ramp, whatever its ratio: a leap covers more
    than half of the height at once.
    """
    highest = np.maximum.accumulate(rates)[:-1]
    leaps = np.flatnonzero((rates[1:] > 10.001 * highest) & (highest > 0) & (np.diff(rates) > 0.5 * rates.max()))
    if not len(leaps):
        return None
    step = int(leaps[0])
    return (
        f"The rate leaps from {rates[step]:.3g} to {rates[step + 1]:.3g} at update {step + 1:,}, more than ten times "
        "any rate before it, which can undo what was learned. Try a longer warmup.length, or a lower rate there."
    )


def _never_down(body: np.ndarray, span: Run, schedule: Schedule | None) -> str | None:
    """A period that is longer than the run, when that is why the curve does not come down."""
    if body[-1] < 0.9 * body.max():
        return None
    for field in FITTING:
        steps = _steps(schedule, field, span)
        # A length of just the run is what it should be; a stair or half a cycle as long as the run is too long.
        if steps is None or steps < span.total_steps or (field == "length" and steps == span.total_steps):
            continue
        return (
            f"schedule.{field}={getattr(schedule, field)} is {steps:,.0f} updates and the schedule has only "
            f"{span.total_steps:,}, so the rate never comes down: it ends at {body[-1]:.3g}, its peak is "
            f"{body.max():.3g}. Try schedule.{field}={FITTING[field]}."
        )
    return None


def _ends_at_peak(body: np.ndarray, span: Run, schedule: Schedule | None) -> str | None:
    """The last updates profit most from a low rate. A rate that rises early and then holds is meant (constant)."""
    peak = body.max()
    rise = max(0.0, body[-1] - body[-2]) if len(body) > 1 else 0.0
    reached = int(np.argmax(body >= 0.99 * peak))
    came_back = body[reached:].min() < 0.9 * peak
    rises_to_the_end = body.min() < 0.9 * peak and reached > len(body) // 2
    if body[-1] + rise < 0.99 * peak or not (came_back or rises_to_the_end):
        return None
    return f"The curve ends at its peak, {body[-1]:.3g}; a low rate is wanted there. Try {_dividing(span, schedule)}."


def _above_floor(body: np.ndarray, span: Run, schedule: Schedule | None) -> str | None:
    """A floor that the curve was to end at, but the run is over before.

    Only for schedules that say how long they take to get there; an exponential's floor is a bound, not an end.
    """
    floor = getattr(schedule, "floor", None)
    timed = any(_steps(schedule, field, span) is not None for field in ("half_cycle", "first", "length"))
    if not timed or isinstance(floor, bool) or not isinstance(floor, int | float):
        return None
    # A short run ends one update away from its floor: the next update's fall is granted.
    fall = max(0.0, body[-2] - body[-1]) if len(body) > 1 else 0.0
    # Half a cycle is a whole number of updates. Where it would end with the run but for that, a good part is granted.
    half_cycle = _steps(schedule, "half_cycle", span)
    rounded = half_cycle and abs(span.total_steps / half_cycle / 2 % 1) < 1e-6
    if body[-1] - 2 * fall <= (floor + (0.3 if rounded else 0.05)) * body.max():
        return None
    return (
        f"The curve ends at {body[-1]:.3g}, well above its floor of {floor * body.max():.3g}: the run is over "
        f"before it gets there. Try {_dividing(span, schedule)}."
    )


def _spent(rates: np.ndarray, schedule: Schedule | None) -> str | None:
    """Under 1/10,000 of the peak for the second half of the run or more: it does next to nothing there."""
    step = int(np.flatnonzero(rates >= 1e-4 * rates.max())[-1]) + 1
    if step > len(rates) // 2:
        return None
    longer = next((field for field in ("every", "length") if hasattr(schedule, field)), None)
    return (
        f"From update {step:,} of {len(rates):,} on the rate is under 1/10,000 of its peak, so most of the run "
        f"does next to nothing. Try {f'a longer schedule.{longer}' if longer else 'a slower decay'} or fewer epochs."
    )


def _steps(schedule: Schedule | None, field: str, span: Run) -> float | None:
    """The schedule's duration of that name in weight updates; None if it has none."""
    value = getattr(schedule, field, None)
    if not isinstance(value, str):
        return None
    try:
        parse_duration(value)
    except ConfigError:
        return None
    return float(span.exact_steps(value))


def _dividing(span: Run, schedule: Schedule | None) -> str:
    """What to set so that the last cycle ends with the run."""
    half_cycle = _steps(schedule, "half_cycle", span)
    if half_cycle and getattr(schedule, "down", None) is not None:
        return "a schedule.half_cycle and schedule.down whose sum divides the run"
    if half_cycle:
        # A half cycle is a whole number of updates, so in a short run not every even number of them ends with the run.
        wanted, total = span.total_steps / half_cycle, span.total_steps
        even = sorted(range(2, max(3, int(2 * wanted)), 2), key=lambda halves: abs(halves - wanted))
        fits = (n for n in even if abs(n * round(total / n) - total) <= 0.05 * total / n)
        halves = next(fits, 2)
        cycles = "one whole cycle" if halves == 2 else f"{halves // 2:,} whole cycles"
        return f"schedule.half_cycle={100 / halves:.6g}%, which makes {cycles}"
    if _steps(schedule, "first", span):
        return "a schedule.first whose cycles add up to the run"
    if _steps(schedule, "length", span):
        return "schedule.length=100%"
    if _steps(schedule, "every", span):
        return "a schedule.every that divides the run"
    return "a schedule that ends low, for example schedule=cosine"


# --- files -----------------------------------------------------------------------------------------------------------


def write_csv(path: str | Path, rates: np.ndarray) -> None:
    """Write `step,learning_rate`, one row per weight update; every number reads back exactly.

    Raises:
        ConfigError: the file cannot be written.
    """
    rows = (f"{step},{rate!r}\n" for step, rate in enumerate(np.asarray(rates, dtype=np.float64).tolist()))
    text = "step,learning_rate\n" + "".join(rows)
    _write("preview.csv", Path(path), lambda file: file.write(text.encode()))


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
    _write("preview.png", Path(path), lambda file: figure.savefig(file, format="png"))


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


def _write(key: str, path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Fill a file beside `path` and rename it, so that no reader ever meets half of it.

    What exists and is no ordinary file (/dev/null, a pipe) is written to, never replaced; a link is followed.
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
            hint = f"another place, such as {key}=/tmp/{path.name}"
        raise ConfigError(f"{key}: cannot write {str(path)!r}: {reason}. Try {hint}.") from None
