"""`annealkit compare` as a command: what it takes, prints and writes; real runs; many runs; hostile names."""

import csv
import json
import math
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import TOY, annealkit_command, environment, one_line, python
from made_runs import make_run, make_sweep

from annealkit.compare import compare
from annealkit.compare.options import EXAMPLES, parse
from annealkit.compare.rates import rate_curve
from annealkit.compare.runs import METRICS, find_runs
from annealkit.errors import AnnealkitError, ConfigError
from annealkit.plugin_system.registry import load_registry

FIGURES = {"cosine": [0.71, 0.72, 0.73], "step": [0.60, 0.64, 0.62], "constant": [0.72, 0.70, 0.73]}


@pytest.fixture(autouse=True)
def _outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    make_sweep(tmp_path / "outputs", FIGURES)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert compare(list(arguments)) == code
    return capsys.readouterr().out


# --- what is printed ---


def test_tables_verdict_and_count(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys)
    lines = text.splitlines()
    assert lines[0] == "toy, mlp, 4 epochs, batches of 40, 1,000 training images, 100 weight updates"
    rows = [line.split() for line in lines if line.startswith("schedule=cosine ")]
    assert rows[0] == ["schedule=cosine", "3", "72.00", "2.48", "71.00", "…", "73.00", "2"]
    assert max(map(len, lines)) <= 80
    assert "It cannot be told apart from constant (difference 0.33 points" in one_line(text)
    # p = 1 - t / √(t² + 2) for 2 degrees of freedom, t = 10, times 3 pairs.
    assert "step is worse by 10.00 points (p = 0.03, corrected for 3 comparisons)." in one_line(text)
    assert lines[-1] == "9 runs found, 9 compared."


def test_left_out_runs_are_listed_under_their_reason(capsys: pytest.CaptureFixture[str]) -> None:
    for seed in (7, 8):
        make_run(Path(f"outputs/[red]s{seed}"), 0.9, seed, state={"status": "running"})
    text = printed(capsys)
    assert "Left out (2)\noutputs/[red]s7\noutputs/[red]s8\n    it is not finished" in text
    assert text.endswith("11 runs found, 9 compared.\n")


def test_an_ascii_terminal_gets_no_traceback(tmp_path: Path) -> None:
    done = annealkit_command("compare", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "72.00 % ? 2.48" in done.stdout


def test_wide_terminals_and_long_names(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(
        Path("outputs/long"), 0.9, 0, schedule="sequence", schedule__parts=[{"name": "cosine", "final": 0.001}] * 4
    )
    text = printed(capsys)
    monkeypatch.setenv("COLUMNS", "200")
    wide = printed(capsys)
    assert "71.00 … 73.00" in text and "71.00 … 73.00" in wide  # Figures never break.
    make_run(Path("outputs/longer"), 0.9, 0, schedule="sequence", schedule__parts=[{"name": "x" * 60}])
    assert "x" * 60 in printed(capsys)


def test_no_figure_is_broken_however_wide_the_table_is(capsys: pytest.CaptureFixture[str]) -> None:
    make_sweep(Path("same"), {"cosine": [0.7, 0.8], "step": [0.6, 0.7]})
    lines = printed(capsys, "same").splitlines()
    [heading] = [line for line in lines if line.endswith("p (Holm)")]
    assert " ".join(heading.split()).endswith("by 95 % interval test p p (Holm)")
    [row] = [line.split() for line in lines if line.startswith("schedule=step") and "no test" in line]
    assert " ".join(row) == "schedule=step 10.00 – no test: the same difference on every seed – –"


# --- what it takes ---


@pytest.mark.parametrize("arguments", [["by=schedule,optimizer"], ["--by", "schedule,optimizer"],
                                       ["--by=schedule, optimizer", "outputs"]])  # fmt: skip
def test_ways_to_say_by(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert "schedule=cosine optimizer=sgd leads" in one_line(printed(capsys, *arguments))


def test_other_options(capsys: pytest.CaptureFixture[str]) -> None:
    text = one_line(printed(capsys, "metric=val_accuracy", "level=99%", "target=36%"))
    # t(0.995; 2) = 9.924843 × 0.01 / √3
    assert "schedule=cosine leads with validation accuracy 72.00 % ± 5.73 (n = 3)." in text
    # Accuracies rise to a by a/4 an epoch, so 0.36 is reached after 100 × 0.36 / 0.72 updates: at 50 for the median.
    assert re.search(r"schedule=cosine 3 of 3 50 4 ", text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["metrc=test_loss"], "there is no option 'metrc'. Did you mean metric?"),
        (["--htm", "x"], "Did you mean html?"),
        (["-x"], "there is no option 'x'"),
        (
            ["metric=accuracy"],
            "metric must be one of test_accuracy, test_loss, val_accuracy, val_loss; got 'accuracy'.",
        ),
        (["level=95"], "level must lie in (0.5, 1); got '95'. Try level=0.95."),
        (["target=2"], "target must lie in (0, 1]; got '2'. Try target=0.75."),
        (["target=nan"], "target must lie in (0, 1]"),
        (["by="], "by has no value. Try by=schedule,optimizer."),
        (["by=,"], "by=, names no setting."),
        (["--html"], "html has no value. Try html=compare.html."),
        (["by=scheduler"], "no run has a setting 'scheduler'. Did you mean schedule?"),
        (["nowhere"], "the folder 'nowhere' does not exist"),
        (["html=nowhere/x.html"], "there is no folder 'nowhere'. Try mkdir -p nowhere, or html=x.html."),
        (["json=outputs"], "that is a folder. Try json=outputs/compare.json."),
    ],
)
def test_errors_say_what_is_allowed(arguments: list[str], message: str) -> None:
    with pytest.raises(AnnealkitError) as raised:
        compare(arguments)
    assert message in str(raised.value)


def test_a_folder_whose_name_looks_like_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    make_sweep(Path("seed=0"), {"cosine": [0.5]})
    assert "1 runs found" in printed(capsys, "seed=0")


def test_exit_codes(tmp_path: Path) -> None:
    assert annealkit_command("compare", cwd=tmp_path).returncode == 0
    (tmp_path / "empty").mkdir()
    failed = annealkit_command("compare", "empty", cwd=tmp_path)
    assert failed.returncode == 2
    assert failed.stderr.startswith("annealkit: compare: no folder below empty holds a run")
    assert "Traceback" not in failed.stderr and failed.stdout == ""
    make_run(tmp_path / "none/a", 0.9, 0, validation=False)
    make_run(tmp_path / "none/b", 0.9, 1, validation=False)
    nothing = annealkit_command("compare", "none", "metric=val_loss", "json=c.json", cwd=tmp_path)
    assert nothing.returncode == 1
    assert nothing.stderr == (
        "annealkit: compare: none of the 2 runs found can be compared by validation loss; the reasons are above. "
        "Try metric=test_accuracy, by which 2 of them can.\n"
    )
    assert nothing.stdout.endswith("2 runs found, 0 compared.\nwrote c.json\n")
    assert json.loads((tmp_path / "c.json").read_text())["sections"] == []


def test_what_to_do_where_no_metric_helps(capsys: pytest.CaptureFixture[str]) -> None:
    make_run(Path("bad/run"), 0.9, state={"status": "interrupted"})
    assert compare(["bad"]) == 1
    assert capsys.readouterr().err == (
        "annealkit: compare: the one run found cannot be compared by test accuracy; the reasons are above. "
        "Train or continue some to the end, or name another folder: annealkit compare outputs.\n"
    )


def test_one_group_is_something_to_show(capsys: pytest.CaptureFixture[str]) -> None:
    make_run(Path("one/run"), 0.9)
    assert "There is nothing to compare it with." in printed(capsys, "one")


def test_its_own_help(tmp_path: Path) -> None:
    done = annealkit_command("compare", "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("annealkit compare: ") and max(map(len, lines)) <= 80
    # Every option, with a value that is taken.
    given = {line.split()[0] for line in lines if re.match("  [a-z]+=", line)}
    assert {option.partition("=")[0] for option in given} == set(EXAMPLES)
    assert len(given) == len(EXAMPLES)
    parse(sorted(given))


# --- files ---


def test_json_has_every_group_and_every_run() -> None:
    make_run(Path("outputs/bad"), 0.9, 7, schedule="step", state={"status": "failed", "message": "MemoryError"})
    compare(["json=c.json", "csv=c.csv"])
    document = json.loads(Path("c.json").read_text())
    [section] = document["sections"]
    first, second, third = section["groups"]
    assert [first["label"], second["standing"], third["standing"]] == [
        "schedule=cosine", "cannot be told apart", "worse"
    ]  # fmt: skip
    assert third["settings"] == {"schedule": "step"} and third["values"] == FIGURES["step"]
    assert third["leader_ahead_by"] == pytest.approx(0.1) and third["p_holm"] == pytest.approx(3 * third["p"])
    assert (third["test"], third["shared_seeds"], third["seeds"]) == ("paired t", 3, [0, 1, 2])
    assert first["p"] is None and first["mean"] == pytest.approx(statistics.mean(FIGURES["cosine"]))
    assert section["verdict"][0].startswith("schedule=cosine leads") and section["comparisons"] == 3
    runs = {Path(run["folder"]).name: run for run in document["runs"]}
    assert len(runs) == 10
    assert (runs["bad"]["compared"], runs["bad"]["reason"]) == (False, "it failed: MemoryError")
    assert (runs["step-s1"]["group"], runs["step-s1"]["value"]) == ("schedule=step", 0.64)
    rows = list(csv.DictReader(Path("c.csv").read_text().splitlines()))
    assert [row["label"] for row in rows] == ["schedule=cosine", "schedule=constant", "schedule=step"]
    assert float(rows[2]["mean"]) == third["mean"] and rows[2]["values"] == "0.6 0.64 0.62"
    assert set(rows[0]) == (set(third) - {"settings"}) | {"section"}


def test_a_file_that_is_there_is_replaced_whole(tmp_path: Path) -> None:
    Path("c.json").write_text("x" * 100_000)
    compare(["json=c.json"])
    json.loads(Path("c.json").read_text())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.json", "outputs"]
    compare([f"html={os.devnull}"])


def test_all_runs_left_out_still_makes_the_files(capsys: pytest.CaptureFixture[str]) -> None:
    make_run(Path("bad/run"), 0.9, state={"status": "failed", "message": "no memory"})
    text = printed(capsys, "bad", "html=c.html", "svg=c.svg", "json=c.json", "csv=c.csv", code=1)
    assert Path("c.html").is_file() and Path("c.svg").is_file() and Path("c.csv").is_file()
    assert "1 runs found, 0 compared." in text and "it failed: no memory" in text
    assert json.loads(Path("c.json").read_text())["sections"] == []


def test_names_that_no_terminal_and_no_page_should_obey(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/outputs/\x1b[31m\xff\n:tea:")
    make_run(Path(folder), 0.9, 0, schedule="\x1b]0;owned\x07\ud800", state={"status": "failed"})
    make_run(Path("outputs/x"), 0.9, 0, schedule="\x1b]0;owned\x07\ud800")
    text = printed(capsys, "html=c.html", "json=c.json", "csv=c.csv")
    for written in (text, *(Path(f"c.{kind}").read_text(encoding="utf-8") for kind in ("html", "json", "csv"))):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", written)
    assert ":tea:" in text


def test_settings_and_sizes_that_nobody_expects(capsys: pytest.CaptureFixture[str]) -> None:
    for number, value in enumerate([math.nan, math.inf, None, 10**400, {"a": [1, {"b": "ü"}]}, ""]):
        make_run(Path(f"odd/{number}"), 0.5, 0, schedule__value=value, state={"steps_per_epoch": 0})
    make_run(Path("odd/huge"), 0.5, 0, state={"total_steps": 10**15}, result={"updates": 100, "epoch_seconds": "x"})
    text = printed(capsys, "odd", "html=c.html", "json=c.json", "csv=c.csv", "metric=test_loss")
    assert "7 runs found, 7 compared." in text and 'schedule.value={"a":[1,{"b":"ü"}]}' in one_line(text).replace(
        " ", ""
    )
    assert len(json.loads(Path("c.json").read_text())["runs"]) == 7


# --- real runs ---


def test_real_runs_without_tensorflow(tmp_path: Path) -> None:
    done = annealkit_command("-m", *TOY, "schedule=constant,cosine", "seed=0,1", "outputs=real", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    code = """
import sys
from annealkit.command_line.main import main
sys.argv = ["annealkit", "compare", "real", "html=c.html", "json=c.json"]
code = main()
print("IMPORTED", code, sorted({"tensorflow", "keras", "tensorboard"} & set(sys.modules)))
"""
    done = python(code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "IMPORTED 0 []"
    accuracies: dict[str, list[float]] = {}
    for path in sorted(tmp_path.glob("real/*/run.json")):
        run = json.loads(path.read_text())
        accuracies.setdefault(f"schedule={run['settings']['schedule']}", []).append(run["result"]["test_accuracy"])
    [section] = json.loads(Path("c.json").read_text())["sections"]
    assert {group["label"]: group["values"] for group in section["groups"]} == accuracies
    # Toy's training images are 1,000 less none, 20 updates an epoch; the rates are certain, since their digest agrees.
    assert section["heading"].startswith("toy, mlp, 3 epochs, batches of 50") and "60 weight" in section["heading"]
    curves = {
        run.settings["schedule"]: rate_curve(run, load_registry())
        for run in find_runs([Path("real")], METRICS["test_accuracy"])
    }
    assert curves["cosine"].exact and len(curves["cosine"].rates) == 60
    # 0.03 (1 + cos(π t / 60)) / 2
    assert curves["cosine"].rates[30] == pytest.approx(0.015) and curves["cosine"].rates[20] == pytest.approx(0.0225)
    assert set(curves["constant"].rates) == {0.03}


def test_rates_that_are_not_certain_come_from_the_history() -> None:
    run = find_runs([Path("outputs/cosine-s0")], METRICS["test_accuracy"])[0]
    curve = rate_curve(run, load_registry())
    assert not curve.exact and curve.updates == [25, 50, 75, 100] and curve.rates == [0.1] * 4


# --- many runs ---


def test_a_thousand_runs(capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(200):
        for seed in range(5):
            make_run(Path(f"many/{number}-{seed}"), (number * 7 + seed * 13) % 97 / 100, seed, optimizer__lr=number)
    text = printed(capsys, "many", "html=c.html", "json=c.json", "csv=c.csv")
    assert text.endswith("wrote c.html\n") and "1000 runs found, 1000 compared." in text
    assert len(json.loads(Path("c.json").read_text())["sections"][0]["groups"]) == 200


def test_a_reader_that_has_had_enough(tmp_path: Path) -> None:
    command = f"{sys.executable} -m annealkit compare svg=c.svg | head -1"
    done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert done.stderr == "" and done.stdout.startswith("toy, mlp")
    assert Path("c.svg").is_file()


def test_wrong_options_are_config_errors() -> None:
    with pytest.raises(ConfigError):
        compare(["metric=x"])
