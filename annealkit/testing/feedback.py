"""The checks of feedback rules."""

import copy
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from annealkit.errors import ConfigError, words_of
from annealkit.plugin_system.returned import checked_state, checked_storable
from annealkit.testing.subject import Subject, same

METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")
EPOCHS = 40
SERIES = {
    "falling": [2.0 / (epoch + 1) for epoch in range(EPOCHS)],
    "rising": [0.1 * (epoch + 1) for epoch in range(EPOCHS)],
    "constant": [1.0] * EPOCHS,
    "up and down": [1.0 + 0.5 * math.sin(epoch) for epoch in range(EPOCHS)],
    "NaN": [1.0, math.nan] * (EPOCHS // 2),
    "inf": [1.0, math.inf] * (EPOCHS // 2),
    "-inf": [1.0, -math.inf] * (EPOCHS // 2),
}


def metrics_of(value: float) -> dict[str, float]:
    """Every metric with that value."""
    return dict.fromkeys(METRICS, value)


def states(instance: Any, observations: list[dict[str, float]]) -> Iterator[dict[str, Any]]:
    """The state after each observation."""
    state = instance.begin()
    for metrics in observations:
        state = instance.observe(state, metrics)
        yield state


def begins_at_1(subject: Subject) -> None:
    for settings, instance in subject.each():
        state = instance.begin()
        with subject.judging(settings):
            checked_state(state, "begin()")
        if not same(state, instance.begin()) or state is instance.begin():
            raise subject.unusable(
                "begin() returned another state, or the very same object, when called a second time",
                "make a new dictionary with the same values in begin().",
                settings,
            )


def observes_purely(subject: Subject) -> None:
    for settings, instance in subject.each():
        fields = copy.deepcopy(vars(instance))
        for name, values in SERIES.items():
            state = instance.begin()
            for epoch, value in enumerate(values):
                given, metrics = copy.deepcopy(state), metrics_of(value)
                first = instance.observe(given, metrics)
                where = f"at epoch {epoch} of the {name} series"
                if not same(given, state) or metrics.keys() != metrics_of(value).keys():
                    raise subject.failure(
                        f"observe changed what it was given {where}: {state!r} became {given!r}",
                        "leave `state` and `metrics` as they are and return a new dictionary, as {**state, …}.",
                        settings,
                    )
                second = subject.build(settings).observe(copy.deepcopy(state), metrics_of(value))
                if not same(first, second) or not same(fields, vars(instance)):
                    raise subject.failure(
                        f"observe gave {first!r} {where} and {second!r} for the same state by another instance",
                        "keep everything that the rule remembers in the state, nothing in self.",
                        settings,
                    )
                state = first


def survives_json(subject: Subject) -> None:
    for settings, instance in subject.each():
        for name, values in SERIES.items():
            through = instance.begin()
            for epoch, straight in enumerate(states(instance, [metrics_of(value) for value in values])):
                observed = instance.observe(through, metrics_of(values[epoch]))
                with subject.judging(settings, usable=True):
                    checked_storable(observed, "observe()")
                through = json.loads(json.dumps(observed))
                if not same(through["scale"], straight["scale"]):
                    raise subject.failure(
                        f"at epoch {epoch} of the {name} series the scale is {straight['scale']}, but "
                        f"{through['scale']} after a resume before each epoch",
                        "use only what JSON gives back as it was: no tuples, sets or keys that are no str.",
                        settings,
                    )


def keeps_the_scale_positive(subject: Subject) -> None:
    for settings, instance in subject.each():
        for name, values in SERIES.items():
            for epoch, state in enumerate(states(instance, [metrics_of(value) for value in values])):
                scale = state.get("scale")
                if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 < scale < math.inf:
                    raise subject.failure(
                        f"the scale is {scale!r} at epoch {epoch} of the {name} series; expected a finite number "
                        "above 0",
                        'return {"scale": …} with a number that does not come from a metric without a bound, and '
                        "treat NaN and infinity as no improvement.",
                        settings,
                    )


def refuses_a_missing_metric(subject: Subject) -> None:
    """A rule that reads a metric says so when it is not there."""
    for settings, instance in subject.each():
        for metric in METRICS:
            rest = {name: 1.0 for name in METRICS if name != metric}
            change = (
                f'begin observe with: if "{metric}" not in metrics: raise ConfigError("… {metric} is not measured in '
                'this run …").'
            )
            try:
                instance.observe(instance.begin(), rest)
            except ConfigError as error:
                if metric not in str(error):
                    raise subject.failure(
                        f"without {metric} observe raised a ConfigError that does not name it: {error}",
                        change,
                        settings,
                    ) from None
                continue
            except Exception as error:
                raise subject.failure(
                    f"without {metric} observe raised {words_of(error)}; expected a ConfigError that names {metric}",
                    change,
                    settings,
                ) from None
            if _reads(instance, metric, rest):
                raise subject.failure(
                    f"observe uses {metric}, and goes on as if nothing were wrong where it is not measured",
                    change,
                    settings,
                )


def _reads(instance: Any, metric: str, rest: Mapping[str, float]) -> bool:
    """Whether the scale depends on the metric."""
    courses = []
    for name in ("falling", "rising", "up and down"):
        observed = [{**rest, metric: value} for value in SERIES[name]]
        courses.append([state["scale"] for state in states(instance, observed)])
    return any(course != courses[0] for course in courses)


CHECKS = [
    ("begins with a scale of 1", begins_at_1),
    ("observe is pure", observes_purely),
    ("resumes from JSON", survives_json),
    ("the scale is finite and above 0", keeps_the_scale_positive),
    ("a missing metric is refused", refuses_a_missing_metric),
]
