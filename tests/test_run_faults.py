"""Damaged, full, busy, changed or diverging: what is said, what is kept, and that nothing is mixed."""

import json
import os
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers import (
    TOY,
    annealkit_command,
    assert_same_bits,
    checkpoint_arrays,
    checkpoints,
    interrupted,
    model_arrays,
    one_line,
    only_run,
    read_scalars,
    start,
    step_of,
    wait_for_epochs,
)

import annealkit
from annealkit import RunError
from annealkit.runs.checkpoint import Checkpoint, Checkpoints
from annealkit.start_tensorflow import available_threads

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
    assert [path.stem for path in checkpoints(only_run(outputs))] == ["step-0000000030", "step-0000000040"]
    return outputs


@pytest.fixture
def outputs(stopped_run: Path, tmp_path: Path) -> Path:
    """The outputs folder of a run that was stopped after its second epoch."""
    return Path(shutil.copytree(stopped_run, tmp_path / "outputs"))


def go_on(outputs: Path, *more: str) -> annealkit.runs.result.Result:
    return annealkit.train([*ARGUMENTS, f"outputs={outputs}", *more])


def assert_same_as(run: Path, whole: Path) -> None:
    assert_same_bits(model_arrays(run / "model.keras"), model_arrays(whole / "model.keras"))
    assert (run / "history.csv").read_bytes() == (whole / "history.csv").read_bytes()
    assert read_scalars(run, "train/loss")[0] == list(range(60))


def edit_state(run: Path, change: Callable[[dict], None]) -> None:
    state = json.loads((run / "run.json").read_text())
    change(state)
    (run / "run.json").write_text(json.dumps(state))


# --- damaged files ---


def cut_in_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def change_one_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    weights = checkpoint_arrays(path)["model/0000"].tobytes()
    content[content.index(weights) + len(weights) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [cut_in_half, change_one_byte])
def test_a_damaged_newest_checkpoint_gives_way_to_the_one_before(
    damage: Callable[[Path], None], outputs: Path, whole_run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    newest = checkpoints(only_run(outputs))[-1]
    damage(newest)
    run = go_on(outputs).folder
    assert f"Checkpoint {newest} is damaged" in caplog.text
    assert "Continuing after weight update 30 of 60." in caplog.text
    assert_same_as(run, whole_run)


def test_without_a_good_checkpoint_the_run_begins_again(
    outputs: Path, whole_run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for path in checkpoints(only_run(outputs)):
        cut_in_half(path)
    caplog.clear()
    run = go_on(outputs).folder
    assert caplog.text.count("is damaged") == 2
    assert "No checkpoint is left that can be read: the run starts from the beginning." in caplog.text
    assert "Continuing" not in caplog.text
    assert_same_as(run, whole_run)


def test_any_changed_bit_is_found_or_harmless(tmp_path: Path) -> None:
    arrays = {"model/0000": np.arange(20, dtype=np.float32), "model/0001": np.array([7, 2**40])}
    Checkpoints(tmp_path).save(Checkpoint(1, arrays, {"progress": {"step": 1}}))
    [path] = tmp_path.glob("*.npz")
    content = path.read_bytes()
    draw, found = np.random.default_rng(0), 0
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1 << int(draw.integers(8))
        path.write_bytes(changed)
        read = Checkpoints(tmp_path).latest()
        if read is None:
            found += 1
            path.with_suffix(".damaged").unlink()
        else:  # Times and attributes that the archive keeps and nobody reads.
            assert_same_bits(read.arrays, arrays)
            assert read.state == {"progress": {"step": 1}}
    assert found > len(content) / 2


@pytest.mark.parametrize(
    "content", ['{"status": "finished"', '{"status": "finished"}', "[]", '{"status": "finished", "result": 3}']
)
def test_a_damaged_run_json_is_said_and_rerun_mends_it(content: str, outputs: Path, whole_run: Path) -> None:
    (only_run(outputs) / "run.json").write_text(content)
    with pytest.raises(RunError, match=r"run\.json.*Try rerun=true, which starts afresh"):
        go_on(outputs)
    assert_same_as(go_on(outputs, "rerun=true").folder, whole_run)


# --- changed conditions ---


@pytest.mark.parametrize(
    ("key", "value"), [("annealkit", "0.0.1"), ("images", "toy sha256:0"), ("schedule from", "elsewhere 3.1")]
)
def test_other_conditions_are_refused_as_not_exact(key: str, value: str, outputs: Path) -> None:
    run = only_run(outputs)
    now = json.loads((run / "run.json").read_text())["environment"][key]
    edit_state(run, lambda state: state["environment"].update({key: value}))
    before = {path: path.read_bytes() for path in checkpoints(run)}
    with pytest.raises(RunError) as refused:
        go_on(outputs)
    for words in (
        "cannot be continued to the exact bit",
        f"{key} was {value}, is now {now}",
        "resume=inexact",
        "rerun=true",
    ):
        assert words in str(refused.value)
    assert {path: path.read_bytes() for path in checkpoints(run)} == before


def test_another_number_of_threads_is_refused_and_inexact_goes_on_and_says_so(outputs: Path) -> None:
    threads = available_threads()
    other = [*ARGUMENTS, f"outputs={outputs}", f"trainer.threads={threads + 1}"]
    refused = annealkit_command(*other, cwd=outputs)
    change = f"threads was {threads}, is now {threads + 1}"
    assert refused.returncode == 1
    assert change in refused.stdout and "resume=inexact" in refused.stdout and "rerun=true" in refused.stdout
    assert "Traceback" not in refused.stdout + refused.stderr
    assert json.loads((only_run(outputs) / "run.json").read_text())["status"] == "failed"
    done = annealkit_command(*other, "resume=inexact", cwd=outputs)
    assert done.returncode == 0, done.stderr
    assert "Continuing after weight update 40 of 60." in done.stdout
    assert f"Not exact       continued although these changed: {change}" in done.stdout
    state = json.loads((only_run(outputs) / "run.json").read_text())
    assert state["status"] == "finished" and state["message"] == ""
    assert state["inexact"] == state["result"]["inexact"] == [change]
    assert read_scalars(only_run(outputs), "train/loss")[0] == list(range(60))


def test_rerun_starts_afresh(outputs: Path, whole_run: Path, caplog: pytest.LogCaptureFixture) -> None:
    edit_state(only_run(outputs), lambda state: state["environment"].update(annealkit="0.0.1"))
    caplog.clear()
    result = go_on(outputs, "rerun=true")
    assert "Continuing" not in caplog.text
    assert result.inexact == []
    assert_same_as(result.folder, whole_run)


# --- the same run again ---


def test_a_finished_run_reports_and_trains_nothing(whole_run: Path) -> None:
    files = [whole_run / "run.json", whole_run / "model.keras", whole_run / "history.csv", *checkpoints(whole_run)]
    files += whole_run.glob("events.out.tfevents.*")
    before = [(path, path.stat().st_mtime_ns, path.stat().st_size) for path in files]
    again = annealkit_command(*ARGUMENTS, f"outputs={whole_run.parent}", cwd=whole_run)
    assert again.returncode == 0
    accuracy = json.loads((whole_run / "run.json").read_text())["result"]["test_accuracy"]
    assert "already ended; rerun=true starts it afresh" in again.stdout
    assert f"Test accuracy   {accuracy:.2%}" in again.stdout
    assert [(path, path.stat().st_mtime_ns, path.stat().st_size) for path in files] == before
    assert len(list(whole_run.glob("events.out.tfevents.*"))) == 1


def test_a_second_process_is_refused_while_the_first_trains(tmp_path: Path) -> None:
    endless = [*TOY, "trainer.epochs=100000", "trainer.steps_per_call=1", "trainer.progress=false"]
    first = start(*endless, cwd=tmp_path)
    try:
        wait_for_epochs(1, tmp_path / "outputs", first)
        run = only_run(tmp_path / "outputs")
        log = (run / "annealkit.log").read_text()
        second = annealkit_command(*endless, cwd=tmp_path)
        assert second.returncode == 2
        assert "is being trained by another process" in second.stderr and "seed=" in second.stderr
        assert (run / "annealkit.log").read_text() == log
        assert json.loads((run / "run.json").read_text())["status"] == "running"
        assert len(list(run.glob("events.out.tfevents.*"))) == 1
        wait_for_epochs(len((run / "history.csv").read_text().splitlines()) + 1, tmp_path / "outputs", first)
    finally:
        first.kill()
        first.communicate()


# --- the disk ---


def at_most(size: int) -> Callable[[], None]:
    """No file of the process may grow larger: what a full disk does to the one who writes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize(
    ("file", "share"), [("checkpoints/step-", 0.5), ("model.keras", 0.9), ("events.out.tfevents", 0.9)]
)
def test_a_full_disk_is_said_and_what_was_there_stays(file: str, share: float, outputs: Path, whole_run: Path) -> None:
    """Each of the three kinds of file in turn is the first that no longer fits."""
    more = ["trainer.epochs=60"] if file.startswith("events") else []
    if more:
        shutil.rmtree(outputs)
        interrupted([*ARGUMENTS, *more, f"outputs={outputs}", "rerun=true"], 2)
    run = only_run(outputs)
    sizes = {
        "checkpoints/step-": checkpoints(whole_run)[-1].stat().st_size,
        "model.keras": (whole_run / "model.keras").stat().st_size,
        "events.out.tfevents": 40_000,
    }
    good = checkpoints(run)[-1]
    before = checkpoint_arrays(good)
    full = annealkit_command(
        *ARGUMENTS, *more, f"outputs={outputs}", cwd=outputs, preexec_fn=at_most(int(share * sizes[file]))
    )
    said = one_line(full.stdout)
    assert full.returncode == 1, full.stdout
    assert f"cannot write {run / file}" in said and "File too large" in said
    assert "What was there before is intact." in said and "Free some space" in said
    assert "Traceback" not in full.stdout + full.stderr, full.stderr
    assert not list(run.rglob("*.part")) and not list(run.rglob("part.*"))
    assert json.loads((run / "run.json").read_text())["status"] == "failed"
    if file.startswith("checkpoints"):
        assert_same_bits(checkpoint_arrays(good), before)
    if not more:
        assert_same_as(go_on(outputs).folder, whole_run)


@pytest.mark.parametrize("sweep", [[], ["-m"]])
def test_outputs_that_cannot_be_written_to(sweep: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    refused = annealkit_command(*sweep, *ARGUMENTS, f"outputs={tmp_path / 'file' / 'below'}", cwd=tmp_path)
    assert refused.returncode != 0
    assert "outputs: cannot write to" in refused.stderr and "Try outputs=<another folder>" in refused.stderr
    assert "Traceback" not in refused.stdout + refused.stderr


# --- divergence ---

# The rate grows from 0.01 up to the largest numbers of float32 in half the run. Without hidden layers, since ReLU units
# that such a step has switched off for ever would keep the loss finite.
EXPLODING = [
    "model.hidden=[]", "warmup=exponential", "warmup.length=30st", "warmup.start=1e-40", "optimizer.lr=1e38",
    "optimizer=sgd",
]  # fmt: skip


def test_a_diverged_run_says_so_and_keeps_the_last_good_checkpoint(tmp_path: Path) -> None:
    arguments = [*TOY, *EXPLODING, "trainer.checkpoint_steps=2", f"outputs={tmp_path / 'outputs'}"]
    diverged = annealkit_command(*arguments, cwd=tmp_path)
    run = only_run(tmp_path / "outputs")
    state = json.loads((run / "run.json").read_text())
    steps, losses = read_scalars(run, "train/loss")
    first = int(np.argmax(~np.isfinite(losses)))
    rate = float(read_scalars(run, "learning_rate")[1][first])
    assert 2 < first < 60 and steps == list(range(len(steps)))
    assert diverged.returncode == 1 and "Traceback" not in diverged.stdout + diverged.stderr
    message = state["result"]["message"]
    assert f"at weight update {first} (epoch {first // 20 + 1}, learning rate {rate:.3g})" in message
    assert "Try a smaller optimizer.lr" in message
    assert f"Diverged: {message}" in diverged.stdout
    assert state["status"] == state["result"]["status"] == "diverged"
    kept = checkpoints(run)[-1]
    step = step_of(kept)
    assert step <= first and f"The checkpoint of step {step} is kept." in message
    assert all(np.isfinite(array).all() for array in checkpoint_arrays(kept).values())
    assert not (run / "model.keras").exists()

    again = annealkit_command(*arguments, cwd=tmp_path)
    assert again.returncode == 1
    assert "already ended" in again.stdout and f"Diverged: {message}" in again.stdout
    assert json.loads((run / "run.json").read_text()) == state


@pytest.mark.parametrize("lr", ["1e30", "1e38"])
def test_a_run_that_diverges_in_its_last_update_is_not_finished(lr: str, tmp_path: Path) -> None:
    # One update: the loss before it is finite, and only the weights or the test show what it did.
    one = ["trainer.epochs=1", "trainer.batch_size=1000", "optimizer=sgd", f"optimizer.lr={lr}"]
    result = annealkit.train([*TOY, *one, "trainer.progress=false", f"outputs={tmp_path}"])
    assert result.status == "diverged" and result.updates == 1
    assert result.test_accuracy is None and "at weight update 0" in result.message
    assert not (result.folder / "model.keras").exists()
