"""A plan is made once: what a run on the command line composes, builds and computes, counted."""

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import annealkit
from annealkit.configuration.composition import compose
from annealkit.configuration.plan import Epoch, Plan, make_plan
from annealkit.datasets import auto
from annealkit.errors import ConfigError, DataError
from annealkit.plugin_system.registry import load_registry
from annealkit.runs.folder import RunFolder
from annealkit.training.trainer import train

# Counts calls from outside, where Hydra composes and where classes are made, whatever annealkit calls in between.
COUNTED = """
import collections, functools, json, sys
from hydra._internal.config_loader_impl import ConfigLoaderImpl
import annealkit
from annealkit.command_line.main import main
from annealkit.configuration import plan
from annealkit.curve import curve
from annealkit.plugin_system.registry import Registry

counts = collections.Counter()

def count(owner, name, label):
    original = getattr(owner, name)
    @functools.wraps(original)
    def counted(*arguments, **options):
        counts[label] += 1
        return original(*arguments, **options)
    setattr(owner, name, counted)

count(ConfigLoaderImpl, "load_configuration", "compositions")
count(Registry, "get", "look-ups")
for part in (annealkit.Mlp, annealkit.Toy, annealkit.Cosine, annealkit.LinearWarmup, annealkit.Plateau, annealkit.Sgd):
    count(part, "__init__", f"{part.__name__} made")
count(annealkit.Cosine, "factor", "factors computed")
count(plan.Plan, "__init__", "plans")
count(curve, "learning_rates", "curves")
target = sys.argv.pop(1)
code = main()
with open(target, "w") as file:
    json.dump(counts, file)
sys.exit(code)
"""
PARTS = ["model=mlp", "data=toy", "data.validation=100", "schedule=cosine", "warmup=linear", "feedback=plateau"]
EACH_ONCE = {f"{name} made": 1 for name in ("Mlp", "Toy", "Cosine", "LinearWarmup", "Plateau", "Sgd")}


@pytest.mark.parametrize("command", ["train", "preview"])
def test_everything_is_done_once(command: str, tmp_path: Path) -> None:
    arguments = [*([] if command == "train" else [command]), *PARTS, "optimizer=sgd", "trainer.epochs=2"]
    arguments += ["trainer.progress=false", f"outputs={tmp_path / 'outputs'}"]
    file = tmp_path / "counts.json"
    subprocess.run(
        [sys.executable, "-c", COUNTED, str(file), *arguments],
        check=True,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        timeout=300,
    )
    counts = json.loads(file.read_text())
    # Six names are looked up before Hydra composes, so that a wrong one is refused with the near matches, and then to
    # build. The schedule is asked twice: for the curve after the warmup, and for the value that the warmup leads to.
    assert counts == {**EACH_ONCE, "compositions": 1, "plans": 1, "curves": 1, "look-ups": 12, "factors computed": 2}


def plan_of(*overrides: str) -> Plan:
    registry = load_registry()
    return make_plan(compose(["model=mlp", "data=toy", *overrides], registry), registry)


def test_what_a_plan_holds() -> None:
    """1,000 points, 100 kept for validation, 64 in a batch: 14 full batches and one of 4, for each of 2 epochs."""
    settings = ("data.validation=100", "trainer.batch_size=64", "trainer.epochs=2", "trainer.keep_at=[50%,29st]")
    plan = plan_of("schedule=constant", "optimizer.lr=0.5", "feedback=greedy", "feedback.every=10st", *settings)
    assert (plan.train_size, plan.run) == (1000, annealkit.Run(total_steps=30, steps_per_epoch=15))
    assert plan.rates.tolist() == [0.5] * 30 and plan.momenta is None and plan.origin is None
    assert plan.kept_steps == {15, 29} and plan.feedback_interval == 10
    assert [plan.epoch(step) for step in (0, 14, 15, 29)] == [Epoch(0, 0, 15)] * 2 + [Epoch(1, 15, 30)] * 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.run = annealkit.Run(1, 1)  # type: ignore[misc]


def test_accumulated_batches_are_one_weight_update() -> None:
    plan = plan_of("optimizer.gradient_accumulation_steps=4", "trainer.batch_size=64", "trainer.epochs=3")
    assert plan.run == annealkit.Run(total_steps=12, steps_per_epoch=4)  # 1,000 of 256: three full, one of 232


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("trainer.keep_at=[40st]", "trainer.keep_at: 40st is weight update 40, and the run has 16. Try"),
        ("data.validation=1000", "data.validation=1000 leaves none of the 1000 training images to train on. Try"),
        (
            "feedback=plateau",
            "feedback.monitor=val_loss needs validation images, and data.validation=0 keeps",
        ),
        ("outputs=''", "outputs must name a folder; got an empty text. Try outputs=outputs."),
    ],
)
def test_making_it_is_the_check(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}"):
        plan_of("trainer.epochs=2", override)


def test_the_trainer_refuses_other_images_than_were_planned(tmp_path: Path) -> None:
    """A folder of images may change between the plan and the training."""
    folder = RunFolder(tmp_path / "run")
    plan = dataclasses.replace(plan_of("trainer.epochs=1"), train_size=1001)
    with pytest.raises(DataError, match=r"planned for 1001 training images.*1000"):
        train(plan, folder)


def test_a_data_set_may_make_fewer_images_where_a_limit_leaves_the_rest_unused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """data=auto without CIFAR-10 makes of the synthetic set only what is used; planned was with CIFAR-10's 50,000."""

    def absent(**_: object) -> None:
        raise DataError("not to be had")

    monkeypatch.setattr(auto, "load_cifar10", absent)
    made = ["data=auto", "data.limit=20", "data.validation=20", "model=mlp", "trainer.epochs=1"]
    result = annealkit.train([*made, "trainer.batch_size=10", f"outputs={tmp_path}"])
    assert (result.data, result.updates) == ("synthetic", 2)
