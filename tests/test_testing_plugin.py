"""The checks where a person meets them: as tests of pytest, on the command line; and the built-ins under them."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from helpers import annealkit_command, environment

from annealkit.groups import GROUPS
from annealkit.plugin_system.registry import load_registry
from annealkit.testing import checks

REPOSITORY = Path(__file__).parents[1]

BROKEN = '''
from dataclasses import dataclass
from annealkit import hookimpl

@dataclass
class Broken:
    """Fall in a straight line.

    Formula: factor(s) = 1 - 2s/T.

    Range: [0, 1].

    Source: a rule of practice.
    """

    def factor(self, step, run):
        return 1 - 2 * step / run.total_steps

@hookimpl
def annealkit_schedules():
    return {"broken": Broken}
'''
NEGATIVE = "factor is -0.1428571428571428 at step 4 of Run(total_steps=7, steps_per_epoch=3)"


def install(folder: Path) -> Path:
    """The broken schedule as pip would leave it, and annealkit's plugin for pytest even where only a checkout is."""
    site = folder / "site"
    info = site / "broken-2.0.dist-info"
    info.mkdir(parents=True)
    (site / "annealkit_broken.py").write_text(BROKEN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 2.0\n")
    plugin = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    lines = ["[annealkit]", "broken = annealkit_broken", "[pytest11]", *(f"{k} = {v}" for k, v in plugin.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))
    return site


def run_pytest(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    variables = environment(PYTHONPATH=os.fspath(install(cwd)), COLUMNS="200")
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, timeout=300)


def test_each_check_is_a_test_and_its_failure_only_the_message(tmp_path: Path) -> None:
    done = run_pytest("-v", "--annealkit-check", "schedule=broken", "-k", "finite or docstring or Range", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "annealkit-check::schedule=broken::finite and at least 0 FAILED" in done.stdout
    assert "annealkit-check::schedule=broken::docstring: summary, Formula, Source, every field PASSED" in done.stdout
    assert "2 failed, 1 passed, 13 deselected" in done.stdout
    assert NEGATIVE in done.stdout and "To change: bound what leads there" in done.stdout
    assert "Traceback" not in done.stdout and "schedules.py" not in done.stdout and "def " not in done.stdout


def test_the_configuration_names_parts_and_a_single_test_goes_without_them(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nannealkit_check =\n    warmup=linear\n    data=cifar10\n")
    (tmp_path / "test_own.py").write_text("def test_one():\n    assert 2 > 1\n")
    done = run_pytest("-v", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_own.py::test_one PASSED" in done.stdout
    assert "annealkit-check::warmup=linear::ends below its target PASSED" in done.stdout
    assert "annealkit: not checked" in done.stdout
    assert "data=cifar10: images and labels: load() uses the network (needs_download = True)" in done.stdout
    alone = run_pytest_again("test_own.py::test_one", cwd=tmp_path)
    assert alone.returncode == 0 and "1 passed" in alone.stdout


def run_pytest_again(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    variables = environment(PYTHONPATH=os.fspath(cwd / "site"))
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("schedule=brokn", "schedule=brokn: no such schedule. Did you mean broken?"),
        ("broken", "annealkit-check: 'broken' is not of the form GROUP=NAME, such as schedule=ripple."),
    ],
)
def test_an_unknown_part_ends_pytest_in_words(part: str, words: str, tmp_path: Path) -> None:
    done = run_pytest("--annealkit-check", part, cwd=tmp_path)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert words in done.stderr and "Traceback" not in done.stdout + done.stderr


def test_without_the_option_pytest_imports_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "import sys\n"
        "def test_one(request):\n"
        "    assert request.config.pluginmanager.has_plugin('annealkit')\n"
        "    heavy = {'hydra', 'omegaconf', 'keras', 'tensorflow', 'rich', 'annealkit.plugin_system.registry'}\n"
        "    assert not heavy & set(sys.modules)\n"
    )
    # Hydra brings a plugin of its own, which imports Hydra.
    done = run_pytest("-q", "-p", "no:hydra_pytest", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_command_prints_a_line_a_part_then_what_is_wrong(tmp_path: Path) -> None:
    site = os.fspath(install(tmp_path))
    done = annealkit_command("check", "broken", "warmup=linear", cwd=tmp_path, PYTHONPATH=site)
    assert done.returncode == 1 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0].startswith("schedule=broken  ") and lines[0].endswith("11 passed, 3 failed, 2 could not run")
    assert lines[1] == "warmup=linear    12 passed"
    assert f"finite and at least 0\nschedule=broken (with its defaults): {NEGATIVE}; expected a finite" in done.stdout
    assert "\n2 checks could not run because of it: the same in the graph; follows a warmup.\n" in done.stdout
    assert lines[-1] == "3 checks failed."
    assert "\x1b" not in done.stdout


def test_the_command_says_what_it_has_not_checked(tmp_path: Path) -> None:
    done = annealkit_command("check", "auto", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "not checked: images and labels: load() uses the network (needs_download = True)" in done.stdout
    assert done.stdout.endswith("1 checked, all passed.\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cosin"], "check: nothing is called 'cosin'. Did you mean cosine?"),
        (["schedule=cosin"], "schedule=cosin: no such schedule. Did you mean cosine?"),
        (["schedul=cosine"], "check: there is no group 'schedul'. Did you mean schedule?"),
        ([], "check needs names. Try annealkit check ripple"),
        (["--all", "cosine"], "check --all takes nothing more; got --all cosine."),
    ],
)
def test_a_wrong_name_is_refused(
    arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from annealkit.command_line.main import main

    monkeypatch.setattr("sys.argv", ["annealkit", "check", *arguments])
    assert main() == 2
    assert words in capsys.readouterr().err


BUILT_IN = [(group, name) for group in GROUPS for name, part in load_registry().parts[group].items()
            if part.distribution == "annealkit"]  # fmt: skip


@pytest.mark.parametrize(("group", "name"), BUILT_IN)
def test_the_built_in_parts_pass(group: str, name: str) -> None:
    for check in checks(group, name):
        check()
