"""greedy."""

import math
from collections.abc import Iterator
from typing import Any

from parity.case import rule

COMMON = {"patience": 0, "floor": 0.3, "ceiling": 2.0, "reset": 500}
SETTINGS = [
    COMMON,
    COMMON | {"patience": 2, "min_delta": 0.02},
    COMMON | {"cooldown": 3, "warmup": 1},
    COMMON | {"patience": 1, "reset": 3, "cooldown": 1},
    COMMON | {"window": 4, "reset": 2},
    COMMON | {"window": 50, "patience": 1, "warmup": 2},
]


def rules(peers: Any, series: dict[str, list[float]]) -> Iterator[dict[str, Any]]:
    for name, values in series.items():
        for mode in ("min", "max"):
            for threshold_mode, min_delta_mode in (("abs", "absolute"), ("rel", "relative")):
                for given in SETTINGS:
                    window = given.get("window", 1)
                    if window > 1 and not all(map(math.isfinite, values)):
                        continue  # Its running mean is lost for good after a value that is not finite.
                    scales = peers.transformers_rule(
                        values, "GreedyLR", mode, 0.7, given["patience"], given.get("min_delta", 1e-6), threshold_mode,
                        given.get("cooldown", 0), given.get("warmup", 0), given["floor"], given["ceiling"], eps=0,
                        smooth=window > 1, window_size=window, reset_start=given["reset"],
                    )  # fmt: skip
                    fields = {"monitor": "loss", "mode": mode, "factor": 0.7, "min_delta_mode": min_delta_mode, **given}
                    yield rule("transformers GreedyLR", name, fields, scales)
