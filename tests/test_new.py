"""`annealkit new`: what it writes is really installed, passes its own tests and works on the command line."""

import errno
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers import annealkit_command
from installed import Installed

from annealkit import AnnealkitError
from annealkit.command_line.new import KINDS, new
from annealkit.fields import settings_of
from annealkit.groups import GROUPS

# Names whose classes come near to what the templates import: Run, Any, Images, Dense.
NAMES = {
    "schedule": "run",
    "warmup": "step_by_step",
    "feedback": "any",
    "optimizer": "sign",
    "model": "dense",
    "data": "images",
}
OWN_TESTS = {"schedule": 6, "warmup": 5, "feedback": 6, "optimizer": 5, "model": 4, "data": 6}
FILES = {".gitignore", "README.md", "pyproject.toml", "annealkit_{}.py", "tests/test_{}.py"}
RUFF = ("--isolated", "--line-length=120", "--no-cache")


# --- used as its author would use it ---


@pytest.fixture(scope="module")
def written(installed: Installed) -> tuple[Installed, dict[str, list[str]]]:
    """The environment with all six installed, half of them editable, and the commands that `new` printed for each."""
    commands = {}
    for kind, name in NAMES.items():
        done = installed.annealkit("new", kind, name)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        commands[kind] = [line.strip() for line in done.stdout.splitlines() if line.startswith("  ")]
    folders = [f"./annealkit-{name}" for name in NAMES.values()]
    editable = [word for folder in folders[1::2] for word in ("--editable", folder)]
    installed.install(*folders[::2], *editable)
    return installed, commands


@pytest.mark.parametrize("kind", NAMES)
def test_its_own_tests_pass(kind: str, written: tuple[Installed, dict[str, list[str]]]) -> None:
    installed, commands = written
    first, install, tests, *_ = commands[kind]
    assert first == f"cd annealkit-{NAMES[kind]}"
    assert [install, tests] == ["pip install -e '.[test]'", "python -m pytest"]
    folder = installed.outside / f"annealkit-{NAMES[kind]}"
    assert {path.name for path in folder.iterdir()} >= {".gitignore", "README.md"}  # The wheel has all templates.
    done = installed.run("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Unknown config option" not in done.stdout
    passed = int(done.stdout.splitlines()[-1].split(" passed")[0])
    assert passed > OWN_TESTS[kind]  # The rest is what annealkit asks of its kind.


@pytest.mark.parametrize("kind", NAMES)
def test_the_other_printed_commands_work(kind: str, written: tuple[Installed, dict[str, list[str]]]) -> None:
    installed, commands = written
    check, *uses = commands[kind][3:]
    assert check == f"python -m annealkit check {NAMES[kind]}"
    assert [use.split()[:3] for use in uses] == [["python", "-m", "annealkit"]] * len(uses)
    # A preview builds every part, as the training does that some of these begin; that comes below, for all at once.
    words = {word for use in uses for word in use.split()[3:]} - {"preview"}
    done = installed.annealkit("preview", *sorted(words), "preview.csv=out.csv")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_all_six_train_together(written: tuple[Installed, dict[str, list[str]]]) -> None:
    installed, _ = written
    chosen = [f"{kind}={name}" for kind, name in NAMES.items()]
    done = installed.annealkit(*chosen, "trainer.epochs=2")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    [run] = (installed.outside / "outputs").glob("run-sign-dense-images-s0-*/run.json")
    state = run.read_text()
    assert all(f"annealkit-{name} 0.1.0" in state for name in NAMES.values())


def test_they_are_listed_with_their_summaries(written: tuple[Installed, dict[str, list[str]]]) -> None:
    installed, _ = written
    done = installed.annealkit("plugins")
    assert (done.returncode, done.stderr) == (0, "")
    for name in NAMES.values():
        line = next(line for line in done.stdout.splitlines() if line.startswith(f"{name} "))
        assert line.split()[-2:] == [f"annealkit-{name}", "0.1.0"]


def test_the_check_command_passes(written: tuple[Installed, dict[str, list[str]]]) -> None:
    installed, commands = written
    done = installed.annealkit(*shlex.split(commands["warmup"][3])[3:])
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr


def test_a_name_that_is_installed_is_refused(written: tuple[Installed, dict[str, list[str]]]) -> None:
    installed, _ = written
    done = installed.annealkit("new", "schedule", "run", "annealkit-run")
    assert done.returncode == 2
    assert "new: schedule=run is there already, from annealkit-run 0.1.0." in done.stderr
    done = installed.annealkit("new", "warmup", "run", "annealkit-run")
    assert done.returncode == 2
    assert "new: a distribution annealkit-run 0.1.0 is installed already" in done.stderr


# --- what is written ---


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
def test_the_files(kind: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new([kind, "a_long_enough_name"]) == 0
    folder = here / "annealkit-a_long_enough_name"
    found = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert set(found) == {name.format("a_long_enough_name") for name in FILES}
    assert not [name for name, text in found.items() if "$" in text or "NAME" in text]
    module = found["annealkit_a_long_enough_name.py"]
    assert f"class ALongEnoughName{kind.capitalize()}" in module
    made: dict[str, Any] = {"__name__": "module"}
    exec(compile(module, "module", "exec"), made)
    cls = made[f"ALongEnoughName{kind.capitalize()}"]
    for heading in ("Formula: ", "Args:\n", "Source: "):
        assert heading in cls.__doc__ or (kind, heading) == ("data", "Formula: ")
    assert all(known.meaning for known in settings_of(cls).values())
    assert "range_are_refused_by_name" in found["tests/test_a_long_enough_name.py"]
    assert "def examples(" in module
    assert ("Range: [" in module) == (kind in ("schedule", "warmup"))
    assert f'annealkit_check = ["{kind}=a_long_enough_name"]' in found["pyproject.toml"]
    for arguments in (["check", "--select=E,F,I,UP,B,N,SIM"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *arguments, *RUFF, "."]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
    assert "cd annealkit-a_long_enough_name\n" in capsys.readouterr().out


def test_there_is_one_for_each_group() -> None:
    assert set(KINDS) == set(GROUPS) == set(NAMES)


def test_another_folder(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "my plugins").mkdir()
    assert new(["schedule", "ripple", "my plugins"]) == 0
    assert (here / "my plugins" / "annealkit-ripple" / "pyproject.toml").is_file()
    assert "cd 'my plugins/annealkit-ripple'\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "name", "cls"),
    [
        ("feedback", "my_feedback", "MyFeedback"),
        ("data", "data", "Data"),
        ("data", "dataset", "DatasetData"),
        ("optimizer", "keras_optimizer", "KerasOptimizer"),
        ("model", "model", "Model"),
        ("schedule", "rescheduled", "RescheduledSchedule"),
        ("schedule", "schedule_of_mine", "ScheduleOfMineSchedule"),
    ],
)
def test_the_kind_stands_once_in_the_name_of_the_class(kind: str, name: str, cls: str, here: Path) -> None:
    assert new([kind, name]) == 0
    folder = here / f"annealkit-{name}"
    code = (folder / f"annealkit_{name}.py").read_text()
    assert re.findall(r"^class (\w+)", code, re.MULTILINE) == [cls] and f'{{"{name}": {cls}}}' in code
    assert f"import {cls}\n" in (folder / "tests" / f"test_{name}.py").read_text()
    exec(compile(code, "module", "exec"), {"__name__": "module"})  # The base class is not hidden by that name.


def test_its_help_is_of_this_command(here: Path) -> None:
    done = annealkit_command("new", "--help", cwd=here)
    assert (done.returncode, done.stderr) == (0, "")
    assert "annealkit new KIND NAME [FOLDER]" in done.stdout and "KIND     schedule, warmup, feedback," in done.stdout
    assert "annealkit new schedule ripple" in done.stdout and "trainer" not in done.stdout
    assert len(done.stdout.splitlines()) < 20 and not list(here.iterdir())


# --- what is refused ---


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "got nothing. Usage: annealkit new KIND NAME [FOLDER], where KIND is one of schedule, "),
        (["schedule"], "new takes a kind, a name and perhaps a folder; got schedule."),
        (["schedule", "a", "b", "c"], "got schedule a b c."),
        (
            ["shedule", "ripple"],
            "new: KIND must be one of schedule, warmup, feedback, optimizer, model, data; got 'shedule'. Did you",
        ),
        (["dataset", "ripple"], "got 'dataset'. Did you mean data?"),
        (["schedule", "Ripple"], "got 'Ripple'. Try annealkit new schedule ripple."),
        (["schedule", "my-ripple"], "got 'my-ripple'. Try annealkit new schedule my_ripple."),
        (["schedule", "2fast"], "got '2fast'. Try annealkit new schedule fast."),
        (["schedule", "ripple_"], "got 'ripple_'. Try annealkit new schedule ripple."),
        (["schedule", "../ripple"], "got '../ripple'. Try annealkit new schedule ripple."),
        (["schedule", ""], "got ''. Try annealkit new schedule ripple."),
        (["schedule", "lambda"], "NAME=lambda is a word of Python, and no name. Try annealkit new schedule lambda_"),
        (["schedule", "nan"], "NAME=nan is a value in a configuration, and no name."),
        (["schedule", "cosine"], "schedule=cosine is there already, from annealkit "),
        (["data", "cifar10"], "data=cifar10 is there already, from annealkit "),
        (["schedule", "ripple", "nowhere"], "FOLDER=nowhere is no folder that exists."),
        (["schedule", "r" * 300], os.strerror(errno.ENAMETOOLONG)),
    ],
)
def test_what_cannot_be_is_refused_in_words(arguments: list[str], message: str, here: Path) -> None:
    with pytest.raises(AnnealkitError) as refused:
        new(arguments)
    assert message in str(refused.value)
    assert not list(here.iterdir())


def test_nothing_is_overwritten(here: Path) -> None:
    (here / "annealkit-ripple").mkdir()
    (here / "annealkit-ripple" / "mine.txt").write_text("mine")
    with pytest.raises(AnnealkitError, match=r"annealkit-ripple is there already, and nothing is ever overwritten"):
        new(["schedule", "ripple"])
    assert [path.name for path in (here / "annealkit-ripple").iterdir()] == ["mine.txt"]


def test_a_full_disk_leaves_nothing_half_written(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_text(self: Path, *_: Any, **__: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", write_text)
    with pytest.raises(AnnealkitError, match=r"cannot write .*: No space left on device\. Nothing was kept\."):
        new(["schedule", "ripple"])
    assert not list(here.iterdir())


def test_on_the_command_line_it_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    done = annealkit_command("new", "schedule", "cosine", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("annealkit: new: schedule=cosine is there already")
