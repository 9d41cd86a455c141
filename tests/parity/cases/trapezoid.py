"""trapezoid."""

from collections.abc import Iterator
from typing import Any

from parity.case import case, ramp


def cases(peers: Any, total: int) -> Iterator[dict[str, Any]]:
    shapes = ((0, "cosine", "cosine"), (1, "linear", "linear"), (5, "cosine", "cosine"), (20, "sqrt", "1-sqrt"))
    for held, shape, decay_type in shapes:
        if held < total:
            options = {"decay_type": decay_type, "min_lr_ratio": 0.1}
            rates = peers.transformers(total, "get_wsd_schedule", 0, total - held, total, **options)
            fields = {"decay_from": f"{held}st", "shape": shape, "floor": 0.1}
            yield case("transformers get_wsd_schedule", fields, rates)
    if total > 12:
        rates = peers.transformers(total, "get_wsd_schedule", 4, 5, total, decay_type="linear")
        yield case("transformers get_wsd_schedule", {"decay_from": f"{total - 9}st"}, rates, ramp(4))
    if total > 5:
        rates = peers.ignite(total, "PiecewiseLinear", [(5, 1.0), (total, 0.1)])
        yield case("ignite PiecewiseLinear", {"decay_from": "5st", "floor": 0.1}, rates)
