"""A case of parity: a curve of a peer, and the settings with which a schedule of annealkit draws the same.

Each module in `cases/` is named after a schedule or a feedback rule. To add one is to put a file there. Of a schedule
it has one of these, or both:

    def cases(peers, total)   yields `case(…)` for runs of `total` updates; generate.py stores what the peers do
    KERAS                     a list of KerasCase; the tests call Keras

and of a rule:

    def rules(peers, series)  yields `rule(…)` for series of a metric by name; stored as well
    def live(series)          the same, with what Keras does when it is called
"""

import importlib
import pkgutil
from dataclasses import dataclass
from types import ModuleType
from typing import Any

# Next to nothing, less than any period of the cases, and primes, which no period divides.
LENGTHS = (1, 2, 7, 31, 101)


@dataclass(frozen=True)
class KerasCase:
    """A schedule of Keras, which knows no length of the run, and the same of ours.

    Args:
        function: the class in `keras.optimizers.schedules`.
        arguments: what it takes; initial_learning_rate is 1 if it is left out of a class that has it.
        fields: of our schedule.
        warmup: of our linear warmup, or None.
        lengths: of the runs, in weight updates.
    """

    function: str
    arguments: dict[str, Any]
    fields: dict[str, Any]
    warmup: dict[str, Any] | None = None
    lengths: tuple[int, ...] = LENGTHS


def case(
    peer: str, fields: dict[str, Any], rates: list[float], warmup: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """What a peer does and how ours does the same.

    Args:
        peer: library and function, and what else is to be said after it: `torch CyclicLR triangular`.
        fields: of our schedule.
        rates: the peer's, one for each weight update, the base rate being 1.
        warmup: of our linear warmup, or None.
        more: the peer's `momenta`.
    """
    return {"peer": peer, "fields": fields, "warmup": warmup, "rates": rates, **more}


def rule(peer: str, series: str, fields: dict[str, Any], scales: list[float]) -> dict[str, Any]:
    """What a peer's feedback rule does on a series, as `case`; the scale after each value."""
    return {"peer": peer, "series": series, "fields": fields, "scales": scales}


def ramp(length: int, start: float = 0.0) -> dict[str, Any] | None:
    """Our linear warmup where a peer has one of `length` updates; None for 0."""
    return {"length": f"{length}st", "start": start, "include_start": True} if length else None


def modules() -> dict[str, ModuleType]:
    """Schedule or rule -> the module with its cases."""
    package = importlib.import_module("parity.cases")
    names = sorted(found.name for found in pkgutil.iter_modules(package.__path__))
    return {name: importlib.import_module(f"parity.cases.{name}") for name in names}
