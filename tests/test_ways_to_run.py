"""The three ways to have annealkit: from a wheel, as an editable install, and as a bare checkout without metadata."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from installed import REPOSITORY, Installed

PREVIEW = ("preview", "schedule=cyclical", "data=toy", "preview.csv=out.csv")

CONF_DIR = "from annealkit.configuration.hydra_app import conf_dir; print(conf_dir())"


def test_a_wheel_holds_the_configuration(installed: Installed) -> None:
    shown = installed.run("-c", CONF_DIR).stdout.strip()
    assert shown.startswith(str(installed.python.parents[1])) and shown.endswith("annealkit/conf")
    assert (Path(shown) / "schedule" / "cyclical.yaml").is_file()
    script = installed.run(*PREVIEW, program="annealkit")
    assert script.returncode == 0, script.stderr
    assert script.stdout == installed.annealkit(*PREVIEW).stdout, "the console script is the module"


def test_an_editable_install_reads_the_checkout(installed: Installed, tmp_path: Path) -> None:
    editable = Installed(tmp_path, "--editable", str(REPOSITORY), pip=installed.python)
    shown = editable.run("-c", CONF_DIR).stdout.strip()
    assert Path(shown) == REPOSITORY / "conf"
    assert editable.annealkit(*PREVIEW).returncode == 0


@pytest.mark.parametrize("inside", [True, False])
def test_a_bare_checkout_needs_no_metadata(tmp_path: Path, inside: bool) -> None:
    checkout = tmp_path / "checkout"
    for name in ("annealkit", "conf"):
        shutil.copytree(REPOSITORY / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    # -S leaves out site-packages and with them any metadata of annealkit; the libraries come by their bare path.
    libraries = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    code = (
        f"import sys; sys.path[:0] = [{str(checkout)!r}]; sys.path += {libraries!r}\n"
        "import importlib.metadata as m\n"
        "known = m.entry_points\n"
        "m.entry_points = lambda **kw: [p for p in known(**kw) if 'annealkit' not in p.value]\n"
        f"sys.argv = ['annealkit', *{list(PREVIEW)!r}]\n"
        "import annealkit.command_line.main as cli, annealkit.configuration.composition as composition\n"
        "assert cli.main() == 0\n"
        "print(composition.conf_dir())\n"
    )
    cwd = checkout if inside else tmp_path
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=cwd, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(checkout / "conf")
