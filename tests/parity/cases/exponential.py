"""exponential."""

from collections.abc import Iterator
from typing import Any

from parity.case import KerasCase, case, ramp

KERAS = [
    KerasCase("ExponentialDecay", {"decay_steps": 7, "decay_rate": 0.9}, {"rate": 0.9, "every": "7st"}),
    KerasCase(
        "ExponentialDecay",
        {"decay_steps": 7, "decay_rate": 0.9, "staircase": True},
        {"rate": 0.9, "every": "7st", "staircase": True},
    ),
]


def cases(peers: Any, total: int) -> Iterator[dict[str, Any]]:
    rates = peers.torch(total, "ExponentialLR", gamma=0.97)
    yield case("torch ExponentialLR", {"rate": 0.97, "every": "1st"}, rates)
    for staircase in (False, True):
        rates = peers.optax(total, "exponential_decay", 1.0, 4, 0.6, staircase=staircase, end_value=0.05)
        yield case(
            "optax exponential_decay", {"rate": 0.6, "every": "4st", "staircase": staircase, "floor": 0.05}, rates
        )
    for length in (2, 5):
        if length + 1 < total:

            def warmed_up(optimizer: Any, length: int = length) -> Any:
                after = peers.torch_schedulers.ExponentialLR(optimizer, gamma=0.9)
                return peers.ignite_schedulers.create_lr_scheduler_with_warmup(after, 0.2, length)

            # Its warmup ends at the first value of what follows: that value is the warmup's last event.
            rates = peers.ignite(total, warmed_up)
            fields = {"rate": 0.9, "every": "1st"}
            yield case("ignite create_lr_scheduler_with_warmup", fields, rates, ramp(length - 1, 0.2))
