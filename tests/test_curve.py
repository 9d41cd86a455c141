"""The rates of a run that left another one, by hand; and settings of run.json read back as what they were made of."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import cosine
from omegaconf import DictConfig, OmegaConf

from annealkit import Constant, Cosine, LinearWarmup, OneCycle
from annealkit.configuration.composition import compose
from annealkit.configuration.identity import _flat, flat_settings
from annealkit.configuration.stored_settings import TRUNK_PARTS, build_curve, part_node, settings_of_trunk, trunk_node
from annealkit.curve.curve import Branch, Curve
from annealkit.errors import ConfigError
from annealkit.plugin_system.registry import load_registry

TRUNK = Curve(Cosine(), None, 0.5, 80)


def test_a_run_of_its_own_has_its_schedule_from_the_first_update_to_the_last() -> None:
    np.testing.assert_allclose(TRUNK.rates(20), cosine(80, 0.5), rtol=1e-12)
    assert TRUNK.momenta(20) is None


def test_a_branch_has_the_rates_of_its_trunk_and_then_its_own() -> None:
    rates = Curve(Cosine(), LinearWarmup(length="4st"), 0.2, 100, Branch(44, 44, TRUNK)).rates(20)
    expected = [*cosine(80, 0.5)[:44], *(0.2 * np.arange(1, 5) / 5), *cosine(52, 0.2)]
    np.testing.assert_allclose(rates, expected, rtol=1e-12)


def test_a_stretched_schedule_is_the_part_that_follows_of_a_longer_one() -> None:
    rates = Curve(Cosine(), None, 0.5, 100, Branch(80, 0, TRUNK)).rates(20)
    np.testing.assert_allclose(rates, [*cosine(80, 0.5), *cosine(100, 0.5)[80:]], rtol=1e-12)


def test_durations_in_a_branch_are_of_its_own_span() -> None:
    # A quarter of the branch's 40 updates, not of all 120.
    rates = Curve(Constant(), LinearWarmup(length="25%"), 1.0, 120, Branch(80, 80, TRUNK)).rates(20)
    np.testing.assert_allclose(rates[80:], [*(np.arange(1, 11) / 11), *np.ones(30)], rtol=1e-12)


def test_a_branch_of_a_branch() -> None:
    first = Curve(Constant(), None, 0.3, 90, Branch(64, 64, TRUNK))
    rates = Curve(Cosine(), None, 0.1, 100, Branch(85, 64, first)).rates(20)
    expected = [*cosine(80, 0.5)[:64], *[0.3] * 21, *cosine(36, 0.1)[21:]]
    np.testing.assert_allclose(rates, expected, rtol=1e-12)


def test_momenta_are_of_the_schedule_that_moves_them_and_else_the_optimizers_own() -> None:
    # Linear, peak at 40 of 80 updates: from 0.95 at 0 to 0.85 at 39, back to 0.95 at 79.
    moving = Curve(OneCycle(peak_at="50%"), None, 0.5, 80)
    wave = np.interp(np.arange(80), [0, 39, 79], [0.95, 0.85, 0.95])
    momenta = moving.momenta(20)
    assert momenta is not None
    np.testing.assert_allclose(momenta, wave, rtol=1e-12)

    still_after_moving = Curve(Constant(), None, 0.5, 80, Branch(44, 44, moving)).momenta(20)
    assert still_after_moving is not None
    np.testing.assert_allclose(still_after_moving[:44], wave[:44], rtol=1e-12)
    assert np.isnan(still_after_moving[44:]).all()

    moving_after_still = Curve(OneCycle(peak_at="50%"), None, 0.5, 160, Branch(80, 80, TRUNK)).momenta(20)
    assert moving_after_still is not None
    assert np.isnan(moving_after_still[:80]).all()
    np.testing.assert_allclose(moving_after_still[80:], wave, rtol=1e-12)
    assert Curve(Constant(), None, 0.5, 100, Branch(44, 44, TRUNK)).momenta(20) is None


# --- the settings of run.json, read back ---


def composed(*overrides: str) -> DictConfig:
    return compose(["data=toy", "model=mlp", *overrides], load_registry())


def node(config: DictConfig, group: str) -> Any:
    return OmegaConf.to_container(config[group], resolve=True)


def values(example: dict[str, Any], group: str) -> list[str]:
    """An example of a part's settings as overrides."""
    return [f"{group}.{key}={written(value)}" for key, value in example.items()]


def written(value: Any) -> str:
    """A value in the grammar of overrides."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    if isinstance(value, str):
        return f"'{value}'"
    return "null" if value is None else str(value)


def built_in() -> list[tuple[str, str]]:
    parts = load_registry().parts
    return [(g, n) for g in TRUNK_PARTS for n, part in sorted(parts[g].items()) if part.distribution == "annealkit"]


@pytest.mark.parametrize(("group", "name"), built_in())
def test_every_built_in_part_comes_back_as_it_was_composed(group: str, name: str, tmp_path: Path) -> None:
    cls = load_registry().parts[group][name].cls
    examples = [{}, *cls.examples(tmp_path)] if hasattr(cls, "examples") else [{}]
    tried = 0
    for example in examples:
        try:
            config = composed(f"{group}={name}", *values(example, group))
            load_registry().build(group, config[group])
        except ConfigError:
            assert not example, f"the example {example} cannot be"
            continue  # The defaults of one that needs a setting.
        stored = flat_settings(config)
        assert part_node(stored, group) == node(config, group)
        assert load_registry().build(group, part_node(stored, group)) == load_registry().build(group, config[group])
        tried += 1
    assert tried


def test_dictionaries_within_a_part_come_back_however_deep() -> None:
    draw = random.Random(7)

    def some(depth: int) -> Any:
        kinds = [lambda: draw.randint(-3, 9), lambda: draw.random(), lambda: None, lambda: "5%", lambda: [1, {"a": 2}]]
        if depth:
            kinds.append(lambda: {f"k{i}": some(depth - 1) for i in range(draw.randint(1, 3))})
        return draw.choice(kinds)()

    for _ in range(200):
        whole = {"schedule": {"name": "any", **{f"f{i}": some(3) for i in range(draw.randint(0, 4))}}}
        stored = _flat({**whole, "schedule_of_another": {"name": "x", "f0": 1}})
        assert part_node(stored, "schedule") == whole["schedule"]


def test_keras_with_arguments() -> None:
    config = composed(
        "schedule=keras", "schedule.function=CosineDecay", "schedule.arguments={decay_steps:60,alpha:0.1}"
    )
    back = part_node(flat_settings(config), "schedule")
    assert back == {"name": "keras", "function": "CosineDecay", "arguments": {"decay_steps": 60, "alpha": 0.1}}


def test_a_branch_of_a_branch_comes_back_as_the_course_that_it_was() -> None:
    first = trunk_node(flat_settings(composed("schedule=cosine", "optimizer.lr=0.5")), 80)
    second_config = composed("schedule=constant", "optimizer.lr=0.3")
    second_config.branch = {"run": "a", "at": 64, "length": 26, "begins": 64, "trunk": first}
    second = trunk_node(flat_settings(second_config), 90)
    third_config = composed("schedule=cosine", "warmup=linear", "warmup.length=2st", "optimizer.lr=0.1")
    third_config.branch = {"run": "b", "at": 85, "length": 15, "begins": 85, "trunk": second}
    stored = flat_settings(third_config)
    assert second["branch"] == {"at": 64, "length": 26, "begins": 64, "trunk": first}
    assert not any("run" in key.split(".") for key in stored)
    rates = build_curve(trunk_node(stored, 100), load_registry()).rates(20)
    expected = [*cosine(80, 0.5)[:64], *[0.3] * 21, 0.1 / 3, 0.2 / 3, *cosine(13, 0.1)]
    np.testing.assert_allclose(rates, expected, rtol=1e-12)
    trunk = settings_of_trunk(stored)
    assert trunk_node(trunk, trunk["total_steps"]) == second
    assert trunk["model.hidden"] == [9, 9, 9] and trunk["optimizer.lr"] == 0.3
