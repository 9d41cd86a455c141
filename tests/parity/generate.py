"""Write reference.json: what torch, optax, timm, transformers and ignite do.

Learning rates, momenta, and the decisions of plateau and greedy rules. A case names a schedule of annealkit and the
settings with which it does the same.

The tests read only the file. To write it anew, in an environment of its own:

    pip install torch==2.13.0 optax==0.2.8 transformers==5.23.0
    pip install --no-deps timm==1.0.31 pytorch-ignite==0.5.5
    python tests/parity/generate.py

timm is wanted for its schedulers alone, which need neither torchvision nor the models.
"""

import importlib.metadata
import importlib.util
import json
import math
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import optax
import torch
from ignite.handlers import param_scheduler as ignite
from torch.optim import lr_scheduler
from transformers import optimization

# Peer -> its distribution.
PEERS = {
    "torch": "torch",
    "optax": "optax",
    "timm": "timm",
    "transformers": "transformers",
    "ignite": "pytorch-ignite",
}
LENGTHS = (1, 2, 7, 31, 101)  # next to nothing, less than any period below, and primes, which no period divides

jax.config.update("jax_enable_x64", True)  # float64, or the peer itself would be the less exact of the two
timm = types.ModuleType("timm")
timm.__path__ = list(importlib.util.find_spec("timm").submodule_search_locations)
sys.modules["timm"] = timm
CosineLRScheduler = importlib.import_module("timm.scheduler.cosine_lr").CosineLRScheduler
PolyLRScheduler = importlib.import_module("timm.scheduler.poly_lr").PolyLRScheduler
MultiStepLRScheduler = importlib.import_module("timm.scheduler.multistep_lr").MultiStepLRScheduler
StepLRScheduler = importlib.import_module("timm.scheduler.step_lr").StepLRScheduler
TanhLRScheduler = importlib.import_module("timm.scheduler.tanh_lr").TanhLRScheduler


def sgd() -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)


def from_torch(make: Callable[[torch.optim.Optimizer], Any], total: int) -> list[float]:
    optimizer = sgd()
    scheduler = make(optimizer)
    rates = []
    for _ in range(total):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return rates


def momenta_from_torch(make: Callable[[torch.optim.Optimizer], Any], total: int) -> tuple[list[float], list[float]]:
    """Rates and momenta."""
    optimizer = sgd()
    scheduler = make(optimizer)
    rates, momenta = [], []
    for _ in range(total):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        momenta.append(float(optimizer.param_groups[0]["momentum"]))
        optimizer.step()
        scheduler.step()
    return rates, momenta


def from_ignite(make: Callable[[torch.optim.Optimizer], Any], total: int) -> list[float]:
    optimizer = sgd()
    scheduler = make(optimizer)
    rates = []
    for _ in range(total):
        scheduler(None)  # as at the start of an iteration: it sets the rate that the iteration uses
        rates.append(float(optimizer.param_groups[0]["lr"]))
    return rates


def from_optax(schedule: Callable[[int], Any], total: int) -> list[float]:
    return [float(schedule(step)) for step in range(total)]


def from_timm(make: Callable[[torch.optim.Optimizer], Any], total: int) -> list[float]:
    scheduler = make(sgd())
    return [float(scheduler._get_lr(step)[0]) for step in range(total)]


def case(
    peer: str,
    schedule: str,
    fields: dict[str, Any],
    rates: list[float],
    warmup: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    return {"peer": peer, "schedule": schedule, "fields": fields, "warmup": warmup, "rates": rates, **more}


def torch_cases(total: int) -> Iterator[dict[str, Any]]:
    for every in (1, 3, 50):
        rates = from_torch(lambda o, n=every: lr_scheduler.StepLR(o, n, gamma=0.7), total)
        yield case("torch StepLR", "step", {"drop": 0.7, "every": f"{every}st"}, rates)
    rates = from_torch(lambda o: lr_scheduler.ExponentialLR(o, gamma=0.97), total)
    yield case("torch ExponentialLR", "exponential", {"rate": 0.97, "every": "1st"}, rates)
    for power in (0.5, 1.0, 2.5):
        rates = from_torch(lambda o, p=power: lr_scheduler.PolynomialLR(o, total_iters=total, power=p), total)
        yield case("torch PolynomialLR", "polynomial", {"power": power}, rates)
    rates = from_torch(lambda o: lr_scheduler.PolynomialLR(o, total_iters=5, power=2.0), total)
    yield case("torch PolynomialLR, shorter", "polynomial", {"power": 2.0, "length": "5st"}, rates)
    for floor in (0.0, 0.05):
        rates = from_torch(lambda o, f=floor: lr_scheduler.CosineAnnealingLR(o, T_max=total, eta_min=f), total)
        yield case("torch CosineAnnealingLR", "cosine", {"floor": floor}, rates)
    modes = {"triangular": "constant", "triangular2": "halving", "exp_range": "exponential"}
    for mode, amplitude in modes.items():
        for up, down in ((1, 1), (4, None), (3, 5), (60, 70)):
            rates = from_torch(
                lambda o, m=mode, u=up, d=down: lr_scheduler.CyclicLR(
                    o, 0.1, 1.0, step_size_up=u, step_size_down=d, mode=m, gamma=0.98, cycle_momentum=False
                ),
                total,
            )
            fields = {"floor": 0.1, "half_cycle": f"{up}st", "down": down and f"{down}st", "amplitude": amplitude}
            yield case(f"torch CyclicLR {mode}", "cyclical", fields | {"gamma": 0.98}, rates)
    rates = from_torch(lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, T_0=9, eta_min=0.2), total)
    fields = {"floor": 0.2, "half_cycle": "4st", "down": "5st", "wave": "cosine"}
    yield case("torch CosineAnnealingWarmRestarts", "cyclical", fields, rates)
    for milestones in ([4], [3, 10, 10, 60]):
        rates = from_torch(lambda o, m=milestones: lr_scheduler.MultiStepLR(o, m, gamma=0.3), total)
        fields = {"drop": 0.3, "milestones": [f"{milestone}st" for milestone in milestones]}
        yield case("torch MultiStepLR", "multistep", fields, rates)
    for first, growth in ((1, 1), (7, 1), (2, 2), (3, 3), (60, 2)):
        rates = from_torch(
            lambda o, f=first, g=growth: lr_scheduler.CosineAnnealingWarmRestarts(o, f, g, eta_min=0.1), total
        )
        fields = {"first": f"{first}st", "growth": growth, "floor": 0.1}
        yield case("torch CosineAnnealingWarmRestarts", "cosine_restarts", fields, rates)
    shapes = ((30, "cos", False), (30, "linear", False), (45, "cos", True), (12.5, "linear", True))
    for peak, anneal, three in shapes:
        rates = from_torch(
            lambda o, p=peak, a=anneal, t=three: lr_scheduler.OneCycleLR(
                o, 1.0, total, pct_start=p / 100, anneal_strategy=a, three_phase=t, cycle_momentum=False
            ),
            total,
        )
        fields = {"peak_at": f"{peak}%", "anneal": "cosine" if anneal == "cos" else anneal, "three_phase": three}
        yield case("torch OneCycleLR", "one_cycle", fields, rates)
    rates = from_torch(
        lambda o: lr_scheduler.OneCycleLR(o, 1.0, total, div_factor=10, final_div_factor=100, cycle_momentum=False),
        total,
    )
    yield case("torch OneCycleLR", "one_cycle", {"anneal": "cosine", "start": 0.1, "final": 0.001}, rates)
    for length in (1, 3, 20):
        if length < total:
            rates = from_torch(lambda o, n=length: lr_scheduler.LinearLR(o, 0.25, total_iters=n), total)
            warmup = {"length": f"{length}st", "start": 0.25, "include_start": True}
            yield case("torch LinearLR", "constant", {}, rates, warmup)

    yield from torch_momentum_cases(total)
    yield from torch_composed_cases(total)


def torch_momentum_cases(total: int) -> Iterator[dict[str, Any]]:
    for anneal in ("cos", "linear"):
        for three in (False, True):
            rates, momenta = momenta_from_torch(
                lambda o, a=anneal, t=three: lr_scheduler.OneCycleLR(o, 1.0, total, anneal_strategy=a, three_phase=t),
                total,
            )
            fields = {"anneal": "cosine" if anneal == "cos" else anneal, "three_phase": three}
            yield case("torch OneCycleLR with momentum", "one_cycle", fields, rates, momenta=momenta)
    for mode, amplitude in (("triangular", "constant"), ("triangular2", "halving"), ("exp_range", "exponential")):
        for up, down in ((4, None), (3, 5), (60, 70)):
            rates, momenta = momenta_from_torch(
                lambda o, m=mode, u=up, d=down: lr_scheduler.CyclicLR(
                    o, 0.1, 1.0, u, d, m, gamma=0.98, base_momentum=0.8, max_momentum=0.9
                ),
                total,
            )
            fields = {"floor": 0.1, "half_cycle": f"{up}st", "down": down and f"{down}st", "momentum": [0.9, 0.8]}
            fields |= {"amplitude": amplitude, "gamma": 0.98}
            yield case(f"torch CyclicLR {mode} with momentum", "cyclical", fields, rates, momenta=momenta)


def torch_composed_cases(total: int) -> Iterator[dict[str, Any]]:
    first = max(total // 3, 1)
    if first < total:
        rates = from_torch(
            lambda o: lr_scheduler.SequentialLR(
                o,
                [
                    lr_scheduler.ConstantLR(o, factor=0.5, total_iters=total + 1),
                    lr_scheduler.CosineAnnealingLR(o, T_max=total - first, eta_min=0.05),
                ],
                [first],
            ),
            total,
        )
        held = {"name": "constant", "length": f"{first}st", "scale": 0.5}
        phases = [held, {"name": "cosine", "length": "rest", "floor": 0.05}]
        yield case("torch SequentialLR", "sequence", {"phases": phases}, rates)
        rates = from_torch(
            lambda o: lr_scheduler.SequentialLR(
                o,
                [
                    lr_scheduler.LinearLR(o, 0.25, total_iters=first),
                    lr_scheduler.PolynomialLR(o, total_iters=total - first, power=2.0),
                ],
                [first],
            ),
            total,
        )
        ramp = {"name": "linear", "length": f"{first}st", "start": 0.25, "include_start": True}
        fields = {"phases": [{"name": "polynomial", "power": 2.0, "warmup": ramp}]}
        yield case("torch SequentialLR", "sequence", fields, rates)
    if 2 * first < total:
        rates = from_torch(
            lambda o: lr_scheduler.SequentialLR(
                o,
                [
                    lr_scheduler.PolynomialLR(o, total_iters=first, power=1.0),
                    lr_scheduler.ExponentialLR(o, gamma=0.9),
                    lr_scheduler.StepLR(o, 2, gamma=0.5),
                ],
                [first, 2 * first],
            ),
            total,
        )
        line = {"name": "polynomial", "length": f"{first}st"}
        fall = {"name": "exponential", "rate": 0.9, "every": "1st", "length": f"{first}st"}
        stairs = {"name": "step", "drop": 0.5, "every": "2st", "length": f"{total - 2 * first}st"}
        yield case("torch SequentialLR", "sequence", {"phases": [line, fall, stairs]}, rates)
    exponential = {"name": "exponential", "rate": 0.97, "every": "1st"}
    rates = from_torch(
        lambda o: lr_scheduler.ChainedScheduler(
            [lr_scheduler.ExponentialLR(o, gamma=0.97), lr_scheduler.StepLR(o, 4, gamma=0.5)]
        ),
        total,
    )
    fields = {"of": [exponential, {"name": "step", "drop": 0.5, "every": "4st"}]}
    yield case("torch ChainedScheduler", "product", fields, rates)
    rates = from_torch(
        lambda o: lr_scheduler.ChainedScheduler(
            [
                lr_scheduler.CosineAnnealingLR(o, T_max=total),
                lr_scheduler.MultiStepLR(o, [2, 20], gamma=0.3),
                lr_scheduler.ExponentialLR(o, gamma=0.97),
            ]
        ),
        total,
    )
    stairs = {"name": "multistep", "drop": 0.3, "milestones": ["2st", "20st"]}
    yield case("torch ChainedScheduler", "product", {"of": [{"name": "cosine"}, stairs, exponential]}, rates)


def optax_cases(total: int) -> Iterator[dict[str, Any]]:
    for exponent in (0.5, 1.0, 2.0):
        rates = from_optax(optax.cosine_decay_schedule(1.0, total, 0.1, exponent), total)
        yield case("optax cosine_decay_schedule", "cosine", {"floor": 0.1, "exponent": exponent}, rates)
    rates = from_optax(optax.cosine_decay_schedule(1.0, 5, 0.1), total)
    yield case("optax cosine_decay_schedule, shorter", "cosine", {"floor": 0.1, "length": "5st"}, rates)
    for power in (0.5, 3.0):
        rates = from_optax(optax.polynomial_schedule(1.0, 0.2, power, total), total)
        yield case("optax polynomial_schedule", "polynomial", {"power": power, "floor": 0.2}, rates)
    rates = from_optax(optax.piecewise_constant_schedule(0.5, {4: 2.0, 9: 0.1, 60: 0.5}), total)
    fields = {"boundaries": ["4st", "9st", "60st"], "values": [0.5, 1.0, 0.1, 0.05]}
    yield case("optax piecewise_constant_schedule", "piecewise", fields, rates)
    rates = from_optax(optax.piecewise_constant_schedule(1.0, {4: 0.3, 9: 0.3}), total)
    fields = {"drop": 0.3, "milestones": ["4st", "9st"]}
    yield case("optax piecewise_constant_schedule", "multistep", fields, rates)
    for staircase in (False, True):
        rates = from_optax(optax.exponential_decay(1.0, 4, 0.6, staircase=staircase, end_value=0.05), total)
        fields = {"rate": 0.6, "every": "4st", "staircase": staircase, "floor": 0.05}
        yield case("optax exponential_decay", "exponential", fields, rates)
    for peak in (30, 12.5):
        rates = from_optax(optax.cosine_onecycle_schedule(total, 1.0, peak / 100), total)
        fields = {"anneal": "cosine", "peak_at": f"{peak}%", "like": "optax"}
        yield case("optax cosine_onecycle_schedule", "one_cycle", fields, rates)
    if total > 1:  # optax keeps its boundaries in a dictionary, where two at step 0 become one
        rates = from_optax(optax.linear_onecycle_schedule(total, 1.0, 0.3, 0.6), total)
        fields = {"peak_at": "30%", "like": "optax", "anneal": "linear", "three_phase": True}
        yield case("optax linear_onecycle_schedule", "one_cycle", fields, rates)
    first = max(total // 3, 1)
    if first < total:
        rest = total - first
        joined = [optax.cosine_decay_schedule(1.0, first, 0.2), optax.polynomial_schedule(0.5, 0.05, 2.0, rest)]
        rates = from_optax(optax.join_schedules(joined, [first]), total)
        phases = [
            {"name": "cosine", "floor": 0.2, "length": f"{first}st"},
            {"name": "polynomial", "power": 2.0, "floor": 0.1, "length": "rest", "scale": 0.5},
        ]
        yield case("optax join_schedules", "sequence", {"phases": phases}, rates)
        joined = [optax.linear_schedule(0.1, 1.0, first), optax.exponential_decay(1.0, 3, 0.5)]
        rates = from_optax(optax.join_schedules(joined, [first]), total)
        ramp = {"name": "linear", "length": f"{first}st", "start": 0.1, "include_start": True}
        fields = {"phases": [{"name": "exponential", "rate": 0.5, "every": "3st", "warmup": ramp}]}
        yield case("optax join_schedules", "sequence", fields, rates)


def timm_cases(total: int) -> Iterator[dict[str, Any]]:
    for k in (0.5, 1.0, 2.0):
        rates = from_timm(lambda o, k=k: CosineLRScheduler(o, total, lr_min=0.05, k_decay=k), total)
        yield case("timm CosineLRScheduler", "cosine", {"floor": 0.05, "k": k}, rates)
        rates = from_timm(lambda o, k=k: PolyLRScheduler(o, total, power=0.8, lr_min=0.05, k_decay=k), total)
        yield case("timm PolyLRScheduler", "polynomial", {"floor": 0.05, "power": 0.8, "k": k}, rates)
    rates = from_timm(lambda o: StepLRScheduler(o, decay_t=6, decay_rate=0.5), total)
    yield case("timm StepLRScheduler", "step", {"drop": 0.5, "every": "6st"}, rates)
    rates = from_timm(lambda o: MultiStepLRScheduler(o, decay_t=[5, 21], decay_rate=0.3), total)
    yield case("timm MultiStepLRScheduler", "multistep", {"drop": 0.3, "milestones": ["4st", "20st"]}, rates)
    for lower, upper, floor in ((-7.0, 3.0, 0.0), (-4.0, 2.0, 0.1)):
        rates = from_timm(lambda o, a=lower, b=upper, f=floor: TanhLRScheduler(o, total, a, b, lr_min=f), total)
        yield case("timm TanhLRScheduler", "tanh", {"lower": lower, "upper": upper, "floor": floor}, rates)
    rates = from_timm(
        lambda o: CosineLRScheduler(o, 5, cycle_mul=2.0, cycle_decay=0.5, cycle_limit=9),
        total,
    )
    fields = {"first": "5st", "growth": 2, "peak_decay": 0.5}
    yield case("timm CosineLRScheduler with cycles", "cosine_restarts", fields, rates)
    for length in (1, 4):
        if length < total:
            rates = from_timm(
                lambda o, n=length: CosineLRScheduler(
                    o, total - n, lr_min=0.05, warmup_t=n, warmup_lr_init=0.2, warmup_prefix=True
                ),
                total,
            )
            warmup = {"length": f"{length}st", "start": 0.2, "include_start": True}
            yield case("timm CosineLRScheduler with warmup", "cosine", {"floor": 0.05}, rates, warmup)


def transformers_cases(total: int) -> Iterator[dict[str, Any]]:
    shapes = ((0, "cosine", "cosine"), (1, "linear", "linear"), (5, "cosine", "cosine"), (20, "sqrt", "1-sqrt"))
    for held, shape, peers_shape in shapes:
        if held < total:
            rates = from_torch(
                lambda o, n=held, s=peers_shape: optimization.get_wsd_schedule(
                    o, 0, total - n, total, decay_type=s, min_lr_ratio=0.1
                ),
                total,
            )
            fields = {"decay_from": f"{held}st", "shape": shape, "floor": 0.1}
            yield case("transformers get_wsd_schedule", "trapezoid", fields, rates)
    if total > 12:
        rates = from_torch(lambda o: optimization.get_wsd_schedule(o, 4, 5, total, decay_type="linear"), total)
        warmup = {"length": "4st", "start": 0.0, "include_start": True}
        yield case("transformers get_wsd_schedule", "trapezoid", {"decay_from": f"{total - 9}st"}, rates, warmup)
    for length, timescale in ((0, 20), (1, None), (5, None), (5, 20)):
        if length < total:
            rates = from_torch(lambda o, n=length, t=timescale: optimization.get_inverse_sqrt_schedule(o, n, t), total)
            warmup = ramp(length)
            fields = {"timescale": f"{timescale or length}st"}
            yield case("transformers get_inverse_sqrt_schedule", "inverse_sqrt", fields, rates, warmup)
    for length in (0, 1, 5, 30):
        if length < total:
            warmup = ramp(length)
            rates = from_torch(lambda o, n=length: optimization.get_constant_schedule_with_warmup(o, n), total)
            yield case("transformers get_constant_schedule_with_warmup", "constant", {}, rates, warmup)
            rates = from_torch(lambda o, n=length: optimization.get_cosine_schedule_with_warmup(o, n, total), total)
            yield case("transformers get_cosine_schedule_with_warmup", "cosine", {}, rates, warmup)
            rates = from_torch(lambda o, n=length: optimization.get_linear_schedule_with_warmup(o, n, total), total)
            yield case("transformers get_linear_schedule_with_warmup", "polynomial", {}, rates, warmup)
            rates = from_torch(
                lambda o, n=length: optimization.get_polynomial_decay_schedule_with_warmup(o, n, total, 0.01, 2.0),
                total,
            )
            fields = {"floor": 0.01, "power": 2.0}
            yield case("transformers get_polynomial_decay_schedule_with_warmup", "polynomial", fields, rates, warmup)
            for cycles in (1, 3):
                if (total - length) % cycles == 0:  # Otherwise its cycles are no whole updates long.
                    rates = from_torch(
                        lambda o, n=length, c=cycles: optimization.get_cosine_with_hard_restarts_schedule_with_warmup(
                            o, n, total, c
                        ),
                        total,
                    )
                    fields = {"first": f"{(total - length) // cycles}st", "growth": 1}
                    peer = "transformers get_cosine_with_hard_restarts_schedule_with_warmup"
                    yield case(peer, "cosine_restarts", fields, rates, warmup)


def ramp(length: int) -> dict[str, Any] | None:
    """The warmup of transformers, which begins at 0."""
    return {"length": f"{length}st", "start": 0.0, "include_start": True} if length else None


def ignite_cases(total: int) -> Iterator[dict[str, Any]]:
    if total > 1:  # A cycle of ignite has at least two events.
        rates = from_ignite(lambda o: ignite.CosineAnnealingScheduler(o, "lr", 1.0, 0.05, total), total)
        yield case("ignite CosineAnnealingScheduler", "cosine", {"floor": 0.05}, rates)
    for first, growth, peak_decay, floor in ((2, 1, 1.0, 0.1), (5, 2, 0.5, 0.0), (60, 3, 1.0, 0.2)):
        rates = from_ignite(
            lambda o, n=first, g=growth, d=peak_decay, f=floor: ignite.CosineAnnealingScheduler(
                o, "lr", 1.0, f, n, cycle_mult=g, start_value_mult=d
            ),
            total,
        )
        fields = {"first": f"{first}st", "growth": growth, "peak_decay": peak_decay, "floor": floor}
        yield case("ignite CosineAnnealingScheduler", "cosine_restarts", fields, rates)
    for half in (1, 4, 60):
        rates = from_ignite(lambda o, n=half: ignite.LinearCyclicalScheduler(o, "lr", 0.1, 1.0, 2 * n), total)
        yield case("ignite LinearCyclicalScheduler", "cyclical", {"floor": 0.1, "half_cycle": f"{half}st"}, rates)
    for up, down in ((2, 3), (60, 41)):
        rates = from_ignite(
            lambda o, n=up + down: ignite.LinearCyclicalScheduler(o, "lr", 1.0, 0.1, n, monotonic=True), total
        )
        fields = {"floor": 0.1, "half_cycle": f"{up}st", "down": f"{down}st", "wave": "linear"}
        yield case("ignite LinearCyclicalScheduler, monotonic", "cyclical", fields, rates)
    rates = from_ignite(lambda o: ignite.PiecewiseLinear(o, "lr", [(0, 1.0), (total, 0.1)]), total)
    yield case("ignite PiecewiseLinear", "polynomial", {"floor": 0.1}, rates)
    rates = from_ignite(lambda o: ignite.PiecewiseLinear(o, "lr", [(0, 1.0), (5, 0.1)]), total)
    yield case("ignite PiecewiseLinear", "polynomial", {"floor": 0.1, "length": "5st"}, rates)
    if total > 5:
        rates = from_ignite(lambda o: ignite.PiecewiseLinear(o, "lr", [(5, 1.0), (total, 0.1)]), total)
        yield case("ignite PiecewiseLinear", "trapezoid", {"decay_from": "5st", "floor": 0.1}, rates)
        rates = from_ignite(
            lambda o: ignite.PiecewiseLinear(o, "lr", [(0, 0.04), (2, 1.0), (4, 0.04), (total, 1e-5)]), total
        )
        fields = {"peak_at": "2st", "final": 1e-5, "three_phase": True, "like": "fastai"}
        yield case("ignite PiecewiseLinear", "one_cycle", fields, rates)
    for length in (2, 5):
        if length + 1 < total:
            # Its warmup ends at the first value of what follows: that value is the warmup's last event.
            rest = total - length + 1
            warmup = {"length": f"{length - 1}st", "start": 0.2, "include_start": True}
            peer = "ignite create_lr_scheduler_with_warmup"
            rates = from_ignite(
                lambda o, n=length, r=rest: ignite.create_lr_scheduler_with_warmup(
                    ignite.CosineAnnealingScheduler(o, "lr", 1.0, 0.05, r), 0.2, n
                ),
                total,
            )
            yield case(peer, "cosine", {"floor": 0.05}, rates, warmup)
            rates = from_ignite(
                lambda o, n=length: ignite.create_lr_scheduler_with_warmup(
                    lr_scheduler.ExponentialLR(o, gamma=0.9), 0.2, n
                ),
                total,
            )
            yield case(peer, "exponential", {"rate": 0.9, "every": "1st"}, rates, warmup)
    if total > 6:
        rates = from_ignite(
            lambda o: ignite.ConcatScheduler(
                [
                    ignite.LinearCyclicalScheduler(o, "lr", 0.1, 1.0, 2),
                    ignite.CosineAnnealingScheduler(o, "lr", 0.5, 0.05, total - 4),
                ],
                [4],
            ),
            total,
        )
        waves = {"name": "cyclical", "floor": 0.1, "half_cycle": "1st", "length": "4st"}
        phases = [waves, {"name": "cosine", "floor": 0.1, "scale": 0.5}]
        yield case("ignite ConcatScheduler", "sequence", {"phases": phases}, rates)
        rates = from_ignite(
            lambda o: ignite.ConcatScheduler(
                [
                    ignite.PiecewiseLinear(o, "lr", [(0, 1.0), (2, 0.4)]),
                    ignite.CosineAnnealingScheduler(o, "lr", 0.4, 0.0, 3),
                    ignite.PiecewiseLinear(o, "lr", [(0, 0.3), (total - 5, 0.03)]),
                ],
                [2, 3],
            ),
            total,
        )
        phases = [
            {"name": "linear", "floor": 0.4, "length": "2st"},
            {"name": "cosine", "length": "3st", "scale": 0.4},
            {"name": "linear", "floor": 0.1, "length": f"{total - 5}st", "scale": 0.3},
        ]
        yield case("ignite ConcatScheduler", "sequence", {"phases": phases}, rates)


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


def torch_plateaus() -> Iterator[dict[str, Any]]:
    for name, series in metric_series().items():
        for mode in ("min", "max"):
            for threshold_mode, min_delta_mode in (("abs", "absolute"), ("rel", "relative")):
                for patience, cooldown, min_delta, floor in ((0, 0, 1e-4, 0.0), (2, 0, 0.1, 0.03), (1, 3, 1e-4, 0.0)):
                    optimizer = sgd()
                    rule = lr_scheduler.ReduceLROnPlateau(
                        optimizer, mode, 0.5, patience, min_delta, threshold_mode, cooldown, min_lr=floor, eps=0
                    )
                    scales = []
                    for value in series:
                        rule.step(value)
                        scales.append(float(optimizer.param_groups[0]["lr"]))
                    fields = {"mode": mode, "factor": 0.5, "patience": patience, "min_delta": min_delta}
                    fields |= {"min_delta_mode": min_delta_mode, "cooldown": cooldown, "floor": floor}
                    yield {"series": name, "fields": fields, "scales": scales}


def transformers_greedy() -> Iterator[dict[str, Any]]:
    common = {"patience": 0, "floor": 0.3, "ceiling": 2.0, "reset": 500}
    settings = [
        common,
        common | {"patience": 2, "min_delta": 0.02},
        common | {"cooldown": 3, "warmup": 1},
        common | {"patience": 1, "reset": 3, "cooldown": 1},
        common | {"window": 4, "reset": 2},
        common | {"window": 50, "patience": 1, "warmup": 2},
    ]
    for name, series in metric_series().items():
        for mode in ("min", "max"):
            for threshold_mode, min_delta_mode in (("abs", "absolute"), ("rel", "relative")):
                for given in settings:
                    window = given.get("window", 1)
                    if window > 1 and not all(map(math.isfinite, series)):
                        continue  # Its running mean is lost for good after a value that is not finite.
                    optimizer = sgd()
                    rule = optimization.GreedyLR(
                        optimizer, mode, 0.7, given["patience"], given.get("min_delta", 1e-6), threshold_mode,
                        given.get("cooldown", 0), given.get("warmup", 0), given["floor"], given["ceiling"], eps=0,
                        smooth=window > 1, window_size=window, reset_start=given["reset"],
                    )  # fmt: skip
                    scales = []
                    for value in series:
                        rule.step(value)
                        scales.append(float(optimizer.param_groups[0]["lr"]))
                    fields = {"mode": mode, "factor": 0.7, "min_delta_mode": min_delta_mode, **given}
                    yield {"series": name, "fields": fields, "scales": scales}


def main() -> None:
    makers = (torch_cases, optax_cases, timm_cases, transformers_cases, ignite_cases)
    cases = [case for make in makers for total in LENGTHS for case in make(total)]
    reference = {
        "versions": {peer: importlib.metadata.version(name) for peer, name in PEERS.items()},
        "cases": cases,
        "series": metric_series(),
        "plateaus": list(torch_plateaus()),
        "greedy": list(transformers_greedy()),
    }
    lines = json.dumps(reference, separators=(",", ":"))
    lines = lines.replace('{"peer"', '\n{"peer"').replace('{"series"', '\n{"series"')
    (Path(__file__).parent / "reference.json").write_text(lines + "\n")


if __name__ == "__main__":
    main()
