"""The learning-rate range test: the ramp, the smoothing, the rules on curves worked out by hand, and the command."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import TOY, annealkit_command, environment, one_line, read_scalars
from PIL import Image
from tensorflow.python.framework.ops import gradient_registry

import annealkit
from annealkit.command_line.preview import preview_command
from annealkit.errors import ConfigError
from annealkit.range_test import FindLrSettings, RangeTest, conclude, default_steps, ramp_rates, smooth, updates_kept
from annealkit.range_test.files import check_files, write_csv, write_png
from annealkit.range_test.rules import SmoothedLoss, begins, minimum_tenth, slows, steepest, valley
from annealkit.range_test.smoothing import smoothing_weight
from annealkit.range_test.view import draw, show
from annealkit.writing.line_chart import levels_between, plot_columns

# A ramp of 200 updates on the article's points that shows the whole fall; 20 updates make an epoch.
RAMP = (*TOY, "find_lr.start=1e-4", "find_lr.stop=100", "find_lr.steps=200", "trainer.progress=false")
UNSMOOTHED = 1e-9  # decades


# --- the ramp ---


def test_each_update_multiplies_the_rate_by_the_same() -> None:
    rates = ramp_rates(FindLrSettings(start=1e-3, stop=10, steps=41), steps_per_epoch=7)
    assert rates.shape == (41,)
    for step, rate in enumerate(rates):  # Four factors of ten in 40 steps: 10^0.1 each.
        assert rate == pytest.approx(10 ** (-3 + step / 10), rel=1e-12)


@pytest.mark.parametrize(("steps_per_epoch", "steps"), [(20, 100), (100, 100), (352, 352), (500, 500), (9000, 500)])
def test_a_ramp_is_an_epoch_but_neither_tiny_nor_endless(steps_per_epoch: int, steps: int) -> None:
    assert default_steps(steps_per_epoch) == steps
    assert len(ramp_rates(FindLrSettings(), steps_per_epoch)) == steps


def test_settings_that_cannot_be() -> None:
    with pytest.raises(ConfigError, match=r"find_lr: stop must be at least ten times start; got start=1 and stop=5\."):
        FindLrSettings(start=1, stop=5)
    with pytest.raises(ConfigError, match=r"find_lr: start must lie in \(0, infinity\); got 0\. Try find_lr.start="):
        FindLrSettings(start=0)
    with pytest.raises(ConfigError, match=r"steps must be at least 70, 10 for each .*; got 69\. Try find_lr.steps=100"):
        ramp_rates(FindLrSettings(steps=69), 20)
    assert len(ramp_rates(FindLrSettings(steps=70), 20)) == 70


# --- smoothing and stopping ---


def test_smooth_by_hand() -> None:
    # Weights 1; 1/2, 1; 1/4, 1/2, 1.
    expected = [1, (0.5 * 1 + 2) / 1.5, (0.25 * 1 + 0.5 * 2 + 4) / 1.75]
    np.testing.assert_allclose(smooth(np.array([1.0, 2.0, 4.0]), 0.5), expected, rtol=1e-15)
    np.testing.assert_array_equal(smooth(np.array([3.0, 1.0]), 0.0), [3, 1])


def test_the_weight_of_the_past_follows_the_length_of_the_ramp() -> None:
    # Ten updates for each factor of ten, 0.2 of which are two updates: w / (1 - w) = 2.
    assert smoothing_weight(np.geomspace(1, 100, 21), 0.2) == pytest.approx(2 / 3)
    assert smoothing_weight(np.geomspace(1, 100, 201), 0.2) == pytest.approx(20 / 21)


def test_the_smoothed_loss_of_a_straight_line_lies_on_it() -> None:
    rates = np.geomspace(1e-4, 1, 50)
    curve = SmoothedLoss.of(rates, 3 - 0.5 * np.log10(rates), 0.9)
    np.testing.assert_allclose(curve.losses, 3 - 0.5 * curve.log_rates, rtol=1e-12)
    assert curve.log_rates[-1] == pytest.approx(-9 * 4 / 49, rel=0.05)  # The mean age tends to 0.9 / 0.1 = 9 updates.


@pytest.mark.parametrize(
    ("losses", "kept", "why"),
    [
        ([2.0, 1.5, 1.0], 3, ""),
        ([2.0, np.nan, 1.0], 1, "its loss was nan"),
        ([np.inf, 1.0], 0, "its loss was inf"),
        # 1, 1, 1, then (7/8 + 8) / (15/8) = 4.73 > 4: the update that goes too far is kept, the next is not.
        ([1.0, 1.0, 1.0, 8.0, 1.0], 4, "its smoothed loss was over 4 times its lowest"),
        # (7/8 + 6) / (15/8) = 3.67: not yet; then (6.875/2 + 1) / (31/16) is less.
        ([1.0, 1.0, 1.0, 6.0, 1.0], 5, ""),
    ],
)
def test_where_a_ramp_ends(losses: list[float], kept: int, why: str) -> None:
    assert updates_kept(np.array(losses, np.float32), 0.5) == (kept, why)


# --- the rules ---


def trapezium(left: float, right: float, x: np.ndarray) -> np.ndarray:
    """Level 2 up to `left`, a straight fall to 1 at `right`, then a rise by 1 for each unit."""
    return np.where(x < left, 2.0, np.where(x < right, 2 - (x - left) / (right - left), 1 + (x - right)))


def test_the_rules_on_a_level_a_straight_fall_and_a_rise() -> None:
    x = np.arange(49) / 8 - 6  # From -6 to 0, every number exact.
    curve = SmoothedLoss(x, trapezium(-4, -2, x), level=2.0, noise=0.0)
    # The slope is -1/2 wherever the window of ±1/4 lies within the fall; the first such place is taken.
    assert steepest(curve) == -3.75
    # 2 - 1/8 there. Back up the tangent to 2: -3.75 - (1/8) / (1/2); down to 1: -3.75 + (7/8) / (1/2).
    assert begins(curve) == -4
    assert slows(curve) == -2
    assert minimum_tenth(curve) == -3
    # Without the first 4 and the last 5 points, the longest fall goes from place 12 (-4) to place 28 (-2): 17 points.
    # Its start is 28 - 17 = 11, and 11 + floor(17 / 3) + floor(17 / 6) = 11 + 5 + 2 = 18, that is point 22.
    assert valley(curve) == 22 / 8 - 6
    assert curve.fell and curve.rose


def test_the_rules_on_a_parabola() -> None:
    x = np.arange(65) / 8 - 6  # From -6 to 2.
    curve = SmoothedLoss(x, (x + 1) ** 2, level=25.0, noise=0.0)
    # Over a window the slope of a parabola is exact, 2 (x + 1): lowest where the window first fits, at -6 + 1/4.
    assert steepest(curve) == -5.75
    # Loss 22.5625, slope -9.5: the tangent would reach 0 at -5.75 + 2.375.
    assert slows(curve) == pytest.approx(-5.75 + 22.5625 / 9.5)
    assert begins(curve) == pytest.approx(-5.75 - (25 - 22.5625) / 9.5)
    assert minimum_tenth(curve) == -2


def test_no_rule_goes_beyond_the_lowest_loss() -> None:
    # A cliff between two points: over half a decade it looks less steep than it is, and its tangent would end too late.
    x = np.arange(33) / 8 - 4
    curve = SmoothedLoss(x, np.where(x < -2, 2.0, np.where(x < -1.9, 1.0, 3.0)), level=2.0, noise=0.0)
    assert curve.lowest == 16 and slows(curve) == -2
    found = steepest(curve)
    assert found is not None and found <= -2


def test_a_loss_that_only_rises_gives_no_slope_and_no_valley() -> None:
    x = np.arange(33) / 8 - 4
    curve = SmoothedLoss(x, 2 + x + 4, level=2.2, noise=0.0)
    assert (steepest(curve), begins(curve), slows(curve), valley(curve)) == (None, None, None, None)
    assert not curve.fell


def test_a_fall_within_the_noise_is_none() -> None:
    x = np.arange(49) / 8 - 6
    losses = 2 - 0.1 * (2 - trapezium(-4, -2, x))  # falls by 0.1
    assert SmoothedLoss(x, losses, level=2.0, noise=0.024).fell  # 4 * 0.024 < 0.1 < 4 * 0.026
    assert not SmoothedLoss(x, losses, level=2.0, noise=0.026).fell


def test_level_and_noise_are_those_of_the_first_tenth() -> None:
    losses = np.concatenate([[2.0, 2.2], np.full(18, 1.0)])
    curve = SmoothedLoss.of(np.geomspace(1, 10, 20), losses, 0.5)
    assert curve.level == pytest.approx(2.1)
    # 2.0 and 2.2 deviate by 0.1 * sqrt(2). An average with weight 1/2 has (1 - 1/2) / (1 + 1/2) of the variance.
    assert curve.noise == pytest.approx(0.1 * 2**0.5 * (1 / 3) ** 0.5)


# --- the conclusion ---


def outcome(*losses: np.ndarray, x: np.ndarray, settings: FindLrSettings | None = None) -> RangeTest:
    settings = settings or FindLrSettings(start=1e-6, stop=1, smoothing=UNSMOOTHED)
    return conclude(settings, 10**x, list(range(len(losses))), list(losses))


X = np.arange(97) / 16 - 6  # six factors of ten


def test_what_is_recommended_and_how_to_give_it() -> None:
    test = outcome(*(trapezium(right - 1, right, X) for right in (-2, -2.25, -1.75)), x=X)
    said = test.suggestions["slows"]
    assert said.by_seed == pytest.approx([1e-2, 10**-2.25, 10**-1.75])
    assert (said.rate, said.low, said.high) == pytest.approx((1e-2, 10**-2.25, 10**-1.75))
    assert test.suggestions["begins"].rate == pytest.approx(1e-3)
    assert test.suggestions["minimum/10"].rate == pytest.approx(1e-3)
    assert list(test.suggestions) == ["begins", "minimum/10", "valley", "steepest", "slows"]
    recommendation = test.recommendation
    assert (recommendation.rate, recommendation.floor) == (0.01, 0.1)
    assert recommendation.overrides == {
        "any": ["optimizer.lr=0.01"],
        "cyclical": ["schedule=cyclical", "optimizer.lr=0.01", "schedule.floor=0.1"],
    }
    np.testing.assert_allclose(test.mean, np.mean(test.smoothed, axis=0))


def test_a_loss_that_never_falls_says_nothing() -> None:
    test = outcome(np.full(97, 2.0), trapezium(-3, -2, X), x=X)
    recommendation = test.recommendation
    assert recommendation.rate is None and recommendation.overrides == {}
    assert "the loss never fell with seed 0:" in recommendation.reason
    assert "find_lr.stop=100" in recommendation.advice and "find_lr.steps=291" in recommendation.advice
    assert test.suggestions["slows"].by_seed == [None, pytest.approx(0.01)]


@pytest.mark.parametrize("losses", [np.array([2.0, 3.0, 50.0]), np.array([np.nan]), np.array([2.0, np.inf])])
def test_a_loss_that_breaks_down_at_once_asks_for_lower_rates(losses: np.ndarray) -> None:
    test = outcome(losses, losses, x=X)
    assert "never fell with seeds 0, 1" in test.recommendation.reason
    assert "find_lr.start=1e-09" in test.recommendation.advice
    assert test.suggestions == {} and all(test.stopped)


def test_a_loss_that_is_still_falling_asks_for_higher_rates() -> None:
    recommendation = outcome(trapezium(-1, 0, X), x=X).recommendation
    assert recommendation.rate is None
    assert "still falling at the end of the ramp with seed 0" in recommendation.reason
    assert "find_lr.stop=100" in recommendation.advice


def test_a_ramp_that_breaks_down_right_after_its_lowest_loss_is_whole() -> None:
    losses = trapezium(-2, -1, X)
    losses[81] = 100.0  # the update after the lowest
    test = outcome(losses, x=X)
    assert test.stopped == ["its smoothed loss was over 4 times its lowest"]
    assert test.recommendation.rate is not None and len(test.losses[0]) == 82


def test_a_fall_that_is_under_way_at_the_start_asks_for_lower_rates() -> None:
    recommendation = outcome(1 + (X + 1) ** 2, x=X).recommendation
    assert recommendation.rate is None
    assert "most steeply right at the start" in recommendation.reason
    assert "find_lr.start=1e-09" in recommendation.advice


def test_seeds_or_rules_far_apart_say_nothing() -> None:
    far = outcome(trapezium(-5, -4, X), trapezium(-2.5, -2, X), x=X).recommendation
    assert far.rate is None and "the seeds are more than a factor 10 apart: slows from 0.0001 to 0.01" in far.reason
    # A fall over four factors of ten: valley takes its middle, slows its end.
    wide = outcome(trapezium(-5, -1, X), x=X).recommendation
    assert wide.rate is None and "the rules are more than a factor 10 apart" in wide.reason
    assert "slows 0.1." in wide.reason


# --- what is printed and written ---


def test_round_levels() -> None:
    assert levels_between(1.83, 2.41, 6) == (pytest.approx([1.8, 1.9, 2.0, 2.1, 2.2, 2.3, 2.4, 2.5]), [
        "1.8", "1.9", "2.0", "2.1", "2.2", "2.3", "2.4", "2.5",
    ])  # fmt: skip
    assert levels_between(0.0, 1.0, 4)[1] == ["0.00", "0.25", "0.50", "0.75", "1.00"]
    assert levels_between(3.0, 3.0, 4)[1] == ["3", "4"]


@pytest.mark.parametrize("width", [30, 80])
def test_the_chart_marks_each_rule_at_its_rate(width: int) -> None:
    test = outcome(trapezium(-3, -2, X), x=X)
    lines = draw(test, width, unicode=False).splitlines()
    assert len(lines) <= 17 and max(map(len, lines)) <= width and "".join(lines).isascii()
    names = [line.split("+")[0].strip() for line in lines[:-3] if "+" in line]
    columns = plot_columns(width, ["rate", *names])
    marks = lines[-1][width - columns :]
    assert marks[round(4 / 6 * (columns - 1))] == "5"  # slows, at 1e-2 of 1e-6 … 1
    assert sorted(marks.replace(" ", "")) == ["1", "2", "3", "4", "5"]
    assert lines[-2].split()[:2] == ["rate", "1e-06"]


def test_show_prints_what_can_be_pasted(capsys: pytest.CaptureFixture[str]) -> None:
    show(outcome(*(trapezium(right - 1, right, X) for right in (-2, -2.25, -1.75)), x=X), "title")
    out = capsys.readouterr().out
    assert "5  slows       0.01     0.0056 … 0.018" in out
    assert "Recommended: 0.01, by the rule slows" in out
    assert (
        "  schedule=cyclical optimizer.lr=0.01 schedule.floor=0.1  # from 0.001, where the loss begins to fall" in out
    )


def test_show_says_why_it_cannot_tell(capsys: pytest.CaptureFixture[str]) -> None:
    show(outcome(np.array([np.nan]), x=X), "title")
    out = one_line(capsys.readouterr().out)
    assert "seed 0 ended after 0 updates: its loss was nan" in out
    assert "No rate can be recommended: the loss never fell with seed 0" in out
    assert "optimizer.lr=" not in out


def test_csv_of_known_numbers(tmp_path: Path) -> None:
    x = np.arange(3) / 2
    write_csv(tmp_path / "a.csv", outcome(np.array([2.0, 1.0, np.nan]), np.array([3.0, 2.0, 2.0]), x=x))
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["seed", "step", "learning_rate", "loss", "smoothed", "smoothed_learning_rate"]
    assert [row[:2] for row in rows[1:]] == [["0", "0"], ["0", "1"], ["1", "0"], ["1", "1"], ["1", "2"]]
    numbers = np.array([row[2:] for row in rows[1:]], np.float64)
    rate = 10**0.5
    expected = [[1, 2, 2, 1], [rate, 1, 1, rate], [1, 3, 3, 1], [rate, 2, 2, rate], [10, 2, 2, 10]]
    np.testing.assert_allclose(numbers, expected, rtol=1e-8)


def test_png_is_written_whole(tmp_path: Path) -> None:
    write_png(tmp_path / "a", outcome(trapezium(-3, -2, X), x=X), "title")
    with Image.open(tmp_path / "a") as image:
        assert image.format == "PNG" and image.size == (1600, 800)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_files_that_cannot_be_written_are_refused_first(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^find_lr\.png: .* there is no folder .*mkdir -p"):
        check_files(FindLrSettings(png=str(tmp_path / "nowhere" / "a.png")))
    with pytest.raises(ConfigError, match=r"^find_lr\.csv: .* is a folder\. Try find_lr\.csv=.*ramp\.csv\."):
        check_files(FindLrSettings(csv=str(tmp_path)))


def test_without_matplotlib_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("annealkit.writing.png.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r'^find_lr\.png: .* Try pip install "annealkit\[plot\]"'):
        check_files(FindLrSettings(png="a.png"))


def test_importing_brings_neither_tensorflow_nor_matplotlib() -> None:
    code = "import sys, annealkit.command_line.find_lr; print({'tensorflow', 'keras', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=True)
    assert done.stdout == "set()\n"


# --- the ramps, trained ---


def test_a_ramp_is_the_beginning_of_a_run_with_these_rates(tmp_path: Path) -> None:
    """The same images in the same order, the same weights: a run whose schedule is the ramp has the same losses."""
    test = annealkit.find_lr([*RAMP, "find_lr.seeds=2", "optimizer=adam", "seed=3"])
    assert test.seeds == [3, 4]
    for seed, losses in zip(test.seeds, test.losses, strict=True):
        assert len(losses) > 60
        curve = tmp_path / f"ramp{seed}.csv"
        curve.write_text("".join(f"{rate!r}\n" for rate in test.rates.tolist()))
        run = annealkit.train([
            *TOY, "optimizer=adam", "optimizer.lr=1", "schedule=table", f"schedule.path={curve}", f"seed={seed}",
            "trainer.progress=false", f"outputs={tmp_path}",
        ])  # fmt: skip
        _, applied = read_scalars(run.folder, "learning_rate")
        _, trained = read_scalars(run.folder, "train/loss")
        np.testing.assert_array_equal(applied, test.rates[:60].astype(np.float32))
        np.testing.assert_array_equal(losses[:60], trained.astype(np.float64))


def test_the_same_seed_gives_the_same_numbers_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # Neither the optimizer's rate, nor schedule, warmup and feedback, nor the epochs have a part in it.
    first = annealkit.find_lr([*RAMP, "find_lr.seeds=2"])
    second = annealkit.find_lr(
        [*RAMP, "find_lr.seeds=1", "optimizer.lr=7", "schedule=one_cycle", "warmup=linear", "warmup.length=90%",
         "feedback=plateau", "feedback.monitor=loss", "trainer.epochs=1"]
    )  # fmt: skip
    np.testing.assert_array_equal(first.losses[0], second.losses[0])
    assert len(first.losses[1]) != len(first.losses[0]) or (first.losses[1] != first.losses[0]).any()
    assert list(tmp_path.iterdir()) == []
    # Each of TensorFlow's entries for a gradient of one's own would keep the graph of its ramp in memory.
    assert not [name for name in gradient_registry._registry if name.startswith("CustomGradient-")]


def test_accumulated_batches_are_one_update_of_a_ramp() -> None:
    test = annealkit.find_lr(
        [*RAMP, "find_lr.seeds=1", "find_lr.steps=60", "optimizer.gradient_accumulation_steps=3",
         "trainer.batch_size=70"]
    )  # fmt: skip
    assert len(test.rates) == 60 and len(test.losses[0]) > 10


def test_a_text_in_place_of_a_list_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"find_lr takes a list of overrides; got the text 'optimizer=sgd'"):
        annealkit.find_lr("optimizer=sgd")


def test_the_command_prints_overrides_that_preview_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = annealkit_command("find-lr", *RAMP, "find_lr.csv=a.csv", "find_lr.png=a.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.png"]
    assert "wrote a.csv\nwrote a.png" in done.stdout
    pasted = [line.partition("#")[0].split() for line in done.stdout.splitlines() if " # " in line]
    assert [words[0].partition("=")[0] for words in pasted] == ["optimizer.lr", "schedule"]
    [rate] = pasted[0]
    for words in pasted:
        assert preview_command([*TOY, *words]) == 0
        [peak] = [line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith("peak")]
        assert float(peak) == float(rate.partition("=")[2])


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("find_lr.stpe=9", "find_lr.stpe: there is no such key. Did you mean find_lr.stop"),
        ("find_lr.stop=1e-7", "find_lr: stop must be at least ten times start; got start=1e-06 and stop=1e-07."),
        ("find_lr.steps=5", "find_lr: steps must be at least 70"),
        ("data=folder data.path=nowhere", "folder: there is no folder nowhere/train."),
    ],
)
def test_the_command_refuses_in_words(word: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(annealkit.AnnealkitError) as refused:
        annealkit.find_lr([*TOY, *word.split()])
    assert message in str(refused.value)
    assert list(tmp_path.iterdir()) == []
