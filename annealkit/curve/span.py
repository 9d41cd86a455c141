"""Lengths of training: how `2ep`, `1500st` and `12.5%` become numbers of weight updates."""

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from annealkit.errors import ConfigError, clipped

_DURATION = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)(?:e([+-]?\d+))?\s*(ep|st|%)\s*", re.IGNORECASE)

MOST = {"ep": 10**9, "st": 10**13, "%": 10**9}  # what is made of it still fits 64 bits
_MOST_CHARACTERS = 100

UNITS = "2ep (epochs), 1500st (steps, that is weight updates) or 12.5% (of the schedule's own span)"


def parse_duration(duration: str) -> tuple[Fraction, str]:
    """Split a duration into its exact number and its unit, one of `ep`, `st`, `%`.

    Raises ConfigError for a bare number, a negative number, one that no run is near to, or an unknown unit.
    """
    text = str(duration)
    shown = clipped(repr(duration))
    match = _DURATION.fullmatch(text) if len(text) < _MOST_CHARACTERS else None
    if match is None:
        bare = re.fullmatch(r"\s*\d+(\.\d*)?\s*", text[:_MOST_CHARACTERS])
        problem = "has no unit" if bare else "is not a duration"
        raise ConfigError(f"{shown} {problem}. Write {UNITS}.")
    number, exponent, unit = match[1], match[2], match[3].lower()
    power = int(exponent or 0)
    # The exponent is looked at before a power of ten is made of it, which could take all memory and time there is.
    exact = Fraction(number) * Fraction(10) ** power if abs(power) < _MOST_CHARACTERS else Fraction(MOST[unit] + 1)
    if exact > MOST[unit]:
        raise ConfigError(f"{shown} is no length of a run; the number may be up to {MOST[unit]:.0e}. Write {UNITS}.")
    return exact, unit


@dataclass(frozen=True)
class Run:
    """The span that a schedule has to itself.

    Args:
        total_steps: weight updates in the span, at least 1.
        steps_per_epoch: weight updates in one epoch, at least 1.

    Example: `Run(total_steps=3910, steps_per_epoch=391)` is ten epochs of 50,000 images in batches of 128.
    """

    total_steps: int
    steps_per_epoch: int

    def __post_init__(self) -> None:
        for name in ("total_steps", "steps_per_epoch"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigError(f"Run: {name} must be a whole number of at least 1; got {value!r}.")

    def exact_steps(self, duration: str) -> Fraction:
        """The duration in weight updates, not rounded."""
        number, unit = parse_duration(duration)
        return (
            number
            * {"st": Fraction(1), "ep": Fraction(self.steps_per_epoch), "%": Fraction(self.total_steps, 100)}[unit]
        )

    def steps(self, duration: str, least: int = 1) -> int:
        """The duration in whole weight updates: rounded once, to the nearest (halves up), and not under `least`."""
        return max(least, math.floor(self.exact_steps(duration) + Fraction(1, 2)))
