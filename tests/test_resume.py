"""Killed, interrupted, continued: the same bits as without.

By default a run is killed four times. `ANNEALKIT_KILLS=20 python -m pytest tests/test_resume.py` kills twenty.
"""

import json
import signal
from pathlib import Path

import keras
import numpy as np
import pytest
from helpers import (
    Kills,
    assert_same_bits,
    checkpoint_arrays,
    checkpoints,
    interrupted,
    model_arrays,
    only_run,
    read_all_scalars,
    read_events,
    start,
    step_of,
    wait_for_epochs,
)

import annealkit
from annealkit.runs.result import Result
from annealkit.runs.summary import summarize


def assert_same_run(run: Path, whole: Path) -> None:
    """Weights, optimizer, dropout seeds, history and every scalar of every update, to the bit."""
    assert checkpoints(run)[-1].name == checkpoints(whole)[-1].name
    assert_same_bits(checkpoint_arrays(checkpoints(run)[-1]), checkpoint_arrays(checkpoints(whole)[-1]))
    assert_same_bits(model_arrays(run / "model.keras"), model_arrays(whole / "model.keras"))
    assert (run / "history.csv").read_bytes() == (whole / "history.csv").read_bytes()
    assert read_all_scalars(run) == read_all_scalars(whole)
    results = [json.loads((folder / "run.json").read_text())["result"] for folder in (run, whole)]
    for result in results:
        del result["seconds"], result["epoch_seconds"]
    assert results[0] == results[1]


def test_the_whole_run_has_what_a_resume_must_bring_back(killed_runs: Kills) -> None:
    arrays = checkpoint_arrays(checkpoints(killed_runs.whole)[-1])
    # Three layers of dropout, each with a seed whose second number counts its draws: 10 whole updates an epoch of
    # three batches, and one of two (8 + 2 images), for four epochs.
    seeds = [array for name, array in arrays.items() if name.startswith("model/") and array.dtype == np.int64]
    assert [int(seed[1]) for seed in seeds] == [4 * 32] * 3
    scalars = read_all_scalars(killed_runs.whole)
    assert len({value for tag, _, value in scalars if tag == "learning_rate_scale"}) > 1  # feedback has acted
    assert [step for tag, step, _ in scalars if tag == "train/loss"] == list(range(44))


def test_killed_at_any_moment_it_ends_in_the_same_bits(killed_runs: Kills) -> None:
    for kill in killed_runs.kills:
        assert_same_run(kill.run, killed_runs.whole)


def test_a_kill_loses_no_more_than_the_updates_since_the_last_checkpoint(killed_runs: Kills) -> None:
    in_training = [kill for kill in killed_runs.kills if kill.before and checkpoints(kill.before)]
    assert in_training, "no kill met the run after its first checkpoint: draw other moments"
    for kill in in_training:
        assert kill.before is not None
        step = step_of(checkpoints(kill.before)[-1])
        if step < 44:
            assert f"Continuing after weight update {step} of 44." in kill.output
            starts = [event.step for event in read_events(kill.run) if event.HasField("session_log")]
            assert starts == [step]


POINTS = ("data=toy", "model=mlp", "trainer.batch_size=50", "schedule=cosine", "trainer.checkpoint_minutes=null")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_leaves_a_checkpoint_and_says_how_to_go_on(number: int, code: int, tmp_path: Path) -> None:
    arguments = (*POINTS, "trainer.epochs=200", "trainer.progress=false")
    # One update a call is slow enough for the signal to meet the training; how it is carried out changes no bit.
    process = start(*arguments, "trainer.steps_per_call=1", cwd=tmp_path)
    try:
        wait_for_epochs(2, tmp_path / "outputs", process)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    run = only_run(tmp_path / "outputs")
    assert process.returncode == code
    assert "Traceback" not in err
    [checkpoint] = checkpoints(run)
    step = step_of(checkpoint)
    assert 2 * 20 <= step < 200 * 20
    assert f"Stopped after weight update {step} of 4000. The same command continues there." in out
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
    resumed = annealkit.train([*arguments, f"outputs={tmp_path / 'outputs'}"])
    whole = annealkit.train([*arguments, f"outputs={tmp_path / 'whole'}"])
    assert resumed.folder == run and resumed.updates == 4_000
    assert_same_run(run, whole.folder)


class Remember(keras.callbacks.Callback):
    """Numbers, text, an array and lists, none of which on_train_begin sets back."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0
        self.least = np.float32(np.inf)
        self.text = ""
        self.losses = np.zeros(0)
        self.accuracies: list[float] = []
        self.first_weights: list[np.ndarray] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        assert logs is not None
        self.seen += 1
        self.least = min(self.least, np.float32(logs["loss"]))
        self.text += f"{epoch} "
        self.losses = np.append(self.losses, logs["loss"])
        self.accuracies.append(logs["accuracy"])
        self.first_weights = self.first_weights or self.model.get_weights()


def interrupted_and_resumed(arguments: list[str], epoch: int) -> tuple[Result, Remember]:
    """Stopped by SIGTERM after that epoch, then trained to the end with a callback that is new."""
    interrupted(arguments, epoch, Remember())
    remember = Remember()
    return annealkit.train(arguments, [remember]), remember


def test_what_callbacks_remember_survives(tmp_path: Path) -> None:
    arguments = [*POINTS, "trainer.epochs=6", "trainer.progress=false"]
    resumed, remember = interrupted_and_resumed([*arguments, f"outputs={tmp_path / 'resumed'}"], epoch=4)
    whole = Remember()
    losses = [row["loss"] for row in annealkit.train([*arguments, f"outputs={tmp_path / 'whole'}"], [whole]).history]
    assert len(losses) == 6 and [row["loss"] for row in resumed.history] == losses
    assert remember.seen == 6
    assert remember.least == np.float32(min(losses))
    assert remember.text == "0 1 2 3 4 5 "
    assert remember.losses.tolist() == losses
    assert remember.accuracies == [row["accuracy"] for row in resumed.history]
    for kept, first in zip(remember.first_weights, whole.first_weights, strict=True):
        np.testing.assert_array_equal(kept, first)


class StopAfter(keras.callbacks.Callback):
    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.last = epoch

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if epoch + 1 == self.last:
            self.model.stop_training = True


def test_a_run_that_a_callback_stopped_says_so_and_goes_on_without_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    arguments = [*POINTS, "trainer.epochs=6", "trainer.progress=false"]
    outputs = f"outputs={tmp_path / 'stopped'}"
    stopped = annealkit.train([*arguments, outputs], [StopAfter(2)])
    where = "a callback stopped it after weight update 40 of 120 (epoch 2 of 6)"
    assert (stopped.status, stopped.message, stopped.updates) == ("stopped", where, 40)
    assert f"Stopped         {where}" in summarize(stopped)
    said = json.loads((stopped.folder / "run.json").read_text())
    assert said["status"] == said["result"]["status"] == "stopped"
    # With callbacks again it is reported.
    again = annealkit.train([*arguments, outputs], [StopAfter(9)])
    assert again == stopped
    assert "Without callbacks it goes on; rerun=true starts it afresh." in caplog.text
    # Without, it goes on to the bits of a run that was never stopped.
    resumed = annealkit.train([*arguments, outputs])
    assert "A callback stopped this run here; without callbacks it goes on." in caplog.text
    assert "Continuing after weight update 40 of 120." in caplog.text
    assert resumed.status == "finished" and resumed.message == ""
    assert_same_run(resumed.folder, annealkit.train([*arguments, f"outputs={tmp_path / 'whole'}"]).folder)


def test_a_callback_that_stops_at_the_last_epoch_stops_nothing(tmp_path: Path) -> None:
    arguments = [*POINTS, "trainer.epochs=2", "trainer.progress=false", f"outputs={tmp_path}"]
    assert annealkit.train(arguments, [StopAfter(2)]).status == "finished"


def test_early_stopping_keeps_its_patience_and_its_best_weights(tmp_path: Path) -> None:
    # No improvement is ever enough, so that the first epoch stays the best one: four more, and the run ends.
    constant = [*POINTS, "schedule=constant", "trainer.progress=false"]
    stopping = ["trainer.early_stopping.monitor=loss", "trainer.early_stopping.min_delta=10"]
    arguments = [*constant, *stopping, "trainer.epochs=20", "trainer.early_stopping.patience=4"]
    result, _ = interrupted_and_resumed([*arguments, f"outputs={tmp_path / 'stopping'}"], epoch=3)
    one_epoch = annealkit.train([*constant, "trainer.epochs=1", f"outputs={tmp_path / 'one'}"])
    assert [row["epoch"] for row in result.history] == [1, 2, 3, 4, 5]
    assert result.status == "finished" and result.updates == 100
    assert_same_bits(model_arrays(result.folder / "model.keras"), model_arrays(one_epoch.folder / "model.keras"))
    assert result.test_accuracy == one_epoch.test_accuracy
