"""The schedules, warmups and feedback rules against other libraries' numbers: see parity_cases.py."""

import math
from collections.abc import Callable

import numpy as np
import parity_cases
import pytest
from parity_cases import REFERENCE, Comparison

from annealkit import schedules
from annealkit.curve.span import Run

PEERS = sorted({" ".join(case["peer"].replace(",", "").split()[:2]) for case in REFERENCE["cases"]})


def assert_equal(comparison: Comparison) -> None:
    """At every update within 1e-6 relative or 1e-9 absolute."""
    message = f"{comparison.settings} against {comparison.peer} {comparison.version}"
    assert comparison.ours.shape == comparison.theirs.shape, message
    wrong = np.abs(comparison.ours - comparison.theirs) > np.maximum(1e-6 * np.abs(comparison.theirs), 1e-9)
    assert not wrong.any(), f"{message}: first at {np.argmax(wrong)}"


@pytest.mark.parametrize("peer", PEERS)
def test_schedule_equals_its_peer_at_every_update(peer: str) -> None:
    found = [comparison for comparison in parity_cases.stored_schedules() if comparison.peer == peer]
    for comparison in found:
        assert_equal(comparison)
    assert found


def test_momentum_equals_its_peer_at_every_update() -> None:
    found = parity_cases.stored_momenta()
    for comparison in found:
        assert_equal(comparison)
    assert {comparison.peer for comparison in found} == {"torch OneCycleLR", "torch CyclicLR"}


@pytest.mark.parametrize("name", sorted({name for name, _, _ in parity_cases.KERAS_SCHEDULES}))
def test_schedule_equals_keras(name: str) -> None:
    found = [comparison for comparison in parity_cases.keras_schedules() if comparison.peer == f"keras {name}"]
    for comparison in found:
        assert_equal(comparison)
    assert {len(comparison.ours) for comparison in found} >= {1, 2, 7, 31, 101}


@pytest.mark.parametrize("make", [parity_cases.stored_rules, parity_cases.keras_plateaus])
def test_feedback_decides_as_its_peer_does(make: Callable[[], list[Comparison]]) -> None:
    for comparison in make():
        assert_equal(comparison)


@pytest.mark.parametrize("series", sorted(REFERENCE["series"]))
@pytest.mark.parametrize("part", ["plateau", "greedy"])
def test_the_series_put_the_rules_to_work(part: str, series: str) -> None:
    rules = [comparison for comparison in parity_cases.stored_rules() if comparison.part == part]
    changes = [len(set(rule.theirs)) - 1 for rule in rules if rule.settings.endswith(f" on {series}")]
    assert sum(changes) > 10


@pytest.mark.parametrize("library", ["torch", "optax", "timm", "transformers", "ignite"])
def test_reference_names_the_versions_it_came_from(library: str) -> None:
    assert REFERENCE["versions"][library][0].isdigit()
    assert any(name.startswith(f"{library} ") for name in PEERS)


@pytest.mark.parametrize("library", ["torch", "optax", "timm", "transformers", "ignite"])
def test_every_peer_is_compared_over_one_update_two_and_primes(library: str) -> None:
    lengths = {len(case["rates"]) for case in REFERENCE["cases"] if case["peer"].startswith(f"{library} ")}
    assert lengths >= {1, 2, 7, 31, 101}


def test_trapezoid_is_fastais_flat_cos() -> None:
    """fastai's fit_flat_cos(8, lr, div_final=1e5, pct_start=0.75): lr, then a cosine to lr / 1e5, by its definition."""
    schedule = schedules.Trapezoid("75%", "cosine", floor=1e-5)
    fall = [1e-5 + (1 - 1e-5) * (1 + math.cos(math.pi * i / 2)) / 2 for i in range(3)]
    assert schedule.factor(np.arange(9), Run(8, 8)) == pytest.approx([1.0] * 6 + fall)


def test_one_cycle_follows_fastai() -> None:
    """fastai's combined_cos(0.25, lr / 25, lr, lr / 1e5) at i / 8, worked out by hand from its definition."""
    schedule = schedules.OneCycle(peak_at="25%", start=0.04, final=1e-5, anneal="cosine", like="fastai")
    half = (1 + 1e-5) / 2
    late = [half + (1 - 1e-5) / 2 * math.cos(math.pi * i / 6) for i in range(7)]
    assert schedule.factor(np.arange(9), Run(8, 8)) == pytest.approx([0.04, 0.52, *late])
