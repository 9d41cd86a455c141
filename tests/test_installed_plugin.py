"""annealkit and the example plugin, really installed into a virtual environment and used from elsewhere."""

import csv
from collections.abc import Iterator
from importlib import metadata

import pytest
from installed import SAWTOOTH, Installed


@pytest.fixture
def without_sawtooth(installed: Installed) -> Iterator[None]:
    installed.pip("uninstall", "--yes", "annealkit-sawtooth")
    yield
    installed.install(str(SAWTOOTH))


def test_what_runs_is_the_installed_package(installed: Installed) -> None:
    code = "import annealkit, annealkit_sawtooth; print(annealkit.__file__); print(annealkit_sawtooth.__file__)"
    done = installed.run("-c", code)
    environment = str(installed.python.parents[1])
    assert done.returncode == 0, done.stderr
    assert all(line.startswith(environment) for line in done.stdout.splitlines())


def test_its_own_tests_pass_against_what_is_installed(installed: Installed) -> None:
    done = installed.run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", str(SAWTOOTH / "tests")
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_listed_with_distribution_and_version(installed: Installed) -> None:
    done = installed.annealkit("plugins")
    assert (done.returncode, done.stderr) == (0, "")
    line = next(line for line in done.stdout.splitlines() if line.startswith("sawtooth "))
    assert line.split()[-2:] == ["annealkit-sawtooth", "0.1.0"]
    assert done.stdout.index("schedule=") < done.stdout.index("\nsawtooth ") < done.stdout.index("warmup=")
    assert "skipped" not in done.stdout


def test_a_preview_shows_its_numbers(installed: Installed) -> None:
    done = installed.annealkit(
        "preview", "schedule=sawtooth", "schedule.every=2ep", "schedule.shrink=0.5", "schedule.floor=0.2",
        "optimizer=sgd", "optimizer.lr=0.1", "trainer.epochs=4", "trainer.batch_size=250", "data=toy",
        "preview.csv=out.csv",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with (installed.outside / "out.csv").open(newline="") as file:
        rates = [float(row["learning_rate"]) for row in csv.DictReader(file)]
    # 1,000 points in batches of 250 are 4 updates an epoch: two teeth of 8 updates. Above the floor of 0.02 the first
    # begins 0.08 high and loses an eighth of that, 0.01, at each update; the second begins 0.04 high and loses 0.005.
    first = [0.10, 0.09, 0.08, 0.07, 0.06, 0.05, 0.04, 0.03]
    second = [0.06, 0.055, 0.05, 0.045, 0.04, 0.035, 0.03, 0.025]
    assert rates == pytest.approx(first + second, rel=1e-12)


def test_it_trains(installed: Installed) -> None:
    done = installed.annealkit("schedule=sawtooth", "data=toy", "model=mlp", "trainer.epochs=2")
    assert done.returncode == 0, done.stdout + done.stderr
    folders = [path.name for path in (installed.outside / "outputs").iterdir() if path.name.startswith("sawtooth-")]
    assert len(folders) == 1
    run = (installed.outside / "outputs" / folders[0] / "run.json").read_text()
    assert "annealkit-sawtooth" in run and metadata.version("keras") in run


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("schedule.shrnk=0.5", ["schedule.shrnk", "schedule.shrink"]),
        ("schedule.shrink=much", ["schedule.shrink", "much"]),
        ("schedule.shrink=1.5", ["sawtooth: shrink must lie in (0, 1]; got 1.5. Try schedule.shrink=0.5."]),
        ("schedule.every=3", ["sawtooth: every=", "has no unit"]),
    ],
)
def test_a_wrong_field_is_refused_by_name(installed: Installed, override: str, words: list[str]) -> None:
    done = installed.annealkit("preview", "schedule=sawtooth", "data=toy", override)
    assert done.returncode == 2, done.stdout + done.stderr
    assert all(word in done.stderr for word in words), done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.usefixtures("without_sawtooth")
def test_once_uninstalled_the_name_is_unknown(installed: Installed) -> None:
    done = installed.annealkit("preview", "schedule=sawtooth", "data=toy")
    assert done.returncode == 2
    assert "schedule=sawtooth: no such schedule." in done.stderr
    assert "sawtooth" not in installed.annealkit("plugins").stdout
