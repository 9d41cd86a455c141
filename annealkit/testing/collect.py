"""Which checks a part has."""

from collections.abc import Callable, Sequence
from functools import partial

from annealkit.testing import datasets, feedback, models, optimizers, schedule_use, schedules, warmups
from annealkit.testing.check import Check
from annealkit.testing.documentation import has_docstring, has_settings, survives_yaml
from annealkit.testing.durations import refuses_a_bare_number
from annealkit.testing.settings_effect import have_an_effect
from annealkit.testing.subject import Subject

Body = Callable[[Subject], None]

_EFFECT: tuple[str, Body] = ("settings have an effect", have_an_effect)
_KINDS: dict[str, Sequence[tuple[str, Body]]] = {
    "schedule": [*schedules.CHECKS, *schedule_use.CHECKS, _EFFECT],
    "warmup": [*warmups.CHECKS, _EFFECT],
    "feedback": [*feedback.CHECKS, _EFFECT],
    "optimizer": [*optimizers.CHECKS, _EFFECT],
    "model": models.CHECKS,
    "data": datasets.CHECKS,
}
# The headings that a docstring has besides `Args:`.
_HEADINGS = {"schedule": ("Formula", "Source"), "warmup": ("Formula", "Source")}


def collect(subject: Subject) -> list[Check]:
    """All checks for the part. Where it cannot be made at all, only those that say so."""
    headings = () if subject.is_none else _HEADINGS.get(subject.group, ())
    bodies: list[tuple[str, Body]] = [
        ("settings to check it with", has_settings),
        (f"docstring: {', '.join(['summary', *headings, 'every field'])}", partial(_has_docstring, headings)),
    ]
    uses: Sequence[tuple[str, Body]] = []
    if _can_be_made(subject):
        bodies += [("the same after YAML", survives_yaml), ("a duration has its unit", refuses_a_bare_number)]
        uses = [] if subject.is_none else _KINDS[subject.group]
    left_out = _declined(subject)
    found = [Check(title, subject.label, partial(body, subject), subject.part) for title, body in bodies]
    used: list[Check] = []
    for title, body in uses:
        if title not in left_out:
            used.append(Check(title, subject.label, partial(body, subject), subject.part, tuple(used)))
    return found + used


def left_out(subject: Subject) -> list[str]:
    """What is not checked, and why."""
    return [f"{title}: {why}" for title, why in _declined(subject).items()]


def _has_docstring(headings: Sequence[str], subject: Subject) -> None:
    has_docstring(subject, *headings)


def _can_be_made(subject: Subject) -> bool:
    try:
        has_settings(subject)
    except Exception:  # The first check tells it.
        return False
    return True


def _declined(subject: Subject) -> dict[str, str]:
    """Title -> why, for the checks that the part's class declares impossible."""
    cls = subject.part.cls
    if subject.group == "data" and getattr(cls, "needs_download", False):
        return dict.fromkeys(datasets.LOADING, "load() uses the network (needs_download = True)")
    if subject.group == "schedule" and getattr(cls, "needs_tensorflow", False) is True:
        return {schedule_use.FAST: "TensorFlow computes it (needs_tensorflow = True)"}
    if subject.group == "optimizer" and not getattr(cls, "rate_may_be_zero", True):
        return {optimizers.ZERO_RATE: "it divides by the rate (rate_may_be_zero = False)"}
    return {}
