"""What is probably not meant about a curve."""

import numpy as np

from annealkit.curve.rates import Schedule, Warmup
from annealkit.curve.span import Run, parse_duration
from annealkit.errors import ConfigError

# The fields by which schedules say how long something takes, and what fits into every run.
FITTING = {"half_cycle": "12.5%", "first": "20%", "length": "100%", "every": "20%"}


def warnings(
    rates: np.ndarray,
    run: Run,
    schedule: Schedule | None = None,
    warmup: Warmup | None = None,
    lr: float | None = None,
) -> list[str]:
    """What is probably not meant about a curve, each a sentence or two that say what to try.

    Only the curve is needed. With the schedule its own fields are named and its `floor` is held against the curve's
    end; with the warmup its ramp is left out of the judgement, and with the base rate `lr` it is held against it.

    Warned of: a rate of exactly 0, a leap to more than ten times any rate before, a period longer than the run, a curve
    that ends at its peak or well above its floor, a curve that is nearly 0 for most of the run, and one that stays far
    below the base rate. A restart (a leap back to where the curve has been) and the drops of a staircase are meant and
    are not mentioned.
    """
    ramp = run.steps(warmup.length) if warmup is not None else 0
    body = rates[ramp:]
    span = Run(len(body), run.steps_per_epoch)
    if body.max() <= 0:
        return ["The rate is 0 throughout: nothing will be learned. Try optimizer.lr=0.01."]
    zero = _zero(rates, schedule)
    end = _never_down(body, span, schedule) or _ends_at_peak(body, span, schedule) or _above_floor(body, span, schedule)
    found = [zero, _leap(rates), end, None if zero else _spent(rates, schedule), _low(body, lr)]
    return [warning for warning in found if warning]


def _low(rates: np.ndarray, lr: float | None) -> str | None:
    """Rates given where factors are wanted are the usual reason."""
    if lr is None or rates.max() >= 0.5 * lr:
        return None
    return (
        f"The highest rate is {rates.max():.3g}, and optimizer.lr is {lr:g}: the schedule's values are factors of it. "
        "If they are meant as rates, try optimizer.lr=1."
    )


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
