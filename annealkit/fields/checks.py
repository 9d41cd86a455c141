"""What is wrong with a value: checks of numbers, durations and choices, in one form of words.

A setting that is declared as in `annealkit.fields` is checked by itself; a plain dataclass calls these in its
`__post_init__`. Each raises ConfigError: `one_cycle: start must lie in [0, 1]; got 3. Try schedule.start=0.04.`
"""

import math
import numbers
from typing import Any, cast

from annealkit.curve.span import parse_duration
from annealkit.errors import ConfigError


def check_number(
    part: str, field: str, value: float, low: float, high: float = math.inf, *, bounds: str = "[]", hint: str = ""
) -> None:
    """Refuse a value that is not a finite number between `low` and `high`.

    `bounds` says whether each end belongs to the range: `[]`, `(]`, `[)` or `()`.
    """
    _refuse(part, field, number_problem(value, low, high, bounds), hint)


def check_duration(part: str, field: str, value: str, *, zero: bool = False, hint: str = "") -> None:
    """Refuse what is no duration, and a duration of zero unless `zero` allows it."""
    _refuse(part, field, duration_problem(value, zero=zero), hint)


def check_choice(part: str, field: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuse a word that is not one of `allowed`."""
    _refuse(part, field, choice_problem(value, allowed), "")


def number_problem(value: Any, low: float, high: float = math.inf, bounds: str = "[]") -> str | None:
    """What is wrong with a value that is to be a finite number between `low` and `high`; follows the setting's name."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return f" must be a number; got {value!r}."
    value = cast(float, value)
    above = value >= low if bounds[0] == "[" else value > low
    below = value <= high if bounds[1] == "]" else value < high
    if math.isfinite(value) and above and below:
        return None
    left, right = bounds[0], bounds[1] if math.isfinite(high) else ")"
    span = f"{left}{low:.10g}, {'infinity' if high == math.inf else format(high, '.10g')}{right}"
    return f" must lie in {span}; got {value!r}."


def duration_problem(value: Any, zero: bool = False) -> str | None:
    """What is wrong with a value that is to be a duration; follows the setting's name."""
    try:
        number, _ = parse_duration(value)
    except ConfigError as error:
        return f"={error}"
    return None if number or zero else f" must be longer than nothing; got {value!r}."


def choice_problem(value: Any, allowed: tuple[str, ...]) -> str | None:
    """What is wrong with a value that is to be one of some words; follows the setting's name."""
    return None if value in allowed else f" must be one of {', '.join(allowed)}; got {value!r}."


def momentum_problem(value: Any) -> str | None:
    """What is wrong with a value that is to be two momenta, the higher first; follows the setting's name."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        return f" must be [highest, lowest]; got {value!r}."
    wrong = next(filter(None, (number_problem(item, 0, 1, "[)") for item in value)), None)
    return wrong or (None if value[0] >= value[1] else f" must be [highest, lowest]; got {list(value)!r}.")


def _refuse(part: str, field: str, problem: str | None, hint: str) -> None:
    if problem is not None:
        raise ConfigError(f"{part}: {field}{problem}{f' Try {hint}.' if hint else ''}")
