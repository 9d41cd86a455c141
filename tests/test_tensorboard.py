"""What a real TensorBoard shows of runs: finished, diverged, and killed and resumed."""

import json
import re
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import TOY, Kills, environment, read_all_scalars

import annealkit
from annealkit import Cyclical, Run, learning_rates


class Board:
    """A TensorBoard server on 127.0.0.1.

    Args:
        logdir: what it shows.
        log: where it writes its messages.
    """

    def __init__(self, logdir: Path, log: Path) -> None:
        self._log = log
        with open(log, "w") as file:
            arguments = [
                "--logdir",
                str(logdir),
                "--host",
                "127.0.0.1",
                "--port",
                "0",
                "--samples_per_plugin",
                "scalars=1000000",
            ]
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tensorboard.main", *arguments], env=environment(), stdout=file, stderr=file
            )
        self._address = self._wait_for_address()

    def _wait_for_address(self) -> str:
        while True:
            found = re.search(r"http://127\.0\.0\.1:\d+", self._log.read_text())
            if found:
                return found[0]
            assert self._process.poll() is None, self._log.read_text()
            time.sleep(0.1)

    def get(self, path: str, **query: str) -> Any:
        """The JSON at that path."""
        address = f"{self._address}/data/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(address, timeout=30) as answer:
            return json.load(answer)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON that answers this one."""
        request = urllib.request.Request(
            f"{self._address}/data/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def scalars(self, run: str, tag: str) -> tuple[list[int], np.ndarray]:
        """Steps and float32 values."""
        points = self.get("plugin/scalars/scalars", run=run, tag=tag)
        return [step for _, step, _ in points], np.array([value for _, _, value in points], np.float32)

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


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
        deadline = time.monotonic() + 120
        # It reads the files in the background; the last thing in each is the end of its session.
        while len(hparams(server)) < 3 or any(
            group["status"] == "STATUS_RUNNING" for group in hparams(server).values()
        ):
            assert time.monotonic() < deadline, hparams(server)
            time.sleep(0.2)
        yield server
    finally:
        server.stop()


def hparams(server: Board) -> dict[str, dict[str, Any]]:
    """Of each run, what the HParams page shows: its settings and its end status."""
    statuses = ["STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING", "STATUS_UNKNOWN"]
    body = {"experimentName": "", "allowedStatuses": statuses, "colParams": [], "startIndex": 0, "sliceSize": 100}
    groups = server.post("plugin/hparams/session_groups", body).get("sessionGroups", [])
    return {
        session["name"]: {"status": session["status"], "settings": group["hparams"]}
        for group in groups
        for session in group["sessions"]
    }


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


def test_hparams_hold_the_settings_and_the_end(board: Board, runs: dict[str, Path]) -> None:
    shown = hparams(board)
    statuses = {name: shown[path.name]["status"] for name, path in runs.items()}
    assert statuses == {"finished": "STATUS_SUCCESS", "diverged": "STATUS_FAILURE", "resumed": "STATUS_SUCCESS"}
    settings = shown[runs["finished"].name]["settings"]
    for key, value in {
        "schedule": "cyclical", "schedule.half_cycle": "6st", "optimizer": "sgd", "optimizer.lr": 0.05, "model": "mlp",
        "data": "toy", "data.validation": 100, "trainer.seed": 3, "trainer.batch_size": 50,
    }.items():  # fmt: skip
        assert settings[key] == value, key


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
