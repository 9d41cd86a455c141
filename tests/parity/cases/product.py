"""product."""

from collections.abc import Iterator
from typing import Any

from parity.case import case

EXPONENTIAL = {"name": "exponential", "rate": 0.97, "every": "1st"}


def cases(peers: Any, total: int) -> Iterator[dict[str, Any]]:
    torch = peers.torch_schedulers

    def of_two(optimizer: Any) -> Any:
        fall, stairs = torch.ExponentialLR(optimizer, gamma=0.97), torch.StepLR(optimizer, 4, gamma=0.5)
        return torch.ChainedScheduler([fall, stairs])

    def of_three(optimizer: Any) -> Any:
        wave = torch.CosineAnnealingLR(optimizer, T_max=total)
        stairs = torch.MultiStepLR(optimizer, [2, 20], gamma=0.3)
        return torch.ChainedScheduler([wave, stairs, torch.ExponentialLR(optimizer, gamma=0.97)])

    stairs: dict[str, Any] = {"name": "step", "drop": 0.5, "every": "4st"}
    yield case("torch ChainedScheduler", {"of": [EXPONENTIAL, stairs]}, peers.torch(total, of_two))
    stairs = {"name": "multistep", "drop": 0.3, "milestones": ["2st", "20st"]}
    of = [{"name": "cosine"}, stairs, EXPONENTIAL]
    yield case("torch ChainedScheduler", {"of": of}, peers.torch(total, of_three))
