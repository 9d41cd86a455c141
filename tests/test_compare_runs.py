"""Which runs `annealkit compare` finds, leaves out, and lets meet; and the figures of those that it compares."""

import errno
import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from made_runs import make_run, make_sweep

from annealkit.compare.figures import UNTESTED, WORSE, SectionFigures, measure
from annealkit.compare.grouping import Section, check_by, make_sections
from annealkit.compare.options import parse
from annealkit.compare.runs import METRICS, FoundRun, find_runs
from annealkit.compare.words import verdict
from annealkit.errors import ConfigError, RunError

ACCURACY = METRICS["test_accuracy"]


def found(folder: Path, metric: str = "test_accuracy") -> list[FoundRun]:
    return find_runs([folder], METRICS[metric])


def sections_of(folder: Path, *by: str, metric: str = "test_accuracy") -> list[Section]:
    return make_sections(found(folder, metric), by)


def names(folder: Path, *by: str) -> list[list[str]]:
    return [[group.name for group in section.groups] for section in sections_of(folder, *by)]


def measured(folder: Path, *by: str, metric: str = "test_accuracy", target: float | None = None) -> SectionFigures:
    [section] = sections_of(folder, *by, metric=metric)
    return measure(section, METRICS[metric], 0.95, target)


def reasons(folder: Path, metric: str = "test_accuracy") -> dict[str, str]:
    """Name of the folder -> why it is left out, of those that are; duplicates settled."""
    runs = found(folder, metric)
    make_sections(runs, ())
    return {Path(run.folder).name: run.reason for run in runs if run.reason}


def change(run: Path, **changes: Any) -> None:
    path = run / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


# --- what is left out ---


@pytest.mark.parametrize(
    ("state", "result", "reason"),
    [
        ({"status": "running"}, {}, "not finished"),
        ({"status": "interrupted"}, {"updates": 40}, "interrupted after weight update 40 of 100"),
        ({"status": "stopped"}, {"updates": 40}, "a callback stopped it after weight update 40 of 100; its command"),
        ({"status": "diverged"}, {"message": "the loss was nan"}, "diverged: the loss was nan"),
        ({"status": "failed", "message": "MemoryError"}, {}, "failed: MemoryError"),
        ({"status": "paused"}, {}, "status is 'paused'"),
        ({"status": None}, {}, "status is 'None'"),
        ({"inexact": ["threads was 2, is now 4"]}, {}, "inexactly: threads was 2, is now 4"),
        ({"settings": {}}, {}, "no settings"),
        ({"settings": [1]}, {}, "no settings"),
        ({"settings": {"schedule": "step"}}, {}, "no trainer.seed"),
        ({"result": None}, {}, "test accuracy is no finite number"),
        ({}, {"test_accuracy": None}, "test accuracy is no finite number"),
        ({}, {"test_accuracy": math.nan}, "test accuracy is no finite number"),
        ({}, {"test_accuracy": 10**400}, "test accuracy is no finite number"),
        ({}, {"test_accuracy": 70}, "test accuracy is 70, which is no share of images"),
        ({}, {"test_accuracy": "0.7"}, "test accuracy is no finite number"),
        ({}, {"test_accuracy": True}, "test accuracy is no finite number"),
    ],
)
def test_a_run_that_cannot_be_compared_says_why(
    state: dict[str, Any], result: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    make_run(tmp_path / "good", 0.5, 0)
    make_run(tmp_path / "bad", 0.9, 1, state=state, result=result) if "result" not in state else change(
        make_run(tmp_path / "bad", 0.9, 1), **state
    )
    assert list(reasons(tmp_path)) == ["bad"] and reason in reasons(tmp_path)["bad"]
    assert measured(tmp_path).groups[0].mean == 0.5


def test_stopped_runs_are_compared_where_that_is_asked_for(tmp_path: Path) -> None:
    make_run(tmp_path / "whole", 0.5, 0)
    make_run(tmp_path / "stopped", 0.9, 1, state={"status": "stopped"})
    for arguments, mean in (([], 0.5), (["stopped=true"], 0.7)):
        options = parse([str(tmp_path), *arguments])
        [section] = make_sections(find_runs(options.folders, options.metric, options.stopped), ())
        assert sum(run.value for run in section.groups[0].runs) / len(section.groups[0].runs) == pytest.approx(mean)
    with pytest.raises(ConfigError, match=r"stopped must be true or false; got '1'\. Try stopped=true"):
        parse(["stopped=1"])


@pytest.mark.parametrize("text", ["", "{", '{"status": "fin', "[]", "3", "\x00\xff", "[" * 100_000])
def test_a_torn_run_json(text: str, tmp_path: Path) -> None:
    make_run(tmp_path / "good", 0.5)
    (make_run(tmp_path / "bad", 0.9, 1) / "run.json").write_text(text, encoding="latin-1")
    assert list(reasons(tmp_path)) == ["bad"] and "run.json" in reasons(tmp_path)["bad"]


def test_a_folder_whose_run_json_is_missing_or_goes_away(tmp_path: Path) -> None:
    make_run(tmp_path / "good", 0.5)
    (make_run(tmp_path / "begun", 0.9, 1) / "run.json").unlink()
    (make_run(tmp_path / "gone", 0.9, 2) / "run.json").unlink()
    (tmp_path / "gone/run.json").symlink_to(tmp_path / "nowhere")  # Listed, and not there when it is opened.
    (make_run(tmp_path / "folder", 0.9, 3) / "run.json").unlink()
    (tmp_path / "folder/run.json").mkdir()
    found_reasons = reasons(tmp_path)
    assert set(found_reasons) == {"begun", "gone", "folder"}
    assert "deleted just now" in found_reasons["gone"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[:-3],  # The last number would be read as another one.
        lambda text: text[: text.rindex("\n", 0, -1) + 1],  # The last epoch is missing.
        lambda text: text.replace("0.1,", "x,", 1),
        lambda text: text.replace("0.1,", "0.1,0.1,", 1),
        lambda text: text.replace("50,", "25,"),
        lambda text: text.replace("25,", "nan,", 1),
        lambda text: text.replace("0.35", "35"),
        lambda text: "a,b\n1,2\n",
        lambda text: text.splitlines()[0] + "\n",
        lambda text: "\udcff" + text,
    ],
)
def test_a_torn_history_loses_the_curve_and_never_changes_a_figure(damage: Any, tmp_path: Path) -> None:
    make_run(tmp_path / "good", 0.5, 0)
    path = make_run(tmp_path / "torn", 0.7, 1) / "history.csv"
    path.write_bytes(damage(path.read_text()).encode(errors="surrogateescape"))
    section = measured(tmp_path)
    assert section.groups[0].values.tolist() == [0.5, 0.7]
    assert section.groups[0].with_history == 1
    assert any("1 of 2 runs: its history.csv" in note for note in section.notes)
    assert list(reasons(tmp_path, "val_accuracy")) == ["torn"]


def test_event_files_and_the_rest_of_a_folder_are_never_read(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", 0.5)
    (run / "events.out.tfevents.1.host.1.0").write_bytes(b"not an event file")
    (run / "checkpoints").mkdir()
    (run / "checkpoints/step-3.npz").write_bytes(b"no archive")
    assert reasons(tmp_path) == {}


def test_validation_figures_are_those_of_the_last_epoch(tmp_path: Path) -> None:
    make_run(tmp_path / "a", 0.9, 0, accuracies=[0.2, 0.6, 0.5])
    make_run(tmp_path / "b", 0.9, 1, accuracies=[0.2, 0.3, 0.4], validation=False)
    assert reasons(tmp_path, "val_accuracy") == {"b": "it has no validation accuracy: it was trained without "
                                                 "validation images"}  # fmt: skip
    assert measured(tmp_path, metric="val_accuracy").groups[0].values.tolist() == [0.5]
    assert measured(tmp_path, metric="val_loss").groups[0].values.tolist() == [0.5]


# --- duplicates ---


def test_a_run_that_is_found_twice_counts_once(tmp_path: Path) -> None:
    for place in ("first", "second"):
        make_sweep(tmp_path / place, {"step": [0.5, 0.7]})
    make_run(tmp_path / "third", 0.9, 2, schedule="step")
    left_out = [run for run in found(tmp_path) if run]
    make_sections(left_out, ())
    assert [run.copy_of for run in left_out if run.reason] == [str(tmp_path / f"first/step-s{i}") for i in (0, 1)]
    assert measured(tmp_path).groups[0].values.tolist() == [0.5, 0.7, 0.9]
    assert measured(tmp_path).notes == [note for note in measured(tmp_path).notes if "not in its figures" not in note]


def test_equal_settings_with_different_results_are_both_left_out(tmp_path: Path) -> None:
    make_run(tmp_path / "a", 0.5, 0)
    make_run(tmp_path / "b", 0.6, 0, environment={"threads": 4})
    make_run(tmp_path / "c", 0.7, 1)
    assert set(reasons(tmp_path)) == {"a", "b"}
    assert "b (0.6)" in reasons(tmp_path)["a"] and "these differ: threads" in reasons(tmp_path)["a"]
    section = measured(tmp_path)
    assert section.groups[0].values.tolist() == [0.7]
    assert any("2 finished but not usable" in note for note in section.notes)


def test_a_folder_that_cannot_be_looked_into_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_sweep(tmp_path, {"step": [0.5, 0.6]})
    scandir = os.scandir

    def refuse(path: str) -> Any:
        if str(path).endswith("step-s1"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert reasons(tmp_path) == {"step-s1": "the folder cannot be looked into: Permission denied"}


def test_links_are_followed_and_never_for_ever(tmp_path: Path) -> None:
    make_sweep(tmp_path / "elsewhere", {"step": [0.5, 0.6]})
    (tmp_path / "chosen").mkdir()
    (tmp_path / "chosen/one").symlink_to(tmp_path / "elsewhere/step-s1")
    (tmp_path / "chosen/round").symlink_to(tmp_path / "chosen")
    assert [run.seed for run in found(tmp_path / "chosen")] == [1]


def test_folders_that_overlap_are_read_once(tmp_path: Path) -> None:
    make_sweep(tmp_path, {"step": [0.5]})
    (tmp_path / "link").symlink_to(tmp_path / "step-s0")
    assert len(find_runs([tmp_path, tmp_path / "step-s0", tmp_path / "link"], ACCURACY)) == 1


# --- sections ---


@pytest.mark.parametrize(
    "other",
    [
        {"model": "resnet20"},
        {"model__hidden": [5]},
        {"trainer__epochs": 9},
        {"trainer__batch_size": 80},
        {"data__limit": 500},
        {"data__validation": 200},
        {"state": {"total_steps": 200}, "result": {"updates": 200}},
        {"state": {"images": {"train": 500}}},
        {"state": {"data": {"name": "cifar10", "origin": "made"}}},
        {"state": {"data": {"name": "toy", "origin": "made otherwise"}}, "environment": {"images": "toy sha256:x"}},
        {"environment": {"images": "toy sha256:x"}},
        {"state": {"environment": {}}},
        {"state": {"images": {}}},
    ],
)
def test_other_data_models_and_budgets_never_meet(other: dict[str, Any], tmp_path: Path) -> None:
    make_run(tmp_path / "a", 0.5, 0)
    make_run(tmp_path / "b", 0.9, 0, schedule="step", **other)
    sections = sections_of(tmp_path)
    assert [len(section.groups) for section in sections] == [1, 1]
    assert sections[0].heading != sections[1].heading


def test_two_origins_with_the_same_images_are_one(tmp_path: Path) -> None:
    # The first run downloads, the others find the cache; whatever seeds they have, the images are the same.
    origins = ["https://example.org/x, cached in here", "cached in here", "read from there"]
    for seed, origin in ((0, 0), (1, 1), (2, 1), (3, 2)):
        make_run(
            tmp_path / f"{seed}{origin}", 0.5 + seed / 10, seed, schedule=f"s{origin // 2}",
            state={"data": {"name": "toy", "origin": origins[origin]}},
        )  # fmt: skip
    assert [[group.by_seed.keys() for group in section.groups] for section in sections_of(tmp_path)] == [
        [{0, 1, 2}, {3}]
    ]


# Runs of an earlier version: their fingerprint was of the images that the seed had drawn.
def old_run(folder: Path, seed: int, origin: str, schedule: str = "constant") -> None:
    make_run(folder, 0.5, seed, schedule=schedule, state={
        "data": {"name": "toy", "origin": origin}, "environment": {"annealkit": "0.1.0", "data": f"toy sha256:{seed}"}
    })  # fmt: skip


def test_without_a_fingerprint_origins_tell_images_apart(tmp_path: Path) -> None:
    for seed, origin in enumerate(["https://example.org/x, cached in here", "cached in here", "cached in here"]):
        old_run(tmp_path / str(seed), seed, origin)
    assert [[group.by_seed.keys() for group in section.groups] for section in sections_of(tmp_path)] == [[{0, 1, 2}]]
    old_run(tmp_path / "other", 0, "read from there")
    make_run(tmp_path / "new", 0.9, 0, state={"data": {"name": "toy", "origin": "cached in here"}})
    assert len(sections_of(tmp_path)) == 3


def test_origins_that_nothing_vouches_for_stay_apart(tmp_path: Path) -> None:
    for seed, origin in enumerate(["made from data_seed=1", "made from data_seed=10"]):
        old_run(tmp_path / origin, seed, origin)
    assert len(sections_of(tmp_path)) == 2


def test_what_by_names_may_differ_and_the_notes_say_so(tmp_path: Path) -> None:
    make_run(tmp_path / "a", 0.5, 0, accuracies=[0.1, 0.5])
    make_run(tmp_path / "b", 0.9, 0, accuracies=[0.1, 0.5, 0.9])
    assert len(names(tmp_path)) == 2
    assert names(tmp_path, "trainer.epochs") == [["trainer.epochs=2", "trainer.epochs=3"]]
    text = " ".join(verdict(measured(tmp_path, "trainer.epochs"), ACCURACY, 0.95))
    assert "The budget differs between these runs, as by= asks (trainer.epochs: 2, 3)" in text
    make_run(tmp_path / "c", 0.9, 0, accuracies=[0.1, 0.5], model="resnet20")
    assert names(tmp_path, "model", "trainer.epochs")[0] == [
        "model=mlp trainer.epochs=2", "model=mlp trainer.epochs=3", "model=resnet20 trainer.epochs=2"
    ]  # fmt: skip


def test_branches_of_several_lengths_meet_by_their_weight_updates(tmp_path: Path) -> None:
    for place, total in enumerate((36, 48, 20)):
        trunk = {
            "branch__at": total - 8,
            "branch__length": 8,
            "branch__begins": 8,
            "branch__trunk__schedule": "constant",
        }
        make_run(tmp_path / str(place), 0.5 + place / 10, 0, schedule="linear", **trunk,
                 trainer__epochs=-(-total // 25), state={"total_steps": total})  # fmt: skip
    make_run(tmp_path / "own", 0.9, 0, state={"total_steps": 48}, trainer__epochs=2)
    # Each length is a budget of its own, the shortest first; one that is no branch is told apart from one that is.
    assert names(tmp_path) == [
        ["branch=constant@40 schedule=linear", "schedule=constant"],
        ["branch=constant@12 schedule=linear optimizer=sgd"],
        ["branch=constant@28 schedule=linear optimizer=sgd"],
    ]
    assert names(tmp_path, "total_steps") == [["total_steps=20", "total_steps=36", "total_steps=48"]]
    text = " ".join(verdict(measured(tmp_path, "total_steps"), ACCURACY, 0.95))
    assert text.count("The budget differs between these runs") == 1


def test_other_images_under_by_are_told_in_the_verdict(tmp_path: Path) -> None:
    for seed in (1, 2):
        make_run(tmp_path / str(seed), 0.5, 0, data__data_seed=seed, environment={"images": f"toy sha256:{seed}"},
                 state={"data": {"name": "toy", "origin": f"made from data_seed={seed}"}})  # fmt: skip
    assert names(tmp_path, "data.data_seed") == [["data.data_seed=1", "data.data_seed=2"]]
    text = " ".join(verdict(measured(tmp_path, "data.data_seed"), ACCURACY, 0.95))
    assert "The data set differs between these runs" in text and "made from data_seed=1" in text
    assert len(names(tmp_path)) == len(names(tmp_path, "schedule")) == 2


# --- groups ---


def test_labels_say_what_differs_and_nothing_that_follows(tmp_path: Path) -> None:
    own = {"cosine": {"schedule__final": 0.0}, "step": {"schedule__drop": 0.5}}
    for schedule, fields in own.items():
        for optimizer, lr in (("sgd", 0.1), ("adam", 0.001)):
            make_run(tmp_path / f"{schedule}{optimizer}", 0.5, schedule=schedule, optimizer=optimizer,
                     optimizer__lr=lr, **fields)  # fmt: skip
    assert names(tmp_path) == [[
        "schedule=cosine optimizer=adam", "schedule=cosine optimizer=sgd",
        "schedule=step optimizer=adam", "schedule=step optimizer=sgd",
    ]]  # fmt: skip
    make_run(tmp_path / "more", 0.6, schedule="cosine", schedule__final=0.1, optimizer="sgd", optimizer__lr=0.1)
    assert names(tmp_path) == [[
        "schedule=cosine optimizer=adam schedule.final=0.0", "schedule=cosine optimizer=sgd schedule.final=0.0",
        "schedule=cosine optimizer=sgd schedule.final=0.1",
        "schedule=step optimizer=adam", "schedule=step optimizer=sgd",
    ]]  # fmt: skip


def test_no_warmup_and_no_feedback_are_not_said_beside_others(tmp_path: Path) -> None:
    make_run(tmp_path / "plain", 0.5)
    make_run(tmp_path / "warm", 0.5, warmup="linear")
    assert names(tmp_path) == [["warmup=linear", "warmup=none"]]
    make_run(tmp_path / "cosine", 0.5, schedule="cosine")
    make_run(tmp_path / "plateau", 0.5, feedback="plateau")
    assert names(tmp_path) == [[
        "schedule=constant", "schedule=constant feedback=plateau", "schedule=constant warmup=linear", "schedule=cosine"
    ]]  # fmt: skip
    # The settings of a group, as JSON has them, still hold all that tells the groups apart.
    [section] = sections_of(tmp_path)
    assert section.groups[0].label == {"schedule": "constant", "warmup": "none", "feedback": "none"}


def test_one_group_is_called_by_its_schedule_and_optimizer(tmp_path: Path) -> None:
    make_sweep(tmp_path, {"step": [0.5, 0.6]})
    assert names(tmp_path) == [["schedule=step optimizer=sgd"]]


def test_rates_that_changed_under_the_same_settings_are_told_apart(tmp_path: Path) -> None:
    for seed, digest in enumerate(["sha256:aaaaaaaaaa", "sha256:bbbbbbbbbb"]):
        make_run(tmp_path / str(seed), 0.5, seed, environment={"learning rates": digest})
    assert names(tmp_path) == [["learning rates=aaaaaaaa", "learning rates=bbbbbbbb"]]


def test_by_averages_over_the_rest_seed_by_seed(tmp_path: Path) -> None:
    figures = {("cosine", "sgd"): (0.5, 0.6), ("cosine", "adam"): (0.7, 0.6), ("step", "sgd"): (0.3, 0.4)}
    for (schedule, optimizer), values in figures.items():
        for seed, value in enumerate(values):
            make_run(tmp_path / f"{schedule}{optimizer}{seed}", value, seed, schedule=schedule, optimizer=optimizer)
    section = measured(tmp_path, "schedule")
    assert [(group.group.name, group.values.tolist()) for group in section.groups] == [
        ("schedule=cosine", pytest.approx([0.6, 0.6])), ("schedule=step", pytest.approx([0.3, 0.4]))
    ]  # fmt: skip
    assert any("schedule=cosine is averaged over optimizer" in note for note in section.notes)
    assert any("differ in settings that by= does not name" in note for note in section.notes)


@pytest.mark.parametrize(
    ("by", "message"),
    [("scheduel", "Did you mean schedule?"), ("seed", "seeds are what a group is made of"), ("x", "'x'")],
)
def test_by_must_name_a_setting(by: str, message: str, tmp_path: Path) -> None:
    make_sweep(tmp_path, {"step": [0.5]})
    with pytest.raises(ConfigError, match="compare: by=") as raised:
        check_by([by], found(tmp_path))
    assert message in str(raised.value)


# --- figures and words ---


def test_the_figures_of_a_group(tmp_path: Path) -> None:
    make_sweep(tmp_path, {"cosine": [0.71, 0.72, 0.73], "step": [0.60, 0.64, 0.62]})
    leader, other = measured(tmp_path).groups
    assert (leader.mean, leader.best_seed, leader.n) == (pytest.approx(0.72), 2, 3)
    assert leader.half_width == pytest.approx(0.02484138, abs=1e-8)  # t(0.975; 2) = 4.302653 × 0.01 / √3
    # Differences 0.11, 0.08, 0.11: mean 0.1, s = 0.0173205, t = 0.1 / (s / √3) = 10.
    assert other.pair is not None and other.pair.difference == pytest.approx(0.1)
    assert other.pair.interval == pytest.approx((0.1 - 0.04302653, 0.1 + 0.04302653), abs=1e-8)
    # For 2 degrees of freedom p = 1 - t / √(t² + 2).
    assert other.pair.p == pytest.approx(1 - 10 / math.sqrt(102))
    assert other.standing == WORSE
    assert verdict(measured(tmp_path), ACCURACY, 0.95) == [
        "schedule=cosine leads with test accuracy 72.00 % ± 2.48 (n = 3).",
        "step is worse by 10.00 points (p = 0.0099).",
    ]


def test_of_losses_the_lower_leads(tmp_path: Path) -> None:
    for schedule, losses in {"cosine": (0.5, 0.6, 0.7), "step": (0.9, 1.2, 1.0)}.items():
        for seed, loss in enumerate(losses):
            make_run(tmp_path / f"{schedule}{seed}", 0.5, seed, schedule=schedule, result={"test_loss": loss})
    leader, other = measured(tmp_path, metric="test_loss").groups
    assert leader.group.name == "schedule=cosine" and leader.best_seed == 0
    assert other.pair is not None and other.pair.difference == pytest.approx((0.4 + 0.6 + 0.3) / 3)
    assert verdict(measured(tmp_path, metric="test_loss"), METRICS["test_loss"], 0.95)[0] == (
        "schedule=cosine leads with test loss 0.6000 ± 0.2484 (n = 3)."
    )


def test_undecided_says_how_many_seeds_would_decide(tmp_path: Path) -> None:
    # Differences 0.03, 0, -0.01, 0: mean 0.005, s = √0.0003, half-width 3.182446 s / 2 = 0.02756; d = 0.29 lies between
    # the 0.2 (199 seeds) and 0.5 (34 seeds) of the tables.
    make_sweep(tmp_path, {"cosine": [0.53, 0.50, 0.51, 0.50], "step": [0.50, 0.50, 0.52, 0.50]})
    section = measured(tmp_path)
    assert section.groups[1].seeds_needed is not None and 34 < section.groups[1].seeds_needed < 199
    assert (
        "It cannot be told apart from step (difference 0.50 points, 95 % interval −2.26 … 3.26)"
        in (verdict(section, ACCURACY, 0.95)[1])
    )


def test_one_seed_never_leads_those_with_several_and_is_not_tested(tmp_path: Path) -> None:
    make_sweep(tmp_path, {"cosine": [0.5, 0.6], "lucky": [0.9]})
    leader, lucky = measured(tmp_path).groups
    assert leader.group.name == "schedule=cosine" and lucky.standing == UNTESTED
    assert lucky.half_width is None and lucky.pair is not None and lucky.pair.p is None
    text = " ".join(verdict(measured(tmp_path), ACCURACY, 0.95))
    assert "lucky, at 90.00 %, cannot be tested against it: it has n = 1." in text


def test_one_seed_each_has_no_interval(tmp_path: Path) -> None:
    make_sweep(tmp_path, {"cosine": [0.5], "step": [0.4]})
    assert verdict(measured(tmp_path), ACCURACY, 0.95)[0] == (
        "schedule=cosine leads with test accuracy 50.00 % (n = 1, no interval)."
    )


def test_equal_figures_are_not_called_certain(tmp_path: Path) -> None:
    make_sweep(tmp_path, {"a": [0.5, 0.6], "b": [0.5, 0.6], "c": [0.4, 0.5]})
    text = " ".join(verdict(measured(tmp_path), ACCURACY, 0.95))
    assert "b has the very same figure on every seed" in text
    assert "c differs by 10.00 points on each of the 2 shared seeds, so there is no spread to test it with" in text


def test_runs_that_went_wrong_are_told_of_their_group(tmp_path: Path) -> None:
    make_sweep(tmp_path, {"cosine": [0.5, 0.6]})
    make_run(tmp_path / "lost", None, 2, schedule="cosine", accuracies=[0.1], state={"status": "diverged",
             "total_steps": 100}, trainer__epochs=4)  # fmt: skip
    assert any("1 diverged. The mean may flatter it." in note for note in measured(tmp_path).notes)


# --- the target ---


def test_updates_and_seconds_to_the_target(tmp_path: Path) -> None:
    # 0.45 lies halfway from 0.3 (update 50, 4 s) to 0.6 (update 75, 6 s); it is passed within the first epoch; never.
    make_run(tmp_path / "a", 0.9, 0, accuracies=[0.2, 0.3, 0.6, 0.5])
    make_run(tmp_path / "b", 0.9, 1, accuracies=[0.5, 0.6, 0.7, 0.8])
    [group] = measured(tmp_path, target=0.45).groups
    assert (group.reached, group.with_history) == (2, 2)
    assert group.updates_to_target == pytest.approx((62.5 + 25) / 2)
    assert group.seconds_to_target == pytest.approx((5 + 2) / 2)
    make_run(tmp_path / "c", 0.9, 2, accuracies=[0.1, 0.1, 0.1, 0.4])
    [group] = measured(tmp_path, target=0.45).groups
    assert (group.reached, group.updates_to_target) == (2, pytest.approx(62.5))
    [group] = measured(tmp_path, target=0.75).groups
    assert (group.reached, group.updates_to_target) == (1, math.inf)


def test_the_target_that_nobody_named_is_one_point_below_the_leader(tmp_path: Path) -> None:
    make_run(tmp_path / "a", 0.9, 0, accuracies=[0.2, 0.6])
    make_run(tmp_path / "b", 0.9, 1, accuracies=[0.2, 0.8])
    section = measured(tmp_path)
    assert section.target == pytest.approx(0.69) and section.column == "val_accuracy"
    assert any("The target is 69 % validation accuracy, one point less" in note for note in section.notes)


def test_without_validation_the_target_is_of_training_accuracy(tmp_path: Path) -> None:
    make_run(tmp_path / "a", 0.9, 0, accuracies=[0.2, 0.6], validation=False)
    assert measured(tmp_path).column == "accuracy"


# --- nothing there ---


def test_a_missing_or_empty_folder_says_what_to_try(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="does not exist"):
        found(tmp_path / "nowhere")
    with pytest.raises(RunError, match=r"no folder below .* holds a run .* -m schedule=step,cosine"):
        found(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="is a file"):
        found(tmp_path / "file")
