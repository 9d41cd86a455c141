"""polynomial."""

from collections.abc import Iterator
from typing import Any

from parity.case import KerasCase, case, ramp

KERAS = [
    KerasCase(
        "PolynomialDecay",
        {"decay_steps": 101, "end_learning_rate": 0.05, "power": 2.0},
        {"power": 2.0, "floor": 0.05, "length": "101st"},
    ),
    KerasCase(
        "PolynomialDecay",
        {"decay_steps": 13, "end_learning_rate": 0.05, "power": 0.5},
        {"power": 0.5, "floor": 0.05, "length": "13st"},
    ),
    KerasCase(
        "PolynomialDecay",
        {"decay_steps": 13, "end_learning_rate": 0.05, "cycle": True},
        {"floor": 0.05, "length": "13st", "cycle": True},
    ),
]


def cases(peers: Any, total: int) -> Iterator[dict[str, Any]]:
    for power in (0.5, 1.0, 2.5):
        rates = peers.torch(total, "PolynomialLR", total_iters=total, power=power)
        yield case("torch PolynomialLR", {"power": power}, rates)
    rates = peers.torch(total, "PolynomialLR", total_iters=5, power=2.0)
    yield case("torch PolynomialLR, shorter", {"power": 2.0, "length": "5st"}, rates)
    for power in (0.5, 3.0):
        rates = peers.optax(total, "polynomial_schedule", 1.0, 0.2, power, total)
        yield case("optax polynomial_schedule", {"power": power, "floor": 0.2}, rates)
    for k in (0.5, 1.0, 2.0):
        rates = peers.timm(total, "PolyLRScheduler", total, power=0.8, lr_min=0.05, k_decay=k)
        yield case("timm PolyLRScheduler", {"floor": 0.05, "power": 0.8, "k": k}, rates)
    for length in (0, 1, 5, 30):
        if length < total:
            rates = peers.transformers(total, "get_linear_schedule_with_warmup", length, total)
            yield case("transformers get_linear_schedule_with_warmup", {}, rates, ramp(length))
            name = "get_polynomial_decay_schedule_with_warmup"
            rates = peers.transformers(total, name, length, total, 0.01, 2.0)
            yield case(f"transformers {name}", {"floor": 0.01, "power": 2.0}, rates, ramp(length))
    rates = peers.ignite(total, "PiecewiseLinear", [(0, 1.0), (total, 0.1)])
    yield case("ignite PiecewiseLinear", {"floor": 0.1}, rates)
    rates = peers.ignite(total, "PiecewiseLinear", [(0, 1.0), (5, 0.1)])
    yield case("ignite PiecewiseLinear", {"floor": 0.1, "length": "5st"}, rates)
