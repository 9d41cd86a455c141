"""The checks of how a schedule is used: in the graph, on a resume, after a warmup, fast."""

import time

import numpy as np

from annealkit.curve.rates import learning_rates, momenta
from annealkit.curve.span import Run
from annealkit.testing.curves import LONG, RUNS, curves, evaluate, first_difference
from annealkit.testing.keras_setup import start
from annealkit.testing.subject import Subject
from annealkit.warmups.linear import LinearWarmup

FAST = "under 1 µs a step"
LR = 0.1
NANOSECONDS = 1000.0  # for a step at most
TRIES = 10


def is_the_same_in_the_graph(subject: Subject) -> None:
    start()
    import tensorflow as tf

    from annealkit.keras.table_schedule import TableSchedule

    for settings, instance in subject.each():
        rates = learning_rates(instance, LR, LONG)
        found = np.asarray(TableSchedule(rates)(tf.range(LONG.total_steps, dtype=tf.int64)))
        wrong = ~np.isfinite(found) | (found != rates.astype(np.float32))
        if wrong.any():
            step = int(np.argmax(wrong))
            raise subject.failure(
                f"the rate in the graph is {found[step]} at step {step} of {LONG}; NumPy gives {rates[step]}",
                "keep factors within what float32 can hold, below 1e38.",
                settings,
            )


def resumes_anywhere(subject: Subject) -> None:
    for settings, instance, run, step, values in curves(subject, [Run(13, 5)]):
        for begin in range(run.total_steps):
            for end in (begin + 4, run.total_steps):
                found = evaluate(subject, settings, instance, step[begin:end], run)
                assert found is not None
                place = first_difference(values[begin:end], found)
                if place is not None:
                    raise subject.failure(
                        f"factor at step {begin + place} of {run} is {values[begin + place]} from the beginning and "
                        f"{found[place]} when evaluated from step {begin} on",
                        "compute each factor from its own step alone: np.cumsum, np.arange(len(step)) and step[0] "
                        "depend on where the array begins.",
                        settings,
                    )


def is_fast(subject: Subject) -> None:
    for settings, instance in subject.each():
        # The limits of shorter runs leave a fraction of a second for what a call costs however many steps there are.
        for count, limit in ((10_000, 20 * NANOSECONDS), (100_000, 3 * NANOSECONDS), (1_000_000, NANOSECONDS)):
            run, step = Run(count, 100), np.arange(count, dtype=np.int64)
            best, tries = np.inf, 0
            # The machine may be busy with something else: the best of several counts. Four times too slow is no chance.
            while best > limit and (tries < 3 or (tries < TRIES and best < 4 * limit)):
                began = time.perf_counter()
                evaluate(subject, settings, instance, step, run)
                best, tries = min(best, (time.perf_counter() - began) / count * 1e9), tries + 1
            if best > limit:
                raise subject.failure(
                    f"factor takes {best:,.0f} ns a step, the best of {tries} goes over {count:,} steps; expected at "
                    f"most {NANOSECONDS:,.0f} ns",
                    "compute with NumPy operations on the whole array `step`, such as np.where, np.power and "
                    "np.searchsorted, instead of a Python loop over it.",
                    settings,
                )


def follows_a_warmup(subject: Subject) -> None:
    warmup = LinearWarmup("5%")
    length = LONG.steps(warmup.length)
    span = Run(LONG.total_steps - length, LONG.steps_per_epoch)
    for settings, instance in subject.each():
        rates = learning_rates(instance, LR, LONG, warmup)
        values = evaluate(subject, settings, instance, np.arange(span.total_steps, dtype=np.int64), span)
        assert values is not None
        ramp = values[0] * np.arange(1, length + 1) / (length + 1)
        place = first_difference(LR * np.concatenate([ramp, values]), rates)
        if place is not None:
            raise subject.failure(
                f"after a linear warmup of {length} updates the rate at step {place} of {LONG} is {rates[place]}",
                "count from the beginning of the schedule's own span, which follows the warmup: step begins at 0 and "
                "run.total_steps is its length.",
                settings,
            )


def pairs_momenta(subject: Subject) -> None:
    if not hasattr(subject.part.cls, "momenta"):
        return
    for settings, instance, run, step, _ in curves(subject, RUNS):
        values = momenta(instance, step, run)
        again = momenta(instance, step, run)
        if values is not None and (again is None or first_difference(values, again) is not None):
            raise subject.failure(
                f"momenta gave two answers over {run}", "compute momenta from step, run and the fields alone.", settings
            )


CHECKS = [
    ("the same in the graph", is_the_same_in_the_graph),
    ("resumes at every step", resumes_anywhere),
    (FAST, is_fast),
    ("follows a warmup", follows_a_warmup),
    ("momenta in [0, 1)", pairs_momenta),
]
