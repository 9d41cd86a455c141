"""The peers that reference.json is written from: torch, optax, timm, transformers and ignite."""

import importlib.metadata
import importlib.util
import sys
import types
from collections.abc import Callable
from typing import Any

import jax
import optax
import torch
from ignite.handlers import param_scheduler
from torch.optim import SGD, Optimizer, lr_scheduler
from transformers import optimization

# Peer -> its distribution.
DISTRIBUTIONS = {
    "torch": "torch",
    "optax": "optax",
    "timm": "timm",
    "transformers": "transformers",
    "ignite": "pytorch-ignite",
}

jax.config.update("jax_enable_x64", True)  # float64, or the peer itself would be the less exact of the two
# timm is wanted for its schedulers alone, which need neither torchvision nor the models.
timm = types.ModuleType("timm")
timm.__path__ = list(importlib.util.find_spec("timm").submodule_search_locations)
sys.modules["timm"] = timm
_TIMM = {"CosineLRScheduler": "cosine_lr", "PolyLRScheduler": "poly_lr", "MultiStepLRScheduler": "multistep_lr",
         "StepLRScheduler": "step_lr", "TanhLRScheduler": "tanh_lr"}  # fmt: skip

Make = str | Callable[[Optimizer], Any]


class Peers:
    """Rates of the peers' schedulers, by name with their arguments; a function of the optimizer for composed ones."""

    torch_schedulers = lr_scheduler
    ignite_schedulers = param_scheduler
    optax_schedules = optax

    def versions(self) -> dict[str, str]:
        return {peer: importlib.metadata.version(name) for peer, name in DISTRIBUTIONS.items()}

    def torch(self, total: int, make: Make, *arguments: Any, **named: Any) -> list[float]:
        return self._steps(total, _made(lr_scheduler, make, arguments, named))[0]

    def torch_with_momentum(
        self, total: int, name: str, *arguments: Any, **named: Any
    ) -> tuple[list[float], list[float]]:
        """Rates and momenta."""
        return self._steps(total, _made(lr_scheduler, name, arguments, named))

    def transformers(self, total: int, name: str, *arguments: Any, **named: Any) -> list[float]:
        return self._steps(total, _made(optimization, name, arguments, named))[0]

    def ignite(self, total: int, make: Make, *arguments: Any, **named: Any) -> list[float]:
        """Schedulers of ignite take what they change second: the rate."""
        optimizer = sgd()
        scheduler = _made(param_scheduler, make, ("lr", *arguments), named)(optimizer)
        rates = []
        for _ in range(total):
            scheduler(None)  # as at the start of an iteration: it sets the rate that the iteration uses
            rates.append(float(optimizer.param_groups[0]["lr"]))
        return rates

    def optax(self, total: int, name: str, *arguments: Any, **named: Any) -> list[float]:
        schedule = getattr(optax, name)(*arguments, **named)
        return [float(schedule(step)) for step in range(total)]

    def timm(self, total: int, name: str, *arguments: Any, **named: Any) -> list[float]:
        scheduler = getattr(importlib.import_module(f"timm.scheduler.{_TIMM[name]}"), name)(sgd(), *arguments, **named)
        return [float(scheduler._get_lr(step)[0]) for step in range(total)]

    def torch_rule(self, values: list[float], name: str, *arguments: Any, **named: Any) -> list[float]:
        return self._looks(values, _made(lr_scheduler, name, arguments, named))

    def transformers_rule(self, values: list[float], name: str, *arguments: Any, **named: Any) -> list[float]:
        return self._looks(values, _made(optimization, name, arguments, named))

    def _steps(self, total: int, make: Callable[[Optimizer], Any]) -> tuple[list[float], list[float]]:
        optimizer = sgd()
        scheduler = make(optimizer)
        rates, momenta = [], []
        for _ in range(total):
            rates.append(float(optimizer.param_groups[0]["lr"]))
            momenta.append(float(optimizer.param_groups[0]["momentum"]))
            optimizer.step()
            scheduler.step()
        return rates, momenta

    def _looks(self, values: list[float], make: Callable[[Optimizer], Any]) -> list[float]:
        """The rate after each value of a metric, of which the first is 1."""
        optimizer = sgd()
        scheduler = make(optimizer)
        scales = []
        for value in values:
            scheduler.step(value)
            scales.append(float(optimizer.param_groups[0]["lr"]))
        return scales


def sgd() -> Optimizer:
    return SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)


def _made(module: Any, make: Make, arguments: tuple[Any, ...], named: dict[str, Any]) -> Callable[[Optimizer], Any]:
    """What makes the scheduler for an optimizer."""
    if not isinstance(make, str):
        return make
    return lambda optimizer: getattr(module, make)(optimizer, *arguments, **named)
