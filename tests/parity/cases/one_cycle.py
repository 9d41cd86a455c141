"""one_cycle."""

from collections.abc import Iterator
from typing import Any

from parity.case import case


def cases(peers: Any, total: int) -> Iterator[dict[str, Any]]:
    shapes = ((30, "cos", False), (30, "linear", False), (45, "cos", True), (12.5, "linear", True))
    for peak, anneal, three in shapes:
        shape = {"pct_start": peak / 100, "anneal_strategy": anneal, "three_phase": three}
        rates = peers.torch(total, "OneCycleLR", 1.0, total, cycle_momentum=False, **shape)
        fields = {"peak_at": f"{peak}%", "anneal": "cosine" if anneal == "cos" else anneal, "three_phase": three}
        yield case("torch OneCycleLR", fields, rates)
    rates = peers.torch(total, "OneCycleLR", 1.0, total, div_factor=10, final_div_factor=100, cycle_momentum=False)
    yield case("torch OneCycleLR", {"anneal": "cosine", "start": 0.1, "final": 0.001}, rates)
    for anneal in ("cos", "linear"):
        for three in (False, True):
            rates, momenta = peers.torch_with_momentum(
                total, "OneCycleLR", 1.0, total, anneal_strategy=anneal, three_phase=three
            )
            fields = {"anneal": "cosine" if anneal == "cos" else anneal, "three_phase": three}
            yield case("torch OneCycleLR with momentum", fields, rates, momenta=momenta)
    for peak in (30, 12.5):
        rates = peers.optax(total, "cosine_onecycle_schedule", total, 1.0, peak / 100)
        yield case(
            "optax cosine_onecycle_schedule", {"anneal": "cosine", "peak_at": f"{peak}%", "like": "optax"}, rates
        )
    if total > 1:  # optax keeps its boundaries in a dictionary, where two at step 0 become one
        rates = peers.optax(total, "linear_onecycle_schedule", total, 1.0, 0.3, 0.6)
        fields = {"peak_at": "30%", "like": "optax", "anneal": "linear", "three_phase": True}
        yield case("optax linear_onecycle_schedule", fields, rates)
    if total > 5:
        rates = peers.ignite(total, "PiecewiseLinear", [(0, 0.04), (2, 1.0), (4, 0.04), (total, 1e-5)])
        fields = {"peak_at": "2st", "final": 1e-5, "three_phase": True, "like": "fastai"}
        yield case("ignite PiecewiseLinear", fields, rates)
