"""Parts with settings drawn at random, made from what is known of each setting: of every part that is registered."""

import atexit
import dataclasses
import typing
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from annealkit import SettingError
from annealkit.fields import Setting, settings_of
from annealkit.plugin_system.registry import Part, load_registry
from annealkit.testing.subject import Subject

DURATIONS = st.one_of(
    st.integers(1, 500).map(lambda n: f"{n}st"),
    st.floats(0.1, 30).map(lambda n: f"{n:.3f}ep"),
    st.floats(0.1, 49).map(lambda n: f"{n:.3f}%"),
    st.floats(0.1, 150).map(lambda n: f"{n:.3f}%"),
)
FLOATS = st.one_of(st.floats(0, 1), st.floats(0.1, 5), st.floats(0, 100), st.floats(-9, 9), st.just(1.0))
_SUBJECTS: dict[str, Subject] = {}  # kept, since the files that their examples name are removed with them


def schedules() -> dict[str, Part]:
    """Name -> each schedule that is registered, but those that TensorFlow computes; one name for each class."""
    found: dict[type, Part] = {}
    for part in load_registry().parts["schedule"].values():
        if getattr(part.cls, "needs_tensorflow", False) is not True:
            found.setdefault(part.cls, part)
    return {part.name: part for part in found.values()}


def examples(part: Part) -> list[dict[str, Any]]:
    """Settings with which it can be made: none but its defaults, where it has all of them, and its own examples."""
    return _subject(part).settings


def built(part: Part, settings: dict[str, Any]) -> Any:
    return _subject(part).build(settings)


def drawn(part: Part) -> st.SearchStrategy[Any]:
    """The part with some settings drawn, the others as in one of its examples."""

    def make(settings: dict[str, Any]) -> Any:
        try:
            return built(part, settings) if hasattr(part.cls, "from_config") else part.cls(**settings)
        except SettingError:  # Settings that are right one by one may not go together.
            reject()

    known, types = settings_of(part.cls), typing.get_type_hints(part.cls)
    values = {
        field.name: strategy
        for field in dataclasses.fields(part.cls)
        if (strategy := _values(types[field.name], known[field.name])) is not None
    }
    changes = st.fixed_dictionaries({}, optional=values)
    return st.builds(lambda base, change: make({**base, **change}), st.sampled_from(examples(part)), changes)


def _values(kind: Any, known: Setting) -> st.SearchStrategy[Any] | None:
    """Values of a setting; None where nothing is known of it but its type."""

    def may_be(value: Any) -> bool:
        return known.problem(value) is None

    of_null = st.none() if known.null else st.nothing()
    if known.words:
        return st.sampled_from(known.words)
    if kind is bool:
        return st.booleans()
    if kind is float:
        return FLOATS.filter(may_be)
    if kind in (int, int | None):
        return of_null | st.integers(0, 9).filter(may_be)
    if kind in (str, str | None) and may_be("1ep") and not may_be("?"):
        return of_null | DURATIONS
    if kind == list[str] and may_be(["1ep"]) and not may_be(["?"]):
        return st.lists(DURATIONS, max_size=4)
    if kind == list[float] and not may_be(["?"]):
        return st.lists(st.floats(0, 1), max_size=4).filter(may_be)
    if kind == list[float] | None and may_be([0.9, 0.8]) and not may_be([0.8, 0.9]):
        return of_null | st.lists(st.floats(0, 0.99), min_size=2, max_size=2).map(lambda two: sorted(two, reverse=True))
    return None


def _subject(part: Part) -> Subject:
    if part.name not in _SUBJECTS:
        _SUBJECTS[part.name] = Subject(load_registry(), part.group, part.name)
    return _SUBJECTS[part.name]


atexit.register(_SUBJECTS.clear)
