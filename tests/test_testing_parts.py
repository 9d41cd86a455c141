"""annealkit.testing: each check of feedback rules and optimizers finds one that is wrong in just that way."""

import itertools
from dataclasses import dataclass
from typing import Any

import keras
import pytest
import tensorflow as tf
from conformance import GOOD, Halve, Plain, changed, found_by

from annealkit.testing import checks, not_checked

NEVER = itertools.count()


def keeping(self: Any, state: dict[str, Any], metrics: Any) -> dict[str, Any]:
    self.seen = len(metrics)
    return Halve.observe(self, state, metrics)


def overwriting(self: Any, state: dict[str, Any], metrics: Any) -> dict[str, Any]:
    state["loss"] = metrics["loss"]
    return state


FEEDBACK: list[tuple[str, dict[str, Any], str]] = [
    ("begins with a scale of 1", {"begin": lambda self: {"scale": 2.0}}, "expected a dictionary with"),
    ("begins with a scale of 1", {"begin": lambda self: {"scale": 1.0, "n": next(NEVER)}}, "returned another state"),
    ("observe is pure", {"observe": overwriting}, "observe changed what it was given at epoch 0 of the falling"),
    ("observe is pure", {"observe": keeping}, "for the same state by another instance"),
    ("resumes from JSON", {"observe": lambda self, state, metrics: state | {"n": {1, 2}}}, "cannot be stored as JSON"),
    (
        "resumes from JSON",
        {"observe": lambda self, state, metrics: {"scale": 0.5 if (1,) in state.values() else 1.0, "n": (1,)}},
        "at epoch 1 of the falling series the scale is 0.5, but 1.0 after a resume",
    ),
    (
        "the scale is finite and above 0",
        {"observe": lambda self, state, metrics: {"scale": metrics["loss"]}},
        "the scale is nan at epoch 1 of the NaN series",
    ),
    (
        "a missing metric is refused",
        {"observe": lambda self, state, metrics: {"scale": 1 + 0 * metrics["accuracy"]}},
        "without accuracy observe raised KeyError: 'accuracy'; expected a ConfigError",
    ),
    (
        "a missing metric is refused",
        {"observe": lambda self, state, metrics: {"scale": 1 / (1 + metrics.get("val_loss", 0))}},
        "observe uses val_loss, and goes on as if nothing were wrong",
    ),
]


class NoRate(keras.optimizers.SGD):
    """Moves by the gradient, whatever the rate."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        self.assign_sub(variable, 0.01 * gradient)


class Frozen(keras.optimizers.SGD):
    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        pass


class Divides(keras.optimizers.SGD):
    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        self.assign_sub(variable, learning_rate * gradient / (gradient * 0))


class Counts(keras.optimizers.SGD):
    """Remembers its updates in Python, which neither a graph nor a checkpoint knows."""

    count = 0

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        self.count += 1
        self.assign_sub(variable, learning_rate * gradient / self.count)


class Argument(keras.optimizers.SGD):
    """An argument that its configuration does not have."""

    def __init__(self, times: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.times = times

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        self.assign_sub(variable, self.times * learning_rate * gradient)


class Climbs(keras.optimizers.SGD):
    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        self.assign_add(variable, learning_rate * gradient)


class In32(keras.optimizers.SGD):
    def apply(self, gradients: Any, variables: Any = None) -> None:
        super().apply([gradient / tf.reduce_sum(tf.abs(gradient)) for gradient in gradients], variables)


def of(cls: type) -> dict[str, Any]:
    """The body of a part that builds this Keras class and passes the options on."""
    options = ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm")
    return {"build": lambda self, rate: cls(learning_rate=rate, **{name: getattr(self, name) for name in options})}


OPTIMIZERS: list[tuple[str, dict[str, Any], str]] = [
    ("docstring: its source", {"__doc__": "Gradient descent."}, "does not say where it comes from"),
    ("builds with a number and with a curve", {"build": lambda self, rate: rate}, "build returned float"),
    (
        "builds with a number and with a curve",
        {"build": lambda self, rate: keras.optimizers.SGD(0.5)},
        "built with a learning rate of 0.03 the optimizer has 0.5",
    ),
    ("a rate of 0 changes nothing", of(NoRate), "3 updates with a rate of 0 moved a weight by"),
    ("moves the weights", of(Frozen), "3 updates in float32 changed no weight"),
    ("moves the weights", of(Divides), "weights are not finite after 3 updates in float32"),
    ("computes in mixed_bfloat16", of(Divides), "weights are not finite after 3 updates in mixed_bfloat16"),
    ("follows the rate", of(NoRate), "an update with half the rate, 0.015, changed the weights just as"),
    ("descends", of(Climbs), "its first update goes up the gradient, not down"),
    ("settings have an effect", of(keras.optimizers.SGD), "momentum has no effect: momentum=0.45"),
    ("resumes to the bit", of(Counts), "3 updates after its variables were copied to a new optimizer"),
    ("works in a graph", of(Counts), "3 updates in a tf.function differ by"),
    (
        "decay, clipping and accumulation",
        {"build": lambda self, rate: keras.optimizers.SGD(rate, weight_decay=self.weight_decay)},
        "clipnorm=0.01 has no effect",
    ),
    (
        "decay, clipping and accumulation",
        {
            "build": lambda self, rate: keras.optimizers.SGD(
                rate,
                weight_decay=self.weight_decay,
                clipnorm=self.clipnorm,
                clipvalue=self.clipvalue,
                global_clipnorm=self.global_clipnorm,
                gradient_accumulation_steps=self.gradient_accumulation_steps
                if self.gradient_accumulation_steps > 1
                else None,
            )
        },
        "gradient_accumulation_steps=4 changes what the built optimizer does",
    ),
    (
        "the same from its config",
        {"build": lambda self, rate: Argument(times=2.0, learning_rate=rate)},
        "made again by from_config(get_config()) it moves a weight otherwise",
    ),
]


@pytest.mark.parametrize(
    ("group", "title", "body", "words"),
    [(group, *case) for group, cases in (("feedback", FEEDBACK), ("optimizer", OPTIMIZERS)) for case in cases],
)
def test_a_wrong_part_is_found(
    group: str, title: str, body: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = found_by(title, group, changed(group, **body), monkeypatch)
    assert words in said and "\nTo change: " in said, said


@pytest.mark.parametrize("group", GOOD)
def test_a_part_that_keeps_to_everything_passes(group: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found_by("settings to check it with", group, GOOD[group], monkeypatch) == ""
    for check in checks(group, "tried"):
        check()


@pytest.mark.parametrize(("field", "words"), [("lr", "its field lr is None"), ("gradient_accumulation_steps", "is 0")])
def test_an_optimizer_without_what_the_trainer_reads_is_found(
    field: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(self: Any) -> None:
        setattr(self, field, {"lr": None}.get(field, 0))

    cls = dataclass(changed("optimizer", __post_init__=wrong))
    assert words in found_by("fields of every optimizer", "optimizer", cls, monkeypatch)


def test_what_a_part_declares_impossible_is_not_checked_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    downloading = changed("data", needs_download=True, load=None)
    assert found_by("train_size is known", "data", downloading, monkeypatch) == ""
    for check in checks("data", "tried"):
        check()
    assert "images and labels: load() uses the network (needs_download = True)" in not_checked("data", "tried")
    dividing = changed("optimizer", rate_may_be_zero=False, **of(NoRate))
    assert found_by("moves the weights", "optimizer", dividing, monkeypatch) == ""
    assert [line.partition(":")[0] for line in not_checked("optimizer", "tried")] == ["a rate of 0 changes nothing"]
    slow = changed("schedule", needs_tensorflow=True)
    assert found_by("pure", "schedule", slow, monkeypatch) == ""
    assert not_checked("schedule", "tried") == ["under 1 µs a step: TensorFlow computes it (needs_tensorflow = True)"]


def test_the_good_optimizer_is_plain_sgd() -> None:
    assert Plain(momentum=0.0, nesterov=False).build(0.1).get_config()["momentum"] == 0.0
