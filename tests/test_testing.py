"""annealkit.testing: each check of a schedule or a warmup finds a part that is wrong in just that way."""

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from conformance import Climb, Fall, changed, found_by

from annealkit import ConfigError, Run
from annealkit.testing import Check, ConformanceError, checks, not_checked

NEVER = itertools.count()


def fall(step: np.ndarray, run: Run) -> np.ndarray:
    return np.asarray(Fall().factor(step, run))


class Part:
    """Bodies of `factor` and `ramp` that are wrong."""

    def negative(self, step: np.ndarray, run: Run) -> np.ndarray:
        return 0.5 - step / run.total_steps

    def not_finite(self, step: np.ndarray, run: Run) -> np.ndarray:
        return np.divide(step, run.total_steps - 1)

    def scalar(self, step: np.ndarray, run: Run) -> Any:
        return 1.0

    def words(self, step: np.ndarray, run: Run) -> Any:
        return ["high"] * len(step)

    def refusing(self, step: np.ndarray, run: Run) -> np.ndarray:
        raise ConfigError("tried: never.")

    def crashing(self, step: np.ndarray, run: Run) -> np.ndarray:
        raise KeyError("rate")

    def counting(self, step: np.ndarray, run: Run) -> np.ndarray:
        return fall(step, run) / (1 + next(NEVER))

    def remembering(self, step: np.ndarray, run: Run) -> np.ndarray:
        self.calls = getattr(self, "calls", 0) + 1
        return fall(step, run)

    def overwriting(self, step: np.ndarray, run: Run) -> np.ndarray:
        result = fall(step, run)
        step += 1
        return result

    def by_the_array(self, step: np.ndarray, run: Run) -> np.ndarray:
        return step / max(step.max(), 1)

    def rounding(self, step: np.ndarray, run: Run) -> np.ndarray:
        return fall(step, run) * (2.0 if self.length.endswith("ep") else 1.0)

    def rising_again(self, step: np.ndarray, run: Run) -> np.ndarray:
        return 0.5 + 0.5 * np.cos(np.pi * step / run.total_steps)

    def huge(self, step: np.ndarray, run: Run) -> np.ndarray:
        return np.full(len(step), 1e60)

    def summing(self, step: np.ndarray, run: Run) -> np.ndarray:
        return np.cumsum(np.full(len(step), 0.001))

    def looping(self, step: np.ndarray, run: Run) -> np.ndarray:
        return np.array([1 / (1 + s + 0 * sum(range(8000))) for s in step])

    def only_from_the_start(self, step: np.ndarray, run: Run) -> np.ndarray:
        return fall(step, run) if run.total_steps != 947 else 1e3 * np.nan * step

    def two_momenta(self, step: np.ndarray, run: Run) -> np.ndarray:
        return np.full(len(step), 0.5 + 0.1 * (next(NEVER) % 2))

    def great_momenta(self, step: np.ndarray, run: Run) -> np.ndarray:
        return np.full(len(step), 1.5)


@pytest.mark.parametrize(
    ("title", "body", "words"),
    [
        ("finite and at least 0", Part.negative, ["is -0.0714", "at step 4 of Run(total_steps=7", "np.maximum"]),
        ("finite and at least 0", Part.not_finite, ["is nan at step 0 of Run(total_steps=1", "do not divide"]),
        ("finite and at least 0", Part.scalar, ["returned shape () for steps of shape (1,)", "one number for"]),
        ("finite and at least 0", Part.words, ["factor over Run(", "returned list, which is no array"]),
        ("finite and at least 0", Part.refusing, ["refused Run(total_steps=101", "tried: never."]),
        ("finite and at least 0", Part.crashing, ["KeyError: 'rate' (raised in crashing, ", "test_testing.py:"]),
        ("pure", Part.counting, ["at step 0 of Run(total_steps=7", "when evaluated a second time", "no counters"]),
        ("pure", Part.remembering, ["calls was None and became 1", "factor keeps nothing"]),
        ("pure", Part.overwriting, ["changed its input: step[0] was 0 and became 1", "do not assign into `step`"]),
        ("a step alone as in an array", Part.by_the_array, ["is 0.1666", "and 1.0 alone"]),
        ("within its Range", Part.rising_again, ["outside the documented Range: [floor, 1], here [0.1, 1]"]),
        ("the same in st, ep and %", Part.rounding, ["length=5000st and", "with 50ep", "run.steps(length)"]),
        ("one value past the end", Part.rising_again, ["past the end of Run(total_steps=1,", "step = np.minimum(step"]),
        ("the same in the graph", Part.huge, ["at most 3.403e+38, the largest of float32", "1e+60 at step 0"]),
        ("resumes at every step", Part.summing, ["from step 1 on", "np.cumsum"]),
        ("under 1 µs a step", Part.looping, ["ns a step, the best of 3", "expected at most 1,000 ns", "np.where"]),
        ("follows a warmup", Part.only_from_the_start, ["must return finite numbers"]),
    ],
)  # fmt: skip
def test_a_wrong_schedule_is_found(title: str, body: Any, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert found_by(title, "schedule", Fall, monkeypatch) == ""
    with np.errstate(all="ignore"):
        said = found_by(title, "schedule", changed("schedule", factor=body, __module__=__name__), monkeypatch)
    assert said.startswith("schedule=tried") and "\nTo change: " in said
    for word in words:
        assert word in said, said


@pytest.mark.parametrize(
    ("body", "words"), [(Part.two_momenta, "gave two answers"), (Part.great_momenta, "must return momenta in [0, 1)")]
)
def test_wrong_momenta_are_found(body: Any, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert words in found_by("momenta in [0, 1)", "schedule", changed("schedule", momenta=body), monkeypatch)


def test_a_field_that_is_changed_each_time_it_is_set_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass
    class Forgetful(Fall):
        __doc__ = Fall.__doc__

        def __post_init__(self) -> None:
            self.floor = self.floor + 1e-3 * next(NEVER)

    said = found_by("the same after YAML", "schedule", Forgetful, monkeypatch)
    assert "the field floor is" in said and "let floor depend on nothing but what was set" in said


def test_a_field_without_a_default_needs_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass
    class Needy(Fall):
        length: str = field()

    said = found_by("settings to check it with", "schedule", Needy, monkeypatch)
    assert "length has no default, and the class offers no examples" in said and "[{'length': …}]" in said
    # What cannot be made is not checked any further.
    assert [check.title for check in checks("schedule", "tried")][2:] == []
    wrong = {"examples": classmethod(lambda cls, folder: {"length": "5st"})}
    said = found_by("settings to check it with", "schedule", type("Needy", (Needy,), wrong), monkeypatch)
    assert "expected a list of dictionaries" in said
    without = {"examples": classmethod(lambda cls: [])}
    said = found_by("settings to check it with", "schedule", type("Needy", (Needy,), without), monkeypatch)
    assert "examples cannot be called with a folder" in said


class Ramp:
    def above(self, step: np.ndarray, length: int) -> np.ndarray:
        return (step + 2) / (length + 1)

    def to_the_target(self, step: np.ndarray, length: int) -> np.ndarray:
        return (step + 1) / length

    def from_the_array(self, step: np.ndarray, length: int) -> np.ndarray:
        return np.arange(len(step)) / length

    def counting(self, step: np.ndarray, length: int) -> np.ndarray:
        return step / length / (1 + next(NEVER))

    def keeping(self, step: np.ndarray, length: int) -> np.ndarray:
        self.last = length
        return step / length

    def half(self, step: np.ndarray, length: int) -> np.ndarray:
        return step[: len(step) // 2] / length

    def overwriting(self, step: np.ndarray, length: int) -> np.ndarray:
        step += 1
        return step / (length + 1)


@pytest.mark.parametrize(
    ("title", "body", "words"),
    [
        ("within [0, 1]", {"ramp": Ramp.half}, "returned shape (0,) for steps of shape (1,)"),
        ("within [0, 1]", {"ramp": lambda self, step, length: step + 1.5}, "is 1.5 at step 0 of 1"),
        (
            "ends below its target",
            {"ramp": Ramp.to_the_target},
            "is 1.0 at its last step, 0 of 1; expected less than 1",
        ),
        ("pure", {"ramp": Ramp.counting}, "when evaluated a second time"),
        ("pure", {"ramp": Ramp.keeping}, "ramp changed the instance"),
        ("pure", {"ramp": Ramp.overwriting}, "ramp changed its input array"),
        ("a step alone as in an array", {"ramp": Ramp.from_the_array}, "within the whole array and 0.0 alone"),
        ("within its Range", {"ramp": Ramp.to_the_target}, "outside the documented Range: [0, 1)"),
        ("leads to a schedule", {"ramp": Ramp.above}, "let ramp return fractions below 1"),
    ],
)
def test_a_wrong_warmup_is_found(title: str, body: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found_by(title, "warmup", Climb, monkeypatch) == ""
    said = found_by(title, "warmup", changed("warmup", **body), monkeypatch)
    assert words in said and "\nTo change: " in said, said


def test_a_warmup_without_a_length_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass
    class Endless(Climb):
        length: str = "soon"

        def __post_init__(self) -> None:
            """Nothing is checked here."""

    assert "'soon' is not a duration" in found_by("length is a duration", "warmup", Endless, monkeypatch)


def test_a_failure_is_an_assertion_and_a_message() -> None:
    assert issubclass(ConformanceError, AssertionError)
    check = Check("passes", "schedule=tried", lambda: None)
    check()
    assert check.title == "passes" and not_checked("schedule", "cosine") == []


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"schedule=cosin: no such schedule\. Did you mean cosine\?"):
        checks("schedule", "cosin")
    with pytest.raises(ConfigError, match="there is no group schedules"):
        checks("schedules", "cosine")
