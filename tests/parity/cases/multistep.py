"""multistep."""

from collections.abc import Iterator
from typing import Any

from parity.case import case


def cases(peers: Any, total: int) -> Iterator[dict[str, Any]]:
    for milestones in ([4], [3, 10, 10, 60]):
        rates = peers.torch(total, "MultiStepLR", milestones, gamma=0.3)
        fields = {"drop": 0.3, "milestones": [f"{milestone}st" for milestone in milestones]}
        yield case("torch MultiStepLR", fields, rates)
    rates = peers.optax(total, "piecewise_constant_schedule", 1.0, {4: 0.3, 9: 0.3})
    yield case("optax piecewise_constant_schedule", {"drop": 0.3, "milestones": ["4st", "9st"]}, rates)
    rates = peers.timm(total, "MultiStepLRScheduler", decay_t=[5, 21], decay_rate=0.3)
    yield case("timm MultiStepLRScheduler", {"drop": 0.3, "milestones": ["4st", "20st"]}, rates)
