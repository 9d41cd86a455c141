"""Makes reference.json: what the authors' own packages do on a small problem.

    pip install torch prodigyopt schedulefree adabound momo-opt pytorch_optimizer
    python tests/generate_reference.py

The problem is least squares with two tensors, a matrix W and a vector b, in float64:

    loss(W, b) = mean over rows of |X W + b - Y|^2 / 2

X, Y and the first W and b are sines of their index, so that they need no generator of random numbers. Each case is 40
updates; `rates` multiplies the rate of the optimizer at each update. Where a package has L2 regularisation in place of
decoupled decay, the case does the decoupled decay itself, before the step.

The tests read the values; they need none of these packages.
"""

import json
import math
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from adabound import AdaBound
from momo import Momo, MomoAdam
from prodigyopt import Prodigy
from pytorch_optimizer import SWATS
from schedulefree import AdamWScheduleFree, SGDScheduleFree

UPDATES = 40
PACKAGES = ("torch", "prodigyopt", "schedulefree", "adabound", "momo-opt", "pytorch_optimizer")


def sines(*shape: int, phase: float) -> torch.Tensor:
    return torch.sin(torch.arange(math.prod(shape), dtype=torch.float64) * 1.7 + phase).reshape(shape)


X, Y = sines(12, 4, phase=0.3), sines(12, 3, phase=1.1) * 2


def cosine(count: int) -> list[float]:
    return [0.5 * (1 + math.cos(math.pi * step / count)) for step in range(count)]


def warmup_then_zero(count: int) -> list[float]:
    """Begins at exactly 0, rises, and has a 0 in the middle."""
    return [0.0 if step == 20 else min(step / 10, 1.0) for step in range(count)]


def loss_of(weights: list[torch.Tensor]) -> torch.Tensor:
    difference = -Y
    if len(weights) > 1:
        difference = difference + weights[1]
    return ((X @ weights[0] + difference) ** 2).sum(dim=1).mean() / 2


def run(
    make: Callable[..., torch.optim.Optimizer],
    options: dict[str, Any],
    rates: list[float] | None = None,
    decay: float = 0.0,
    tensors: int = 2,
    look: Callable[[torch.optim.Optimizer], float] | None = None,
) -> dict[str, Any]:
    """The weights after each tenth update, and what `look` sees after each."""
    weights = [torch.nn.Parameter(sines(4, 3, phase=0.7)), torch.nn.Parameter(sines(3, phase=2.0))][:tensors]
    optimizer = make(weights, **options)
    base = optimizer.param_groups[0]["lr"]
    schedule_free = isinstance(optimizer, AdamWScheduleFree | SGDScheduleFree)
    if schedule_free:
        optimizer.train()
    result: dict[str, Any] = {"weights": [], "seen": []}
    for step in range(UPDATES):
        if rates is not None:
            optimizer.param_groups[0]["lr"] = base * rates[step]
        optimizer.zero_grad()
        loss = loss_of(weights)
        loss.backward()
        if decay:
            with torch.no_grad():
                for weight in weights:
                    weight.mul_(1 - optimizer.param_groups[0]["lr"] * decay)
        if isinstance(optimizer, Momo | MomoAdam):
            optimizer.step(loss=loss)
        else:
            optimizer.step()
        if (step + 1) % 10 == 0:
            result["weights"].append([weight.detach().numpy().tolist() for weight in weights])
        if look is not None:
            result["seen"].append(look(optimizer))
    if schedule_free:
        optimizer.eval()
        result["averaged"] = [weight.detach().numpy().tolist() for weight in weights]
    return result


def of_d(optimizer: torch.optim.Optimizer) -> float:
    return float(optimizer.param_groups[0]["d"])


def phase(optimizer: torch.optim.Optimizer) -> float:
    return float(optimizer.param_groups[0]["phase"] == "sgd")


def cases() -> dict[str, dict[str, Any]]:
    waves, start = cosine(UPDATES), warmup_then_zero(UPDATES)
    prodigy: dict[str, tuple[dict[str, Any], list[float] | None]] = {
        "prodigy": ({}, None),
        "prodigy_schedule_decay": ({"weight_decay": 0.1, "d_coef": 2.0, "betas": (0.9, 0.99)}, waves),
        "prodigy_warmup": ({"use_bias_correction": True, "safeguard_warmup": True, "d0": 1e-4}, start),
        "prodigy_growth": ({"growth_rate": 1.3, "beta3": 0.95}, None),
    }
    return {
        **{name: run(Prodigy, options, rates, look=of_d) for name, (options, rates) in prodigy.items()},
        # The same from a larger estimate, for a comparison in float32.
        **{
            f"{name}_d0": run(Prodigy, {**options, "d0": 1e-3}, rates, look=of_d)
            for name, (options, rates) in prodigy.items()
        },
        "adabound": run(AdaBound, {"lr": 0.01, "final_lr": 0.1, "gamma": 0.05}),
        "adabound_amsbound": run(
            AdaBound, {"lr": 0.02, "final_lr": 0.05, "gamma": 0.2, "betas": (0.8, 0.95), "amsbound": True}
        ),
        "adabound_schedule_decay": run(AdaBound, {"lr": 0.01, "gamma": 0.05}, waves, decay=0.25),
        "schedule_free_sgd": run(SGDScheduleFree, {"lr": 0.2}),
        "schedule_free_sgd_warmup_decay": run(
            SGDScheduleFree, {"lr": 0.3, "warmup_steps": 8, "weight_decay": 0.05, "momentum": 0.8, "r": 1.0}
        ),
        "schedule_free_sgd_schedule": run(SGDScheduleFree, {"lr": 0.3}, start),
        "schedule_free_adamw": run(AdamWScheduleFree, {"lr": 0.05}),
        "schedule_free_adamw_warmup_decay": run(
            AdamWScheduleFree,
            {"lr": 0.05, "warmup_steps": 8, "weight_decay": 0.1, "betas": (0.95, 0.99), "weight_lr_power": 1.0},
        ),
        "schedule_free_adamw_schedule": run(AdamWScheduleFree, {"lr": 0.05}, waves),
        "momo": run(Momo, {}),
        "momo_decay_bias": run(Momo, {"lr": 0.5, "weight_decay": 0.1, "bias_correction": True, "lb": 0.2}),
        "momo_fstar": run(
            Momo, {"lr": 0.5, "weight_decay": 0.01, "use_fstar": True}, waves, look=lambda o: float(o.lb)
        ),
        "momo_adam": run(MomoAdam, {"lr": 0.2}),
        "momo_adam_decay": run(MomoAdam, {"lr": 0.1, "weight_decay": 0.2, "betas": (0.8, 0.9)}, waves),
        "momo_adam_fstar": run(MomoAdam, {"lr": 0.5, "use_fstar": True}, look=lambda o: float(o.lb)),
        # One tensor: with more, this package compares each tensor's own estimate and lets the last one count. Its
        # tolerance is relative, 0.02 here, and the same number is Adam's epsilon.
        "swats_one_tensor": run(SWATS, {"lr": 0.1, "eps": 0.02, "betas": (0.8, 0.99)}, tensors=1, look=phase),
    }


def main() -> None:
    warnings.simplefilter("ignore", UserWarning)  # adabound calls functions of torch in a way that torch calls old
    torch.set_default_dtype(torch.float64)
    reference = {
        "versions": {name: version(name) for name in PACKAGES},
        "x": X.tolist(),
        "y": Y.tolist(),
        "first": [sines(4, 3, phase=0.7).tolist(), sines(3, phase=2.0).tolist()],
        "cosine": cosine(UPDATES),
        "warmup_then_zero": warmup_then_zero(UPDATES),
        "cases": cases(),
    }
    for name, case in reference["cases"].items():
        assert all(np.isfinite(np.ravel(tensor)).all() for weights in case["weights"] for tensor in weights), name
    path = Path(__file__).with_name("reference.json")
    path.write_text(json.dumps(reference, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
