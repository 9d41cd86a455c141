"""The rules, value by value, by hand; their parity with Keras, torch and transformers is in test_parity.py."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from helpers import assert_refused

from annealkit.feedback import Feedback, Greedy, Plateau


def scales(rule: Plateau | Greedy, values: list[float]) -> list[float]:
    state, seen = rule.begin(), []
    for value in values:
        state = rule.observe(state, {"loss": 9.0, rule.monitor: value})
        seen.append(state["scale"])
    return seen


BY_HAND: list[tuple[dict[str, Any], list[float], list[float]]] = [
    # The second epoch in a row without a better value reduces; with torch the third.
    ({"patience": 2}, [5, 4, 4, 4, 4, 4, 3], [1, 1, 1, 0.5, 0.5, 0.25, 0.25]),
    ({"patience": 2, "like": "torch"}, [5, 4, 4, 4, 4, 4, 3], [1, 1, 1, 1, 0.5, 0.5, 0.5]),
    # A better value in between starts the count again.
    ({"patience": 2}, [5, 5, 4, 4, 3, 3, 3], [1, 1, 1, 1, 1, 1, 0.5]),
    ({"patience": 0}, [5, 5, 5], [1, 0.5, 0.25]),
    ({"patience": 0, "like": "torch"}, [5, 5, 5], [1, 0.5, 0.25]),
    # Keras counts the last of two cooldown epochs, torch does not.
    ({"patience": 1, "cooldown": 2}, [5, 5, 5, 5, 5, 5], [1, 0.5, 0.5, 0.25, 0.25, 0.125]),
    ({"patience": 0, "cooldown": 2, "like": "torch"}, [5, 5, 5, 5, 5, 5], [1, 0.5, 0.5, 0.5, 0.25, 0.25]),
    ({"patience": 1, "floor": 0.3}, [5, 5, 5, 5], [1, 0.5, 0.3, 0.3]),
    # 4.5 is better than 5 by exactly the margin, which is not enough.
    ({"patience": 1, "min_delta": 0.5}, [5, 4.5, 4], [1, 0.5, 0.5]),
    ({"patience": 1, "min_delta": 0.5, "min_delta_mode": "relative"}, [4, 2, 1], [1, 0.5, 0.5]),
    ({"patience": 1, "monitor": "val_accuracy"}, [0.5, 0.6, 0.6, 0.4, 0.7], [1, 1, 0.5, 0.25, 0.25]),
    ({"patience": 1, "monitor": "val_f1", "mode": "max"}, [0.5, 0.6, 0.6], [1, 1, 0.5]),
]


@pytest.mark.parametrize(("fields", "values", "expected"), BY_HAND)
def test_scales_by_hand(fields: dict[str, Any], values: list[float], expected: list[float]) -> None:
    assert scales(Plateau(factor=0.5, **fields), values) == pytest.approx(expected)


GREEDY_BY_HAND: list[tuple[dict[str, Any], list[float], list[float]]] = [
    # Up at each new best, down at each other value: the paper's plain rule.
    ({}, [5, 4, 4, 6, 3], [2, 4, 2, 1, 2]),
    # Two in a row change nothing yet, and a value of the other kind begins the count anew, as does a change.
    ({"patience": 2}, [5, 4, 3, 2, 2, 2, 1, 1, 1, 1], [1, 1, 2, 2, 2, 2, 2, 2, 2, 1]),
    ({"ceiling": 3.0}, [5, 4, 3, 3], [2, 3, 3, 1.5]),
    ({"floor": 0.3}, [5, 5, 5, 5, 5], [2, 1, 0.5, 0.3, 0.3]),
    # The second value after each rise is not judged, nor are two after each fall; their values are no best either.
    ({"warmup": 1}, [5, 1, 4, 4], [2, 2, 4, 4]),
    ({"cooldown": 2}, [5, 5, 1, 1, 4, 4], [2, 1, 1, 1, 2, 1]),
    # At the second fall that ends at the floor all is as at the beginning: the next value, whatever it is, is the best.
    ({"floor": 0.5, "reset": 2}, [5, 5, 5, 5, 9, 9], [2, 1, 0.5, 1, 2, 1]),
    # A rise in between sets the count of such falls to 0, and null never resets.
    ({"floor": 1.0, "reset": 2}, [5, 5, 4, 5, 5, 6], [2, 1, 2, 1, 1, 2]),
    ({"floor": 0.5, "reset": None}, [5, 5, 5, 5, 5, 5], [2, 1, 0.5, 0.5, 0.5, 0.5]),
    # Means of two: 5, 4, 4.5, 3.5.
    ({"window": 2}, [5, 3, 6, 1], [2, 4, 2, 4]),
    # 4.5 is better than 5 by exactly the margin, which is not enough.
    ({"min_delta": 0.5}, [5, 4.5, 4], [2, 1, 2]),
    ({"min_delta": 0.5, "min_delta_mode": "relative"}, [4, 2, 1], [2, 1, 2]),
    ({"monitor": "accuracy"}, [0.5, 0.6, 0.6, 0.4], [2, 4, 2, 1]),
    ({"monitor": "val_f1", "mode": "max"}, [0.5, 0.4], [2, 1]),
    ({}, [float("nan"), float("inf"), 3.0, float("nan")], [0.5, 0.25, 0.5, 0.25]),
]


@pytest.mark.parametrize(("fields", "values", "expected"), GREEDY_BY_HAND)
def test_greedy_scales_by_hand(fields: dict[str, Any], values: list[float], expected: list[float]) -> None:
    assert scales(Greedy(factor=0.5, **fields), values) == pytest.approx(expected)


def test_a_value_that_is_not_finite_leaves_the_average_with_its_window() -> None:
    # Means of two: inf, inf, 3.5, 2.5.
    assert scales(Greedy(factor=0.5, window=2), [float("inf"), 4, 3, 2]) == [0.5, 0.25, 0.5, 1]


RULES: list[Plateau | Greedy] = [
    Plateau(factor=0.5, patience=1, cooldown=1),
    Plateau(factor=0.5, patience=1, cooldown=1, like="torch"),
    Greedy("val_loss", factor=0.5, patience=1, cooldown=1, window=2, floor=0.5, reset=1),
]


@pytest.mark.parametrize("rule", RULES, ids=["keras", "torch", "greedy"])
def test_state_survives_json_and_observing_is_pure(rule: Plateau | Greedy) -> None:
    checked: Feedback = rule
    assert checked.begin()["scale"] == 1.0
    values = [3.0, 3.0, 2.0, 2.5, 2.5, 2.5, 2.5, 1.0]
    resumed, state = [], rule.begin()
    for value in values:
        state = json.loads(json.dumps(state))
        before = copy.deepcopy(state)
        after = rule.observe(state, {"val_loss": value})
        assert state == before
        assert rule.observe(state, {"val_loss": value}) == after
        state = after
        resumed.append(state["scale"])
    assert resumed == scales(rule, values)
    assert len(set(resumed)) > 1


WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: Plateau(factor=1), "plateau: factor must lie in (0, 1); got 1. Try feedback.factor=0.1."),
    (lambda: Plateau(patience=-1), "plateau: patience must lie in [0, infinity); got -1. Try feedback.patience=10."),
    (lambda: Plateau(floor=2), "plateau: floor must lie in [0, 1]; got 2. Try feedback.floor=0.001."),
    (lambda: Plateau(mode="down"), "plateau: mode must be one of auto, min, max; got 'down'."),
    (lambda: Plateau(min_delta_mode="rel"), "plateau: min_delta_mode must be one of absolute, relative; got 'rel'."),
    (
        lambda: Plateau("val_f1"),
        "plateau: mode=auto cannot tell whether val_f1 should fall or rise. Try feedback.mode=min, or max.",
    ),
    (
        lambda: Plateau("val_los", mode="min").observe(Plateau().begin(), {"loss": 1.0, "val_loss": 2.0}),
        "plateau: monitor=val_los is not measured in this run; there are loss, val_loss. Try "
        "feedback.monitor=val_loss.",
    ),
    (lambda: Greedy(factor=1), "greedy: factor must lie in (0, 1); got 1. Try feedback.factor=0.95."),
    (lambda: Greedy(patience=-1), "greedy: patience must lie in [0, infinity); got -1. Try feedback.patience=0."),
    (lambda: Greedy(window=0), "greedy: window must lie in [1, infinity); got 0. Try feedback.window=1."),
    (
        lambda: Greedy(reset=0),
        "greedy: reset must lie in [1, infinity); got 0. Try feedback.reset=500, or null: never.",
    ),
    (lambda: Greedy(ceiling=0.5), "greedy: ceiling must lie in [1, infinity); got 0.5. Try feedback.ceiling=10."),
    (lambda: Greedy(floor=2), "greedy: floor must lie in [0, 1]; got 2. Try feedback.floor=0.001."),
    (lambda: Greedy(every="50"), "greedy: every='50' has no unit."),
    (lambda: Greedy(every="0st"), "greedy: every must be longer than nothing; got '0st'. Try feedback.every=1ep."),
    (lambda: Greedy(mode="down"), "greedy: mode must be one of auto, min, max; got 'down'."),
    (lambda: Greedy("val_f1"), "greedy: mode=auto cannot tell whether val_f1 should fall or rise."),
    (
        lambda: Greedy("val_loss", every="50st"),
        "greedy: every must be 1ep, since monitor=val_loss is measured once per epoch; got '50st'. Try "
        "feedback.every=1ep, or watch loss.",
    ),
    (
        lambda: Greedy().observe(Greedy().begin(), {"accuracy": 1.0}),
        "greedy: monitor=loss is not measured in this run; there are accuracy.",
    ),
]


@pytest.mark.parametrize(("make", "message"), WRONG, ids=[message[:40] for _, message in WRONG])
def test_what_cannot_be_is_refused(make: Callable[[], Any], message: str) -> None:
    assert_refused(make, "feedback", message)
