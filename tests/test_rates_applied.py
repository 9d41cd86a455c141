"""The rate in the event files is the previewed curve in float32, at every weight update, to the bit."""

from pathlib import Path

import numpy as np
import pytest
from helpers import TOY, Kills, read_scalars

import annealkit
from annealkit import Cosine, Cyclical, ExponentialWarmup, LinearWarmup, Run, learning_rates


def applied(run: Path, total: int) -> np.ndarray:
    """The rates in the event files, after a check that each update from 0 on is there once and in its place."""
    steps, rates = read_scalars(run, "learning_rate")
    assert steps == list(range(total))
    return rates


def train(tmp_path: Path, *overrides: str) -> Path:
    return annealkit.train(
        [*TOY, f"outputs={tmp_path}", "trainer.progress=false", "optimizer.lr=0.05", *overrides]
    ).folder


@pytest.mark.parametrize("steps_per_call", ["1", "7", "1000", "null"])
def test_with_warmup_for_any_number_of_steps_per_call(steps_per_call: str, tmp_path: Path) -> None:
    warmup = ("warmup=exponential", "warmup.length=0.4ep", "warmup.start=0.02")
    run = train(tmp_path, "schedule=cosine", *warmup, "optimizer.lr=0.07", f"trainer.steps_per_call={steps_per_call}")
    # 1,000 points in batches of 50, three epochs.
    rates = learning_rates(Cosine(), 0.07, Run(60, 20), ExponentialWarmup(length="8st", start=0.02))
    np.testing.assert_array_equal(applied(run, 60), rates.astype(np.float32), strict=True)


@pytest.mark.parametrize("batch_size", [50, 70])
def test_accumulation_counts_weight_updates_and_not_batches(batch_size: int, tmp_path: Path) -> None:
    accumulate = ("optimizer.gradient_accumulation_steps=3", f"trainer.batch_size={batch_size}")
    run = train(
        tmp_path, "schedule=cyclical", "schedule.half_cycle=4st", "optimizer=adam", "optimizer.lr=0.001", *accumulate
    )
    # 150 points an update: six whole ones and one of 100. 210 points: four whole ones and one of 160.
    per_epoch = {50: 7, 70: 5}[batch_size]
    rates = learning_rates(Cyclical(half_cycle="4st"), 0.001, Run(3 * per_epoch, per_epoch))
    np.testing.assert_array_equal(applied(run, 3 * per_epoch), rates.astype(np.float32), strict=True)


def test_feedback_multiplies_the_curve_by_the_scale_that_is_logged(tmp_path: Path) -> None:
    # No loss is low enough for min_delta: after the first epoch every one is bad, and each halves the scale.
    plateau = ("feedback=plateau", "feedback.monitor=loss", "feedback.patience=1", "feedback.min_delta=100")
    run = train(tmp_path, "schedule=cosine", *plateau, "feedback.factor=0.5", "trainer.epochs=4")
    steps, scales = read_scalars(run, "learning_rate_scale")
    assert steps == [19, 39, 59, 79]
    assert scales.tolist() == [1.0, 1.0, 0.5, 0.25]
    rates = learning_rates(Cosine(), 0.05, Run(80, 20)).astype(np.float32)
    np.testing.assert_array_equal(applied(run, 80), rates * np.repeat(scales, 20), strict=True)


def test_killed_and_resumed_with_warmup_accumulation_and_feedback(killed_runs: Kills) -> None:
    rates = learning_rates(Cyclical(half_cycle="1ep"), 0.05, Run(44, 11), LinearWarmup(length="7st"))
    for run in (killed_runs.whole, *(kill.run for kill in killed_runs.kills)):
        steps, scales = read_scalars(run, "learning_rate_scale")
        assert steps == [10, 21, 32, 43]
        assert len(set(scales.tolist())) > 1
        scaled = rates.astype(np.float32) * np.repeat(scales, 11)
        np.testing.assert_array_equal(applied(run, 44), scaled, strict=True)


def test_another_schedule_would_be_noticed(tmp_path: Path) -> None:
    run = train(tmp_path, "schedule=cosine")
    rates = learning_rates(Cosine(floor=0.001), 0.05, Run(60, 20)).astype(np.float32)
    assert (applied(run, 60) != rates).any()
