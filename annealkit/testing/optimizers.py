"""The checks of optimizers, on a network of a few weights."""

from typing import Any

import numpy as np

from annealkit.errors import ConfigError
from annealkit.plugin_system.returned import checked_optimizer, checked_rate_and_batches
from annealkit.testing.documentation import has_source
from annealkit.testing.keras_setup import start
from annealkit.testing.subject import Settings, Subject
from annealkit.testing.tiny_network import Bowl, Pair

ZERO_RATE = "a rate of 0 changes nothing"
UPDATES = 3
DESCENT = 30  # updates
CLIPPING = ("clipnorm", "clipvalue", "global_clipnorm")


def table(rates: list[float]) -> Any:
    """The curve as training gives it to an optimizer."""
    start()
    from annealkit.keras.table_schedule import TableSchedule

    return TableSchedule(np.array(rates))


def falling(instance: Any) -> Any:
    """A curve from the optimizer's own rate down to half of it."""
    return table([instance.lr * (1 - 0.05 * step) for step in range(10)])


def has_its_fields(subject: Subject) -> None:
    for settings, instance in subject.each():
        with subject.judging(settings):
            checked_rate_and_batches(instance)
        if not instance.lr > 0:
            raise subject.unusable(
                f"its field lr is {instance.lr!r}; expected a number above 0",
                "give it a field `lr: float = 0.001`.",
                settings,
            )


def builds(subject: Subject) -> None:
    start()
    for settings, instance in subject.each():
        curve = falling(instance)
        for rate, rates in ((instance.lr, np.array([instance.lr])), (curve, curve.rates)):
            with subject.judging(settings):
                checked_optimizer(instance.build(rate), rates)


def keeps_weights_at_rate_0(subject: Subject) -> None:
    for settings, instance in subject.each():
        fresh = Pair(instance.build(table([0.0])))
        before = fresh.weights
        after = fresh.train(UPDATES).weights
        if not np.array_equal(before, after):
            raise subject.failure(
                f"{UPDATES} updates with a rate of 0 moved a weight by {np.abs(after - before).max()}",
                "multiply every change by the rate. If the method divides by it, say so in the docstring and declare "
                "rate_may_be_zero: ClassVar[bool] = False.",
                settings,
            )


def moves_the_weights(subject: Subject) -> None:
    for settings, instance in subject.each():
        pair = Pair(instance.build(falling(instance)))
        _check_moved(subject, settings, pair.weights, pair.train(UPDATES).weights, "in float32")


def computes_in_bfloat16(subject: Subject) -> None:
    for settings, instance in subject.each():
        pair = Pair(instance.build(falling(instance)), "mixed_bfloat16")
        _check_moved(subject, settings, pair.weights, pair.train(UPDATES).weights, "in mixed_bfloat16")


def _check_moved(subject: Subject, settings: Settings, before: np.ndarray, after: np.ndarray, how: str) -> None:
    if not np.isfinite(after).all():
        raise subject.failure(
            f"{(~np.isfinite(after)).sum()} of {len(after)} weights are not finite after {UPDATES} updates {how}",
            "look for a division by 0, such as by a mean square without an epsilon, and for a default lr that is too "
            "large.",
            settings,
        )
    if np.array_equal(before, after):
        raise subject.failure(
            f"{UPDATES} updates {how} changed no weight",
            "let update_step assign the new value to the variable.",
            settings,
        )


def follows_the_rate(subject: Subject) -> None:
    for settings, instance in subject.each():
        whole, half = (Pair(instance.build(table([rate]))).train(1).weights for rate in (instance.lr, instance.lr / 2))
        if np.array_equal(whole, half):
            raise subject.failure(
                f"an update with half the rate, {instance.lr / 2}, changed the weights just as one with {instance.lr}",
                "multiply the change by learning_rate, which update_step gets, so that schedules have an effect.",
                settings,
            )


def descends(subject: Subject) -> None:
    """Half the squared distance from a point falls, at a tenth of its own rate, and at first along the gradient."""
    for settings, instance in subject.each():
        bowl = Bowl(instance.build(table([0.1 * instance.lr] * DESCENT)))
        begin = bowl.loss
        slope = bowl.update()
        if slope > 0:
            raise subject.failure(
                "its first update goes up the gradient, not down: on half the squared distance from a point the "
                f"weights moved by {slope:.3g} along the gradient",
                "look for a wrong sign in update_step: a descent subtracts what points along the gradient.",
                settings,
            )
        for _ in range(DESCENT - 1):
            bowl.update()
        if not bowl.loss < begin:
            raise subject.failure(
                f"{DESCENT} updates with a tenth of its rate, {0.1 * instance.lr:g}, took half the squared distance "
                f"from a point from {begin:.6g} to {bowl.loss:.6g}; expected it to fall",
                "look for a wrong sign, for state that is not kept from one update to the next, and for a default lr "
                "that is too large.",
                settings,
            )


def resumes_to_the_bit(subject: Subject) -> None:
    for settings, instance in subject.each():
        first = Pair(instance.build(falling(instance))).train(UPDATES)
        second = Pair(instance.build(falling(instance)))
        if len(first.variables) != len(second.variables):
            raise subject.failure(
                f"the optimizer has {len(first.optimizer.variables)} variables after some updates and "
                f"{len(second.optimizer.variables)} when it is new",
                "make every variable in build(variables).",
                settings,
            )
        for old, new in zip(first.variables, second.variables, strict=True):
            new.assign(old)
        left, right = (pair.train(UPDATES, begin=UPDATES).weights for pair in (first, second))
        if left.tobytes() != right.tobytes():
            raise subject.failure(
                f"{UPDATES} updates after its variables were copied to a new optimizer a weight differs by "
                f"{np.abs(left - right).max()}",
                "keep all state in variables that are made with add_variable in build, so that a checkpoint has it: "
                "no Python attributes that change.",
                settings,
            )


def works_in_a_graph(subject: Subject) -> None:
    for settings, instance in subject.each():
        eager = Pair(instance.build(falling(instance)))
        begin = eager.weights
        graph = Pair(instance.build(falling(instance))).train(UPDATES, in_graph=True).weights
        expected = eager.train(UPDATES).weights
        # Operations are rounded in another order in a graph, not by a hundredth of what an update does.
        if not np.allclose(graph, expected, rtol=0, atol=0.01 * float(np.abs(expected - begin).max())):
            raise subject.failure(
                f"{UPDATES} updates in a tf.function differ by {np.abs(graph - expected).max()} from those without, "
                f"which moved weights by up to {np.abs(expected - begin).max()}",
                "compute with tensors and variables only: a Python number or `if` is evaluated once, when the graph "
                "is made.",
                settings,
            )


def honours_its_options(subject: Subject) -> None:
    """Decay and clipping change something; accumulation is left to the trainer."""
    # The second push is weak and goes the other way: where both are clipped to one size it counts for more.
    pushes = [100.0, -5.0]
    for settings, instance in subject.each():
        plain = Pair(instance.build(instance.lr)).push(pushes).weights
        for name, value in [("weight_decay", 0.5), *[(name, 0.01) for name in CLIPPING]]:
            if not hasattr(instance, name):
                continue
            try:
                changed = subject.build({**settings, name: value})
            except ConfigError:
                continue  # Refused in words.
            if name in CLIPPING and getattr(changed.build(instance.lr), name, None) == value:
                continue  # Keras clips then; what goes by the sign alone need not move otherwise for it.
            if np.array_equal(plain, Pair(changed.build(instance.lr)).push(pushes).weights):
                raise subject.failure(
                    f"{name}={value} has no effect",
                    f"pass {name} on to the Keras optimizer, or refuse it in __post_init__ with a ConfigError.",
                    settings,
                )
        if not hasattr(instance, "gradient_accumulation_steps"):
            continue
        several = subject.build({**settings, "gradient_accumulation_steps": 4})
        if not np.array_equal(plain, Pair(several.build(instance.lr)).push(pushes).weights):
            raise subject.failure(
                "gradient_accumulation_steps=4 changes what the built optimizer does",
                "do not pass it on: the trainer itself adds up the gradients, and gives the optimizer their mean.",
                settings,
            )


def survives_its_config(subject: Subject) -> None:
    for settings, instance in subject.each():
        optimizer = instance.build(instance.lr)
        again = type(optimizer).from_config(optimizer.get_config())
        left, right = (Pair(made).train(UPDATES).weights for made in (optimizer, again))
        if not np.array_equal(left, right):
            raise subject.failure(
                f"made again by from_config(get_config()) it moves a weight otherwise by {np.abs(left - right).max()}",
                "let get_config of the Keras class return every argument of its __init__.",
                settings,
            )


CHECKS = [
    ("docstring: its source", has_source),
    ("fields of every optimizer", has_its_fields),
    ("builds with a number and with a curve", builds),
    (ZERO_RATE, keeps_weights_at_rate_0),
    ("moves the weights", moves_the_weights),
    ("follows the rate", follows_the_rate),
    ("descends", descends),
    ("resumes to the bit", resumes_to_the_bit),
    ("works in a graph", works_in_a_graph),
    ("computes in mixed_bfloat16", computes_in_bfloat16),
    ("decay, clipping and accumulation", honours_its_options),
    ("the same from its config", survives_its_config),
]
