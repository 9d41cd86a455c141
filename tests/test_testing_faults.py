"""annealkit.testing: what fails at its first use is told once, with its own line; durations without units are found."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conformance import Climb, Fall, Halve, changed, found_by

from annealkit import Run
from annealkit.command_line.check import check as check_command
from annealkit.fields.checks import check_duration
from annealkit.plugin_system.registry import Part, Registry
from annealkit.testing import ConformanceError, checks
from annealkit.testing.check import NotRunError

UNIT = "a duration has its unit"


class Fault:
    """Bodies that fail wherever they are called."""

    def misspelt(self, step: np.ndarray, run: Run) -> np.ndarray:
        return np.sqrtt(step)

    def inside_numpy(self, step: np.ndarray, run: Run) -> np.ndarray:
        return np.concatenate([step, 1.0])

    def misspelt_field(self, step: np.ndarray, run: Run) -> np.ndarray:
        return np.full(len(step), self.holt)

    def scalar(self, step: np.ndarray, run: Run) -> Any:
        return 1.0

    def too_long(self, step: np.ndarray, run: Run) -> np.ndarray:
        return np.ones(len(step) + 1)

    def ramp(self, step: np.ndarray, length: int) -> np.ndarray:
        return self.begin + step / length

    def observe(self, state: dict[str, Any], metrics: dict[str, float]) -> dict[str, Any]:
        return {"scale": metrics["loss"] / {}["best"]}

    def begin(self) -> dict[str, Any]:
        return {"scale": 1.0, "best": self.start}

    def build(self, *shape: Any) -> Any:
        return [][len(shape)]

    def train_size(self) -> int:
        return self.points

    def load(self) -> Any:
        return np.load(Path("nowhere") / "at all.npz")


def results(group: str, cls: type, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, str], dict[str, str]]:
    """Title -> words, of the checks that failed, and of those that could not run."""
    registry = Registry()
    registry.add(Part(group, "tried", cls, "tests", "1.0", "tests"))
    monkeypatch.setattr("annealkit.plugin_system.registry.load_registry", lambda: registry)
    monkeypatch.setattr("annealkit.command_line.check.load_registry", lambda: registry)
    failed, not_run = {}, {}
    for check in checks(group, "tried"):
        try:
            check()
        except NotRunError as error:
            not_run[check.title] = str(error)
        except ConformanceError as error:
            failed[check.title] = str(error)
    return failed, not_run


def line_of(function: Callable[..., Any]) -> int:
    """The line of a body of one line."""
    lines, first = inspect.getsourcelines(function)
    return first + len(lines) - 1


@pytest.mark.parametrize(
    ("group", "name", "body", "first", "words"),
    [
        ("schedule", "factor", Fault.misspelt, "finite and at least 0", "AttributeError: module 'numpy' has no"),
        ("schedule", "factor", Fault.inside_numpy, "finite and at least 0", "ValueError: all the input arrays"),
        ("schedule", "factor", Fault.misspelt_field, "finite and at least 0", "object has no attribute 'holt'"),
        ("warmup", "ramp", Fault.ramp, "within [0, 1]", "object has no attribute 'begin'"),
        ("feedback", "begin", Fault.begin, "begins with a scale of 1", "object has no attribute 'start'"),
        ("feedback", "observe", Fault.observe, "observe is pure", "KeyError: 'best'"),
        ("optimizer", "build", Fault.build, "builds with a number and with a curve", "IndexError: list index out of"),
        ("model", "build", Fault.build, "builds for its inputs and classes", "IndexError: list index out of range"),
        ("data", "train_size", Fault.train_size, "train_size is known", "object has no attribute 'points'"),
        ("data", "load", Fault.load, "images and labels", "FileNotFoundError: "),
    ],
)  # fmt: skip
def test_what_fails_at_its_first_use_is_told_once_with_its_own_line(
    group: str, name: str, body: Any, first: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed, not_run = results(group, changed(group, **{name: body}, __module__=__name__), monkeypatch)
    place = f"(raised in {body.__name__}, {__file__}:{line_of(body)})"
    # A feedback rule that fails fails the check of missing metrics in words of its own.
    assert set(failed) - {"a missing metric is refused"} == {first}
    assert words in failed[first] and place in failed[first]
    assert f"\nTo change: mend line {line_of(body)} of {Path(__file__).name}." in failed[first]
    assert len(not_run) >= 1
    assert set(not_run.values()) == {f"{group}=tried: could not run: see {first!r}"}


@pytest.mark.parametrize(("body", "words"), [(Fault.scalar, "shape ()"), (Fault.too_long, "shape (2,)")])
def test_values_of_a_wrong_shape_are_told_once(body: Any, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    failed, not_run = results("schedule", changed("schedule", factor=body, __module__=__name__), monkeypatch)
    assert list(failed) == ["finite and at least 0"] and len(not_run) == 10
    assert f"returned {words} for steps of shape (1,)" in failed["finite and at least 0"]
    assert "return one number for each step" in failed["finite and at least 0"]


def test_what_fails_elsewhere_only_is_told_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(self: Any, step: np.ndarray, run: Run) -> np.ndarray:
        if step[-1] >= run.total_steps:
            raise LookupError("past the end")
        return np.asarray(Fall.factor(self, step, run))

    failed, not_run = results("schedule", changed("schedule", factor=late, __module__=__name__), monkeypatch)
    assert list(failed) == ["one value past the end"] and not_run == {}
    assert "LookupError: past the end (raised in late, " in failed["one value past the end"]


def test_a_method_that_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass
    class Empty:
        __doc__ = Fall.__doc__

    failed, not_run = results("schedule", Empty, monkeypatch)
    words = failed["finite and at least 0"]
    assert "'Empty' object has no attribute 'factor'" in words and len(not_run) == 8  # No durations, no momenta.
    assert "no line of Empty is in this: look for a method or field that it lacks" in words


def test_the_command_shows_it_once_and_counts_the_rest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results("schedule", changed("schedule", factor=Fault.misspelt, __module__=__name__), monkeypatch)
    assert check_command(["tried"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "schedule=tried   5 passed, 1 failed, 10 could not run"
    assert [line for line in lines if "has no attribute 'sqrtt'" in line] == [lines[3]]
    assert lines[2] == "finite and at least 0" and lines[4].startswith("To change: mend line ")
    assert lines[5].startswith("10 checks could not run because of it: pure; a step alone as in an array; within its")
    assert lines[6:] == ["", "1 check failed."]


# --- durations ---


@dataclass
class Knee(Fall):
    """Fall in a straight line, with a field that nothing checks.

    Args:
        hold: how long it waits.
        ends: when something else happens.
    """

    hold: str = "20%"
    ends: list[str] = field(default_factory=lambda: ["30%", "2ep"])


class Checked(Knee):
    def __post_init__(self) -> None:
        check_duration("tried", "hold", self.hold)
        for length in self.ends:
            check_duration("tried", "ends", length)


def test_a_duration_that_is_not_checked_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    said = found_by(UNIT, "schedule", Knee, monkeypatch)
    assert "schedule=tried (with its defaults): hold='10' is accepted; expected a ConfigError that names hold" in said
    assert 'declare it with `hold: str = duration("20%", …)` in a class that is a @checked_dataclass' in said
    assert "from annealkit import checked_dataclass, duration`" in said and "SettingError in __post_init__" in said


@pytest.mark.parametrize("group", ["schedule", "warmup"])
def test_the_length_of_the_good_parts_is_checked(group: str, monkeypatch: pytest.MonkeyPatch) -> None:
    good = {"schedule": Fall, "warmup": Climb}[group]
    assert found_by(UNIT, group, good, monkeypatch) == ""
    careless = changed(group, __post_init__=lambda self: None)
    assert "length='10' is accepted" in found_by(UNIT, group, careless, monkeypatch)


def test_each_item_of_a_list_of_durations_must_be_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    def first_only(self: Any) -> None:
        for name, value in (("length", self.length), ("hold", self.hold), ("ends", self.ends[0])):
            check_duration("tried", name, value)

    said = found_by(UNIT, "schedule", type("Half", (Knee,), {"__post_init__": first_only}), monkeypatch)
    assert "ends=['30%', '10'] is accepted" in said
    assert 'declare it with `ends: list[str] = durations(["30%", "2ep"], …)`' in said
    assert "from annealkit import checked_dataclass, durations`" in said

    def all_of_them(self: Any) -> None:
        first_only(self)
        check_duration("tried", "ends", self.ends[1])

    assert found_by(UNIT, "schedule", type("Whole", (Knee,), {"__post_init__": all_of_them}), monkeypatch) == ""


def test_a_refusal_must_name_the_field(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_name(self: Any) -> None:
        Run(100, 10).steps(self.length)

    said = found_by(UNIT, "schedule", changed("schedule", __post_init__=without_name), monkeypatch)
    assert "length='10' is refused, but the message does not name length: '10' has no unit" in said


def test_a_default_without_a_unit_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass
    class Bare(Fall):
        length: str = "20"

        def __post_init__(self) -> None:
            """Nothing is checked here."""

    failed, not_run = results("schedule", Bare, monkeypatch)
    [words] = [text for title, text in failed.items() if title == "finite and at least 0"]
    assert "length='20' has no unit, and factor needs a duration" in words
    assert "write it with ep, st or %, such as '20%'" in words and 'declare it with `length: str = duration("' in words
    assert "at least 101" not in words and len(not_run) == 8


def test_how_often_a_rule_looks_is_a_duration(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass
    class Often(Halve):
        every: str = "50"

    said = found_by(UNIT, "feedback", Often, monkeypatch)
    assert "every='50' has no unit" in said and 'declare it with `every: str = duration("50st", …)`' in said


# --- docstrings ---


def test_everything_that_a_docstring_lacks_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    title = "docstring: summary, Formula, Source, every field"

    @dataclass
    class Short:
        """Fall."""

        length: str = "50%"
        floor: float = 0.1

    said = found_by(title, "schedule", Short, monkeypatch)
    assert "has no line Formula:, has no line Source:, does not say what length, floor are" in said
    assert re.search(r"To change: add a line such as `Formula: .*`Source: .*under a line `Args:` add, indented", said)
    said = found_by(title, "schedule", changed("schedule", __doc__=""), monkeypatch)
    assert "It needs besides: `Formula:`, `Source:`, `Args:` with every field: length, floor." in said
