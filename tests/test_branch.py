"""Branches: runs that begin at a checkpoint of another run, their trunk, and go on with another schedule."""

import hashlib
import json
import shutil
import signal
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from conftest import EVERYTHING
from helpers import (
    POINTS,
    QUIET,
    assert_same_bits,
    checkpoint_arrays,
    checkpoints,
    cosine,
    interrupted,
    model_arrays,
    python,
    read_all_scalars,
    read_events,
    read_scalars,
    state,
)

import annealkit
from annealkit.runs.summary import summarize


def trained(outputs: Path, *words: str) -> Path:
    return annealkit.train([*POINTS, QUIET, f"outputs={outputs}", *words]).folder


def files(run: Path) -> dict[str, str]:
    """Every file below the folder and what is in it."""
    return {
        str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in run.rglob("*")
        if path.is_file()
    }


def branched(run: Path, *words: str, callbacks: tuple[Any, ...] = ()) -> Path:
    """A finished branch, of which the trunk has noticed nothing."""
    before = files(run)
    result = annealkit.branch(run, [QUIET, *words], callbacks)
    assert result.status == "finished"
    assert files(run) == before
    return result.folder


def rows(run: Path) -> list[str]:
    return (run / "history.csv").read_text().splitlines()[1:]


@pytest.fixture(scope="module")
def constant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("constant"), "optimizer.lr=0.05", "trainer.keep_at=[50%,80%]")


@pytest.fixture(scope="module")
def falling(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cosine, kept at update 44, four updates into the third epoch."""
    return trained(
        tmp_path_factory.mktemp("falling"), "schedule=cosine", "optimizer.lr=0.05", "trainer.keep_at=[55%,80%]"
    )


# --- the same schedule for the rest of the run is the run itself ---


@pytest.mark.parametrize(
    "words",
    [
        (*POINTS, "schedule=cosine", "optimizer=sgd"),
        (*POINTS, "schedule=one_cycle", "optimizer=adam", "warmup=linear", "data.validation=130", "data.limit=700"),
        # Dropout, augmentation, momentum that moves, averages, groups, accumulation, feedback: 44 updates, 11 an epoch.
        EVERYTHING,
    ],
    ids=["sgd", "one_cycle-adam", "everything"],
)
def test_the_rest_of_the_run_is_the_trunk_run_through(words: tuple[str, ...], tmp_path: Path) -> None:
    trunk = annealkit.train([*words, QUIET, f"outputs={tmp_path}", "trainer.keep_at=[55%]"]).folder
    branch = branched(trunk, "at=55%", "then=stretch")
    at = round(0.55 * state(trunk)["total_steps"])
    assert state(branch)["parent"] == {"folder": str(trunk), "updates": at} and at % state(trunk)["steps_per_epoch"]
    assert_same_bits(model_arrays(branch / "model.keras"), model_arrays(trunk / "model.keras"))
    assert_same_bits(checkpoint_arrays(checkpoints(branch)[-1]), checkpoint_arrays(checkpoints(trunk)[-1]))
    assert (branch / "history.csv").read_bytes() == (trunk / "history.csv").read_bytes()
    assert read_all_scalars(branch) == [scalar for scalar in read_all_scalars(trunk) if scalar[1] >= at]
    assert state(branch)["result"]["test_loss"] == state(trunk)["result"]["test_loss"]


# --- the rates that are applied ---


def assert_rates(run: Path, first: int, expected: Any) -> None:
    """The event file of the run itself has these rates, each update once and the first in its place."""
    steps, rates = read_scalars(run, "learning_rate")
    assert steps == list(range(first, first + len(expected)))
    np.testing.assert_allclose(rates, expected, rtol=1e-6, atol=1e-12)


def test_a_cooldown_after_a_constant_rate(constant: Path) -> None:
    branch = branched(constant, "at=80%", "schedule=linear")
    assert_rates(branch, 64, 0.05 * (1 - np.arange(16) / 16))
    starts = [event.step for event in read_events(branch) if event.HasField("session_log")]
    assert starts == [64]
    own = state(branch)
    assert own["parent"] == {"folder": str(constant), "updates": 64}
    assert (own["total_steps"], own["steps_per_epoch"], own["result"]["updates"]) == (80, 20, 80)
    assert own["settings"]["branch.at"] == 64 and own["settings"]["branch.trunk.schedule"] == "constant"
    assert branch.parent == constant.parent and branch.name.startswith("constant-then-linear-sgd-mlp-toy-s0-")


def test_hold_keeps_the_last_rate(falling: Path) -> None:
    assert_rates(branched(falling, "at=55%", "then=hold"), 44, [cosine(80, 0.05)[43]] * 36)


def test_stretch_takes_the_schedule_as_if_the_run_had_been_this_long(falling: Path) -> None:
    assert_rates(branched(falling, "length=25%", "then=stretch"), 80, cosine(100, 0.05)[80:])


def test_rewarm_rises_from_the_last_rate_and_follows_the_schedule_once_more(falling: Path) -> None:
    last = cosine(80, 0.05)[-1]
    # 5% of the branch's 40 updates: two on the way from the last rate to the first of a cosine of 38.
    rise = last + (0.05 - last) * np.arange(1, 3) / 3
    assert_rates(branched(falling, "length=2ep", "then=rewarm"), 80, [*rise, *cosine(38, 0.05)])


def test_rewarm_with_another_warmup_and_rate_rises_from_the_last_rate_too(falling: Path) -> None:
    words = ("length=2ep", "then=rewarm", "warmup=cosine", "warmup.length=4st", "optimizer.lr=0.02")
    last = cosine(80, 0.05)[-1]
    rise = last + (0.02 - last) * (1 - np.cos(np.pi * np.arange(1, 5) / 5)) / 2
    assert_rates(branched(falling, *words), 80, [*rise, *cosine(36, 0.02)])


def test_a_warmup_of_its_own_is_within_the_branch(falling: Path) -> None:
    branch = branched(falling, "at=55%", "schedule=cosine", "warmup=linear", "warmup.length=4st", "optimizer.lr=0.1")
    assert_rates(branch, 44, [*(0.1 * np.arange(1, 5) / 5), *cosine(32, 0.1)])


def test_a_branch_of_a_branch_and_its_stretch(constant: Path) -> None:
    middle = branched(constant, "at=80%", "length=20st", "schedule=cosine")
    assert_rates(middle, 64, cosine(20, 0.05))
    # The branch's own span begins at 64: a cosine of 30 updates instead of 20.
    longer = branched(middle, "length=10st", "then=stretch")
    assert_rates(longer, 84, cosine(30, 0.05)[20:])
    own = state(longer)
    assert own["parent"] == {"folder": str(middle), "updates": 84}
    assert own["settings"]["branch.begins"] == 64 and own["settings"]["branch.trunk.branch.at"] == 64
    assert longer.name.startswith("constant-then-cosine-then-cosine-")
    # The first 67 updates of the branch's 84, of which the first 64 are its trunk's.
    assert_rates(branched(middle, "at=80%", "length=3st", "schedule=linear"), 67, 0.05 * np.array([1, 2 / 3, 1 / 3]))


def test_a_branch_of_an_interrupted_run(tmp_path: Path) -> None:
    words = [*POINTS, QUIET, "optimizer.lr=0.05", f"outputs={tmp_path}"]
    interrupted(words, 2)
    [trunk] = tmp_path.iterdir()
    assert_rates(branched(trunk, "at=50%", "schedule=linear"), 40, 0.05 * (1 - np.arange(40) / 40))


# --- history ---


def test_rows_average_the_images_that_were_trained_on(tmp_path: Path) -> None:
    """15 updates an epoch, of 70 images each but the last, of 20; run on twice, for less than an epoch."""
    sizes = np.array([*[70] * 14, 20])
    trunk = trained(tmp_path, "trainer.batch_size=70", "trainer.keep_at=[40st]")
    within = branched(trunk, "at=40st", "schedule=linear")
    once = branched(trunk, "length=7st", "then=hold")
    twice = branched(once, "length=12st", "then=hold")
    assert rows(within)[:2] == rows(trunk)[:2]
    assert rows(once)[:4] == rows(trunk) and rows(twice)[:5] == rows(once)
    assert [row.split(",")[:2] for row in rows(twice)[4:]] == [["5", "67"], ["5", "75"], ["6", "79"]]
    assert len(rows(within)) == 4 and len(rows(twice)) == 7
    spans = [  # run whose row it is, number of the row, its updates, and who made them
        (within, 2, range(30, 45), ((trunk, range(30, 40)), (within, range(40, 45)))),
        (once, 4, range(60, 67), ((once, range(60, 67)),)),
        (twice, 5, range(67, 75), ((twice, range(67, 75)),)),
        (twice, 6, range(75, 79), ((twice, range(75, 79)),)),
    ]
    for run, number, updates, made_by in spans:
        images = sizes[np.array(updates) % 15]
        for column, tag in ((3, "train/loss"), (4, "train/accuracy")):
            each = [by_step(maker, tag)[step] for maker, steps in made_by for step in steps]
            mean = float(rows(run)[number].split(",")[column])
            np.testing.assert_allclose(mean, np.average(each, weights=images), rtol=1e-6)
    result = annealkit.branch(once, [QUIET, "length=12st", "then=hold"])
    best = max(result.history, key=lambda row: row["accuracy"])["epoch"]
    assert f"Best epoch      {best} of 6, by training accuracy" in summarize(result)
    assert len(result.epoch_seconds) == len(result.history) == 7


def by_step(run: Path, tag: str) -> dict[int, float]:
    steps, values = read_scalars(run, tag)
    return dict(zip(steps, values.astype(np.float64), strict=True))


# --- kept checkpoints ---


def kept_steps(run: Path) -> list[str]:
    return [path.name for path in checkpoints(run)]


def test_kept_checkpoints_stay_while_others_come_and_go(tmp_path: Path) -> None:
    run = trained(tmp_path / "a", "trainer.keep_at=[40%,80%]", "trainer.checkpoint_steps=7")
    kept = ["step-0000000032-kept.npz", "step-0000000064-kept.npz"]
    assert kept_steps(run) == [*kept, "step-0000000077.npz", "step-0000000080.npz"]
    default = trained(tmp_path / "b")
    assert kept_steps(default) == ["step-0000000064-kept.npz", "step-0000000080.npz"]
    assert kept_steps(trained(tmp_path / "c", "trainer.keep_at=[]")) == ["step-0000000080.npz"]
    # Where they are kept is no part of what a run is, and changes no bit of it.
    assert run.name == default.name
    assert_same_bits(model_arrays(run / "model.keras"), model_arrays(default / "model.keras"))
    assert (run / "history.csv").read_bytes() == (default / "history.csv").read_bytes()
    again = trained(tmp_path / "a", "trainer.keep_at=[100%]", "rerun=true")
    assert kept_steps(again) == ["step-0000000080-kept.npz"]


def test_a_checkpoint_after_the_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(annealkit.ConfigError, match=r"trainer.keep_at: 5ep is weight update 100, and the run has 80"):
        trained(tmp_path / "new", "trainer.keep_at=[40%,5ep]")
    assert not (tmp_path / "new").exists()


# --- killed, continued, repeated ---

KILLED = """
import os, signal, sys, keras, annealkit

class Kill(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 3:
            os.kill(os.getpid(), signal.SIGKILL)

annealkit.branch(sys.argv[1], sys.argv[2:], [Kill()])
"""


def test_killed_it_goes_on_with_the_trunk_gone(falling: Path, tmp_path: Path) -> None:
    trunk = tmp_path / "runs" / falling.name
    shutil.copytree(falling, trunk)
    before = files(trunk)
    # From update 44 to 100, killed when it has made 80; the last checkpoint before is of 77.
    words = ["at=55%", "length=56st", "schedule=cosine", "warmup=linear", "trainer.checkpoint_steps=7", QUIET]
    whole = branched(trunk, *words, f"outputs={tmp_path / 'whole'}")
    done = python(f"import sys; sys.argv[1:] = {[str(trunk), *words]!r}\n{KILLED}", tmp_path)
    assert done.returncode == -signal.SIGKILL
    assert files(trunk) == before
    [killed] = [path for path in trunk.parent.iterdir() if path != trunk]
    assert kept_steps(killed)[-1] == "step-0000000077.npz" and state(killed)["status"] == "running"
    shutil.rmtree(trunk)
    result = annealkit.branch(trunk, words)
    assert result.folder == killed and result.updates == 100 and not trunk.exists()
    assert_same_bits(model_arrays(killed / "model.keras"), model_arrays(whole / "model.keras"))
    assert_same_bits(checkpoint_arrays(checkpoints(killed)[-1]), checkpoint_arrays(checkpoints(whole)[-1]))
    assert (killed / "history.csv").read_bytes() == (whole / "history.csv").read_bytes()
    assert read_all_scalars(killed) == read_all_scalars(whole)
    ended = files(killed)
    repeated = annealkit.branch(trunk, words)
    assert repeated.test_accuracy == result.test_accuracy
    changed = {name for name, content in files(killed).items() if ended.get(name) != content}
    assert changed <= {"annealkit.log"}
    # Another branch of it cannot begin.
    with pytest.raises(annealkit.RunError, match="holds no run"):
        annealkit.branch(trunk, ["at=55%", "schedule=linear"])


def test_it_needs_the_checkpoint_of_its_trunk_only_to_begin(falling: Path, tmp_path: Path) -> None:
    trunk = tmp_path / falling.name
    shutil.copytree(falling, trunk)
    first = branched(trunk, "at=55%", "schedule=linear")
    shutil.rmtree(trunk / "checkpoints")
    assert annealkit.branch(trunk, [QUIET, "at=55%", "schedule=linear"]).folder == first
    with pytest.raises(annealkit.RunError, match=r"no checkpoint of it\. It has no checkpoints"):
        annealkit.branch(trunk, [QUIET, "at=55%", "schedule=linear", "rerun=true"])
    assert state(first)["status"] == "finished"


class Beginning(keras.callbacks.Callback):
    """What a callback finds at the beginning."""

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self.updates = int(self.model.optimizer.iterations)


def test_callbacks_begin_with_the_weights_of_the_trunk(constant: Path, tmp_path: Path) -> None:
    callback = Beginning()
    branched(constant, "at=50%", "schedule=linear", f"outputs={tmp_path}", callbacks=(callback,))
    assert callback.updates == 40


def test_a_run_that_was_stopped_early_goes_on_with_its_last_weights(tmp_path: Path) -> None:
    # No improvement is ever enough: after the first epoch one more, and the run ends with the weights of the first.
    stopping = ["trainer.early_stopping.monitor=loss", "trainer.early_stopping.min_delta=10"]
    trunk = trained(tmp_path / "a", "optimizer.lr=0.05", *stopping, "trainer.early_stopping.patience=1")
    assert state(trunk)["result"]["updates"] == 40
    branch = branched(trunk, "then=stretch", "trainer.early_stopping.patience=null")
    plain = trained(tmp_path / "b", "optimizer.lr=0.05")
    assert_same_bits(model_arrays(branch / "model.keras"), model_arrays(plain / "model.keras"))
    assert rows(branch) == rows(plain)


# --- feedback ---

# No loss is low enough: each epoch after the first halves the rate of the next ones, to a half for the third epoch.
HALVING = (
    "feedback=plateau", "feedback.monitor=loss", "feedback.patience=1", "feedback.min_delta=100", "feedback.factor=0.5",
)  # fmt: skip


def test_feedback_goes_on_with_its_scale_unless_another_is_named(tmp_path: Path) -> None:
    trunk = trained(tmp_path, *HALVING, "optimizer.lr=0.04", "trainer.keep_at=[50%]")
    fall = 0.04 * (1 - np.arange(40) / 40)
    kept = branched(trunk, "at=50%", "schedule=linear")
    assert_rates(kept, 40, fall * np.repeat([0.5, 0.25], 20))
    assert read_scalars(kept, "learning_rate_scale") == ([59, 79], pytest.approx([0.5, 0.25]))
    # Begun anew, its first epoch is the best one again; and without, nothing scales.
    anew = branched(trunk, "at=50%", "schedule=linear", *HALVING[:4], "feedback.factor=0.1")
    assert_rates(anew, 40, fall)
    assert_rates(branched(trunk, "at=50%", "schedule=linear", "feedback=none"), 40, fall)


# --- another environment ---


def test_another_environment_is_refused_or_said(falling: Path, tmp_path: Path) -> None:
    trunk = tmp_path / falling.name
    shutil.copytree(falling, trunk)
    changed = state(trunk)
    now, changed["environment"]["numpy"] = changed["environment"]["numpy"], "1.0"
    (trunk / "run.json").write_text(json.dumps(changed))
    words = [QUIET, "at=55%", "schedule=linear"]
    with pytest.raises(annealkit.RunError) as refused:
        annealkit.branch(trunk, words)
    what = f"numpy was 1.0, is now {now}"
    assert f"{trunk} cannot be branched to the exact bit: {what}. Try" in str(refused.value)
    assert "resume=inexact" in str(refused.value)
    result = annealkit.branch(trunk, [*words, "resume=inexact"])
    assert result.status == "finished" and result.inexact == [f"in its trunk: {what}"]
    assert state(result.folder)["inexact"] == [f"in its trunk: {what}"]
    # What is inexact stays so in a branch of it.
    assert annealkit.branch(result.folder, [QUIET, "length=3st", "then=hold"]).inexact == [f"in its trunk: {what}"]
