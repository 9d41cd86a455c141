"""Run folders with files that are damaged, cut or gone: what is whole is used, what is lost is said."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import TOY, assert_same_bits, checkpoints, interrupted, model_arrays, only_run, read_scalars, state
from test_conditions import edit_checkpoint

import annealkit
from annealkit import RunError
from annealkit.compare.machine_files import cell
from annealkit.runs.disk import not_written, unwritable
from annealkit.runs.folder import RunFolder
from annealkit.runs.summary import summarize

ARGUMENTS = [*TOY, "schedule=cosine", "optimizer=adam", "trainer.checkpoint_steps=15", "trainer.progress=false"]
# Stopped after its second of three epochs, at update 40, a run has the checkpoints of updates 30 and 40.


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run without any fault."""
    return annealkit.train([*ARGUMENTS, f"outputs={tmp_path_factory.mktemp('whole')}"]).folder


@pytest.fixture(scope="module")
def stopped_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run, stopped after its second epoch: its outputs folder, of which tests take copies."""
    outputs = tmp_path_factory.mktemp("stopped") / "outputs"
    interrupted([*ARGUMENTS, f"outputs={outputs}"], 2)
    return outputs


@pytest.fixture
def outputs(stopped_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stopped_run, tmp_path / "outputs"))


@pytest.fixture
def ended(whole_run: Path, tmp_path: Path) -> Path:
    """A copy of the whole run, in an outputs folder of its own."""
    return Path(shutil.copytree(whole_run, tmp_path / "ended" / whole_run.name))


def go_on(outputs: Path, *more: str) -> Any:
    return annealkit.train([*ARGUMENTS, f"outputs={outputs}", *more])


# --- checkpoints ---


def rewrite(path: Path, change: Callable[[dict[str, np.ndarray]], None]) -> None:
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    change(arrays)
    with open(path, "wb") as out:
        np.savez(out, allow_pickle=False, **arrays)  # type: ignore[arg-type]


def lacks_a_variable(path: Path) -> None:
    rewrite(path, lambda arrays: arrays.pop("model/0001"))


def has_another_name(path: Path) -> None:
    rewrite(path, lambda arrays: arrays.update({"model/0099": arrays.pop("model/0001")}))


def has_another_shape(path: Path) -> None:
    rewrite(path, lambda arrays: arrays.update({"optimizer/0003": np.zeros((2, 2), np.float32)}))


def has_another_type(path: Path) -> None:
    rewrite(path, lambda arrays: arrays.update({"model/0000": arrays["model/0000"].astype(np.float64)}))


def lacks_its_progress(path: Path) -> None:
    edit_checkpoint(path, lambda said: said.pop("progress"))


def has_a_wrong_progress(path: Path) -> None:
    edit_checkpoint(path, lambda said: said["progress"].update(history="none"))


def lacks_the_event_files(path: Path) -> None:
    edit_checkpoint(path, lambda said: said.pop("event_files"))


FAULTS = [
    lacks_a_variable, has_another_name, has_another_shape, has_another_type, lacks_its_progress, has_a_wrong_progress,
    lacks_the_event_files,
]  # fmt: skip


@pytest.mark.parametrize("damage", FAULTS)
def test_a_checkpoint_that_does_not_fit_gives_way_to_the_one_before(
    damage: Callable[[Path], None], outputs: Path, whole_run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    newest = checkpoints(only_run(outputs))[-1]
    damage(newest)
    run = go_on(outputs).folder
    assert f"Checkpoint {newest} is damaged" in caplog.text and "Continuing after weight update 30 of 60" in caplog.text
    assert newest.with_suffix(".damaged").is_file()
    assert_same_bits(model_arrays(run / "model.keras"), model_arrays(whole_run / "model.keras"))
    assert (run / "history.csv").read_bytes() == (whole_run / "history.csv").read_bytes()
    assert read_scalars(run, "train/loss")[0] == list(range(60))


@pytest.mark.parametrize("damage", [has_another_shape, has_a_wrong_progress])
def test_where_none_fits_it_is_refused_and_all_stay(damage: Callable[[Path], None], outputs: Path) -> None:
    for path in checkpoints(only_run(outputs)):
        damage(path)
    before = {path: path.read_bytes() for path in checkpoints(only_run(outputs))}
    with pytest.raises(RunError, match=r"Try rerun=true, which starts afresh\."):
        go_on(outputs)
    assert {path: path.read_bytes() for path in checkpoints(only_run(outputs))} == before


def test_other_files_among_the_checkpoints_are_left_alone(outputs: Path, caplog: pytest.LogCaptureFixture) -> None:
    (only_run(outputs) / "checkpoints" / "step-copy.npz").write_text("mine")
    assert go_on(outputs).status == "finished" and "Continuing after weight update 40" in caplog.text
    assert (only_run(outputs) / "checkpoints" / "step-copy.npz").read_text() == "mine"


# --- event files ---


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(path.stat().st_size))


def noise_in_the_middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "said"),
    [(Path.unlink, "is gone"), (cut, "bytes"), (noise, "is damaged"), (noise_in_the_middle, "is damaged")],
)
def test_event_files_that_are_not_whole_are_said_and_the_rest_can_be_read(
    damage: Callable[[Path], None], said: str, outputs: Path, whole_run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = only_run(outputs)
    [path] = run.glob("events.*")
    damage(path)
    caplog.clear()
    assert go_on(outputs).status == "finished"
    [lost] = state(run)["lost"]
    assert f"event file {path.name} " in lost and said in lost and f"Lost for TensorBoard: {lost}" in caplog.text
    assert_same_bits(model_arrays(run / "model.keras"), model_arrays(whole_run / "model.keras"))
    steps, losses = read_scalars(run, "train/loss")
    left = len(steps) - 20
    assert steps == [*range(left), *range(40, 60)]  # What was whole, and what was trained since.
    assert (left == 0) == (damage in (Path.unlink, noise))
    assert losses.tolist() == [read_scalars(whole_run, "train/loss")[1][step] for step in steps]


def test_what_is_lost_is_said_once(outputs: Path) -> None:
    run = only_run(outputs)
    [path] = run.glob("events.*")
    cut(path)
    interrupted([*ARGUMENTS, f"outputs={outputs}", "trainer.checkpoint_steps=1"], 3)
    go_on(outputs)
    assert len(state(run)["lost"]) == 1


# --- run.json and history.csv ---


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("settings", [1]),
        ("environment", "x"),
        ("inexact", "x"),
        ("data", 3),
        ("result", []),
        ("status", 1),
        ("total_steps", "60"),
    ],
)
def test_a_wrong_type_in_run_json_is_named(key: str, value: Any, outputs: Path) -> None:
    path = only_run(outputs) / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(RunError, match=rf"run\.json is damaged: {key} must be of type .*Try rerun=true") as refused:
        go_on(outputs)
    assert "Without that file the run goes on from its last checkpoint." in str(refused.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [("test_accuracy", "0.9"), ("test_loss", None), ("updates", 1.5), ("seconds", "long"), ("colour", 1)],
)
def test_a_wrong_type_in_a_result_is_named(key: str, value: Any, ended: Path) -> None:
    path = ended / "run.json"
    said = json.loads(path.read_text())
    said["result"][key] = value
    path.write_text(json.dumps(said))
    with pytest.raises(RunError, match=rf"run\.json is damaged: result: .*{key}.*Try rerun=true"):
        go_on(ended.parent)


@pytest.mark.parametrize("content", [None, "", "epoch,updates\n1,", "epoch,updates\n1,20\n", "\x00" * 99])
def test_a_history_that_is_not_whole_comes_from_the_checkpoint(
    content: str | None, ended: Path, whole_run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = ended / "history.csv"
    path.unlink() if content is None else path.write_text(content)
    result = go_on(ended.parent)
    assert result.history == RunFolder(whole_run).ended().history  # type: ignore[union-attr]
    assert "Best epoch" in summarize(result)
    assert f"{path} " in caplog.text and "taken from the last checkpoint" in caplog.text
    assert path.read_bytes() == (whole_run / "history.csv").read_bytes()


def test_a_history_that_nothing_has_is_refused_in_words(ended: Path) -> None:
    (ended / "history.csv").unlink()
    shutil.rmtree(ended / "checkpoints")
    accuracy = state(ended)["result"]["test_accuracy"]
    with pytest.raises(RunError) as refused:
        go_on(ended.parent)
    for words in ("history.csv is gone, and no checkpoint has it", f"test accuracy was {accuracy:.2%}", "rerun=true"):
        assert words in str(refused.value)


# --- where nothing can be written ---


def test_a_run_that_has_ended_is_reported_from_a_read_only_disk(
    ended: Path, whole_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **more: Any) -> Any:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("os.access", lambda path, mode: False)
    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    monkeypatch.setattr("logging.FileHandler.__init__", refuse)
    assert go_on(ended.parent).test_accuracy == state(whole_run)["result"]["test_accuracy"]


def test_a_lock_that_is_a_folder(outputs: Path) -> None:
    lock = only_run(outputs) / ".lock"
    lock.unlink(missing_ok=True)
    lock.mkdir()
    with pytest.raises(RunError) as refused:
        go_on(outputs)
    assert f"{lock}: that is a folder, and should be a file. Try rmdir {lock}, or outputs=" in str(refused.value)


def test_outputs_that_are_a_link_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(RunError) as refused:
        go_on(tmp_path / "link")
    words = f"{tmp_path / 'link'} is a link to {tmp_path / 'nowhere'}, which is not there. Try mkdir -p"
    assert words in str(refused.value) and "File exists" not in str(refused.value)


@pytest.mark.parametrize(
    ("number", "advice"),
    [(errno.ENOSPC, "free some space"), (errno.EROFS, "can only be read"), (errno.EACCES, "chmod u+w")],
)
def test_advice_is_for_what_is_wrong(number: int, advice: str, tmp_path: Path) -> None:
    said = str(unwritable(tmp_path, OSError(number, os.strerror(number))))
    assert advice in said and "Try outputs=<another folder>" in said
    assert (
        ("space" in said)
        == ("Free some space" in str(not_written(tmp_path, OSError(number, ""))))
        == (number == errno.ENOSPC)
    )


# --- files for spreadsheets ---


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd", "\t=1", "\r=1"])
def test_a_cell_that_a_spreadsheet_would_run_is_a_text(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["step", "", "-0.5", "-1 2", "+1e-3", -0.5, None, 3])
def test_other_cells_stay_as_they_are(value: Any) -> None:
    assert cell(value) == value
