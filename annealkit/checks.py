"""Checks that a part makes of its own fields in `__post_init__`.

Each raises ConfigError in one form: `one_cycle: start must lie in [0, 1]; got 3. Try schedule.start=0.04.`
"""

import math
import numbers

from annealkit.curve.span import parse_duration
from annealkit.errors import ConfigError


def check_number(
    part: str, field: str, value: float, low: float, high: float = math.inf, *, bounds: str = "[]", hint: str = ""
) -> None:
    """Refuse a value that is not a finite number between `low` and `high`.

    `bounds` says whether each end belongs to the range: `[]`, `(]`, `[)` or `()`.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ConfigError(f"{part}: {field} must be a number; got {value!r}.{_and(hint)}")
    above = value >= low if bounds[0] == "[" else value > low
    below = value <= high if bounds[1] == "]" else value < high
    if not (math.isfinite(value) and above and below):
        left, right = bounds[0], bounds[1] if math.isfinite(high) else ")"
        span = f"{left}{low:g}, {'infinity' if high == math.inf else format(high, 'g')}{right}"
        raise ConfigError(f"{part}: {field} must lie in {span}; got {value!r}.{_and(hint)}")


def check_duration(part: str, field: str, value: str, *, zero: bool = False, hint: str = "") -> None:
    """Refuse what is no duration, and a duration of zero unless `zero` allows it."""
    try:
        number, _ = parse_duration(value)
    except ConfigError as error:
        raise ConfigError(f"{part}: {field}={error}{_and(hint)}") from None
    if number == 0 and not zero:
        raise ConfigError(f"{part}: {field} must be longer than nothing; got {value!r}.{_and(hint)}")


def check_choice(part: str, field: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuse a word that is not one of `allowed`."""
    if value not in allowed:
        raise ConfigError(f"{part}: {field} must be one of {', '.join(allowed)}; got {value!r}.")


def _and(hint: str) -> str:
    return f" Try {hint}." if hint else ""


def check_momentum(part: str, momentum: list[float] | None) -> None:
    """Refuse what is not None or two numbers from 0 to below 1, the higher first."""
    if momentum is None:
        return
    hint = "schedule.momentum=[0.95,0.85], or null to leave it alone"
    if len(momentum) != 2 or momentum[0] < momentum[1]:
        raise ConfigError(f"{part}: momentum must be [highest, lowest]; got {list(momentum)!r}. Try {hint}.")
    for value in momentum:
        check_number(part, "momentum", value, 0, 1, bounds="[)", hint=hint)
