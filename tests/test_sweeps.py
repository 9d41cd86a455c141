"""Sweeps: what is checked before, what is shared between jobs, what is trained, and what the end says."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import TOY, annealkit_command, assert_same_bits, environment, model_arrays, one_line, python
from omegaconf import OmegaConf

import annealkit
from annealkit.command_line.main import main
from annealkit.configuration.hydra_app import initialized_hydra
from annealkit.datasets import Auto, Toy
from annealkit.errors import DataError
from annealkit.jobs.sweep_jobs import Job, _Composer, _expand, list_jobs, sweep_config
from annealkit.jobs.table import rows_of, show
from annealkit.plugin_system.registry import load_registry
from annealkit.runs.folder import RunFolder
from annealkit.start_tensorflow import available_threads

SHORT = (*TOY[:2], "trainer.epochs=1", "trainer.batch_size=50", "trainer.progress=false")
# Three that finish, and three whose rate no weight survives.
SIX = (*SHORT, "schedule=constant,step,exponential", "optimizer.lr=0.1,1e30")


def jobs_of(*overrides: str) -> list[Job]:
    """The checked jobs of a sweep."""
    registry = load_registry()
    with initialized_hydra(registry) as app:
        return list_jobs(sweep_config(list(overrides), app, registry), app, registry)


def states(outputs: Path) -> dict[str, dict[str, Any]]:
    """run.json of every run, by the name of its folder."""
    return {path.parent.name: json.loads(path.read_text()) for path in outputs.glob("*/run.json")}


def table_of(output: str) -> list[list[str]]:
    """The rows of the end table, which stands once: its cells are two blanks or more apart."""
    lines = output.splitlines()
    [top] = [i for i, line in enumerate(lines) if line.startswith("job ") and "status" in line]
    rows = []
    for line in lines[top + 1 : lines.index("", top)]:
        rows.append([cell.strip() for cell in line.split("  ") if cell.strip()])
    return rows


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Six jobs, one after another, and their outputs folder."""
    folder = tmp_path_factory.mktemp("sweep")
    return annealkit_command("-m", *SIX, cwd=folder), folder / "outputs"


# --- one after another ---


def test_a_sweep_ends_with_one_table_of_all_its_jobs(
    sweep: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    done, outputs = sweep
    assert done.returncode == 1 and "Traceback" not in done.stdout + done.stderr
    rows = table_of(done.stdout)
    assert [row[0] for row in rows] == list("123456")
    assert [row[1] for row in rows] == [
        f"schedule={name} optimizer.lr={lr}" for name in ("constant", "step", "exponential") for lr in ("0.1", "1e+30")
    ]
    assert [row[2] for row in rows] == ["finished", "diverged"] * 3
    finished = [state["result"] for state in states(outputs).values() if state["status"] == "finished"]
    assert {row[3] for row in rows[::2]} == {f"{result['test_accuracy']:.2%}" for result in finished}
    # Which of the two comes first depends on the processor.
    assert all(re.search(r"the loss was (nan|inf)|a weight was no finite number", row[-1]) for row in rows[1::2])
    assert "6 jobs: 3 finished, 3 diverged. In outputs." in done.stdout


def test_each_job_is_announced_with_the_time_that_is_left(
    sweep: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    lines = [line for line in sweep[0].stdout.splitlines() if line.startswith("job ") and " of " in line]
    assert lines[0] == "job 1 of 6: schedule=constant optimizer.lr=0.1"  # Nothing is known yet.
    assert lines[4].startswith("job 5 of 6: schedule=exponential optimizer.lr=0.1 (") and lines[4].endswith(" left)")
    assert len(lines) == 6


def test_a_run_of_a_sweep_is_the_same_to_the_bit_as_alone(
    sweep: tuple[subprocess.CompletedProcess[str], Path], tmp_path: Path
) -> None:
    finished = [name for name, state in states(sweep[1]).items() if state["status"] == "finished"]
    assert len(finished) == 3
    for schedule in ("constant", "step", "exponential"):
        annealkit.train([*SHORT, f"schedule={schedule}", "optimizer.lr=0.1", f"outputs={tmp_path / 'outputs'}"])
    for name in finished:
        one, other = sweep[1] / name, tmp_path / "outputs" / name
        assert_same_bits(model_arrays(one / "model.keras"), model_arrays(other / "model.keras"))
        assert (one / "history.csv").read_bytes() == (other / "history.csv").read_bytes()


LIGHT = """
import sys
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from annealkit.command_line.main import main
composed = []
compose = ConfigLoaderImpl.load_configuration
ConfigLoaderImpl.load_configuration = lambda *words, **more: composed.append(words) or compose(*words, **more)
sys.argv = ["annealkit", "-m", *{arguments}]
code = main()
print("IMPORTED", code, sorted({{"tensorflow", "keras", "tensorboard"}} & set(sys.modules)))
print("COMPOSED", len(composed))
"""


@pytest.mark.parametrize("launcher", [[], ["hydra/launcher=joblib"]])
def test_a_repeated_sweep_reports_and_trains_nothing(
    launcher: list[str], sweep: tuple[subprocess.CompletedProcess[str], Path]
) -> None:
    _, outputs = sweep
    before = {path: path.stat().st_mtime_ns for path in outputs.glob("*/*")}
    done = python(LIGHT.format(arguments=[*SIX, *launcher]), cwd=outputs.parent)
    assert done.stderr == ""
    assert [row[2] for row in table_of(done.stdout)] == ["already finished", "already diverged"] * 3
    assert "IMPORTED 1 []" in done.stdout
    # Not even a lock is taken.
    assert {path: path.stat().st_mtime_ns for path in outputs.glob("*/*")} == before


def test_of_a_finished_sweep_each_choice_of_parts_is_composed_once(tmp_path: Path) -> None:
    """Composing is what takes the time of a large sweep: tests/benchmarks/finished_sweep.py."""
    words = [*SHORT, "schedule=constant,step,cosine,exponential,rex,tanh,one_cycle", "optimizer=sgd,adam"]
    words += ["seed=0,1,2", f"outputs={tmp_path}"]
    for job in jobs_of(*words):
        folder = RunFolder(job.folder)
        result = {"status": "finished", "test_accuracy": 0.5, "test_loss": 1.0, "seconds": 1.0, "updates": 8}
        folder.write_history([{"epoch": 1, "updates": 8}])
        folder.update_state(status="finished", settings=job.settings, result=result)
    done = python(LIGHT.format(arguments=words), cwd=tmp_path)
    assert [row[2] for row in table_of(done.stdout)] == ["already finished"] * 42
    assert "IMPORTED 0 []" in done.stdout
    assert "COMPOSED 15" in done.stdout  # the sweep as a whole, and seven schedules with two optimizers


# --- beside each other ---


def test_joblib_divides_the_cores_and_only_what_is_missing_is_done_again(tmp_path: Path) -> None:
    # The network refuses, in Keras' words, a layer that no memory can hold: known only when it is built.
    words = ("-m", *SHORT, "model.hidden=[9],[4611686018427387904],[8],[7]")
    parallel = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    done = annealkit_command(*words, *parallel, cwd=tmp_path)
    assert done.returncode == 1
    for noise in ("Traceback", "oneDNN", "cuda", "Warning"):
        assert noise not in done.stderr
    assert [row[2] for row in table_of(done.stdout)] == ["finished", "failed", "finished", "finished"]
    before_table = done.stdout[: done.stdout.index("\njob  ")].strip().splitlines()
    assert before_table[0].startswith("4 of 4 jobs to be trained in 2 processes")
    lines = before_table[1:]  # One for each job, in the order in which they end.
    assert sorted(line.split(",")[0] for line in lines) == ["job 1", "job 2", "job 3", "job 4"]
    assert sum(": finished, test accuracy" in line for line in lines) == 3
    assert "(1 of 4 done, " in lines[0] and lines[0].endswith(" left)") and lines[-1].endswith("(4 of 4 done)")
    found = states(tmp_path / "outputs")
    finished = [state for state in found.values() if state["status"] == "finished"]
    threads = max(1, available_threads() // 2)
    assert [state["environment"]["threads"] for state in finished] == [threads] * 3
    [failed] = [name for name, state in found.items() if state["status"] == "failed"]
    assert "Traceback (most recent call last)" in (tmp_path / "outputs" / failed / "annealkit.log").read_text()

    again = annealkit_command(*words, *parallel, cwd=tmp_path)
    assert [row[2] for row in table_of(again.stdout)] == ["already finished", "failed", *["already finished"] * 2]
    assert again.stdout.startswith("1 of 4 jobs to be trained") and "\njob 2, model.hidden=[46" in again.stdout


def test_joblib_is_asked_for_without_its_extra(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.metadata

    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("annealkit.jobs.sweep.importlib.metadata.version", missing)
    monkeypatch.setattr("sys.argv", ["annealkit", "-m", *SHORT, "seed=0,1", "hydra/launcher=joblib"])
    assert main() == 2
    assert "pip install 'annealkit[parallel]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# --- stopping ---

LONG = (*TOY[:2], "trainer.epochs=100000", "trainer.steps_per_call=20", "trainer.progress=false", "seed=0,1,2")


@pytest.mark.parametrize(
    ("launcher", "number", "running"),
    [([], signal.SIGTERM, 1), (["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"], signal.SIGINT, 2)],
)
def test_a_signal_stops_a_sweep_after_a_checkpoint_and_the_table_still_comes(
    launcher: list[str], number: int, running: int, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "annealkit", "-m", *LONG, *launcher],
        cwd=tmp_path, env=environment(), start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        while sum(len(path.read_text().splitlines()) > 1 for path in tmp_path.glob("*/*/history.csv")) < running:
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        os.killpg(process.pid, number)  # To all its processes, as a terminal does with Ctrl-C.
        out, err = process.communicate(timeout=100)
    finally:
        process.kill()
    assert process.returncode == (143 if number == signal.SIGTERM else 130), err
    assert [row[2] for row in table_of(out)] == ["interrupted"] * running + ["not started"] * (3 - running)
    assert "The same command does only what is left." in out
    assert len(list(tmp_path.glob("outputs/*/checkpoints/step-*.npz"))) == running


def test_threads_that_keep_a_run_from_being_continued_are_named(tmp_path: Path) -> None:
    # A serial sweep was stopped; in parallel each process would have fewer threads.
    from annealkit.training.conditions import _since_the_checkpoint

    folder = RunFolder(tmp_path / "run")
    folder.update_state(environment={"threads": 2, "numpy": "2"})
    folder.checkpoints.mkdir()
    (folder.checkpoints / "step-0000000008.npz").touch()
    with pytest.raises(Exception, match=r"threads was 2, is now 1\. Try trainer\.threads=2, with which it is exact"):
        _since_the_checkpoint(folder, {}, {"threads": 1, "numpy": "2"}, "exact")


# --- what is checked before anything is trained ---


def refused(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> str:
    """What a sweep is refused with; nothing was begun."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["annealkit", "-m", *words])
    assert main() == 2
    out, err = capsys.readouterr()
    assert out == "" and list(tmp_path.iterdir()) == []
    return one_line(err)


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (
            ["schedule=cosine,step", "schedule.drop=0.5,0.2"],
            ["2 of 4 jobs cannot be, and nothing was trained", "job 1, schedule=cosine schedule.drop=0.5 and 1 more",
             "schedule.drop: there is no such key", "schedule=cosine has:", "a sweep of their own"],
        ),
        (["seed=range(0,39)", "trainer.epochs=1", "optimizer.lr=0.1,-1"], ["39 of 78 jobs", "lr must lie in", "-1"]),
        (["trainer.batch_size=50,100", "trainer.epochs=1", "warmup=linear", "warmup.length=15st"],
         ["1 of 2 jobs", "job 2, trainer.batch_size=100", "length=15st is 15 of the run's 10 weight updates"]),
        (["seed=0,1", "hydra.sweep.subdir=same"], ["hydra.sweep", "job 1, seed=0", "job 2, seed=1", "one folder"]),
        (["seed=interval(0,1)"], ["does not support sweep type", "range(…)"]),
        (["seed=0,1", "sed=1"], ["sed: there is no such key"]),
        (["hydra.verbose=true,false"], ["Hydra's configuration", "hydra.verbose"]),
    ],
)  # fmt: skip
def test_a_job_that_cannot_be_is_named_before_anything_is_trained(
    words: list[str],
    parts: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message = refused([*TOY[:2], *words], tmp_path, capsys, monkeypatch)
    for part in parts:
        assert part in message


# --- Hydra's own abilities ---


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        (["seed=range(0,3)"], ["seed=0", "seed=1", "seed=2"]),
        (["schedule=choice(step,cosine)"], ["schedule=step", "schedule=cosine"]),
        (["schedule=glob(cos*)"], ["schedule=cosine", "schedule=cosine_restarts"]),
        (["+hydra.sweeper.params.seed='4,5'"], ["seed=4", "seed=5"]),
        (["schedule=step,exponential", "schedule.every=1ep"], ["schedule=step", "schedule=exponential"]),
        (["experiment=article_b_scheduled,article_b_unscheduled"],
         ["experiment=article_b_scheduled", "experiment=article_b_unscheduled"]),
        (["model.hidden=[9],[9,9]", "seed=4"], ["model.hidden=[9]", "model.hidden=[9,9]"]),
    ],
)  # fmt: skip
def test_the_ways_in_which_hydra_lists_jobs(words: list[str], labels: list[str]) -> None:
    toy = [] if "experiment" in words[0] else SHORT
    assert [job.label for job in jobs_of(*toy, *words)] == labels


def test_the_folders_that_hydra_names(tmp_path: Path) -> None:
    words = [*SHORT, "seed=0,1", f"outputs={tmp_path}"]
    names = [job.folder.name for job in jobs_of(*words)]
    assert [name.rsplit("-", 1)[0] for name in names] == ["constant-sgd-mlp-toy-s0", "constant-sgd-mlp-toy-s1"]
    elsewhere = jobs_of(*words, f"hydra.sweep.dir={tmp_path}/elsewhere")
    assert [job.folder for job in elsewhere] == [tmp_path / "elsewhere" / name for name in names]
    numbered = jobs_of(*words, "hydra.sweep.subdir=${hydra.job.num}")
    assert [job.folder for job in numbered] == [tmp_path / "0", tmp_path / "1"]
    by_number = jobs_of(*SHORT, "optimizer=sgd,adam", "trainer.seed=${hydra:job.num}", f"outputs={tmp_path}")
    assert [job.settings["trainer.seed"] for job in by_number] == [0, 1]


def test_jobs_with_the_same_parts_are_composed_as_hydra_would() -> None:
    words = [*SHORT, "schedule=step,exponential", "optimizer=sgd,adam", "optimizer.lr=0.1,0.2", "seed=0,1",
             "schedule.every=1ep", "model.hidden=[9],[7,8]"]  # fmt: skip
    registry = load_registry()
    with initialized_hydra(registry) as app:
        config = sweep_config(words, app, registry)
        composer = _Composer(config, app)
        jobs = _expand(config, app)
        assert len(jobs) == 32
        for number, overrides in list(enumerate(jobs))[::3]:
            quick, quick_folder = composer.compose(number, overrides)
            slow, slow_folder = composer._compose(number, overrides)
            assert OmegaConf.to_container(quick, resolve=True) == OmegaConf.to_container(slow, resolve=True)
            assert quick_folder == slow_folder


def test_a_job_that_is_the_same_run_as_another_is_trained_once() -> None:
    jobs = jobs_of(*SHORT, "trainer.threads=1,2", "seed=0,1")  # Threads are no part of what a run is.
    assert [job.same_as for job in jobs] == [None, None, 0, 1]
    rows = rows_of(jobs, {0: "for a reason"})
    assert [row.status for row in rows] == ["failed", "not started", "failed", "not started"]
    assert rows[2].reason == "the same run as job 1"


# --- the table ---


def test_a_run_whose_process_was_killed_and_one_that_is_busy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = jobs_of(*SHORT, "seed=0,1,2", f"outputs={tmp_path}")
    for job in jobs[:2]:
        RunFolder(job.folder).update_state(status="running", settings=job.settings)
    with RunFolder(jobs[1].folder).locked():
        rows = rows_of(jobs, {})
    assert [row.status for row in rows] == ["killed", "busy", "not started"]
    assert [row.at_fault for row in rows] == [True, True, False]
    show(rows, tmp_path)
    out = capsys.readouterr().out
    assert [row[2] for row in table_of(out)] == ["killed", "busy", "not started"]


def test_a_run_with_damaged_files_fails_alone(tmp_path: Path) -> None:
    jobs = jobs_of(*SHORT, "seed=0,1", f"outputs={tmp_path}")
    RunFolder(jobs[0].folder)
    (jobs[0].folder / "run.json").write_text("{")
    again = jobs_of(*SHORT, "seed=0,1", f"outputs={tmp_path}")  # Not refused.
    assert [job.to_be_trained for job in again] == [True, True]
    assert "cannot be read" in rows_of(again, {})[0].reason


# --- data in memory ---


def test_data_are_loaded_once_for_each_configuration_and_kept_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from annealkit.training import kept_images

    loads = []
    load = Toy.load
    monkeypatch.setattr(Toy, "load", lambda data: loads.append(data.data_seed) or load(data))
    monkeypatch.setattr(kept_images, "_kept", {})

    def images(seed: int) -> kept_images.KeptImages:
        node = OmegaConf.create({"name": "toy", "data_seed": seed})
        kept = kept_images.kept_images(Toy(data_seed=seed), node)
        assert isinstance(kept, kept_images.KeptImages)
        return kept

    first = images(0)
    expected = load(Toy(data_seed=0)).train_images
    assert first.train_images.tobytes() == expected.tobytes()
    assert np.shares_memory(first.train_images, np.asarray(first.tensors[0]))  # One copy, not two.
    kept_images.use_kept_tensors(first)
    assert first.train_images is first.tensors[0]
    first.train_images = np.empty(0)  # As the trainer does.
    assert images(0).train_images.tobytes() == expected.tobytes()
    assert images(1).train_images.tobytes() != expected.tobytes()
    images(0)
    assert loads == [0, 1]
    monkeypatch.setattr(kept_images, "_MOST_BYTES", 1)
    images(2)
    assert len(kept_images._kept) == 1  # Too large to stay together: only the one in use does.
    images(0)
    assert loads == [0, 1, 2, 0]


def test_data_auto_tries_the_network_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from annealkit.training import kept_images

    tried = []

    def unreachable(**options: float) -> None:
        tried.append(options)
        raise DataError("no network")

    monkeypatch.setattr("annealkit.datasets.auto.load_cifar10", unreachable)
    toy = Toy().load()
    monkeypatch.setattr("annealkit.datasets.auto.Synthetic.load", lambda data: toy)
    monkeypatch.setattr(kept_images, "_kept", {})
    for _ in range(3):
        assert kept_images.kept_images(Auto(), OmegaConf.create({"name": "auto"})).name == "toy"
    assert len(tried) == 1


GRAPHS = """
import gc
from pathlib import Path
import annealkit
from annealkit.configuration.composition import compose
from annealkit.configuration.identity import run_name
from annealkit.jobs.one_run import run_job
from annealkit.plugin_system.registry import load_registry
registry = load_registry()
for seed in range(4):
    config = compose([*{arguments}, f"seed={{seed}}"], registry)
    run_job(config, Path("outputs") / run_name(_root_=config), registry, reuse_data=True)
    del config
    gc.collect()
    from tensorflow.python.framework.func_graph import FuncGraph
    print("ALIVE", sum(isinstance(thing, FuncGraph) for thing in gc.get_objects()), len(gc.get_objects()))
"""


def test_runs_after_runs_leave_nothing_behind(tmp_path: Path) -> None:
    done = python(GRAPHS.format(arguments=list(SHORT)), cwd=tmp_path)
    alive = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("ALIVE")]
    assert [graphs for graphs, _ in alive] == ["0"] * 4, done.stderr
    # A run's graph is thousands of objects.
    assert abs(int(alive[3][1]) - int(alive[1][1])) < 100
