"""The checks of warmups."""

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from annealkit.curve.rates import learning_rates
from annealkit.curve.span import Run
from annealkit.errors import ConfigError
from annealkit.fields.checks import check_duration
from annealkit.schedules.cosine import Cosine
from annealkit.testing.bounds import documented_bounds
from annealkit.testing.curves import LONG, as_floats, first_difference
from annealkit.testing.subject import Settings, Subject, same

LENGTHS = (1, 2, 3, 7, 101, 997)
LR = 0.1


class Ramp(NamedTuple):
    """A warmup over so many updates."""

    settings: Settings
    instance: Any
    length: int
    step: np.ndarray
    values: np.ndarray


def ramps(subject: Subject) -> Iterator[Ramp]:
    """The ramp for all settings and lengths."""
    for settings, instance in subject.each():
        for length in LENGTHS:
            step = np.arange(length, dtype=np.int64)
            yield Ramp(settings, instance, length, step, evaluate(subject, settings, instance, step.copy(), length))


def evaluate(subject: Subject, settings: Settings, instance: Any, step: np.ndarray, length: int) -> np.ndarray:
    """The fractions as float64, one for each step."""
    return as_floats(subject, settings, instance.ramp(step, length), step, f"ramp over {length} updates")


def has_a_length(subject: Subject) -> None:
    for settings, instance in subject.each():
        length = getattr(instance, "length", None)
        try:
            check_duration(subject.part.name, "length", str(length))
        except ConfigError as error:
            raise subject.unusable(
                f"its field length is {length!r}: {error}", 'give it a field such as `length: str = "5%"`.', settings
            ) from None


def stays_between_0_and_1(subject: Subject) -> None:
    for settings, _, length, _, values in ramps(subject):
        wrong = ~np.isfinite(values) | (values < 0) | (values > 1)
        if wrong.any():
            step = int(np.argmax(wrong))
            raise subject.unusable(
                f"ramp is {values[step]} at step {step} of {length}; expected a finite fraction in [0, 1]",
                "return fractions of the value that the ramp leads to; do not divide by length - 1, which can be 0.",
                settings,
            )


def never_repeats_the_target(subject: Subject) -> None:
    for settings, _, length, _, values in ramps(subject):
        if values[-1] >= 1:
            raise subject.failure(
                f"ramp is {values[-1]} at its last step, {length - 1} of {length}; expected less than 1",
                "the schedule's first value, 1, follows at step `length`: divide by length or length + 1, not by "
                "length - 1.",
                settings,
            )


def is_pure(subject: Subject) -> None:
    for settings, instance, length, step, values in ramps(subject):
        given = step.copy()
        again = evaluate(subject, settings, instance, given, length)
        if not same(step, given):
            raise subject.failure(
                f"ramp changed its input array, for a length of {length}",
                "do not assign into `step`, nor use +=, -=, *= on it: make a new array.",
                settings,
            )
        turned = evaluate(subject, settings, instance, step[::-1].copy(), length)[::-1]
        fresh = subject.build(settings)
        before = copy.deepcopy(vars(fresh))
        other = evaluate(subject, settings, fresh, step, length)
        for how, found in {"a second time": again, "backwards": turned, "by another instance": other}.items():
            place = first_difference(values, found)
            if place is not None:
                raise subject.failure(
                    f"ramp is {values[place]} at step {place} of {length}, but {found[place]} when evaluated {how}",
                    "compute each fraction from step, length and the fields alone.",
                    settings,
                )
        if not same(before, vars(fresh)):
            raise subject.failure("ramp changed the instance", "let ramp keep nothing in self.", settings)


def is_the_same_alone(subject: Subject) -> None:
    for settings, instance, length, step, values in ramps(subject):
        alone = [evaluate(subject, settings, instance, step[i : i + 1], length) for i in range(length)]
        place = first_difference(values, np.concatenate(alone))
        if place is not None:
            raise subject.failure(
                f"ramp at step {place} of {length} is {values[place]} within the whole array and {alone[place][0]} "
                "alone",
                "compute each entry from its own step, not from its place in the array or the array's length.",
                settings,
            )


def keeps_its_range(subject: Subject) -> None:
    for settings, instance, length, _, values in ramps(subject):
        bounds = documented_bounds(subject, instance, settings)
        for step in {int(np.argmin(values)), int(np.argmax(values))}:
            if not bounds.hold(values[step]):
                raise subject.failure(
                    f"ramp is {values[step]} at step {step} of {length}, outside the documented Range: {bounds.text}",
                    "correct the line `Range:` in the docstring, or the formula.",
                    settings,
                )


def joins_a_schedule(subject: Subject) -> None:
    schedule = Cosine(floor=0.1)
    for settings, instance in subject.each():
        rates = learning_rates(schedule, LR, LONG, instance)
        length = LONG.steps(instance.length)
        span = Run(LONG.total_steps - length, LONG.steps_per_epoch)
        place = first_difference(rates[length:], learning_rates(schedule, LR, span))
        if place is not None or rates[:length].max() >= LR:
            raise subject.failure(
                f"before a cosine of {span} the ramp of {length} updates reaches {rates[:length].max()}, with "
                f"lr={LR}, and the schedule begins at {rates[length]}",
                "let ramp return fractions below 1 of the value that it leads to.",
                settings,
            )


CHECKS = [
    ("length is a duration", has_a_length),
    ("within [0, 1]", stays_between_0_and_1),
    ("ends below its target", never_repeats_the_target),
    ("pure", is_pure),
    ("a step alone as in an array", is_the_same_alone),
    ("within its Range", keeps_its_range),
    ("leads to a schedule", joins_a_schedule),
]
