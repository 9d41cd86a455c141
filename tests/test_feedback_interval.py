"""A feedback rule that looks at the training every few weight updates, within epochs and across them."""

import json
from pathlib import Path

import numpy as np
import pytest
from helpers import (
    TOY,
    annealkit_command,
    assert_same_bits,
    checkpoints,
    interrupted,
    model_arrays,
    one_line,
    only_run,
    read_scalars,
)

import annealkit
from annealkit.feedback import Greedy

# 60 updates in 3 epochs of 20; a look every 7 updates, the last after 56.
GREEDY = (*TOY, "schedule=constant", "feedback=greedy", "feedback.every=7st", "feedback.factor=0.9")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return annealkit.train([*GREEDY, f"outputs={tmp_path_factory.mktemp('whole')}"]).folder


def test_it_sees_the_mean_over_the_updates_since_it_last_looked(run: Path) -> None:
    _, losses = read_scalars(run, "train/loss")
    rule = Greedy(every="7st", factor=0.9)
    state, scales = rule.begin(), []
    for look in range(8):
        # All batches have 50 points, so the mean over points is the mean over updates.
        mean = float(np.mean(losses[7 * look : 7 * look + 7].astype(np.float64)))
        scales.append(state["scale"])
        state = rule.observe(state, {"loss": mean})
    steps, logged = read_scalars(run, "learning_rate_scale")
    assert steps == [6, 13, 20, 27, 34, 41, 48, 55]
    np.testing.assert_allclose(logged, scales, rtol=1e-6)
    assert len(set(scales)) > 4  # The rule was put to work.


def test_the_rate_follows_from_the_next_update_on(run: Path) -> None:
    _, rates = read_scalars(run, "learning_rate")
    _, scales = read_scalars(run, "learning_rate_scale")
    np.testing.assert_allclose(rates[:56], np.repeat(0.03 * scales, 7), rtol=1e-6)


def test_how_many_updates_a_call_makes_changes_nothing(run: Path, tmp_path: Path) -> None:
    other = annealkit.train([*GREEDY, "trainer.steps_per_call=1", f"outputs={tmp_path}"]).folder
    assert (other / "history.csv").read_bytes() == (run / "history.csv").read_bytes()
    assert_same_bits(model_arrays(other / "model.keras"), model_arrays(run / "model.keras"))


def test_what_it_has_not_been_shown_yet_survives_a_resume(run: Path, tmp_path: Path) -> None:
    interrupted([*GREEDY, f"outputs={tmp_path}"], 2)  # after update 40, five after a look
    annealkit.train([*GREEDY, f"outputs={tmp_path}"])
    assert_same_bits(model_arrays(only_run(tmp_path) / "model.keras"), model_arrays(run / "model.keras"))
    assert read_scalars(only_run(tmp_path), "learning_rate_scale")[0] == list(range(6, 60, 7))


def test_in_the_middle_of_an_epoch_too(run: Path, tmp_path: Path) -> None:
    """After update 33, five after a look and thirteen into an epoch, whose seconds are counted from its beginning."""
    words = [*GREEDY, "trainer.checkpoint_steps=33", "trainer.keep_at=[]", f"outputs={tmp_path}"]
    whole = annealkit.train(words).folder
    last, middle = checkpoints(whole)[-1], checkpoints(whole)[0]
    assert "33" in middle.name
    last.unlink()
    state = json.loads((whole / "run.json").read_text())
    del state["result"]
    (whole / "run.json").write_text(json.dumps({**state, "status": "interrupted"}))
    with np.load(middle) as file:
        progress = json.loads(file["state.json"].tobytes())["progress"]
    assert 0 < progress["seconds_in_epoch"] < progress["seconds"]
    result = annealkit.train(words)
    assert_same_bits(model_arrays(result.folder / "model.keras"), model_arrays(run / "model.keras"))
    assert read_scalars(result.folder, "learning_rate_scale")[0] == list(range(6, 60, 7))
    assert result.epoch_seconds[1] > progress["seconds_in_epoch"]


def test_every_spelling_of_an_epoch_is_one(tmp_path: Path) -> None:
    options = ["feedback=greedy", "feedback.every=1.0ep", "feedback.monitor=val_loss", "data.validation=100"]
    result = annealkit.train([*TOY, *options, f"outputs={tmp_path}"])
    assert read_scalars(result.folder, "learning_rate_scale")[0] == [17, 35, 53]


def test_a_validation_metric_is_there_once_an_epoch(tmp_path: Path) -> None:
    done = annealkit_command(*GREEDY, "feedback.monitor=val_loss", "data.validation=100", cwd=tmp_path)
    assert done.returncode == 2
    assert "every must be 1ep, since monitor=val_loss is measured once per epoch" in done.stderr
    assert not (tmp_path / "outputs").exists()


def test_a_rule_that_never_acts_is_warned_of(tmp_path: Path) -> None:
    never = ["feedback=greedy", "feedback.every=3ep"]
    done = annealkit_command("preview", *TOY, *never, cwd=tmp_path)
    assert "warning: feedback.every=3ep is the whole run of 60 weight updates or more" in one_line(done.stdout)
    done = annealkit_command("preview", *TOY, *GREEDY[len(TOY) :], cwd=tmp_path)
    assert "warning" not in done.stdout
