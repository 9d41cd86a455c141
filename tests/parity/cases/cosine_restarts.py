"""cosine_restarts."""

from collections.abc import Iterator
from typing import Any

from parity.case import KerasCase, case, ramp

KERAS = [
    KerasCase("CosineDecayRestarts", {"first_decay_steps": 13, "t_mul": 1.0}, {"first": "13st", "growth": 1}),
    KerasCase("CosineDecayRestarts", {"first_decay_steps": 13, "alpha": 0.05}, {"first": "13st", "floor": 0.05}),
    KerasCase(
        "CosineDecayRestarts",
        {"first_decay_steps": 9, "t_mul": 3.0, "m_mul": 0.8},
        {"first": "9st", "growth": 3, "peak_decay": 0.8},
    ),
]


def cases(peers: Any, total: int) -> Iterator[dict[str, Any]]:
    for first, growth in ((1, 1), (7, 1), (2, 2), (3, 3), (60, 2)):
        rates = peers.torch(total, "CosineAnnealingWarmRestarts", first, growth, eta_min=0.1)
        fields = {"first": f"{first}st", "growth": growth, "floor": 0.1}
        yield case("torch CosineAnnealingWarmRestarts", fields, rates)
    rates = peers.timm(total, "CosineLRScheduler", 5, cycle_mul=2.0, cycle_decay=0.5, cycle_limit=9)
    yield case("timm CosineLRScheduler with cycles", {"first": "5st", "growth": 2, "peak_decay": 0.5}, rates)
    name = "get_cosine_with_hard_restarts_schedule_with_warmup"
    for length in (0, 1, 5, 30):
        for cycles in (1, 3):
            if length < total and (total - length) % cycles == 0:  # Otherwise its cycles are no whole updates long.
                rates = peers.transformers(total, name, length, total, cycles)
                fields = {"first": f"{(total - length) // cycles}st", "growth": 1}
                yield case(f"transformers {name}", fields, rates, ramp(length))
    for first, growth, peak_decay, floor in ((2, 1, 1.0, 0.1), (5, 2, 0.5, 0.0), (60, 3, 1.0, 0.2)):
        cycle = {"cycle_mult": growth, "start_value_mult": peak_decay}
        rates = peers.ignite(total, "CosineAnnealingScheduler", 1.0, floor, first, **cycle)
        fields = {"first": f"{first}st", "growth": growth, "peak_decay": peak_decay, "floor": floor}
        yield case("ignite CosineAnnealingScheduler", fields, rates)
