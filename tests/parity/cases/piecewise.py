"""piecewise."""

from collections.abc import Iterator
from typing import Any

from parity.case import KerasCase, case

KERAS = [
    KerasCase(
        "PiecewiseConstantDecay",
        {"boundaries": [1], "values": [1.0, 0.3]},
        {"boundaries": ["1st"], "values": [1.0, 0.3], "inclusive": True},
    ),
    KerasCase(
        "PiecewiseConstantDecay",
        {"boundaries": [3, 4, 60], "values": [1.0, 0.3, 0.5, 0.1]},
        {"boundaries": ["3st", "4st", "60st"], "values": [1.0, 0.3, 0.5, 0.1], "inclusive": True},
    ),
]


def cases(peers: Any, total: int) -> Iterator[dict[str, Any]]:
    rates = peers.optax(total, "piecewise_constant_schedule", 0.5, {4: 2.0, 9: 0.1, 60: 0.5})
    fields = {"boundaries": ["4st", "9st", "60st"], "values": [0.5, 1.0, 0.1, 0.05]}
    yield case("optax piecewise_constant_schedule", fields, rates)
