"""Distributions really installed into a virtual environment of their own, and used from elsewhere.

Nothing is downloaded: the environment borrows the libraries of the interpreter that runs the tests.
"""

import os
import site
import subprocess
import sysconfig
import venv
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
SAWTOOTH = REPOSITORY / "plugins" / "annealkit-sawtooth"


class Installed:
    """A virtual environment, and an empty folder to call it from.

    Args:
        folder: an empty one.
        distributions: what to install, in pip's words.
        pip: an interpreter that has pip; None: the environment gets a pip of its own, which takes seconds.
    """

    def __init__(self, folder: Path, *distributions: str, pip: Path | None = None) -> None:
        self.outside = folder / "outside"
        self.outside.mkdir()
        # Environments made by other tools may have no pip to borrow.
        venv.create(folder / "venv", with_pip=pip is None, symlinks=os.name != "nt")
        self.python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self._pip = pip or self.python
        borrowed = folder / "borrowed"
        _link_libraries(borrowed)
        packages = self.run("-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip()
        (Path(packages) / "borrowed.pth").write_text(f"{borrowed}\n")
        self.install(*distributions)

    def install(self, *distributions: str) -> None:
        self.pip("install", "--no-deps", "--no-build-isolation", "--no-index", *distributions)

    def pip(self, *arguments: str) -> None:
        command = ["-m", "pip", "--disable-pip-version-check", "--python", str(self.python), *arguments]
        done = self.run(*command, program=str(self._pip))
        assert done.returncode == 0, done.stdout + done.stderr

    def annealkit(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "annealkit", *arguments, cwd=cwd)

    def run(
        self, *arguments: str, program: str = "python", cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """A program of the environment, or of any other by its whole path."""
        # Neither the checkout nor anything else of the tests' own environment may be what is imported.
        foreign = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "ANNEALKIT_DISABLE_PLUGINS", "FORCE_COLOR")
        environment = {name: value for name, value in os.environ.items() if name not in foreign}
        environment.update(COLUMNS="120", PYTHONNOUSERSITE="1", PYTHONUTF8="1")
        command = [str(self.python.parent / program), *arguments]
        return subprocess.run(
            command, cwd=cwd or self.outside, env=environment, capture_output=True, text=True, timeout=300
        )


def _link_libraries(folder: Path) -> None:
    """A folder that leads to every library of this interpreter but annealkit and its plugins.

    Those may be installed here too, and editable installs would put the checkout on the path: both would hide
    what is to be tested.
    """
    folder.mkdir()
    found = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()}
    for packages in sorted(found):
        for entry in Path(packages).iterdir() if Path(packages).is_dir() else ():
            ours = "annealkit" in entry.name.replace("_", "-").lower()
            if not ours and entry.suffix != ".pth" and not (folder / entry.name).exists():
                (folder / entry.name).symlink_to(entry)
