"""Settings in one line: what each kind refuses and in which words, what is known of it, and what becomes of it."""

import dataclasses
import inspect
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annealkit import (
    ConfigError,
    SettingError,
    checked_dataclass,
    choice,
    duration,
    durations,
    flag,
    integer,
    momentum,
    number,
    numbers,
    setting,
)
from annealkit.fields import settings_of


def problem_of_odd(value: Any) -> str | None:
    return None if value % 2 == 0 else f" must be even; got {value!r}"


@checked_dataclass
class Every:
    """One setting of each kind.

    Source: made up.
    """

    floor: float = number(0.25, "[0, 1]", "lowest factor", hint="0.5")
    rate: float = number(1.0, "(0, inf)", "what it is divided by; the higher, the faster")
    shift: float = number(0.0, meaning="any number")
    count: int = integer(2, "[1, 9)", "how many")
    weights: list[float] = numbers([1.0, 0.5], "[0, inf)", "one for each")
    every: str = duration("20%", "how long one is")
    after: str = duration("0ep", "how long to wait", zero=True)
    length: str = duration("rest", "how long it is", word="rest")
    down: str | None = duration(None, "how long it falls", null="as long as it rises", hint="5%")
    marks: list[str] = durations(["1ep", "50%"], "when")
    shape: str = choice("linear", ("linear", "cosine"), "how it falls")
    calm: bool = flag(False, "whether it stays")
    momentum: list[float] | None = momentum([0.9, 0.8], "moves against the rate")
    size: int = setting(4, "its size", allowed="even", problem=problem_of_odd)
    limit: int | None = integer(None, "[1, inf)", "at most so many", null="all")


WRONG: list[tuple[str, Any, str]] = [
    ("floor", -0.1, "floor must lie in [0, 1]; got -0.1. Try floor=0.5."),
    ("floor", 1.1, "floor must lie in [0, 1]; got 1.1. Try floor=0.5."),
    ("floor", math.nan, "floor must lie in [0, 1]; got nan. Try floor=0.5."),
    ("floor", "0.1", "floor must be a number; got '0.1'. Try floor=0.5."),
    ("floor", True, "floor must be a number; got True. Try floor=0.5."),
    ("floor", None, "floor must be a number; got None. Try floor=0.5."),
    ("rate", 0, "rate must lie in (0, infinity); got 0. Try rate=1.0."),
    ("rate", math.inf, "rate must lie in (0, infinity); got inf. Try rate=1.0."),
    ("shift", -math.inf, "shift must lie in (-inf, infinity); got -inf. Try shift=0.0."),
    ("count", 0, "count must lie in [1, 9); got 0. Try count=2."),
    ("count", 9, "count must lie in [1, 9); got 9. Try count=2."),
    ("count", 2.5, "count must be a whole number; got 2.5. Try count=2."),
    ("count", False, "count must be a number; got False. Try count=2."),
    ("weights", [1.0, -0.5], "weights must lie in [0, infinity); got -0.5. Try weights=[1.0,0.5]."),
    ("weights", 1.0, "weights must be a list; got 1.0. Try weights=[1.0,0.5]."),
    ("every", "0ep", "every must be longer than nothing; got '0ep'. Try every=20%."),
    (
        "every",
        "10",
        "every='10' has no unit. Write 2ep (epochs), 1500st (steps, that is weight updates) or 12.5% (of the ",
    ),
    ("every", "rest", "every='rest' is not a duration. Write 2ep"),
    ("after", "soon", "after='soon' is not a duration. Write 2ep"),
    ("length", "0st", "length must be longer than nothing; got '0st'. Try length=rest."),
    ("length", "half", "length='half' is not a duration."),
    ("down", "0%", "down must be longer than nothing; got '0%'. Try down=5%, or null: as long as it rises."),
    ("marks", ["1ep", "2"], "marks='2' has no unit."),
    ("marks", "1ep", "marks must be a list; got '1ep'. Try marks=[1ep,50%]."),
    ("shape", "round", "shape must be one of linear, cosine; got 'round'. Try shape=linear."),
    ("shape", "cosin", "shape must be one of linear, cosine; got 'cosin'. Try shape=cosine."),
    (
        "momentum",
        [0.8, 0.9],
        "momentum must be [highest, lowest]; got [0.8, 0.9]. Try momentum=[0.95,0.85], or null: leave",
    ),
    (
        "momentum",
        [0.9],
        "momentum must be [highest, lowest]; got [0.9]. Try momentum=[0.95,0.85], or null: leave it alone.",
    ),
    (
        "momentum",
        [1.0, 0.9],
        "momentum must lie in [0, 1); got 1.0. Try momentum=[0.95,0.85], or null: leave it alone.",
    ),
    ("calm", "yes", "calm must be true or false; got 'yes'. Try calm=false."),
    ("size", 3, "size must be even; got 3. Try size=4."),
    ("limit", 0, "limit must lie in [1, infinity); got 0."),
]


@pytest.mark.parametrize(("name", "value", "message"), WRONG)
def test_a_value_that_cannot_be_is_refused_in_words(name: str, value: Any, message: str) -> None:
    with pytest.raises(SettingError) as caught:
        Every(**{name: value})
    assert isinstance(caught.value, ConfigError)
    assert str(caught.value).startswith(f"Every: {message}")
    said = str(caught.value.at("each", "schedule."))
    assert said.startswith(f"each: {message.replace('Try ', 'Try schedule.')}")


RIGHT: list[tuple[str, Any]] = [
    ("floor", 0), ("floor", 1), ("floor", np.float32(0.5)), ("rate", 1e300), ("shift", -1e300), ("count", 1),
    ("count", np.int64(8)), ("weights", []), ("weights", [0, 7.5]), ("every", "1e3st"), ("after", "0st"),
    ("after", "2ep"), ("length", "rest"), ("length", "3ep"), ("down", None), ("down", "3%"), ("marks", []),
    ("shape", "cosine"), ("calm", True), ("momentum", None), ("momentum", [0.5, 0.5]), ("momentum", [0.9, 0]),
    ("size", 0), ("limit", None), ("limit", 1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), RIGHT)
def test_a_value_within_the_range_is_taken_as_it_is(name: str, value: Any) -> None:
    assert getattr(Every(**{name: value}), name) is value


def test_lists_are_copied_for_each_part() -> None:
    first, second = Every(), Every()
    first.marks.append("2ep")
    assert second.marks == ["1ep", "50%"] == Every().marks


def test_what_is_known_of_a_setting() -> None:
    known = settings_of(Every)
    assert list(known) == [found.name for found in dataclasses.fields(Every)]
    assert known["shape"] == dataclasses.replace(known["shape"], meaning="how it falls", words=("linear", "cosine"))
    assert {name: found.text for name, found in known.items()} == {
        "floor": "lowest factor, in [0, 1]",
        "rate": "what it is divided by, above 0; the higher, the faster",
        "shift": "any number",
        "count": "how many, in [1, 9)",
        "weights": "one for each, each at least 0",
        "every": "how long one is, a duration above zero (2ep, 1500st or 12.5%)",
        "after": "how long to wait, a duration (2ep, 1500st or 12.5%)",
        "length": "how long it is, a duration above zero (2ep, 1500st or 12.5%), or rest",
        "down": "how long it falls, a duration above zero (2ep, 1500st or 12.5%); null: as long as it rises",
        "marks": "when, each a duration above zero (2ep, 1500st or 12.5%)",
        "shape": "how it falls, one of linear, cosine",
        "calm": "whether it stays",
        "momentum": "moves against the rate, [highest, lowest], each in [0, 1); null: leave it alone",
        "size": "its size, even",
        "limit": "at most so many, at least 1; null: all",
    }


def test_the_docstring_gets_its_arguments_from_the_settings() -> None:
    lines = inspect.cleandoc(Every.__doc__ or "").splitlines()
    assert lines[:4] == ["One setting of each kind.", "", "Source: made up.", ""]
    assert lines[4:6] == ["Args:", "    floor: lowest factor, in [0, 1]."]
    assert [line.partition(":")[0].strip() for line in lines[5:] if not line.startswith("     ")] == list(
        settings_of(Every)
    )


def test_arguments_that_are_written_stay_as_they_are() -> None:
    @checked_dataclass
    class Written:
        """What it is.

        Args:
            floor: in other words.
        """

        floor: float = number(0.0, "[0, 1]", "lowest factor")

    assert "in other words" in (Written.__doc__ or "") and "lowest factor" not in (Written.__doc__ or "")


@checked_dataclass
class Base:
    """A base.

    Source: made up.
    """

    lr: float = number(0.1, "[0, inf)", "the rate", hint="0.01")
    decay: float = number(0.5, "(0, 1]", "what it is multiplied by")


@checked_dataclass
class Child(Base):
    """A child with another default and a setting of its own."""

    lr: float = 0.001
    steps: int = integer(3, "[1, inf)", "how many")

    def __post_init__(self) -> None:
        if self.steps * self.lr > 1:
            raise SettingError(self, "steps", f" times lr must not pass 1; got {self.steps}", "1")


def test_a_subclass_keeps_what_is_known_of_a_setting_with_another_default() -> None:
    assert (Child().lr, Child().decay, Base().lr) == (0.001, 0.5, 0.1)
    assert settings_of(Child)["lr"] == settings_of(Base)["lr"]
    for name, value, message in (
        ("lr", -1, r"^Child: lr must lie in \[0, infinity\); got -1\. Try lr=0\.01\.$"),
        ("decay", 0, r"^Child: decay must lie in \(0, 1\]; got 0\. Try decay=0\.5\.$"),
        ("steps", 0, r"^Child: steps must lie in \[1, infinity\); got 0\. Try steps=3\.$"),
        ("steps", 2000, r"^Child: steps times lr must not pass 1; got 2000\. Try steps=1\.$"),
    ):
        with pytest.raises(SettingError, match=message):
            Child(**{name: value})
    # Its own section has what it declares; the base's docstring the rest.
    assert "steps: how many, at least 1." in (Child.__doc__ or "") and "decay" not in (Child.__doc__ or "")


def test_every_setting_is_checked_before_what_concerns_several() -> None:
    with pytest.raises(SettingError, match=r"^Child: lr must be a number; got 'a'"):
        Child(lr="a")  # type: ignore[arg-type]


def test_a_setting_without_default_must_be_given() -> None:
    @checked_dataclass
    class Required:
        """What it is."""

        path: str = setting(meaning="a file")
        kind: str = choice(words=("csv", "json"), meaning="its form")
        rows: int = integer(1, "[1, inf)", "how many")

    with pytest.raises(TypeError, match="path"):
        Required()
    assert Required("a.csv", "csv").rows == 1
    with pytest.raises(SettingError, match=r"^Required: kind must be one of csv, json; got 'cvs'\. Try kind=csv\.$"):
        Required("a.csv", "cvs")
    with pytest.raises(SettingError, match=r"^Required: kind must be one of csv, json; got 'xml'\.$"):
        Required("a.csv", "xml")


def test_a_label_and_a_prefix_are_said_in_place_of_the_class() -> None:
    @checked_dataclass(label="trainer")
    class Settings:
        """Settings of no part."""

        epochs: int = integer(30, "[1, inf)", "how many")

    with pytest.raises(
        SettingError, match=r"^trainer: epochs must lie in \[1, infinity\); got 0\. Try trainer.epochs=30"
    ):
        Settings(epochs=0)


def test_it_is_a_dataclass_like_any_other() -> None:
    assert dataclasses.is_dataclass(Every)
    assert Every() == Every() != Every(floor=0.5)
    assert dataclasses.replace(Every(), count=3).count == 3
    assert Every(0.5, 2.0).rate == 2.0  # in the order of the fields
    with pytest.raises(SettingError, match="count must lie"):
        dataclasses.replace(Every(), count=30)


# --- type checkers see a dataclass ---

SNIPPET = """\
from annealkit import checked_dataclass, duration, integer, number

@checked_dataclass
class Knee:
    hold: str = duration("20%", "how long")
    floor: float = number(0.0, "[0, 1]", "lowest factor")
    count: int = integer(meaning="how many")

Knee("2ep", floor=0.1, count=3)
Knee(floor="low", count=3)
Knee(height=1, count=3)
value: int = Knee(count=3).hold
"""


def test_a_type_checker_tells_a_wrong_call_from_a_right_one(tmp_path: Path) -> None:
    (tmp_path / "knee.py").write_text(SNIPPET)
    command = [sys.executable, "-m", "mypy", "--no-error-summary", f"--cache-dir={tmp_path}", "knee.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert [line.split(": error: ") for line in done.stdout.splitlines() if ": error: " in line] == [
        ["knee.py:10", 'Argument "floor" to "Knee" has incompatible type "str"; expected "float"  [arg-type]'],
        ["knee.py:11", 'Unexpected keyword argument "height" for "Knee"  [call-arg]'],
        [
            "knee.py:12",
            'Incompatible types in assignment (expression has type "str", variable has type "int")  [assignment]',
        ],
    ], done.stdout + done.stderr


KINDS: list[Callable[..., Any]] = [number, integer, numbers, duration, durations, choice, momentum, setting]


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_changes_no_result_is_marked_so(kind: Callable[..., Any]) -> None:
    for operational in (True, False):
        more = {"words": ("a", "b")} if kind is choice else {}
        known = kind(None, meaning="what", operational=operational, **more).metadata["annealkit"]
        assert known.operational is operational and known.meaning == "what"
