"""The plateau rule, epoch by epoch, by hand; its parity with Keras and torch is in test_parity.py."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from annealkit.errors import ConfigError
from annealkit.feedback import Plateau


def scales(rule: Plateau, values: list[float]) -> list[float]:
    state, seen = rule.begin(), []
    for value in values:
        state = rule.observe(state, {rule.monitor: value, "loss": 9.0})
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


@pytest.mark.parametrize("like", ["keras", "torch"])
def test_state_survives_json_and_observing_is_pure(like: str) -> None:
    rule = Plateau(factor=0.5, patience=1, cooldown=1, like=like)
    assert rule.begin()["scale"] == 1.0
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
    assert resumed[-1] < 1


WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: Plateau(factor=1), "plateau: factor must lie in (0, 1); got 1. Try feedback.factor=0.1."),
    (lambda: Plateau(patience=-1), "plateau: patience must lie in [0, infinity); got -1. Try feedback.patience=10."),
    (lambda: Plateau(floor=2), "plateau: floor must lie in [0, 1]; got 2. Try feedback.floor=0.001."),
    (lambda: Plateau(mode="down"), "plateau: mode must be one of auto, min, max; got 'down'."),
    (lambda: Plateau(min_delta_mode="rel"), "plateau: min_delta_mode must be one of absolute, relative; got 'rel'."),
    (
        lambda: Plateau("val_f1"),
        "plateau: mode=auto cannot tell whether val_f1 should fall or rise. Try feedback.mode=",
    ),
    (
        lambda: Plateau("val_los", mode="min").observe(Plateau().begin(), {"loss": 1.0, "val_loss": 2.0}),
        "plateau: feedback.monitor=val_los is not measured in this run; there are loss, val_loss. Did you mean",
    ),
]


@pytest.mark.parametrize(("make", "message"), WRONG, ids=[message[:40] for _, message in WRONG])
def test_what_cannot_be_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value).startswith(message)
