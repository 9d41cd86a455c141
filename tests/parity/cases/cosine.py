"""cosine."""

from collections.abc import Iterator
from typing import Any

from parity.case import KerasCase, case, ramp

KERAS = [
    KerasCase("CosineDecay", {"decay_steps": 101, "alpha": 0.05}, {"floor": 0.05, "length": "101st"}),
    KerasCase("CosineDecay", {"decay_steps": 13}, {"length": "13st"}),
    *(
        KerasCase(
            "CosineDecay",
            {"initial_learning_rate": 0.2, "decay_steps": 61 - length, "alpha": 0.1, "warmup_target": 1.0}
            | {"warmup_steps": length},
            {"floor": 0.1},
            ramp(length, 0.2),
            lengths=(61,),
        )
        for length in (1, 10)
    ),
]


def cases(peers: Any, total: int) -> Iterator[dict[str, Any]]:
    for floor in (0.0, 0.05):
        rates = peers.torch(total, "CosineAnnealingLR", T_max=total, eta_min=floor)
        yield case("torch CosineAnnealingLR", {"floor": floor}, rates)
    for exponent in (0.5, 1.0, 2.0):
        rates = peers.optax(total, "cosine_decay_schedule", 1.0, total, 0.1, exponent)
        yield case("optax cosine_decay_schedule", {"floor": 0.1, "exponent": exponent}, rates)
    rates = peers.optax(total, "cosine_decay_schedule", 1.0, 5, 0.1)
    yield case("optax cosine_decay_schedule, shorter", {"floor": 0.1, "length": "5st"}, rates)
    for k in (0.5, 1.0, 2.0):
        rates = peers.timm(total, "CosineLRScheduler", total, lr_min=0.05, k_decay=k)
        yield case("timm CosineLRScheduler", {"floor": 0.05, "k": k}, rates)
    for length in (1, 4):
        if length < total:
            warmup = {"warmup_t": length, "warmup_lr_init": 0.2, "warmup_prefix": True}
            rates = peers.timm(total, "CosineLRScheduler", total - length, lr_min=0.05, **warmup)
            yield case("timm CosineLRScheduler with warmup", {"floor": 0.05}, rates, ramp(length, 0.2))
    for length in (0, 1, 5, 30):
        if length < total:
            rates = peers.transformers(total, "get_cosine_schedule_with_warmup", length, total)
            yield case("transformers get_cosine_schedule_with_warmup", {}, rates, ramp(length))
    if total > 1:  # A cycle of ignite has at least two events.
        rates = peers.ignite(total, "CosineAnnealingScheduler", 1.0, 0.05, total)
        yield case("ignite CosineAnnealingScheduler", {"floor": 0.05}, rates)
    for length in (2, 5):
        if length + 1 < total:

            def warmed_up(optimizer: Any, length: int = length) -> Any:
                rest = total - length + 1
                after = peers.ignite_schedulers.CosineAnnealingScheduler(optimizer, "lr", 1.0, 0.05, rest)
                return peers.ignite_schedulers.create_lr_scheduler_with_warmup(after, 0.2, length)

            # Its warmup ends at the first value of what follows: that value is the warmup's last event.
            rates = peers.ignite(total, warmed_up)
            yield case("ignite create_lr_scheduler_with_warmup", {"floor": 0.05}, rates, ramp(length - 1, 0.2))
