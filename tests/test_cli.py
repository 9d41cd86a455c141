"""Messages, exit codes, help, and that the light commands stay light."""

import json
import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
from helpers import TOY, annealkit_command, one_line, python
from omegaconf import OmegaConf

import annealkit
from annealkit.command_line.main import main
from annealkit.configuration.composition import compose
from annealkit.configuration.hydra_app import conf_dir
from annealkit.configuration.schema import TrainerSettings
from annealkit.groups import GROUPS
from annealkit.plugin_system.registry import load_registry
from annealkit.range_test import FindLrSettings


def run(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, str, str]:
    """The command in this process, for what ends before anything is trained: exit code, stdout, stderr."""
    monkeypatch.setattr("sys.argv", ["annealkit", *arguments])
    code = main()
    out, err = capsys.readouterr()
    return code, out, one_line(err)


# --- what cannot be, said so that a person can act on it ---


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["schedule=cyclicl"], ["schedule=cyclicl: no such schedule.", "Did you mean cyclical?", "one_cycle"]),
        (["optimizer=adm"], ["optimizer=adm: no such optimizer.", "adam", "rmsprop"]),
        (["-m", "schedule=step,cosin"], ["schedule=cosin: no such schedule.", "Did you mean cosine?"]),
        (["experiment=article_a_stp"], ["Did you mean article_a_step", "`annealkit plugins experiment` lists all"]),
        (["schedule=cyclical", "schedule.flor=0.1"], ["schedule.flor", "Did you mean schedule.floor", "half_cycle"]),
        (["trainer.epoch=3"], ["trainer.epoch", "Did you mean trainer.epochs", "batch_size"]),
        (["sed=1"], ["sed: there is no such key.", "seed"]),
        (["lr=0.1"], ["lr: there is no such key. Did you mean optimizer.lr?"]),
        (["epochs=3"], ["epochs: there is no such key. Did you mean trainer.epochs?"]),
        (["batch_size=32"], ["batch_size: there is no such key. Did you mean trainer.batch_size?"]),
        (["learning_rate=1"], ["Did you mean optimizer.lr?"]),
        (["trainer.lr=1"], ["trainer.lr: there is no such key. Did you mean optimizer.lr? trainer has: epochs"]),
        (["patience=1", "feedback=plateau"], ["Did you mean feedback.patience or trainer.early_stopping.patience?"]),
        (["train", "lr=0.1"], ["Did you mean optimizer.lr?"]),
        (["-m", "lr=0.1,0.2"], ["Did you mean optimizer.lr?"]),
        (["data=mnist"], ["data=mnist: no such data. Try data=keras data.dataset=mnist."]),
        (["data=cifar100"], ["data=cifar100: no such data. Try data=keras data.dataset=cifar100."]),
        (["schedule=CosineDecay"], ["no such schedule. Try schedule=keras schedule.function=CosineDecay."]),
        (["plugins", "optimizer.lr"], ["optimizer.lr is a setting. Try annealkit plugins optimizer=NAME, which"]),
        (["plugins", "trainer.epochs"], ["trainer.epochs is a setting. Try annealkit plugins trainer, which"]),
        (["trainer.epochs=many"], ["trainer.epochs=many: must be a whole number (int); got 'many'."]),
        (["schedule=cyclical", "schedule.floor=low"], ["schedule.floor=low: must be a number (float); got 'low'."]),
        (["optimizer.nesterov=maybe"], ["optimizer.nesterov=maybe: must be true or false (bool); got 'maybe'."]),
        (["optimizer.lr=null"], ["optimizer.lr=null: cannot be null."]),
        (["optimizer.groups=3"], ["optimizer.groups=3: must be a list, such as [1,2]; got 3."]),
        (
            ["optimizer.groups=[{layer:head,lrscale:10}]"],
            ["VariableGroup has no lrscale. Did you mean lr_scale? It has: layer, match, lr_scale, weight_decay."],
        ),
        (["optimizer.groups=[{layer:head,lr_scale:k}]"], ["]: lr_scale must be a number (float); got 'k'."]),
        (["schedule=cyclical", "schedule.floor=-1"], ["cyclical: floor must lie in", "got -1", "Try schedule.floor="]),
        (["schedule=one_cycle", "schedule.peak_at=120%"], ["one_cycle: peak_at", "120%", "Try schedule.peak_at="]),
        (["schedule=one_cycle", "schedule.peak_at=9ep", *TOY], ["one_cycle: peak_at", "9ep", "Try schedule.peak_at="]),
        (["trainer.batch_size=0"], ["trainer: batch_size must lie in", "got 0", "trainer.batch_size=128"]),
        (["optimizer.lr=-0.1"], ["sgd: lr must lie in [0, infinity); got -0.1. Try optimizer.lr=0.01."]),
        (["trainer.precision=float16"], ["trainer: precision must be one of float32, mixed_bfloat16", "'float16'"]),
        (["schedule=step", "schedule.every=2"], ["step: every=", "'2' has no unit", "2ep (epochs)", "1500st", "12.5%"]),
        (["resume=maybe"], ["resume must be exact or inexact", "'maybe'"]),
        (["feedback=plateau", *TOY], ["feedback.monitor=val_loss needs validation images", "feedback.monitor=loss"]),
        (["schedule"], ["there is no command 'schedule'", "preview, find-lr", "key=value"]),
        (["previw"], ["there is no command 'previw'", "Did you mean preview?"]),
        (["preview", "nonsense"], ["'nonsense' is not of the form key=value"]),
        (["plugins", "cosin"], ["plugins: nothing is called 'cosin'. Did you mean cosine"]),
        (["schedule=3"], ["schedule=3: schedule takes a name; got 3.", "`annealkit plugins schedule` lists all."]),
        (["schedule=null"], ["schedule=null: schedule takes a name", "`annealkit plugins schedule` lists all."]),
        (["outputs="], ["outputs must name a folder"]),
        (["=3"], ["'=3' is not of the form key=value"]),
        ([""], ["there is no command ''"]),
        (["-m", "schedule=cosine", "schedule.flor=0.1,0.2"], ["schedule.flor", "Did you mean schedule.floor?", "k."]),
    ],
)  # fmt: skip
def test_a_wrong_word_is_refused_in_words(
    arguments: list[str],
    words: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(arguments, capsys, monkeypatch)
    assert code == 2
    assert err.startswith("annealkit: ") and "Traceback" not in err
    for word in words:
        assert word in err
    assert out == "" and list(tmp_path.iterdir()) == []  # nothing was begun


def test_no_word_at_all_shows_what_there_is_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run([], capsys, monkeypatch)
    assert code == 0 and err == "" and list(tmp_path.iterdir()) == []
    for command in ("annealkit train", "annealkit preview", "annealkit find-lr", "annealkit compare", "--help"):
        assert command in out


@pytest.mark.parametrize(
    ("arguments", "trained"),
    [
        (["train"], []),
        (["train", "seed=1"], ["seed=1"]),
        (["seed=1"], ["seed=1"]),
        (["-m", "seed=1"], ["-m", "seed=1"]),
    ],
)
def test_train_trains_and_so_does_a_setting_alone(
    arguments: list[str], trained: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[list[str]] = []
    monkeypatch.setattr("annealkit.command_line.train.train_with_hydra", lambda words: given.append(words) or 7)
    assert run(arguments, capsys, monkeypatch)[0] == 7 and given == [trained]


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("schedule", ["schedule=", "cosine", "Fall from 1 to `floor`"]),
        ("schedules", ["schedule=", "cosine", "Fall from 1 to `floor`"]),
        ("datasets", ["data=", "cifar10", "toy"]),
        ("experiment", ["experiment=", "article_b_scheduled", "staircase annealing"]),
        ("trainer", ["trainer.epochs=8", "passes over the training images"]),
        ("seed", ["seed: 0", "what `trainer.seed` follows"]),
    ],
)
def test_plugins_explains_groups_and_settings(
    word: str, words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = run(["plugins", word], capsys, monkeypatch)
    assert code == 0 and err == ""
    for expected in words:
        assert expected in out


def test_a_wrong_word_ends_the_process_with_2(tmp_path: Path) -> None:
    refused = annealkit_command("schedule=cyclicl", cwd=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr.startswith("annealkit: schedule=cyclicl: no such schedule.")


def test_a_value_that_does_not_fit_the_run_is_refused_before_it_begins(tmp_path: Path) -> None:
    # A warmup of ten epochs is well formed, and longer than this run of three.
    refused = annealkit_command(*TOY, "warmup=linear", "warmup.length=10ep", cwd=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr.startswith("annealkit: warmup: length=10ep is 200 of the run's 60 weight updates")
    assert list(tmp_path.iterdir()) == []


# --- sweeps ---


def test_an_unforeseen_error_in_a_sweep_keeps_its_traceback(tmp_path: Path) -> None:
    # The network refuses, in Keras' words, a layer that no memory can hold.
    sweep = annealkit_command(
        "-m", *TOY, "model.hidden=[9],[4611686018427387904]", "trainer.progress=false", cwd=tmp_path
    )
    assert sweep.returncode == 1
    assert sweep.stdout.count("Test accuracy") == 1
    states = {path.parent: json.loads(path.read_text()) for path in tmp_path.glob("outputs/*/run.json")}
    [failed] = [folder for folder, state in states.items() if state["status"] == "failed"]
    assert len(states) == 2
    assert "Traceback (most recent call last)" in (failed / "annealkit.log").read_text()


# --- the light commands ---

LIGHT = """
import sys
from annealkit.command_line.main import main
sys.argv = ["annealkit", *{arguments}]
code = main()
print("IMPORTED", code, sorted({{"tensorflow", "keras", "tensorboard"}} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["plugins"], ["preview", "schedule=cyclical", "data=toy", "model=mlp"], ["schedul=x"]]
)
def test_light_commands_never_import_tensorflow(arguments: list[str], tmp_path: Path) -> None:
    done = python(LIGHT.format(arguments=arguments), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"IMPORTED {2 if arguments == ['schedul=x'] else 0} []"
    assert list(tmp_path.iterdir()) == []


def test_a_finished_run_is_reported_without_tensorflow(tmp_path: Path) -> None:
    annealkit.train([*TOY, "trainer.epochs=1", f"outputs={tmp_path / 'outputs'}"])
    done = python(LIGHT.format(arguments=[*TOY, "trainer.epochs=1"]), cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "IMPORTED 0 []"


# --- help and configuration ---


def settings_of(cls: type) -> dict[str, Any]:
    """A dataclass's defaults; `...` where it has none."""
    made = {}
    for field in fields(cls):
        factory = field.default_factory
        made[field.name] = field.default if factory is MISSING else factory()
    return {name: ... if value is MISSING else value for name, value in made.items()}


BUILT_IN = [(group, name) for group in GROUPS for name in load_registry().parts[group]
            if load_registry().parts[group][name].distribution == "annealkit"]  # fmt: skip


@pytest.mark.parametrize(("group", "name"), BUILT_IN)
def test_the_yaml_of_a_built_in_says_its_defaults(group: str, name: str) -> None:
    defaults = settings_of(load_registry().parts[group][name].cls)
    path = conf_dir() / group / f"{name}.yaml"
    values = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    assert isinstance(values, dict)
    assert values.pop("defaults") == [f"schema/{name}@_here_", "_self_"]
    required = {key for key, value in defaults.items() if value in (..., "???")}
    assert values | dict.fromkeys(required, ...) == defaults | dict.fromkeys(required, ...)
    assert set(values) >= set(defaults) - required
    for line in path.read_text().splitlines():
        key = line.partition(":")[0]
        if key in defaults:
            assert "#" in line, f"{path.name}: {key} has no comment"


def test_the_yaml_of_the_trainer_says_its_defaults() -> None:
    values = OmegaConf.to_container(OmegaConf.load(conf_dir() / "trainer" / "default.yaml"), resolve=False)
    assert isinstance(values, dict)
    assert values.pop("defaults") == ["schema/default@_here_", "_self_"]
    defaults = settings_of(TrainerSettings)
    defaults["early_stopping"] = settings_of(type(defaults["early_stopping"]))
    assert values.pop("seed") == "${seed}" and defaults.pop("seed") == 0
    assert values == defaults


def test_help_names_every_option_of_every_group_and_every_setting(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = run(["--help"], capsys, monkeypatch)
    assert code == 0 and err == ""
    registry = load_registry()
    for group in GROUPS:
        [listed] = re.findall(rf"^  {group}: (.*)$", out, re.MULTILINE)
        assert listed.split(", ") == sorted(registry.parts[group])
    [listed] = re.findall(r"^  experiment: (.*)$", out, re.MULTILINE)
    assert listed.split(", ") == sorted(path.stem for path in (conf_dir() / "experiment").glob("*.yaml"))
    shown = OmegaConf.create(out[out.index("\nmodel:\n") : out.index("\nHydra's own")])
    assert shown == compose([], registry)


@pytest.mark.parametrize(
    ("command", "keys"),
    [
        ("branch", ["at ", "length ", "then ", "schedule "]),
        ("compare", ["by=", "metric=", "target=", "level=", "html=", "svg=", "csv=", "json="]),
        ("find-lr", [f"find_lr.{field.name}=" for field in fields(FindLrSettings)]),
    ],
)
def test_a_command_with_keys_of_its_own_explains_each(
    command: str, keys: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = run([command, "--help"], capsys, monkeypatch)
    assert code == 0 and out.startswith(f"annealkit {command}: ")
    for key in keys:
        assert re.search(rf"^  {re.escape(key)}", out, re.MULTILINE), key


def test_help_shows_what_the_given_words_compose(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = run(["schedule=cyclical", "schedule.floor=0.25", "--help"], capsys, monkeypatch)
    assert code == 0 and "floor: 0.25" in out and "half_cycle" in out
