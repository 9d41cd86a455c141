"""Schedules evaluated over several runs, for their checks."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from annealkit.curve.span import Run
from annealkit.errors import ConfigError, WrongValuesError
from annealkit.testing.durations import refusal_of, without_unit
from annealkit.testing.subject import Settings, Subject

RUNS = [Run(1, 1), Run(2, 1), Run(7, 3), Run(101, 10), Run(997, 100), Run(10_000, 100)]
SHORT, LONG, EVEN = RUNS[3:]
FITS = 101  # A run of so many updates or more cannot be refused as too short.
_CLOSE = 1e-12  # NumPy may round a sine or a power differently in arrays of other lengths.


class Curve(NamedTuple):
    """A schedule over a run."""

    settings: Settings
    instance: Any
    run: Run
    step: np.ndarray
    values: np.ndarray


def curves(subject: Subject, runs: list[Run]) -> Iterator[Curve]:
    """The curve for all settings over every run that the schedule does not refuse."""
    for settings, instance in subject.each():
        for run in runs:
            step = np.arange(run.total_steps, dtype=np.int64)
            values = evaluate(subject, settings, instance, step.copy(), run)
            if values is not None:
                yield Curve(settings, instance, run, step, values)


def evaluate(subject: Subject, settings: Settings, instance: Any, step: np.ndarray, run: Run) -> np.ndarray | None:
    """The factors as float64, one for each step; None where a short run is refused with a ConfigError."""
    try:
        returned = instance.factor(step, run)
    except ConfigError as error:
        bare = without_unit(instance, error)
        if bare is not None:
            value = getattr(instance, bare)
            with_unit = [f"{item}%" for item in value] if isinstance(value, list) else f"{value}%"
            raise subject.unusable(
                f"{bare}={value!r} has no unit, and factor needs a duration: {error}",
                f"write it with ep, st or %, such as {with_unit!r}, and {refusal_of(subject, bare, with_unit)}",
                settings,
            ) from None
        if run.total_steps < FITS and not isinstance(error, WrongValuesError):
            return None
        raise subject.unusable(
            f"factor refused {run}: {error}",
            f"let factor work over every span of at least {FITS} updates, or give an example that fits.",
            settings,
        ) from None
    return as_floats(subject, settings, returned, step, f"factor over {run}")


def as_floats(subject: Subject, settings: Settings, returned: Any, step: np.ndarray, what: str) -> np.ndarray:
    """What `what` returned as a new float64 array of one number for each step."""
    try:
        values = np.asarray(returned)
        if values.dtype.kind not in "biuf":  # truth values, whole numbers, floats
            raise TypeError(f"an array of {values.dtype}")
    except (TypeError, ValueError) as error:
        raise subject.unusable(
            f"{what} returned {type(returned).__name__}, which is no array of numbers: {error}",
            "return a float64 array.",
            settings,
        ) from None
    if values.shape != step.shape:
        raise subject.unusable(
            f"{what} returned shape {values.shape} for steps of shape {step.shape}",
            "return one number for each step: compute with the array `step`; for a constant np.full(len(step), c).",
            settings,
        )
    return values.astype(np.float64)


def first_difference(left: np.ndarray, right: np.ndarray) -> int | None:
    """The first place where two arrays are not the same number."""
    differs = ~np.isclose(left, right, rtol=_CLOSE, atol=_CLOSE, equal_nan=True)
    return int(np.argmax(differs)) if differs.any() else None
