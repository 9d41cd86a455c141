"""The schedules, warmups and feedback rules against other libraries' numbers: the cases of parity/cases/."""

from collections.abc import Callable

import numpy as np
import pytest
from parity import comparisons
from parity.case import modules
from parity.comparisons import REFERENCE, Comparison

from annealkit.plugin_system.registry import load_registry

PEERS = sorted({" ".join(case["peer"].replace(",", "").split()[:2]) for case in REFERENCE["cases"]})
KERAS = sorted({case.function for module in modules().values() for case in getattr(module, "KERAS", [])})


def assert_equal(comparison: Comparison) -> None:
    """At every update within 1e-6 relative or 1e-9 absolute."""
    message = f"{comparison.settings} against {comparison.peer} {comparison.version}"
    assert comparison.ours.shape == comparison.theirs.shape, message
    wrong = np.abs(comparison.ours - comparison.theirs) > np.maximum(1e-6 * np.abs(comparison.theirs), 1e-9)
    assert not wrong.any(), f"{message}: first at {np.argmax(wrong)}"


@pytest.mark.parametrize("peer", PEERS)
def test_schedule_equals_its_peer_at_every_update(peer: str) -> None:
    found = [comparison for comparison in comparisons.stored_schedules() if comparison.peer == peer]
    for comparison in found:
        assert_equal(comparison)
    assert found


def test_momentum_equals_its_peer_at_every_update() -> None:
    found = comparisons.stored_momenta()
    for comparison in found:
        assert_equal(comparison)
    assert {comparison.peer for comparison in found} == {"torch OneCycleLR", "torch CyclicLR"}


@pytest.mark.parametrize("name", KERAS)
def test_schedule_equals_keras(name: str) -> None:
    found = [comparison for comparison in comparisons.keras_schedules() if comparison.peer == f"keras {name}"]
    for comparison in found:
        assert_equal(comparison)
    assert {len(comparison.ours) for comparison in found} >= {1, 2, 7, 31, 101}


@pytest.mark.parametrize("make", [comparisons.stored_rules, comparisons.keras_rules])
def test_feedback_decides_as_its_peer_does(make: Callable[[], list[Comparison]]) -> None:
    found = make()
    for comparison in found:
        assert_equal(comparison)
    assert found


@pytest.mark.parametrize("series", sorted(REFERENCE["series"]))
@pytest.mark.parametrize("part", ["plateau", "greedy"])
def test_the_series_put_the_rules_to_work(part: str, series: str) -> None:
    rules = [comparison for comparison in comparisons.stored_rules() if comparison.part == part]
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


def test_each_module_of_cases_is_named_after_a_part_and_its_cases_are_stored() -> None:
    parts = load_registry().parts
    stored = {case["schedule"] for case in REFERENCE["cases"]}, {case["rule"] for case in REFERENCE["rules"]}
    for group, function, names in (("schedule", "cases", stored[0]), ("feedback", "rules", stored[1])):
        with_cases = {name for name, module in modules().items() if hasattr(module, function)}
        assert with_cases == names <= set(parts[group])
    for name, module in modules().items():
        assert hasattr(module, "rules") or hasattr(module, "cases") or module.KERAS
        assert name in parts["feedback" if hasattr(module, "rules") else "schedule"]
