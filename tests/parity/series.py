"""Series of a metric that the feedback rules are compared on."""

import math


def metric_series() -> dict[str, list[float]]:
    """Series that fall, wobble, touch their best, and stop: what a plateau rule has to tell apart."""
    wobble = [math.exp(-epoch / 9) + 0.05 * math.sin(2.3 * epoch) + 0.2 for epoch in range(40)]
    ties = [1.0, 0.5, 0.5, 0.4999, 0.49985, 0.45, 0.45, 0.45, 0.449, 0.44, 0.44, 0.44, 0.44, 0.44, 0.44, 0.3, 0.3, 0.3]
    flat = [0.7] * 12
    near = [0.39405497908592224, 0.393954979, 0.393954979, 0.2, 0.2]  # 1e-4 apart as float64, less as float32
    lost = [math.inf, math.inf, 2.0, math.nan, math.nan, math.nan, 1.5, 1.6, 1.7, 1.2]
    return {
        "wobble": wobble,
        "ties": ties,
        "flat": flat,
        "near": near,
        "rising": [1 - value for value in wobble],
        "lost": lost,
    }
