"""Hydra's own ways to say things, and a run that is made from the folder of a run."""

import os
import shutil
from pathlib import Path

import pytest
from helpers import QUIET, TOY, assert_same_bits, interrupted, model_arrays, one_line, only_run, state

import annealkit
from annealkit.command_line.main import main
from annealkit.configuration.composition import compose
from annealkit.plugin_system.registry import load_registry

WORDS = [*TOY, QUIET, "schedule=cosine", "schedule.floor=0.125", "seed=3", "warmup=linear", "warmup.length=5st"]
STEEP = "defaults: [cosine]\nfloor: 0.375\n"


def command(
    *words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str] | None = None
) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", ["annealkit", *words])
    code = main()
    return code, "" if capsys is None else one_line(capsys.readouterr().err)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was stopped after its second epoch of three, beside the whole one."""
    folder = tmp_path_factory.mktemp("again")
    annealkit.train([*WORDS, f"outputs={folder / 'whole'}"])
    interrupted([*WORDS, f"outputs={folder / 'stopped'}"], 2)
    return folder


def test_resume_goes_on_in_the_folder_to_the_same_bits(
    stopped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "moved and renamed"
    shutil.copytree(only_run(stopped / "stopped"), run)
    monkeypatch.chdir(tmp_path)
    assert state(run)["status"] == "interrupted"
    assert command("resume", str(run), monkeypatch=monkeypatch)[0] == 0
    assert state(run)["status"] == "finished" and os.listdir(tmp_path) == [run.name]
    whole = only_run(stopped / "whole")
    assert_same_bits(model_arrays(run / "model.keras"), model_arrays(whole / "model.keras"))
    assert state(run)["settings"] == state(whole)["settings"]


def test_again_trains_what_the_run_was_with_some_of_it_otherwise(
    stopped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = only_run(stopped / "whole")
    words = ["seed=4", "schedule=step", "trainer.epochs=1", f"outputs={tmp_path}"]
    assert command("again", str(whole), *words, monkeypatch=monkeypatch)[0] == 0
    settings = state(only_run(tmp_path))["settings"]
    before = state(whole)["settings"]
    changed = {"schedule", "trainer.seed", "trainer.epochs"}
    kept = {key for key in before if not key.startswith("schedule.")} - changed
    assert {key: settings[key] for key in kept} == {key: before[key] for key in kept}
    assert (settings["schedule"], settings["trainer.seed"], settings["trainer.epochs"]) == ("step", 4, 1)
    assert "schedule.floor" not in settings and settings["warmup.length"] == "5st"


def test_again_afresh_elsewhere_has_the_name_and_the_settings_of_the_run(
    stopped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = only_run(stopped / "whole")
    assert command("again", str(whole), f"outputs={tmp_path}", monkeypatch=monkeypatch)[0] == 0
    afresh = only_run(tmp_path)
    assert afresh.name == whole.name
    assert_same_bits(model_arrays(afresh / "model.keras"), model_arrays(whole / "model.keras"))


def test_again_does_not_replace_the_run_unasked(
    stopped: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = only_run(stopped / "whole")
    before = (whole / "run.json").read_bytes()
    code, said = command("again", str(whole), monkeypatch=monkeypatch, capsys=capsys)
    assert code == 2 and "Try rerun=true, which replaces it, outputs=…" in said
    assert (whole / "run.json").read_bytes() == before


@pytest.mark.parametrize("name", ["resume", "again"])
def test_what_is_no_run_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = {
        (): "name one folder of a run; got 0.",
        (str(tmp_path), "x"): "name one folder of a run; got 2.",
        (str(tmp_path), "--force"): "there is no option '--force'.",
        (str(tmp_path),): f"{tmp_path} holds no .hydra/config.yaml, which says what a run was.",
    }
    for words, expected in cases.items():
        code, said = command(name, *words, monkeypatch=monkeypatch, capsys=capsys)
        assert code == 2 and expected in said
    (tmp_path / ".hydra").mkdir()
    for text, expected in {"a: [": "cannot be read", "a: 1": "is no configuration of a run"}.items():
        (tmp_path / ".hydra" / "config.yaml").write_text(text)
        code, said = command(name, str(tmp_path), monkeypatch=monkeypatch, capsys=capsys)
        assert code == 2 and expected in said


# --- Hydra's own ways ---


@pytest.fixture()
def mine(tmp_path: Path) -> Path:
    """A folder of somebody's own YAML files."""
    (tmp_path / "mine" / "schedule").mkdir(parents=True)
    (tmp_path / "mine" / "schedule" / "steep.yaml").write_text(STEEP)
    (tmp_path / "mine" / "experiment").mkdir()
    text = "# @package _global_\ndefaults:\n  - override /schedule: steep\ntrainer: {epochs: 2}\n"
    (tmp_path / "mine" / "experiment" / "e1.yaml").write_text(text)
    return tmp_path / "mine"


def test_files_of_ones_own_are_found_on_the_searchpath(mine: Path) -> None:
    path = f"hydra.searchpath=[file://{mine}]"
    config = compose([path, "schedule=steep"], load_registry())
    assert (config.schedule.name, config.schedule.floor) == ("cosine", 0.375)
    config = compose([path, "experiment=e1"], load_registry())
    assert (config.schedule.floor, config.trainer.epochs) == (0.375, 2)


@pytest.mark.parametrize("flag", [["-cd", "mine"], ["--config-dir", "mine"], ["--config-dir=mine"]])
def test_what_is_wrong_beside_a_folder_of_ones_own_is_said_in_words(
    flag: list[str], mine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(mine.parent)
    cases = {
        "+experiment=e1": "+experiment=e1: experiment is there already. Leave out the +.",
        "experiment=e2": "experiment/e2",
        "schedule.flor=1": "schedule.flor: there is no such key.",
    }
    for word, expected in cases.items():
        code, said = command(*flag, word, monkeypatch=monkeypatch, capsys=capsys)
        assert code == 2 and expected in said and "Traceback" not in said
    code, said = command("-cd", "nowhere", "seed=1", monkeypatch=monkeypatch, capsys=capsys)
    assert code == 2 and "--config-dir nowhere: there is no such folder." in said


def test_the_folder_that_hydra_is_told_of_is_the_runs_from_python_too(tmp_path: Path) -> None:
    result = annealkit.train([*TOY, QUIET, "trainer.epochs=1", f"hydra.run.dir={tmp_path / 'x'}"])
    assert result.folder == tmp_path / "x" and state(result.folder)["status"] == "finished"
    assert os.listdir(tmp_path) == ["x"]


def test_hydras_mode_makes_a_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[list[str]] = []
    monkeypatch.setattr("annealkit.command_line.train.run_sweep", lambda words, registry: swept.append(words) or 0)
    assert command("hydra.mode=MULTIRUN", "seed=1,2", monkeypatch=monkeypatch)[0] == 0
    assert swept == [["seed=1,2"]]
