"""The built-in schedules: pure functions from the count of weight updates to a factor of the base learning rate.

In every formula `s` is the 0-based weight update, `T` the length of the schedule's span in updates (the run less its
warmup) and `p = s/T`, which reaches 1 one update after the last.

Past its span a schedule holds one value. Curves that lead to an end (polynomial, cosine, one_cycle, trapezoid, rex,
tanh) hold that end, their value at p = 1. Curves without an end of their own (step, multistep, piecewise, exponential,
inverse_time, inverse_sqrt, cyclical, cosine_restarts, table) hold the value of their last update, s = T-1, so a stair
or a restart due at T itself does not show. A sequence and a product hold what their parts hold, a
schedule of Keras its value at s = T.
"""

from annealkit.schedules.constant import Constant
from annealkit.schedules.cosine import Cosine
from annealkit.schedules.cosine_restarts import CosineRestarts
from annealkit.schedules.cyclical import Cyclical
from annealkit.schedules.exponential import Exponential
from annealkit.schedules.inverse_sqrt import InverseSqrt
from annealkit.schedules.inverse_time import InverseTime
from annealkit.schedules.keras_schedule import KerasByName
from annealkit.schedules.multistep import MultiStep
from annealkit.schedules.one_cycle import OneCycle
from annealkit.schedules.piecewise import Piecewise
from annealkit.schedules.polynomial import Polynomial
from annealkit.schedules.product import Product
from annealkit.schedules.rex import Rex
from annealkit.schedules.sequence import Phase, Sequence
from annealkit.schedules.step import Step
from annealkit.schedules.table import Table
from annealkit.schedules.tanh import Tanh
from annealkit.schedules.trapezoid import Trapezoid

__all__ = [
    "Constant",
    "Cosine",
    "CosineRestarts",
    "Cyclical",
    "Exponential",
    "InverseSqrt",
    "InverseTime",
    "KerasByName",
    "MultiStep",
    "OneCycle",
    "Phase",
    "Piecewise",
    "Polynomial",
    "Product",
    "Rex",
    "Sequence",
    "Step",
    "Table",
    "Tanh",
    "Trapezoid",
]
