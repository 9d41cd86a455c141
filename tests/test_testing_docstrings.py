"""annealkit.testing: gaps in a docstring, and ranges that cannot be used or do not hold, are found."""

from dataclasses import make_dataclass

import pytest
from conformance import Fall, changed, found_by

from annealkit.plugin_system import registry
from annealkit.testing.bounds import documented_bounds
from annealkit.testing.subject import Subject

DOCSTRING = "docstring: summary, Formula, Source, every field"


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        ("    Formula: factor(s) = max(floor, 1 - s/length).\n", ["has no line Formula:", "add a line such as"]),
        ("    Source: a rule of practice.\n", ["has no line Source:", "arXiv"]),
        (Fall.__doc__, ["has no docstring", "annealkit plugins"]),
    ],
)
def test_a_gap_in_the_docstring_is_found(gone: str, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert found_by(DOCSTRING, "schedule", Fall, monkeypatch) == ""
    text = str(Fall.__doc__).replace(gone, "")
    said = found_by(DOCSTRING, "schedule", changed("schedule", __doc__=text), monkeypatch)
    for word in words:
        assert word in said, said


def test_a_field_that_is_not_documented_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    bases = (changed("schedule"),)
    namespace = {"__doc__": Fall.__doc__}
    cls = make_dataclass("Fall", [("depth", float, 1.0), ("k", int, 2)], bases=bases, namespace=namespace)
    said = found_by(DOCSTRING, "schedule", cls, monkeypatch)
    assert "does not say what depth, k are" in said and "`depth: what it is, its unit, its range.`" in said


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "has no line Range:"),
        ("Range: between floor and 1.", "must begin with [ or ("),
        ("Range: [floor, 1", "must end with ] or )"),
        ("Range: [floor].", "must have two ends"),
        ("Range: [flor, 1].", "flor is no field that is a number; it is None"),
        ("Range: [length, 1].", "length is no field that is a number; it is '50%'"),
        ("Range: [__import__('os').getpid(), 1].", "is neither a number, a field, min() nor max()"),
        ("Range: [floor, 1 / 0].", "division by zero"),
    ],
)
def test_a_range_that_cannot_be_used_is_found(line: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = str(Fall.__doc__).replace("Range: [floor, 1].", line)
    said = found_by("within its Range", "schedule", changed("schedule", __doc__=text), monkeypatch)
    assert words in said and "`Range: [floor, 1]`" in said


@pytest.mark.parametrize(
    ("line", "ends", "inside", "outside"),
    [
        ("[floor, 1]", (0.1, 1.0), [0.1, 1.0, 1 + 1e-13], [0.0999, 1.0001]),
        ("(0, 2 * floor + 1)", (0.0, 1.2), [1e-9, 1.1], [0.0, 1.2]),
        ("[min(floor, 0.05), max(values) - 1], and so on.", (0.05, 2.0), [0.05, 2.0], [0.04, 2.1]),
        ("[-1, inf)", (-1.0, float("inf")), [-1.0, 1e300], [-1.1]),
        ("[floor / 2, 1 + 1]", (0.05, 2.0), [0.05], [0.04]),
    ],
)
def test_a_range_is_evaluated(
    line: str, ends: tuple[float, float], inside: list[float], outside: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    cls = changed("schedule", __doc__=f"Fall.\n\nRange: {line}\n", values=[1.0, 3.0])
    assert found_by("finite and at least 0", "schedule", cls, monkeypatch) == ""
    bounds = documented_bounds(Subject(registry.load_registry(), "schedule", "tried"), cls(), {})
    assert (bounds.low, bounds.high) == pytest.approx(ends)
    assert all(map(bounds.hold, inside)) and not any(map(bounds.hold, outside))
