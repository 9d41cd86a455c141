"""constant: the peers' warmups before it."""

from collections.abc import Iterator
from typing import Any

from parity.case import case, ramp


def cases(peers: Any, total: int) -> Iterator[dict[str, Any]]:
    for length in (1, 3, 20):
        if length < total:
            rates = peers.torch(total, "LinearLR", 0.25, total_iters=length)
            yield case("torch LinearLR", {}, rates, ramp(length, 0.25))
    for length in (0, 1, 5, 30):
        if length < total:
            rates = peers.transformers(total, "get_constant_schedule_with_warmup", length)
            yield case("transformers get_constant_schedule_with_warmup", {}, rates, ramp(length))
