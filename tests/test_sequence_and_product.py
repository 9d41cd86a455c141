"""Schedules made of schedules: values by hand, and errors that say which part of which one is wrong."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import annealkit_command, only_run

from annealkit import (
    ConfigError,
    Constant,
    Cosine,
    Exponential,
    LinearWarmup,
    OneCycle,
    Phase,
    Polynomial,
    Product,
    Run,
    Sequence,
    Step,
    learning_rates,
)
from annealkit.configuration.composition import compose
from annealkit.configuration.plan import make_plan
from annealkit.curve.rates import momenta
from annealkit.plugin_system.registry import load_registry


def build(name: str, **settings: Any) -> Any:
    return load_registry().build("schedule", {"name": name, **settings})


def test_each_phase_runs_in_its_own_span() -> None:
    # 2 updates at 1, 4 of a straight line from 1 to 0 (3/4, 1/2, 1/4 on its way), 2 at a fifth.
    sequence = Sequence([Phase(Constant(), "2st"), Phase(Polynomial(), "50%"), Phase(Constant(), scale=0.2)])
    rates = learning_rates(sequence, 0.1, Run(8, 4))
    assert rates == pytest.approx([0.1, 0.1, 0.1, 0.075, 0.05, 0.025, 0.02, 0.02], rel=1e-12)


def test_a_warmup_takes_its_part_of_the_phase() -> None:
    # The second phase has 4 updates: 2 of warmup to a half (1/3 and 2/3 of it), then a line from 1/2 down over 2.
    phases = [Phase(Constant(), "2st"), Phase(Polynomial(), scale=0.5, warmup=LinearWarmup("50%"))]
    rates = learning_rates(Sequence(phases), 1.0, Run(6, 6))
    assert rates == pytest.approx([1, 1, 1 / 6, 1 / 3, 0.5, 0.25], rel=1e-12)


def test_a_warmup_before_the_whole_and_percentages_of_what_it_leaves() -> None:
    sequence = Sequence([Phase(Constant(), "50%"), Phase(Constant(), "50%", scale=0.1)])
    rates = learning_rates(sequence, 1.0, Run(8, 4), LinearWarmup("4st"))
    assert rates == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 1, 0.1, 0.1], rel=1e-12)


def test_sums_of_lengths_are_rounded_and_not_the_lengths() -> None:
    # Thirds of 10: ends at 3.33, 6.67 and 10 are 3, 7 and 10.
    phases = [Phase(Constant(), "33.333333333333%", scale=k) for k in (1, 2)]
    factors = Sequence([*phases, Phase(Constant(), scale=3)]).factor(np.arange(10), Run(10, 5))
    assert factors.tolist() == [1, 1, 1, 2, 2, 2, 2, 3, 3, 3]


@pytest.mark.parametrize(("total", "factors"), [(1, [2]), (2, [1, 2])])
def test_a_phase_that_comes_to_nothing_is_left_out(total: int, factors: list[float]) -> None:
    # 30% of 1 is 0.3, rounded to 0 updates; of 2 it is 0.6, rounded to 1.
    sequence = Sequence([Phase(Constant(), "30%"), Phase(Constant(), scale=2)])
    assert sequence.factor(np.arange(total), Run(total, 1)).tolist() == factors


def test_past_its_end_it_is_past_the_end_of_its_last_phase() -> None:
    sequence = Sequence([Phase(Constant(), "50%"), Phase(Polynomial(floor=0.1))])
    assert sequence.factor(np.array([3, 4, 100]), Run(4, 4)) == pytest.approx([0.55, 0.1, 0.1])


def test_product_multiplies() -> None:
    # A line 1, 3/4, 1/2, 1/4 times a staircase 1, 1, 1/2, 1/2.
    product = Product([Polynomial(), Step(drop=0.5, every="2st")])
    assert learning_rates(product, 1.0, Run(4, 4)) == pytest.approx([1, 0.75, 0.25, 0.125], rel=1e-12)


def test_nested_from_a_configuration() -> None:
    line = {"name": "linear", "warmup": {"name": "linear", "length": "1st"}}
    inner = {
        "name": "sequence",
        "length": "rest",
        "phases": [{"name": "constant", "length": "1st", "scale": 0.5}, line],
    }
    outer = build("sequence", phases=[{"name": "product", "of": ["constant", "constant"], "length": "2st"}, inner])
    # 1, 1; then 1/2; then a warmup of one update, to half of 1, and a line over 2.
    assert learning_rates(outer, 1.0, Run(6, 6)) == pytest.approx([1, 1, 0.5, 0.5, 1, 0.5])


def test_it_takes_the_same_from_yaml_and_from_python() -> None:
    python = Sequence([Phase(Exponential(rate=0.5, every="1ep"), "3ep"), Phase(Cosine(floor=0.1))])
    phases = [{"name": "exponential", "rate": 0.5, "every": "1ep", "length": "3ep"}, {"name": "cosine", "floor": 0.1}]
    run = Run(40, 8)
    assert learning_rates(build("sequence", phases=phases), 1, run).tolist() == learning_rates(python, 1, run).tolist()


def test_momentum_follows_the_phase_that_moves_it() -> None:
    sequence = Sequence([Phase(Constant(), "2st"), Phase(OneCycle(peak_at="50%", momentum=[0.9, 0.8]))])
    values = momenta(sequence, np.arange(6), Run(6, 6))
    assert values is not None and np.isnan(values[:2]).all()
    # The four updates of the cycle, peak in update 1 (2 - 1) and end in update 3: 0.9, 0.8, 0.85, 0.9.
    assert values[2:] == pytest.approx([0.9, 0.8, 0.85, 0.9])
    assert momenta(Product([Constant(), Cosine()]), np.arange(6), Run(6, 6)) is None
    with pytest.raises(ConfigError, match=r"^Product: of has two schedules that move the momentum"):
        momenta(Product([OneCycle(), OneCycle()]), np.arange(60), Run(60, 6))


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("sequence", {}, "schedule=sequence needs schedule.phases=…"),
    ("sequence", {"phases": []}, "sequence: phases must be a list of at least one phase; got []. Try"),
    ("sequence", {"phases": ["cosin"]}, "schedule=sequence: phases[0]: schedule=cosin: no such schedule."),
    ("sequence", {"phases": ["constant", {"length": "1ep"}]}, "schedule=sequence: phases[1] must name a schedule"),
    (
        "sequence",
        {"phases": [{"name": "cosine", "flor": 1}]},
        "schedule=sequence: phases[0]: schedule=cosine has no setting flor. Did you mean floor?",
    ),
    (
        "sequence",
        {"phases": [{"name": "constant", "length": "1ep"}, {"name": "cosine", "floor": 3}]},
        "schedule=sequence: phases[1]: cosine: floor must lie in [0, 1]; got 3.0.",
    ),
    (
        "sequence",
        {"phases": [{"name": "cosine", "warmup": {"name": "linar"}}]},
        "schedule=sequence: phases[0].warmup: warmup=linar: no such warmup. Did you mean linear?",
    ),
    ("sequence", {"phases": [{"name": "cosine", "length": 30}]}, "sequence: phases[0].length=30 has no"),
    (
        "sequence",
        {"phases": [{"name": "cosine", "scale": -1}]},
        "sequence: phases[0].scale must lie in [0, infinity); got -1. Try scale: 1.0.",
    ),
    (
        "sequence",
        {"phases": [{"name": "cosine", "scale": "a"}]},
        "sequence: phases[0].scale must be a number; got 'a'. Try scale: 1.0.",
    ),
    (
        "sequence",
        {"phases": ["cosine", "cosine"]},
        "sequence: phases can have length=rest only once; give the others a duration. Try schedule.phases=[{name:",
    ),
    (
        "sequence",
        {"phases": [{"name": "product", "of": ["cosine", {"name": "step", "drop": 2}]}]},
        "schedule=sequence: phases[0]: schedule=product: of[1]: step: drop must lie in",
    ),
    ("product", {"of": [3]}, "schedule=product: of[0] must name a schedule, such as {name: constant}; got 3."),
    ("product", {"of": []}, "product: of must be a list of at least one schedule; got []."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "settings", "message"), WRONG)
def test_errors_say_which_part_is_wrong(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build(name, **settings)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("phases", "message"),
    [
        (["30%", "50%"], "Sequence: phases have lengths, 30%, 50%, that make 80 of the span's 100 weight"),
        (["80st", "50%"], "Sequence: phases have lengths, 80st, 50%, that make 130 of the span's 100 weight"),
        (["50%", "50%", "rest"], "Sequence: phases[2] has length=rest, and the others leave nothing of the span's 100"),
        (["101st", "rest"], "Sequence: phases have lengths, 101st, rest, that make 101 of the span's 100 weight"),
    ],
)  # fmt: skip
def test_lengths_must_add_up(phases: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        learning_rates(Sequence([Phase(Constant(), length) for length in phases]), 1.0, Run(100, 10))
    assert str(caught.value).startswith(message)


def test_a_warmup_too_long_for_its_phase_is_named() -> None:
    sequence = Sequence([Phase(Constant(), "90st"), Phase(Cosine(), warmup=LinearWarmup("2ep"))])
    with pytest.raises(ConfigError, match=r"^Sequence: phases\[1\], Cosine: warmup: length=2ep is 20 of the run's 10"):
        learning_rates(sequence, 1.0, Run(100, 10))


def test_every_part_within_a_part_is_known_by_its_origin() -> None:
    """A nested part has the keys of its phase, `length: 50%`, beside its own; a text in a part of one piece is none."""
    inner = {"name": "product", "of": ["cosine", {"name": "one_cycle", "anneal": "cosine"}], "length": "50%"}
    outer = {"name": "sequence", "phases": [inner, {"name": "rex", "length": "rest", "warmup": "linear"}]}
    registry, used = load_registry(), []
    registry.build("schedule", outer, used)
    found = [(part.group, part.name) for part in used]
    names = ["sequence", "product", "cosine", "one_cycle", "rex"]
    assert sorted(found) == sorted([*(("schedule", name) for name in names), ("warmup", "linear")])
    used.clear()
    registry.build("model", {"name": "mlp", "hidden": [9, 7]}, used)
    assert [(part.group, part.name) for part in used] == [("model", "mlp")]
    nested = "[{name:product,of:[constant,linear],length:50%},{name:constant,length:rest}]"
    config = compose(
        ["schedule=sequence", f"schedule.phases={nested}", "data=toy", "model=mlp", "trainer.epochs=1"], registry
    )
    assert make_plan(config, registry, steps_per_epoch=4).rates == pytest.approx([0.03, 0.015, 0.03, 0.03])


def test_on_the_command_line(tmp_path: Path) -> None:
    phases = "schedule.phases=[{name:constant,length:50%},{name:cosine,warmup:{name:linear,length:2st}}]"
    options = [
        "schedule=sequence",
        phases,
        "feedback=plateau",
        "feedback.monitor=loss",
        "warmup=cosine",
        "trainer.epochs=4",
    ]
    small = ["data=toy", "model=mlp", "trainer.batch_size=50", "trainer.epochs=4"]
    done = annealkit_command(*options, *small, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert only_run(tmp_path / "outputs").name.startswith("sequence-sgd-mlp-toy-s0-")
    registry = load_registry()
    rates = make_plan(compose([*options, *small], registry), registry).rates
    assert len(rates) == 80
    # The warmup takes 5%, 4 updates; of the 76 left the second half begins at update 42 with a warmup of its own.
    assert rates[4:42] == pytest.approx([0.03] * 38)
    assert rates[42:44] == pytest.approx([0.01, 0.02])
