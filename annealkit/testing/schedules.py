"""The checks of a schedule's values: which they are, and what they depend on."""

import copy
from decimal import Decimal

import numpy as np

from annealkit.curve.span import Run
from annealkit.testing.bounds import documented_bounds
from annealkit.testing.curves import EVEN, LONG, RUNS, SHORT, curves, evaluate, first_difference
from annealkit.testing.durations import durations
from annealkit.testing.subject import Subject, same

PRIMES = [Run(total, max(1, total // 3)) for total in (3, 5, 11, 13, 97, 499)]
_PARTS = {"st": 1, "ep": EVEN.steps_per_epoch, "%": EVEN.total_steps // 100}  # updates in a unit


def gives_finite_factors(subject: Subject) -> None:
    for settings, _, run, _, values in curves(subject, [*RUNS, *PRIMES]):
        wrong = ~np.isfinite(values) | (values < 0)
        if wrong.any():
            step = int(np.argmax(wrong))
            raise subject.unusable(
                f"factor is {values[step]} at step {step} of {run}; expected a finite number of at least 0",
                "bound what leads there, for example np.maximum(…, 0), and do not divide by what can be 0.",
                settings,
            )


def is_pure(subject: Subject) -> None:
    for settings, instance, run, step, values in curves(subject, [RUNS[2], SHORT, LONG]):
        given = step.copy()
        again = evaluate(subject, settings, instance, given, run)
        if not same(step, given):
            first = int(np.argmax(step != given))
            raise subject.failure(
                f"factor changed its input: step[{first}] was {step[first]} and became {given[first]}",
                "do not assign into `step`, nor use +=, -=, *= on it: make a new array.",
                settings,
            )
        turned = evaluate(subject, settings, instance, step[::-1].copy(), run)
        fresh = subject.build(settings)
        before = copy.deepcopy(vars(fresh))
        other = evaluate(subject, settings, fresh, step, run)
        assert again is not None and turned is not None and other is not None
        for how, found in {"a second time": again, "backwards": turned[::-1], "by another instance": other}.items():
            place = first_difference(values, found)
            if place is not None:
                raise subject.failure(
                    f"factor is {values[place]} at step {place} of {run}, but {found[place]} when evaluated {how}",
                    "compute each factor from step, run and the fields alone: no counters, no random numbers without "
                    "a fixed seed, nothing kept from the last call.",
                    settings,
                )
        changed = [name for name, value in vars(fresh).items() if not same(before.get(name), value)]
        if changed:
            name = changed[0]
            raise subject.failure(
                f"factor changed the instance: {name} was {before.get(name)!r} and became {getattr(fresh, name)!r}",
                f"assign {name} in __post_init__ if at all; factor keeps nothing.",
                settings,
            )


def is_the_same_alone(subject: Subject) -> None:
    for settings, instance, run, step, values in curves(subject, [RUNS[1], RUNS[2], LONG]):
        for place in np.unique(np.linspace(0, run.total_steps - 1, 11).astype(int)):
            alone = evaluate(subject, settings, instance, step[place : place + 1], run)
            if alone is None or first_difference(values[place : place + 1], alone) is not None:
                raise subject.failure(
                    f"factor at step {place} of {run} is {values[place]} within the whole array and "
                    f"{'refused' if alone is None else alone[0]} alone",
                    "compute each entry from its own step: not from its place in the array, the array's length or its "
                    "neighbours; the length of the span is run.total_steps.",
                    settings,
                )


def keeps_its_range(subject: Subject) -> None:
    for settings, instance, run, _, values in curves(subject, RUNS):
        bounds = documented_bounds(subject, instance, settings)
        for step in {int(np.argmin(values)), int(np.argmax(values))}:
            if not bounds.hold(values[step]):
                raise subject.failure(
                    f"factor is {values[step]} at step {step} of {run}, outside the documented Range: {bounds.text}, "
                    f"here {bounds.brackets[0]}{bounds.low:g}, {bounds.high:g}{bounds.brackets[1]}",
                    "correct the line `Range:` in the docstring, or the formula.",
                    settings,
                )


def follows_units(subject: Subject) -> None:
    """A duration field has the same effect in updates, epochs and per cent: 100 updates an epoch and a hundredth."""
    step = np.arange(EVEN.total_steps, dtype=np.int64)
    for settings in subject.settings:
        for name, value in durations(subject, settings):
            items = value if isinstance(value, list) else [value]
            exact = all(EVEN.exact_steps(item).denominator == 1 for item in items)
            lengths = [EVEN.steps(item, least=0) for item in items]
            writings: dict[str, list[str]] = {
                unit: [f"{Decimal(length) / parts}{unit}" for length in lengths] for unit, parts in _PARTS.items()
            }
            if exact:
                writings[""] = items
            found: dict[str, np.ndarray] = {}
            for unit, writing in writings.items():
                changed = {**settings, name: writing if isinstance(value, list) else writing[0]}
                values = evaluate(subject, changed, subject.build(changed), step, EVEN)
                assert values is not None
                found[unit] = values
            for unit, values in found.items():
                place = first_difference(found["st"], values)
                if place is not None:
                    raise subject.failure(
                        f"at step {place} of {EVEN} factor is {found['st'][place]} with {name}="
                        f"{', '.join(writings['st'])} and {values[place]} with {', '.join(writings[unit])}, which is "
                        "the same length",
                        f"turn {name} into updates with run.steps({name}), or run.exact_steps for a fraction, and use "
                        "nothing else of it.",
                        settings,
                    )


def holds_past_the_end(subject: Subject) -> None:
    for settings, instance, run, _, _ in curves(subject, RUNS):
        total = run.total_steps
        step = np.array([total, total + 1, total + 7, 2 * total + 3, 10 * total + 1], dtype=np.int64)
        values = evaluate(subject, settings, instance, step, run)
        place = None if values is None else first_difference(values, np.full(len(step), values[0]))
        if values is not None and place is not None:
            raise subject.failure(
                f"past the end of {run} factor is {values[0]} at step {step[0]} and {values[place]} at step "
                f"{step[place]}; expected one value from step {total} on",
                "begin factor with step = np.minimum(step, run.total_steps), or run.total_steps - 1 to hold the value "
                "of the last update.",
                settings,
            )


CHECKS = [
    ("finite and at least 0", gives_finite_factors),
    ("pure", is_pure),
    ("a step alone as in an array", is_the_same_alone),
    ("within its Range", keeps_its_range),
    ("the same in st, ep and %", follows_units),
    ("one value past the end", holds_past_the_end),
]
