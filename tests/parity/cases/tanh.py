"""tanh."""

from collections.abc import Iterator
from typing import Any

from parity.case import case


def cases(peers: Any, total: int) -> Iterator[dict[str, Any]]:
    for lower, upper, floor in ((-7.0, 3.0, 0.0), (-4.0, 2.0, 0.1)):
        rates = peers.timm(total, "TanhLRScheduler", total, lower, upper, lr_min=floor)
        yield case("timm TanhLRScheduler", {"lower": lower, "upper": upper, "floor": floor}, rates)
