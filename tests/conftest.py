"""Fixtures of the tests that train."""

import os
import random
import shutil
import time
from pathlib import Path

import pytest
from helpers import Kill, Kills, annealkit_command, only_run, start

# Dropout, augmentation, momentum, warmup, feedback, accumulation with a partial last update: whatever a resume must
# bring back. 250 images make 10 updates of 24 images and one of 10.
EVERYTHING = (
    "model=keras_cnn", "data=synthetic", "data.limit=250", "data.validation=60",
    "data.flip=true", "data.crop=2", "data.cutout=6",
    "schedule=cyclical", "schedule.half_cycle=1ep", "warmup=linear", "warmup.length=7st",
    "feedback=plateau", "feedback.patience=1", "feedback.factor=0.5", "feedback.min_delta=0.05",
    "optimizer=sgd", "optimizer.gradient_accumulation_steps=3",
    "trainer.epochs=4", "trainer.batch_size=8", "trainer.checkpoint_steps=3",
)  # fmt: skip


@pytest.fixture(scope="session")
def killed_runs(tmp_path_factory: pytest.TempPathFactory) -> Kills:
    """`ANNEALKIT_KILLS` (default 4) runs, each killed at a moment drawn over the whole life of the process."""
    folder = tmp_path_factory.mktemp("kills")
    began = time.monotonic()
    done = annealkit_command(*EVERYTHING, "outputs=whole", cwd=folder)
    assert done.returncode == 0, done.stderr
    life = time.monotonic() - began
    draw = random.Random(20)
    count = int(os.environ.get("ANNEALKIT_KILLS", "4"))
    # One moment in each part of the life, so that few kills already meet start-up as well as training.
    moments = [life * (number + draw.random()) / count for number in range(count)]
    kills = [_kill(folder, f"killed{number}", moment) for number, moment in enumerate(moments)]
    return Kills(only_run(folder / "whole"), kills)


def _kill(folder: Path, name: str, moment: float) -> Kill:
    process = start(*EVERYTHING, f"outputs={name}", cwd=folder)
    time.sleep(moment)
    process.kill()
    process.communicate()
    before = None
    if (folder / name).is_dir():
        before = folder / f"{name}-as-it-was-left"
        shutil.copytree(only_run(folder / name), before)
    done = annealkit_command(*EVERYTHING, f"outputs={name}", cwd=folder)
    assert done.returncode == 0, f"killed after {moment:.2f} s: {done.stderr}"
    return Kill(moment, before, only_run(folder / name), done.stdout)
