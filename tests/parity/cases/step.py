"""step."""

from collections.abc import Iterator
from typing import Any

from parity.case import KerasCase, case

KERAS = [
    KerasCase(
        "ExponentialDecay",
        {"decay_steps": 7, "decay_rate": 0.9, "staircase": True},
        {"drop": 0.9, "every": "7st"},
    )
]


def cases(peers: Any, total: int) -> Iterator[dict[str, Any]]:
    for every in (1, 3, 50):
        rates = peers.torch(total, "StepLR", every, gamma=0.7)
        yield case("torch StepLR", {"drop": 0.7, "every": f"{every}st"}, rates)
    rates = peers.timm(total, "StepLRScheduler", decay_t=6, decay_rate=0.5)
    yield case("timm StepLRScheduler", {"drop": 0.5, "every": "6st"}, rates)
