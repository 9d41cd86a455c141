"""inverse_sqrt."""

from collections.abc import Iterator
from typing import Any

from parity.case import case, ramp


def cases(peers: Any, total: int) -> Iterator[dict[str, Any]]:
    for length, timescale in ((0, 20), (1, None), (5, None), (5, 20)):
        if length < total:
            rates = peers.transformers(total, "get_inverse_sqrt_schedule", length, timescale)
            fields = {"timescale": f"{timescale or length}st"}
            yield case("transformers get_inverse_sqrt_schedule", fields, rates, ramp(length))
