"""sequence."""

from collections.abc import Iterator
from typing import Any

from parity.case import case


def cases(peers: Any, total: int) -> Iterator[dict[str, Any]]:
    yield from _torch(peers, total)
    yield from _optax(peers, total)
    yield from _ignite(peers, total)


def _torch(peers: Any, total: int) -> Iterator[dict[str, Any]]:
    torch = peers.torch_schedulers
    first = max(total // 3, 1)

    def held_then_wave(optimizer: Any) -> Any:
        held = torch.ConstantLR(optimizer, factor=0.5, total_iters=total + 1)
        wave = torch.CosineAnnealingLR(optimizer, T_max=total - first, eta_min=0.05)
        return torch.SequentialLR(optimizer, [held, wave], [first])

    def ramp_then_line(optimizer: Any) -> Any:
        ramp = torch.LinearLR(optimizer, 0.25, total_iters=first)
        line = torch.PolynomialLR(optimizer, total_iters=total - first, power=2.0)
        return torch.SequentialLR(optimizer, [ramp, line], [first])

    def three(optimizer: Any) -> Any:
        line = torch.PolynomialLR(optimizer, total_iters=first, power=1.0)
        fall, stairs = torch.ExponentialLR(optimizer, gamma=0.9), torch.StepLR(optimizer, 2, gamma=0.5)
        return torch.SequentialLR(optimizer, [line, fall, stairs], [first, 2 * first])

    if first < total:
        held = {"name": "constant", "length": f"{first}st", "scale": 0.5}
        phases: list[dict[str, Any]] = [held, {"name": "cosine", "length": "rest", "floor": 0.05}]
        yield case("torch SequentialLR", {"phases": phases}, peers.torch(total, held_then_wave))
        ramp = {"name": "linear", "length": f"{first}st", "start": 0.25, "include_start": True}
        phases = [{"name": "polynomial", "power": 2.0, "warmup": ramp}]
        yield case("torch SequentialLR", {"phases": phases}, peers.torch(total, ramp_then_line))
    if 2 * first < total:
        line = {"name": "polynomial", "length": f"{first}st"}
        fall = {"name": "exponential", "rate": 0.9, "every": "1st", "length": f"{first}st"}
        stairs = {"name": "step", "drop": 0.5, "every": "2st", "length": f"{total - 2 * first}st"}
        yield case("torch SequentialLR", {"phases": [line, fall, stairs]}, peers.torch(total, three))


def _optax(peers: Any, total: int) -> Iterator[dict[str, Any]]:
    optax = peers.optax_schedules
    first = max(total // 3, 1)
    if first < total:
        rest = total - first
        joined = [optax.cosine_decay_schedule(1.0, first, 0.2), optax.polynomial_schedule(0.5, 0.05, 2.0, rest)]
        phases: list[dict[str, Any]] = [
            {"name": "cosine", "floor": 0.2, "length": f"{first}st"},
            {"name": "polynomial", "power": 2.0, "floor": 0.1, "length": "rest", "scale": 0.5},
        ]
        yield case("optax join_schedules", {"phases": phases}, peers.optax(total, "join_schedules", joined, [first]))
        joined = [optax.linear_schedule(0.1, 1.0, first), optax.exponential_decay(1.0, 3, 0.5)]
        ramp = {"name": "linear", "length": f"{first}st", "start": 0.1, "include_start": True}
        phases = [{"name": "exponential", "rate": 0.5, "every": "3st", "warmup": ramp}]
        yield case("optax join_schedules", {"phases": phases}, peers.optax(total, "join_schedules", joined, [first]))


def _ignite(peers: Any, total: int) -> Iterator[dict[str, Any]]:
    ignite = peers.ignite_schedulers

    def two(optimizer: Any) -> Any:
        waves = ignite.LinearCyclicalScheduler(optimizer, "lr", 0.1, 1.0, 2)
        fall = ignite.CosineAnnealingScheduler(optimizer, "lr", 0.5, 0.05, total - 4)
        return ignite.ConcatScheduler([waves, fall], [4])

    def three(optimizer: Any) -> Any:
        line = ignite.PiecewiseLinear(optimizer, "lr", [(0, 1.0), (2, 0.4)])
        fall = ignite.CosineAnnealingScheduler(optimizer, "lr", 0.4, 0.0, 3)
        end = ignite.PiecewiseLinear(optimizer, "lr", [(0, 0.3), (total - 5, 0.03)])
        return ignite.ConcatScheduler([line, fall, end], [2, 3])

    if total > 6:
        waves = {"name": "cyclical", "floor": 0.1, "half_cycle": "1st", "length": "4st"}
        phases: list[dict[str, Any]] = [waves, {"name": "cosine", "floor": 0.1, "scale": 0.5}]
        yield case("ignite ConcatScheduler", {"phases": phases}, peers.ignite(total, two))
        phases = [
            {"name": "linear", "floor": 0.4, "length": "2st"},
            {"name": "cosine", "length": "3st", "scale": 0.4},
            {"name": "linear", "floor": 0.1, "length": f"{total - 5}st", "scale": 0.3},
        ]
        yield case("ignite ConcatScheduler", {"phases": phases}, peers.ignite(total, three))
