"""cyclical."""

from collections.abc import Iterator
from typing import Any

from parity.case import case

MODES = {"triangular": "constant", "triangular2": "halving", "exp_range": "exponential"}


def cases(peers: Any, total: int) -> Iterator[dict[str, Any]]:
    for mode, amplitude in MODES.items():
        for up, down in ((1, 1), (4, None), (3, 5), (60, 70)):
            wave = {"step_size_up": up, "step_size_down": down, "mode": mode, "gamma": 0.98}
            rates = peers.torch(total, "CyclicLR", 0.1, 1.0, cycle_momentum=False, **wave)
            fields = {"floor": 0.1, "half_cycle": f"{up}st", "down": down and f"{down}st", "amplitude": amplitude}
            yield case(f"torch CyclicLR {mode}", fields | {"gamma": 0.98}, rates)
    rates = peers.torch(total, "CosineAnnealingWarmRestarts", T_0=9, eta_min=0.2)
    fields = {"floor": 0.2, "half_cycle": "4st", "down": "5st", "wave": "cosine"}
    yield case("torch CosineAnnealingWarmRestarts", fields, rates)
    for mode, amplitude in MODES.items():
        for up, down in ((4, None), (3, 5), (60, 70)):
            momentum = {"base_momentum": 0.8, "max_momentum": 0.9}
            rates, momenta = peers.torch_with_momentum(
                total, "CyclicLR", 0.1, 1.0, up, down, mode, gamma=0.98, **momentum
            )
            fields = {"floor": 0.1, "half_cycle": f"{up}st", "down": down and f"{down}st", "momentum": [0.9, 0.8]}
            fields |= {"amplitude": amplitude, "gamma": 0.98}
            yield case(f"torch CyclicLR {mode} with momentum", fields, rates, momenta=momenta)
    for half in (1, 4, 60):
        rates = peers.ignite(total, "LinearCyclicalScheduler", 0.1, 1.0, 2 * half)
        yield case("ignite LinearCyclicalScheduler", {"floor": 0.1, "half_cycle": f"{half}st"}, rates)
    for up, down in ((2, 3), (60, 41)):
        rates = peers.ignite(total, "LinearCyclicalScheduler", 1.0, 0.1, up + down, monotonic=True)
        fields = {"floor": 0.1, "half_cycle": f"{up}st", "down": f"{down}st", "wave": "linear"}
        yield case("ignite LinearCyclicalScheduler, monotonic", fields, rates)
