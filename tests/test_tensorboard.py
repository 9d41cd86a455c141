"""What a real TensorBoard shows of runs: finished, diverged, and killed and resumed."""

import json
import math
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from board import Board
from helpers import TOY, Kills, read_all_scalars
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import annealkit
from annealkit import Cyclical, Run, learning_rates
from annealkit.runs import event_file
from annealkit.training.tensorboard_writer import TensorBoardWriter


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, killed_runs: Kills) -> dict[str, Path]:
    """Three run folders by their name in TensorBoard."""
    logdir = tmp_path_factory.mktemp("board") / "outputs"
    common = [
        *TOY,
        f"outputs={logdir}",
        "trainer.progress=false",
        "schedule=cyclical",
        "schedule.half_cycle=6st",
        "optimizer.lr=0.05",
    ]
    finished = annealkit.train([*common, "data.validation=100", "seed=3"])
    diverging = ["model.hidden=[]", "optimizer.lr=1e38", "optimizer=sgd"]
    diverged = annealkit.train([*common, *diverging])
    assert (finished.status, diverged.status) == ("finished", "diverged")
    # One that was killed after a checkpoint, and so has two event files.
    resumed = next(kill.run for kill in killed_runs.kills if len(list(kill.run.glob("events.*"))) > 1)
    shutil.copytree(resumed, logdir / "resumed")
    return {"finished": finished.folder, "diverged": diverged.folder, "resumed": logdir / "resumed"}


@pytest.fixture(scope="module")
def board(runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    server = Board(runs["finished"].parent, tmp_path_factory.mktemp("server") / "log")
    try:
        server.wait_for(3)
        yield server
    finally:
        server.stop()


def test_runs_are_listed_by_their_names(board: Board, runs: dict[str, Path]) -> None:
    assert sorted(board.get("runs")) == sorted(path.name for path in runs.values())
    assert re.fullmatch(r"cyclical-sgd-mlp-toy-s3-[0-9a-f]{8}", runs["finished"].name)


def test_the_rate_at_every_update(board: Board, runs: dict[str, Path]) -> None:
    steps, rates = board.scalars(runs["finished"].name, "learning_rate")
    assert steps == list(range(54))  # 900 points in batches of 50, three epochs
    np.testing.assert_array_equal(
        rates, learning_rates(Cyclical(half_cycle="6st"), 0.05, Run(54, 18)).astype(np.float32)
    )


def test_losses_and_accuracies_are_on_the_same_axis(board: Board, runs: dict[str, Path]) -> None:
    run = runs["finished"].name
    state = json.loads((runs["finished"] / "run.json").read_text())["result"]
    history = np.genfromtxt(runs["finished"] / "history.csv", delimiter=",", names=True)
    for tag in ("train/loss", "train/accuracy"):
        steps, values = board.scalars(run, tag)
        assert steps == list(range(54))
        # All updates of an epoch have the same number of points: the epoch's figure is the mean of its updates'.
        np.testing.assert_allclose(values.reshape(3, 18).mean(axis=1), history[tag.removeprefix("train/")], rtol=1e-5)
    for tag in ("val/loss", "val/accuracy"):
        steps, values = board.scalars(run, tag)
        assert steps == [17, 35, 53]
        np.testing.assert_array_equal(values, history[tag.replace("/", "_")].astype(np.float32))
    for tag in ("test/loss", "test/accuracy"):
        steps, values = board.scalars(run, tag)
        assert steps == [53] and values[0] == np.float32(state[tag.replace("/", "_")])


def test_a_killed_and_resumed_run_does_not_double_back(board: Board, runs: dict[str, Path], killed_runs: Kills) -> None:
    whole = read_all_scalars(killed_runs.whole)
    for tag in {tag for tag, _, _ in whole}:
        steps, values = board.scalars("resumed", tag)
        assert steps == sorted(set(steps))
        assert list(zip(steps, values.tolist(), strict=True)) == [(s, v) for name, s, v in whole if name == tag]
    assert board.scalars("resumed", "learning_rate")[0] == list(range(44))


@pytest.mark.parametrize("clock", [-86_400, 0, 86_400], ids=["set back", "stands still", "goes on"])
def test_event_files_sort_in_the_order_of_writing_whatever_the_clock_says(
    clock: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: dict[str, Any] = {}
    now = time.time()
    for number in range(4):
        monkeypatch.setattr(event_file.time, "time", lambda now=now + number * clock: now)
        writer = TensorBoardWriter(tmp_path, sizes, 10 * number)
        for step in range(10 * number, 10 * number + 10):
            writer.scalars(step, {"learning_rate": float(step)})
        sizes = writer.flush()
        lost = TensorBoardWriter(tmp_path, sizes, 10 * number + 10)  # Killed before its first checkpoint.
        lost.scalars(99, {"learning_rate": 99.0})
        lost.close("interrupted")
        writer.close("interrupted")
    for path in set(tmp_path.glob("events.*")) - {tmp_path / name for name in sizes}:
        path.unlink()
    board = EventAccumulator(str(tmp_path)).Reload()
    assert [(event.step, event.value) for event in board.Scalars("learning_rate")] == [(n, n) for n in range(40)]


def test_hparams_hold_the_settings_and_the_end(board: Board, runs: dict[str, Path]) -> None:
    shown = board.sessions()
    statuses = {name: shown[path.name]["status"] for name, path in runs.items()}
    assert statuses == {"finished": "STATUS_SUCCESS", "diverged": "STATUS_FAILURE", "resumed": "STATUS_SUCCESS"}
    settings = shown[runs["finished"].name]["settings"]
    for key, value in {
        "schedule": "cyclical", "schedule.half_cycle": "6st", "optimizer": "sgd", "optimizer.lr": 0.05, "model": "mlp",
        "data": "toy", "data.validation": 100, "trainer.seed": 3, "trainer.batch_size": 50,
    }.items():  # fmt: skip
        assert settings[key] == value, key


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Board, list[dict[str, Any]]]]:
    """The server of a sweep over schedules, optimizers and seeds, and what each run's folder says of it."""
    logdir = tmp_path_factory.mktemp("sweep") / "outputs"
    for schedule in ("constant", "step", "cosine"):
        for optimizer in ("sgd", "adam"):
            for seed in (0, 1):
                words = [f"schedule={schedule}", f"optimizer={optimizer}", f"seed={seed}"]
                words += [] if seed == 0 else ["optimizer.weight_decay=0.01"]
                annealkit.train([*TOY, *words, f"outputs={logdir}", "trainer.progress=false"])
    states = [json.loads(path.read_text()) | {"name": path.parent.name} for path in logdir.glob("*/run.json")]
    server = Board(logdir, tmp_path_factory.mktemp("server") / "log")
    try:
        server.wait_for(12)
        yield server, states
    finally:
        server.stop()


def names_of(groups: list[dict[str, Any]]) -> list[str]:
    return [session["name"] for group in groups for session in group["sessions"]]


def test_the_table_of_a_sweep_sorts_by_final_accuracy(sweep: tuple[Board, list[dict[str, Any]]]) -> None:
    server, states = sweep
    final = {"metric": {"group": "", "tag": "test/accuracy"}}
    accuracies = {state["name"]: state["result"]["test_accuracy"] for state in states}
    for order in ("ORDER_DESC", "ORDER_ASC"):
        rows = server.session_groups(colParams=[final | {"order": order}])
        values = [{value["name"]["tag"]: value["value"] for value in row["metricValues"]} for row in rows]
        shown = [of_run["test/accuracy"] for of_run in values]
        expected = sorted(accuracies.values(), reverse=order == "ORDER_DESC")
        assert shown == [np.float32(value) for value in expected]
        # The names too; runs of one accuracy may be in any order.
        assert [np.float32(accuracies[name]) for name in names_of(rows)] == shown


def test_the_table_of_a_sweep_filters_by_schedule_and_optimizer(sweep: tuple[Board, list[dict[str, Any]]]) -> None:
    server, states = sweep
    settings = {state["name"]: state["settings"] for state in states}
    for schedules, optimizers in ((["cosine"], ["adam"]), (["constant", "step"], ["sgd"]), (["step"], ["sgd", "adam"])):
        chosen = [
            {"hparam": "schedule", "filterDiscrete": schedules, "includeInResult": True},
            {"hparam": "optimizer", "filterDiscrete": optimizers, "includeInResult": True},
        ]
        expected = {
            name for name, own in settings.items() if own["schedule"] in schedules and own["optimizer"] in optimizers
        }
        assert set(names_of(server.session_groups(colParams=chosen))) == expected
        assert len(expected) == 2 * len(schedules) * len(optimizers)


def test_a_setting_that_some_runs_have_not_sorts_and_filters(sweep: tuple[Board, list[dict[str, Any]]]) -> None:
    server, states = sweep
    decayed = {state["name"] for state in states if state["settings"]["optimizer.weight_decay"] == 0.01}
    assert len(decayed) == 6
    column = {"hparam": "optimizer.weight_decay", "includeInResult": True}
    for order in ("ORDER_DESC", "ORDER_ASC"):
        names = names_of(server.session_groups(colParams=[column | {"order": order}]))
        assert len(names) == 12 and set(names[:6]) == decayed  # Those without one come last in either order.
    above_zero = column | {"filterInterval": {"minValue": 0.001, "maxValue": 1.0}, "excludeMissingValues": True}
    assert set(names_of(server.session_groups(colParams=[above_zero]))) == decayed


def test_a_loss_that_is_not_a_number_does_not_break_sorting(tmp_path: Path) -> None:
    for name, loss in {"a": 3.0, "b": math.nan, "c": 1.0, "d": 2.0}.items():
        (tmp_path / "logs" / name).mkdir(parents=True)
        writer = TensorBoardWriter(tmp_path / "logs" / name, {}, 0)
        writer.describe("", {"schedule": "constant"})
        writer.scalars(0, {"train/loss": loss})
        writer.close("diverged" if name == "b" else "finished")
    server = Board(tmp_path / "logs", tmp_path / "log")
    try:
        server.wait_for(4)
        column = {"metric": {"group": "", "tag": "train/loss"}, "order": "ORDER_ASC"}
        assert names_of(server.session_groups(colParams=[column])) == ["c", "d", "a", "b"]
    finally:
        server.stop()


def test_what_a_sweep_varies_comes_first_in_the_table(sweep: tuple[Board, list[dict[str, Any]]]) -> None:
    server, _ = sweep
    columns = server.post("plugin/hparams/experiment", {"experimentName": ""})["hparamInfos"]
    varied = [column["name"] for column in columns if column.get("differs")]
    assert {"schedule", "optimizer", "trainer.seed"} <= set(varied)
    assert [column["name"] for column in columns][: len(varied)] == varied
    choices = {column["name"]: set(column.get("domainDiscrete", [])) for column in columns}
    assert choices["schedule"] == {"constant", "step", "cosine"} and choices["optimizer"] == {"sgd", "adam"}


def test_the_layout_shows_rate_and_accuracy_together(board: Board) -> None:
    layout = board.get("plugin/custom_scalars/layout")
    charts = [chart for category in layout["category"] for chart in category["chart"]]
    tags = [chart["multiline"]["tag"] for chart in charts]
    assert ["learning_rate"] in tags
    assert any("val/accuracy" in chart for chart in tags) and any("val/loss" in chart for chart in tags)
    for chart in charts:
        for tag in chart["multiline"]["tag"]:
            assert re.fullmatch(r"learning_rate|(val|train)/(loss|accuracy)", tag)


def test_the_configuration_is_there_as_text(board: Board, runs: dict[str, Path]) -> None:
    [entry] = board.get("plugin/text/text", run=runs["finished"].name, tag="config")
    assert entry["step"] == 0
    assert "half_cycle: 6st" in entry["text"] and "seed: 3" in entry["text"]
