"""The articles' runs: their rates at every step from their own formulas, and every experiment can be trained."""

import math
from pathlib import Path

import numpy as np
import pytest
from helpers import read_scalars

import annealkit
from annealkit.configuration.composition import compose
from annealkit.configuration.hydra_app import conf_dir
from annealkit.configuration.identity import flat_settings
from annealkit.configuration.plan import Plan, make_plan
from annealkit.plugin_system.registry import load_registry

EXPERIMENTS = sorted(path.stem for path in (conf_dir() / "experiment").glob("*.yaml"))


def plan_of(*overrides: str) -> Plan:
    registry = load_registry()
    return make_plan(compose(list(overrides), registry), registry)


def step_decay(epoch: int) -> float:
    """Article A, word for word."""
    initial_lrate = 0.1
    drop = 0.2
    epochs_drop = 2.0
    lrate = initial_lrate * math.pow(drop, math.floor((1 + epoch) / epochs_drop))
    return lrate


def test_article_a_step_decay_at_every_step() -> None:
    rates = plan_of("experiment=article_a_step", "data=cifar10").rates
    per_epoch = math.ceil(45_000 / 128)
    assert rates.shape == (10 * per_epoch,)
    by_hand = np.array([step_decay(step // per_epoch) for step in range(len(rates))])
    np.testing.assert_allclose(rates, by_hand, rtol=1e-15)
    np.testing.assert_array_equal(rates.astype(np.float32), by_hand.astype(np.float32))
    assert [round(rate, 9) for rate in rates[::per_epoch]] == [
        0.1,
        0.02,
        0.02,
        0.004,
        0.004,
        0.0008,
        0.0008,
        0.00016,
        0.00016,
        3.2e-05,
    ]


def test_article_a_exponential_decay_is_keras_own() -> None:
    import keras

    # 300 epochs go past the first stair, which ten do not.
    rates = plan_of("experiment=article_a_exponential", "data=cifar10", "trainer.epochs=300").rates
    decay = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=100_000, decay_rate=0.96, staircase=True)
    for step in (0, 1, 3519, 99_999, 100_000, 100_001, len(rates) - 1):
        assert rates[step] == pytest.approx(float(decay(step)), rel=1e-6)
    assert (rates[:100_000] == 0.1).all() and len(rates) > 100_000


def test_article_a_time_decay() -> None:
    rates = plan_of("experiment=article_a_time", "data=cifar10").rates
    # The `decay` argument of early Keras: lr / (1 + decay * iterations), here with decay 0.1 / 10.
    np.testing.assert_allclose(rates, 0.1 / (1 + 0.01 * np.arange(len(rates))), rtol=1e-15)


@pytest.mark.parametrize(
    ("name", "keras_class", "epsilon"),
    [
        ("adagrad", "Adagrad", 1e-7),
        ("adadelta", "Adadelta", 1e-7),
        ("adam", "Adam", 1e-7),
        ("rmsprop", "RMSprop", 1e-8),
    ],
)
def test_article_a_adaptive_methods_have_keras_own_settings(name: str, keras_class: str, epsilon: float) -> None:
    import keras

    plan = plan_of(f"experiment=article_a_{name}", "data=cifar10")
    ours = plan.parts.optimizer.build(0.001).get_config()
    theirs = getattr(keras.optimizers, keras_class)(learning_rate=0.001, epsilon=epsilon).get_config()
    del ours["name"], theirs["name"]  # Keras numbers these.
    assert ours == theirs
    assert (plan.rates == 0.001).all()


@pytest.mark.parametrize("name", ["Adagrad", "Adadelta", "RMSprop", "Adam"])
def test_the_comparison_takes_adaptive_methods_at_all_of_keras_defaults(name: str) -> None:
    import keras

    plan = plan_of(f"experiment=comparison_a_{name.lower()}", "data=cifar10")
    ours = plan.parts.optimizer.build(plan.parts.optimizer.lr).get_config()
    theirs = getattr(keras.optimizers, name)().get_config()
    del ours["name"], theirs["name"]
    assert ours == pytest.approx(theirs)
    assert len(set(plan.rates)) == 1


def test_the_comparison_differs_in_what_its_names_say_and_nothing_else() -> None:
    sgd = {
        name.removeprefix("comparison_a_sgd_"): flat_settings(
            compose([f"experiment={name}", "data=cifar10"], load_registry())
        )
        for name in EXPERIMENTS
        if name.startswith("comparison_a_sgd_")
    }
    assert sorted(sgd) == [
        "constant", "cosine", "cyclical", "exponential", "inverse_time", "one_cycle", "plateau", "step", "warmup_cosine"
    ]  # fmt: skip
    for name, own in sgd.items():
        schedule = {"plateau": "constant", "warmup_cosine": "cosine"}.get(name, name)
        assert own["schedule"] == schedule
        assert own["warmup"] == ("linear" if name == "warmup_cosine" else "none")
        assert own["feedback"] == ("plateau" if name == "plateau" else "none")
        rest = {key: value for key, value in own.items() if key.split(".")[0] not in ("schedule", "warmup", "feedback")}
        assert rest["optimizer"] == "sgd" and rest["trainer.epochs"] == 8 and rest["model"] == "keras_cnn"
        assert rest == {key: sgd["constant"][key] for key in rest}


def test_article_b_scheduled_run_as_it_was_trained(tmp_path: Path) -> None:
    result = annealkit.train(["experiment=article_b_scheduled", f"outputs={tmp_path}", "trainer.progress=false"])
    steps, rates = read_scalars(result.folder, "learning_rate")
    assert steps == list(range(200))  # 1,000 points in batches of 50, ten epochs
    by_hand = [1e-2 * (0.80 ** np.floor(epoch / 2)) for epoch in range(10) for _ in range(20)]
    np.testing.assert_array_equal(rates, np.array(by_hand, np.float32), strict=True)
    assert rates[-1] == pytest.approx(4e-3, rel=0.03)  # "at the end of the 10th epoch it is at 4e-3"


def test_article_b_unscheduled_run() -> None:
    rates = plan_of("experiment=article_b_unscheduled").rates
    assert rates.tolist() == [0.01] * 200


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_composes_and_plans(name: str) -> None:
    toy = "article_b" in name
    plan = plan_of(f"experiment={name}", *([] if toy else ["data=synthetic"]))
    run, rates = plan.run, plan.rates
    assert rates.shape == (run.total_steps,) and (rates > 0).all()
    assert run.total_steps == plan.trainer.epochs * run.steps_per_epoch
    first = (conf_dir() / "experiment" / f"{name}.yaml").read_text().splitlines()
    assert first[0] == "# @package _global_" and first[1].startswith("# ")  # says what it is


def test_all_experiments_of_the_articles_are_there() -> None:
    article_a = {
        f"article_a_{name}" for name in ("step", "exponential", "time", "rmsprop", "adagrad", "adadelta", "adam")
    }
    assert article_a | {"article_b_scheduled", "article_b_unscheduled"} <= set(EXPERIMENTS)
