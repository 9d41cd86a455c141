"""The built-in schedules: pure functions from the count of weight updates to a factor of the base learning rate.

In every formula `s` is the 0-based weight update, `T` the length of the schedule's span in updates (the run less its
warmup) and `p = s/T`, which reaches 1 one update after the last.

Past its span a schedule holds one value. Curves that lead to an end (polynomial, cosine, one_cycle, trapezoid, rex,
tanh) hold that end, their value at p = 1. Curves without an end of their own (step, multistep, piecewise, exponential,
inverse_time, inverse_sqrt, cyclical, cosine_restarts, table) hold the value of their last update, s = T-1, so a stair
or a restart due at T itself does not show. A sequence and a product hold what their parts hold, a
schedule of Keras its value at s = T.
"""

from typing import Any

from annealkit.groups import builtin


def __getattr__(name: str) -> Any:
    """A class of a module in this folder."""
    return builtin("schedules", name)
