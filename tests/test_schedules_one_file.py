"""A new built-in schedule is one file: a plugin's module, put into annealkit/schedules/, with no other edit."""

import ast
import shutil
import sys
from pathlib import Path

import pytest
from helpers import annealkit_command, python

ROOT = Path(__file__).parents[1]
PLUGIN = ROOT / "plugins" / "annealkit-sawtooth" / "annealkit_sawtooth.py"
ALONE = {"ANNEALKIT_DISABLE_PLUGINS": "annealkit-sawtooth"}  # where it is installed as a plugin, too

IN_PYTHON = """
import sys
import numpy as np
import annealkit
from annealkit.plugin_system.registry import load_registry
from annealkit.testing import checks

print(annealkit.__file__)
assert annealkit.Sawtooth is annealkit.schedules.Sawtooth
assert annealkit.Sawtooth("50%").factor(np.arange(4), annealkit.Run(4, 2)).tolist() == [1, 0.5, 0.5, 0.25]
part = load_registry().get("schedule", "sawtooth")
assert (part.cls, part.distribution, load_registry().skipped) == (annealkit.Sawtooth, "annealkit", []), part
found = checks("schedule", "sawtooth")
for check in found:
    if check.title != "the same in the graph":
        check()
print(len(found))
assert "tensorflow" not in sys.modules
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout without metadata: package and configuration, with the file of the sawtooth among the schedules."""
    folder = tmp_path_factory.mktemp("bare")
    for name in ("annealkit", "conf"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for mine in (folder / "annealkit" / "schedules").glob("*sawtooth.py"):  # Somebody has tried it here.
        mine.unlink()
    shutil.copy(PLUGIN, folder / "annealkit" / "schedules")
    return folder


def test_it_can_be_named_on_the_command_line(bare: Path) -> None:
    done = annealkit_command(
        "preview", "schedule=sawtooth", "schedule.every=1ep", "data=toy", "model=mlp", "optimizer.lr=0.5",
        cwd=bare, **ALONE,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "first" in done.stdout and "0.5 " in done.stdout
    wrong = annealkit_command("preview", "schedule=sawtooth", "schedule.shrink=2", cwd=bare, **ALONE)
    assert wrong.returncode == 2
    assert "sawtooth: shrink must lie in (0, 1]; got 2.0. Try schedule.shrink=0.5." in " ".join(wrong.stderr.split())


def test_it_is_listed_with_its_settings(bare: Path) -> None:
    done = annealkit_command("plugins", cwd=bare, **ALONE, COLUMNS="200")
    assert (done.returncode, done.stderr) == (0, "")
    [line] = [line for line in done.stdout.splitlines() if "Fall linearly to `floor` once every `every`" in line]
    assert line.split()[0] == "sawtooth" and "annealkit " in line
    details = annealkit_command("plugins", "schedule=sawtooth", cwd=bare, **ALONE)
    assert (details.returncode, details.stderr) == (0, "")
    assert "schedule.shrink=0.5" in details.stdout
    assert "length of a tooth, a duration above zero (2ep, 1500st or 12.5%)" in details.stdout


def test_it_is_exported_and_checked_like_every_built_in(bare: Path) -> None:
    done = python(IN_PYTHON, cwd=bare, PYTHONPATH=str(bare), **ALONE)
    assert done.returncode == 0, done.stderr
    place, count = done.stdout.splitlines()
    assert Path(place) == bare / "annealkit" / "__init__.py" and int(count) > 10


# The schedules of Keras start TensorFlow quietly and ask it for its values, which no other part does.
BRIDGE = {"annealkit.curve.schedule_values", "annealkit.start_tensorflow", "keras"}


@pytest.mark.parametrize("folder", ["schedules", "warmups", "feedback"])
def test_the_built_in_ones_are_written_as_a_plugin_is(folder: str) -> None:
    """They import annealkit itself, NumPy, the standard library and helpers of their own folder, and nothing else."""
    modules = [path for path in (ROOT / "annealkit" / folder).glob("*.py") if "@hookimpl" in path.read_text()]
    assert modules
    for path in modules:
        found: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found |= {node.module or ""} if isinstance(node, ast.ImportFrom) else set()
            found |= {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
        own = {name for name in found if name.startswith(f"annealkit.{folder}._")}
        known = {name for name in found if name.partition(".")[0] in sys.stdlib_module_names} | {"annealkit", "numpy"}
        assert found - own - known <= (BRIDGE if path.name == "keras_schedule.py" else set()), path
