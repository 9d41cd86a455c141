"""`annealkit branch` as a command: what it refuses, several branches at once, and how they are compared."""

import json
import re
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import POINTS, QUIET, annealkit_command, checkpoints, cosine, one_line, read_scalars, start, state, step_of

import annealkit
from annealkit.command_line.main import main
from annealkit.compare.grouping import make_sections
from annealkit.compare.rates import rate_curve
from annealkit.compare.runs import METRICS, find_runs
from annealkit.plugin_system.registry import load_registry


@pytest.fixture(scope="module")
def trunks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Of two seeds, at a constant rate."""
    outputs = tmp_path_factory.mktemp("trunks")
    words = [*POINTS, QUIET, "optimizer.lr=0.05", "trainer.keep_at=[40%,80%]", f"outputs={outputs}"]
    return [annealkit.train([*words, f"seed={seed}"]).folder for seed in (0, 1)]


@pytest.fixture
def own(trunks: list[Path], tmp_path: Path) -> list[Path]:
    """The trunks in a folder of this test's own."""
    return [Path(shutil.copytree(trunk, tmp_path / "outputs" / trunk.name)) for trunk in trunks]


def command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["annealkit", "branch", *map(str, arguments)])
    return main()


def branches(trunk: Path) -> list[Path]:
    return sorted(path for path in trunk.parent.iterdir() if "-then-" in path.name)


# --- what is refused ---

MISSING = "Checkpoints are kept for at=32st (40%), at=64st (80%), at=80st (100%)."


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["at=55%", "then=hold"], ["at=55% is weight update 44 of", MISSING, "keep one there: trainer.keep_at=[55%]"]),
        (["at=0%", "then=hold"], ["branch: at must be a duration longer than nothing", "got '0%'. Try at=80%."]),
        (["at=120%", "then=hold"], ["at=120% is weight update 96, and", "has 80", MISSING]),
        (
            ["at=soon", "then=hold"],
            ["branch: at must be a duration", "(of the whole length of", "got 'soon'. Try at=80%."],
        ),
        (["then=hold"], ["has ended at weight update 80, so say how much longer to train: length=2ep"]),
        (["length=0st", "then=hold"], ["branch: length must be a duration", "got '0st'. Try length=20%."]),
        (["length=5", "then=hold"], ["branch: length must be a duration", "2ep (epochs)", "got '5'. Try length=20%."]),
        (
            ["length=1ep", "then=hold", "optimizer.lr=3"],
            ["then=hold keeps the last rate, 0.05, so optimizer.lr cannot"],
        ),
        (["length=1ep", "then=hold", "schedule.floor=3"], ["then=hold keeps the last rate", "schedule.floor cannot"]),
        (
            ["length=1ep", "then=rewarm", "optimizer.lr=0.01"],
            ["rises from the last rate, 0.05, to", "that is 0.01. Try"],
        ),
        (["at=80%,", "then=hold"], ["'at=80%,' is not of the form key=value, or its value cannot be read."]),
        (["-m", "at=80%", "then=hold"], ["branch: there is no option '-m'.", "annealkit branch RUN"]),
        (["at=80%"], ["neither then= nor schedule= says what the learning rate, 0.05 at that point", "then=stretch"]),
        (["at=80%", "then=hold", "schedule=linear"], ["both say what the learning rate", "Give one of"]),
        (["at=80%", "then=rise"], ["branch: then must be one of hold, stretch, rewarm; got 'rise'."]),
        (["at=80%", "then=hold", "model=resnet20"], ["model=resnet20: a branch keeps the model", "For another model"]),
        (["at=80%", "then=hold", "model.hidden=[3]"], ["a branch keeps the model"]),
        (["at=80%", "then=hold", "data.flip=true"], ["a branch keeps the model, data", "For another data"]),
        (["at=80%", "then=hold", "seed=3"], ["seed=3: a branch keeps the model, data, optimizer, seed"]),
        (["at=80%", "then=hold", "optimizer=adam"], ["optimizer=adam: a branch keeps", "For another optimizer"]),
        (["at=80%", "then=hold", "trainer.epochs=9"], ["trainer.epochs=9: a branch keeps", "its length is length=…"]),
        (
            ["at=80%", "then=hold", "optimizer.gradient_accumulation_steps=2"],
            ["optimizer.gradient_accumulation_steps=2: a branch keeps"],
        ),
        (["at=80%", "schedul=linear"], ["schedul=linear: there is no such key. Did you mean schedule?"]),
        (["at=80%", "then=hold", "lenght=20%"], ["lenght=20%: there is no such key. Did you mean length?"]),
        (["at=80%", "schedule=linaer"], ["schedule=linaer: no such schedule. Did you mean linear?"]),
        (["at=80%", "schedule=linear", "schedule.flor=0"], ["schedule.flor", "floor"]),
        (["at=80%", "schedule=step", "schedule.drop=9"], ["drop must lie in"]),
        (["at=80%", "then=hold", "branch.at=3"], ["branch.at=3: there is no such key."]),
        (["at=80%", "then=hold", "outputs"], ["outputs holds no run (no run.json)"]),
    ],
)
def test_refused_with_nothing_written(
    words: list[str], said: list[str], trunks: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    before = sorted(trunks[0].parent.rglob("*"))
    outputs = [] if "outputs" in words else [f"outputs={tmp_path / 'new'}"]
    assert command(monkeypatch, trunks[0], *words, *outputs) == 2
    message = one_line(capsys.readouterr().err)
    for part in said:
        assert part in message
    assert sorted(trunks[0].parent.rglob("*")) == before and not (tmp_path / "new").exists()


def refused(run: Path, *words: str) -> str:
    with pytest.raises(annealkit.AnnealkitError) as error:
        annealkit.branch(run, [QUIET, *words])
    assert not branches(run)
    return str(error.value)


def test_folders_that_are_no_run(own: list[Path], tmp_path: Path) -> None:
    missing = refused(own[0].with_name(own[0].name[:-1]), "at=80%", "then=hold")
    assert f"holds no run (no run.json). Did you mean {own[0].name}" in missing
    (own[0] / "run.json").write_text('{"status": "failed"}')
    assert "does not say how the run was trained (KeyError: 'settings')" in refused(own[0], "at=80%", "then=hold")
    (own[0] / "run.json").write_text("{")
    assert "run.json cannot be read" in refused(own[0], "at=80%", "then=hold")
    (own[0] / "run.json").unlink()
    assert "holds no run" in refused(own[0], "at=80%", "then=hold")
    with pytest.raises(annealkit.ConfigError, match=r"branch takes a list of overrides; got the text 'at=80%'"):
        annealkit.branch(own[1], "at=80%")


def test_a_damaged_checkpoint(own: list[Path]) -> None:
    kept = own[0] / "checkpoints" / "step-0000000064-kept.npz"
    kept.write_bytes(kept.read_bytes()[:-200])
    message = refused(own[0], "at=80%", "then=hold")
    assert "has no checkpoint of weight update 64 that can be read: step-0000000064-kept.npz is damaged" in message


def test_a_run_that_has_not_ended_must_be_told_where(own: list[Path]) -> None:
    (own[0] / "run.json").write_text(json.dumps({**state(own[0]), "status": "diverged"}))
    assert f"is diverged, so say where to leave it. {MISSING}" in refused(own[0], "then=hold", "length=1ep")


def test_an_optimizer_that_remembers_something_else(own: list[Path]) -> None:
    """A momentum and an average have the same shapes, so that the one would be taken for the other."""
    message = "the optimizer of its trunk remembers, and this one remembers something else"
    for words in (["optimizer.ema_momentum=0.9"], ["optimizer.momentum=0"]):
        with pytest.raises(annealkit.RunError, match=message):
            annealkit.branch(own[0], [QUIET, "at=80%", "then=hold", *words])
    both = ["optimizer.ema_momentum=0.9", "optimizer.momentum=0"]
    with pytest.raises(annealkit.RunError, match=r"8 only there .*momentum.*, 8 only here .*average"):
        annealkit.branch(own[0], [QUIET, "at=80%", "then=hold", *both])


@pytest.mark.parametrize("words", [["branch.at=3"], ["+branch.at=3"], ["-m", "branch.at=3", "seed=0,1"]])
def test_training_does_not_take_a_branch(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = annealkit_command(*words, *POINTS, cwd=tmp_path)
    assert done.returncode == 2 and not (tmp_path / "outputs").exists()
    assert "branch.at=3: a run is not made a branch by a setting. Try annealkit branch RUN" in one_line(done.stderr)


# --- the command ---


def test_help(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(monkeypatch, "--help") == 0
    text = capsys.readouterr().out
    assert all(word in text for word in ("at ", "length ", "then ", "hold ", "stretch ", "rewarm "))
    assert command(monkeypatch, "at=80%") == 2
    assert "branch: name the folder of the run to leave. annealkit branch RUN" in capsys.readouterr().err


def test_lists_and_several_runs(own: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    words = [*own, "at=40%,80%", "length=20%", "schedule=cosine", QUIET]
    assert command(monkeypatch, *words) == 0
    text = capsys.readouterr().out
    assert f"branch 4 of 4: {own[1]} at=80% (" in text
    assert "4 jobs: 4 finished. In " in text
    found = set()
    for run in branches(own[0]):
        settings = state(run)["settings"]
        steps, rates = read_scalars(run, "learning_rate")
        assert steps[0] == settings["branch.at"] == state(run)["parent"]["updates"]
        np.testing.assert_allclose(rates, cosine(16, 0.05), rtol=1e-6)
        assert (run / "annealkit.log").stat().st_size and (run / ".hydra" / "config.yaml").is_file()
        found.add((settings["trainer.seed"], steps[0]))
    assert found == {(seed, at) for seed in (0, 1) for at in (32, 64)}
    # The same command has nothing left to do.
    assert command(monkeypatch, *words) == 0
    assert "4 jobs: 4 already finished" in capsys.readouterr().out


def test_one_that_diverges_makes_the_exit_code_1(own: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    assert command(monkeypatch, own[0], "at=80%", "schedule=linear", "optimizer.lr=0.01,1e30", QUIET) == 1
    text = capsys.readouterr().out
    assert "2 jobs: 1 finished, 1 diverged" in text
    assert re.search(r"2 +optimizer\.lr=1e\+30 +diverged .*weight update 6\d", text)


def test_nothing_is_trained_if_one_of_them_cannot_be(
    own: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    assert command(monkeypatch, own[0], "at=80%,55%", "schedule=linear", QUIET) == 2
    assert "at=55% is weight update 44" in one_line(capsys.readouterr().err)
    assert not branches(own[0])


def test_a_schedule_of_keras_with_the_threads_of_the_trunk(tmp_path: Path) -> None:
    keras = ["schedule=keras", "schedule.function=CosineDecay", "schedule.arguments={decay_steps:100%}"]
    trunk = annealkit.train([*POINTS, QUIET, *keras, f"outputs={tmp_path}"]).folder
    changed = state(trunk)
    changed["environment"]["threads"] = 1
    (trunk / "run.json").write_text(json.dumps(changed))
    # The schedule is computed by TensorFlow, which cannot change its number of threads afterwards.
    done = annealkit_command("branch", str(trunk), "at=80%", "then=stretch", QUIET, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(read_scalars(branches(trunk)[0], "learning_rate")[1], cosine(80, 0.03)[64:], atol=1e-8)


def waiting_for_rows(run: Path) -> bool:
    return not (run / "history.csv").is_file() or len((run / "history.csv").read_text().splitlines()) < 6


def test_ctrl_c_leaves_a_checkpoint_and_the_table(own: list[Path], tmp_path: Path) -> None:
    words = (str(own[0]), "at=80%", "length=2000ep", "schedule=linear,cosine", "trainer.steps_per_call=1", QUIET)
    process = start("branch", *words, cwd=tmp_path)
    try:
        while not branches(own[0]) or waiting_for_rows(branches(own[0])[0]):
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130 and "Traceback" not in err
    [stopped] = branches(own[0])
    step = step_of(checkpoints(stopped)[-1])
    assert f"Stopped after weight update {step} of 40064. The same command continues there." in out
    assert state(stopped)["status"] == "interrupted"
    assert "2 jobs: 1 interrupted, 1 not started." in out


def test_one_branch_named_twice_is_trained_once(own: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    assert command(monkeypatch, own[0], QUIET, "at=80%,64st", "schedule=linear") == 0
    out = capsys.readouterr().out
    assert "branch 1 of 2: at=80%" in out and "branch 2 of 2" not in out
    assert "the same run as job 1" in out


def test_runs_with_other_threads_need_a_command_of_their_own(
    own: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    changed = state(own[0])
    changed["environment"]["threads"] += 1
    (own[0] / "run.json").write_text(json.dumps(changed))
    before = sorted(own[0].parent.iterdir())
    assert command(monkeypatch, own[0], own[1], QUIET, "at=80%", "schedule=linear") == 2
    assert "Give a command for each number." in capsys.readouterr().err
    assert sorted(own[0].parent.iterdir()) == before


@pytest.mark.parametrize("missing", ["feedback", "optimizer.lr", "schedule"])
def test_a_run_whose_settings_are_not_whole(missing: str, own: list[Path], monkeypatch: Any, capsys: Any) -> None:
    changed = state(own[0])
    del changed["settings"][missing]
    (own[0] / "run.json").write_text(json.dumps(changed))
    assert command(monkeypatch, own[0], QUIET, "at=80%", "then=hold") == 2
    assert "does not say how the run was trained" in one_line(capsys.readouterr().err)


# --- compared ---


def test_branches_over_seeds_are_a_group_with_rates_that_are_certain(own: list[Path]) -> None:
    for trunk in own:
        annealkit.branch(trunk, [QUIET, "at=80%", "schedule=cosine"])
        annealkit.branch(trunk, [QUIET, "at=80%", "schedule=linear", "length=40%"])
    changed = state(own[0])
    changed["environment"]["numpy"] = "1.0"
    (own[0] / "run.json").write_text(json.dumps(changed))
    inexact = annealkit.branch(own[0], [QUIET, "at=80%", "then=hold", "resume=inexact"]).folder
    runs = find_runs([own[0].parent], METRICS["test_accuracy"])
    [left_out] = [run for run in runs if run.reason]
    assert Path(left_out.folder) == inexact and "inexactly: in its trunk: numpy was 1.0" in left_out.reason
    sections = make_sections(runs, ())
    groups = {
        (run.total_steps, group.runs[0].settings["schedule"]): [run.seed for run in group.runs]
        for section in sections
        for group in section.groups
        for run in group.runs[:1]
    }
    assert groups == {(80, "constant"): [0, 1], (80, "cosine"): [0, 1], (96, "linear"): [0, 1]}
    # Longer ones are a section of their own.
    assert sorted(len(section.groups) for section in sections) == [1, 2]
    expected = {"cosine": cosine(16, 0.05), "linear": 0.05 * (1 - np.arange(32) / 32)}
    for run in runs:
        if not run.reason and run.settings["schedule"] in expected:
            curve = rate_curve(run, load_registry())
            assert curve.exact
            np.testing.assert_allclose(curve.rates, [*[0.05] * 64, *expected[run.settings["schedule"]]], rtol=1e-12)
