"""A user without a home, as containers have, and folders that cannot be written."""

import os
import pwd
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from annealkit.datasets import Auto, Cifar10, Folder, cifar10
from annealkit.errors import DataError, RunError
from annealkit.start_tensorflow import check_temporary_folder, keras_home

# What an unknown user id is for Python: no HOME, and no entry to find it in.
NO_ENTRY = "import pwd\ndef unknown(number): raise KeyError(number)\npwd.getpwuid = unknown\n"


@pytest.fixture
def no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No home, no network, and the empty folder in which one works."""

    def unknown(number: int) -> Any:
        raise KeyError(number)

    for name in ("HOME", "XDG_CACHE_HOME", "ANNEALKIT_CACHE", "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(cifar10, "URL", "http://127.0.0.1:9/cifar-10-binary.tar.gz")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_auto_falls_back_in_words(no_home: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING", logger="annealkit"):
        images = Auto(validation=0, limit=20).load()
    assert images.name == "synthetic"
    [record] = caplog.records
    for word in ("SYNTHETIC", "no home folder", "ANNEALKIT_CACHE", "/tmp/.keras/datasets"):
        assert word in record.getMessage()
    assert not list(no_home.iterdir())


@pytest.mark.parametrize("cache", ["~/cache", "~"])
def test_a_cache_in_no_home_is_no_folder_named_tilde(
    no_home: Path, monkeypatch: pytest.MonkeyPatch, cache: str
) -> None:
    monkeypatch.setenv("ANNEALKIT_CACHE", cache)
    with pytest.raises(DataError, match="no home folder"):
        Cifar10().load()
    assert not list(no_home.iterdir())


def test_a_path_in_no_home_is_not_there(no_home: Path) -> None:
    with pytest.raises(DataError, match="there is nothing at ~/cifar"):
        Cifar10(path="~/cifar").load()
    with pytest.raises(DataError, match="there is no folder ~/pictures/train"):
        Folder(path="~/pictures").load()


def test_a_cache_that_may_not_be_looked_at_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The home of another user, say. A name too long is refused by the system in the same way, to root too."""
    monkeypatch.setattr(cifar10, "URL", "http://127.0.0.1:9/cifar-10-binary.tar.gz")
    monkeypatch.setenv("ANNEALKIT_CACHE", str(tmp_path / ("x" * 300)))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / ("y" * 300)))
    with pytest.raises(DataError, match=r"cifar10: not at hand and not to be had.*File name too long"):
        Cifar10().load()
    with pytest.raises(DataError, match="there is nothing at"):
        Cifar10(path=str(tmp_path / ("z" * 300))).load()


def test_keras_goes_where_it_would_go_itself(no_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert keras_home() == Path("/tmp/.keras")
    monkeypatch.setenv("HOME", "/somewhere")
    assert keras_home() == Path("/somewhere/.keras")
    monkeypatch.setenv("KERAS_HOME", "/elsewhere")
    assert keras_home() == Path("/elsewhere")


def test_tensorflow_makes_no_folder_named_tilde(tmp_path: Path) -> None:
    script = NO_ENTRY + "from annealkit.start_tensorflow import start_tensorflow\nstart_tensorflow(1)"
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "KERAS_HOME")}
    environment |= {"PYTHONPATH": os.pathsep.join(sys.path), "MPLCONFIGDIR": str(tmp_path / "matplotlib")}
    (tmp_path / "here").mkdir()
    subprocess.run([sys.executable, "-c", script], env=environment, cwd=tmp_path / "here", check=True, timeout=120)
    assert not list((tmp_path / "here").iterdir())


def test_no_folder_for_temporary_files_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp', '/here']")

    check_temporary_folder()
    monkeypatch.setattr(tempfile, "gettempdir", none)
    with pytest.raises(RunError, match=r"no folder for temporary files.*'/tmp', '/here'.*TMPDIR"):
        check_temporary_folder()
