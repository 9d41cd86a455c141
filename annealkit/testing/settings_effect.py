"""The check that every setting changes something."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from annealkit.curve.rates import factors, momenta
from annealkit.errors import AnnealkitError, WrongValuesError
from annealkit.fields import Setting, settings_of
from annealkit.optimizers.base import KerasOptimizer
from annealkit.testing.curves import EVEN, LONG, SHORT
from annealkit.testing.feedback import METRICS, SERIES, states
from annealkit.testing.subject import Settings, Subject, same, words

_DURATION = re.compile(r"[\d.]+(ep|st|%)")
_LENGTHS = (3, 101)
_UPDATES = 4
# Those of every optimizer have a check of their own.
_SPARED = {"optimizer": {"weight_decay", *settings_of(KerasOptimizer)} - {"lr"}}


def have_an_effect(subject: Subject) -> None:
    """Some other value of each setting changes what the part does; if not alone, then beside one of another setting."""
    spared = _SPARED.get(subject.group, set())
    known = {name: one for name, one in settings_of(subject.part.cls).items() if name not in spared}
    idle: dict[str, list[Any]] = {name: [] for name in known}
    for settings, instance in subject.each():
        _vary(subject, settings, known, idle)
        for beside in list(known) if idle else []:
            for value in _others(getattr(instance, beside, None), known[beside]):
                _vary(subject, {**settings, beside: value}, known, idle)
    for name, tried in idle.items():
        if tried:
            raise subject.failure(
                f"{name} has no effect: {', '.join(words({name: value}) for value in tried[:3])} changed nothing",
                f"let what the part does depend on {name}, or leave the setting out. If it counts only beside others, "
                "offer such settings by a class method examples(cls, folder).",
            )


def _vary(subject: Subject, settings: Settings, known: dict[str, Setting], idle: dict[str, list[Any]]) -> None:
    """Take from `idle` each setting whose other values change what the part does; add those that were tried."""
    try:
        instance = subject.build(settings)
        begun = _OUTCOMES[subject.group](instance) if idle else None
    except WrongValuesError:
        raise  # Of what it does anyway another check tells.
    except AnnealkitError:
        return
    for name in list(idle):
        for value in _others(getattr(instance, name, None), known[name]):
            try:
                outcome = _OUTCOMES[subject.group](subject.build({**settings, name: value}))
            except AnnealkitError:
                continue
            idle[name].append(value)
            if not same(begun, outcome):
                del idle[name]
                break


def _others(value: Any, known: Setting) -> Iterator[Any]:
    """Some other values of its kind; none where its kind does not tell any."""
    if known.words:
        yield from (word for word in known.words if word != value)
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value + 2, value // 2, 1, 5)
    elif isinstance(value, float):
        yield from (other for other in (value / 2, value + 0.05, value * 2, 0.5, 0.9) if other != value)
    elif isinstance(value, str) and _DURATION.fullmatch(value):
        yield from (other for other in ("10%", "30%", "70%", "2ep", "17st") if other != value)
    elif value in METRICS:
        yield from (metric for metric in METRICS if metric != value)
    elif value is None:
        yield from (0.5, 2, "30%", 1)


def _curves(schedule: Any) -> list[Any]:
    found: list[Any] = []
    for run in (SHORT, LONG, EVEN):
        step = np.arange(run.total_steps, dtype=np.int64)
        try:
            found += [factors(schedule, step, run), momenta(schedule, step, run)]
        except WrongValuesError:
            raise
        except AnnealkitError as error:  # A short run may be refused.
            found.append(str(error))
    return found


def _ramps(warmup: Any) -> list[Any]:
    return [warmup.length, *(np.asarray(warmup.ramp(np.arange(length), length)) for length in _LENGTHS)]


def _courses(rule: Any) -> list[Any]:
    found: list[Any] = [getattr(rule, "every", None)]
    for values in SERIES.values():
        for apart in (0, 3):  # All metrics alike, and each so many epochs before the one before it.
            courses = {name: np.roll(values, apart * place).tolist() for place, name in enumerate(METRICS)}
            observed = [{name: course[epoch] for name, course in courses.items()} for epoch in range(len(values))]
            found.append([state["scale"] for state in states(rule, observed)])
    return found


def _weights(optimizer: Any) -> np.ndarray:
    from annealkit.testing.optimizers import table
    from annealkit.testing.tiny_network import Pair

    return Pair(optimizer.build(table([optimizer.lr] * _UPDATES))).train(_UPDATES).weights


_OUTCOMES: dict[str, Callable[[Any], Any]] = {
    "schedule": _curves, "warmup": _ramps, "feedback": _courses, "optimizer": _weights,
}  # fmt: skip
