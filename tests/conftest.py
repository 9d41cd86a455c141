"""How the tests run beside each other, and what is made once for tests of several files."""

import gc
import os
import random
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from helpers import Kill, Kills, annealkit_command, only_run, start
from installed import REPOSITORY, SAWTOOTH, Installed

import annealkit

# --- beside each other ---

MOST_PROCESSES = 4  # each holds TensorFlow, some 800 MB

# Files whose tests share what takes seconds to make: they run in one process, so that it is made once.
TOGETHER = {
    "test_branch": "trunks",
    "test_branch_command": "trunks of branches",
    "test_catalogue": "parity",
    "test_conditions": "stopped run for conditions",
    "test_damaged_runs": "stopped run for damage",
    "test_installed_plugin": "installed",
    "test_new": "installed",
    "test_parity": "parity",
    "test_plugin_zoo": "plugins",
    "test_rates_applied": "killed runs",
    "test_resume": "killed runs",
    "test_run_faults": "stopped run",
    "test_sweeps": "sweep",
    "test_tensorboard": "killed runs",
    "test_ways_to_run": "installed",
}


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the options
def pytest_cmdline_main(config: pytest.Config) -> None:
    """All tests run in a process for each core; tests that are named in one, and so do all with `-n 0` or `--pdb`."""
    if not config.pluginmanager.has_plugin("xdist") or hasattr(config, "workerinput"):
        return
    options = config.option
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if options.numprocesses is None and everything and not options.usepdb:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        options.numprocesses = min(cores, MOST_PROCESSES) if cores > 1 else None
    if options.numprocesses and options.dist == "no":
        options.dist = "loadscope"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Those of one group, the largest group first, and then each other test by itself."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return TOGETHER.get(Path(nodeid.partition("::")[0]).stem, nodeid)

    return Scheduling(config, log) if config.option.dist == "loadscope" else None


def pytest_collection_finish() -> None:
    """Garbage is searched for without what is imported by now, TensorFlow above all: a third of a short run."""
    gc.collect()
    gc.freeze()


# --- made once ---


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """annealkit and the example plugin; what a test changes there it puts back."""
    return Installed(tmp_path_factory.mktemp("installed"), str(REPOSITORY), str(SAWTOOTH))


# Dropout, augmentation, moving momentum, averaged weights, groups, warmup, feedback, accumulation with a partial last
# update: whatever a resume must bring back. 250 images make 10 updates of 24 images and one of 10.
UPDATES, CHECKPOINT_STEPS = 44, 3
EVERYTHING = (
    "model=keras_cnn", "data=synthetic", "data.limit=250", "data.validation=60",
    "data.flip=true", "data.crop=2", "data.cutout=6",
    "schedule=cyclical", "schedule.half_cycle=1ep", "schedule.momentum=[0.95,0.85]",
    "warmup=linear", "warmup.length=7st",
    "feedback=plateau", "feedback.patience=1", "feedback.factor=0.5", "feedback.min_delta=0.05",
    "optimizer=sgd", "optimizer.lr=0.05", "optimizer.gradient_accumulation_steps=3",
    "optimizer.ema_momentum=0.8", "optimizer.groups=[{layer:head,lr_scale:2,weight_decay:0.1}]",
    "trainer.epochs=4", "trainer.batch_size=8", f"trainer.checkpoint_steps={CHECKPOINT_STEPS}",
)  # fmt: skip


@pytest.fixture(scope="session")
def killed_runs(tmp_path_factory: pytest.TempPathFactory) -> Kills:
    """`ANNEALKIT_KILLS` (default 4) runs, each killed at a random moment and started again.

    Every other one dies at a moment drawn over the whole life of the process, start-up included; the others within
    half a second after a checkpoint drawn from all of them, however fast the machine.
    """
    folder = tmp_path_factory.mktemp("kills")
    began = time.monotonic()
    done = annealkit_command(*EVERYTHING, "outputs=whole", cwd=folder)
    assert done.returncode == 0, done.stderr
    life = time.monotonic() - began
    draw = random.Random(20)
    kills = []
    for number in range(int(os.environ.get("ANNEALKIT_KILLS", "4"))):
        step = 0 if number % 2 else CHECKPOINT_STEPS * draw.randint(1, UPDATES // CHECKPOINT_STEPS - 1)
        kills.append(_kill(folder, f"killed{number}", step, draw.uniform(0, 0.5 if step else life)))
    return Kills(only_run(folder / "whole"), kills)


def _kill(folder: Path, name: str, step: int, seconds: float) -> Kill:
    """Kill the run so long after its start, or after its checkpoint of that step, and start it again."""
    process = start(*EVERYTHING, f"outputs={name}", cwd=folder)
    while step and not any((folder / name).glob(f"*/checkpoints/step-*{step}.npz")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    time.sleep(seconds)
    process.kill()
    process.communicate()
    before = None
    if (folder / name).is_dir():
        before = folder / f"{name}-as-it-was-left"
        shutil.copytree(only_run(folder / name), before)
    run = annealkit.train([*EVERYTHING, "trainer.progress=false", f"outputs={folder / name}"]).folder
    said = (run / "annealkit.log").read_text()
    if before and (before / "annealkit.log").is_file():
        said = said.removeprefix((before / "annealkit.log").read_text())
    return Kill(before, run, said)
