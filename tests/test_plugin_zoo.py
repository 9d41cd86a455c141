"""A zoo of broken plugins, installed as files that importlib.metadata finds, all at once, in real processes.

Whatever lives in it, annealkit works, and says which distribution is at fault and what to do.
"""

from pathlib import Path
from subprocess import CompletedProcess

import pytest
from helpers import TOY, annealkit_command, one_line, only_run
from test_registry import BROKEN, GOOD, HOOK, hook, install

from annealkit.plugin_system.registry import DISABLE

HEAD, _, _ = GOOD.partition("        return")


# --- plugins that cannot be used ---

CAUSES = {
    **{"zoo-" + fault.replace(" ", "-"): (code, cause) for fault, (code, cause) in BROKEN.items()},
    "zoo-half-way": (
        hook("return dict(halves() for _ in '12')") + "def halves():\n    raise LookupError('half')",
        "half",
    ),
    "zoo-taken": (GOOD + HOOK.replace("halves", "step"), "schedule=step is provided more than once"),
}


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo")
    for distribution, (code, _) in CAUSES.items():
        install(folder, distribution, code, "2.5")
    install(folder, "zoo-good", GOOD + HOOK)
    # An installation that was interrupted, one whose metadata say nothing, and a file that somebody has edited.
    install(folder, "zoo-bare", "1 / 0\n", metadata=False)
    install(folder, "zoo-anonymous", "1 / 0\n")
    (folder / "zoo_anonymous-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\n")
    install(folder, "zoo-edited", GOOD + HOOK)
    (folder / "zoo_edited-1.0.dist-info" / "entry_points.txt").write_text("[annealkit]\nno equals sign\n")
    return folder


def run(*arguments: str, zoo: Path, cwd: Path, **changes: str) -> CompletedProcess[str]:
    return annealkit_command(*arguments, cwd=cwd, PYTHONPATH=str(zoo), **changes)


def test_all_else_works_and_each_fault_has_one_line(zoo: Path, tmp_path: Path) -> None:
    done = run("preview", "schedule=cosine", "data=toy", "model=mlp", zoo=zoo, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "cosine, optimizer sgd" in done.stdout
    lines = done.stderr.splitlines()
    assert len(lines) == len(CAUSES) + 3
    for distribution, (_, cause) in CAUSES.items():
        [line] = [line for line in lines if f"of {distribution} 2.5: " in line]
        assert cause in line and line.isprintable()
    nameless = [line for line in lines if f"of an unnamed distribution in {zoo} without version: " in line]
    assert {entry in line for entry in ("zoo_bare_entry", "zoo_anonymous_entry") for line in nameless} == {True, False}
    assert len(nameless) == 2
    [line] = [line for line in lines if "of zoo-edited 1.0: " in line]
    assert "its entry_points.txt cannot be read" in line


def test_the_table_says_what_was_skipped_why_and_what_to_do(zoo: Path, tmp_path: Path) -> None:
    done = run("plugins", zoo=zoo, cwd=tmp_path, COLUMNS="400")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(line.isprintable() for line in done.stdout.splitlines())
    parts, _, skipped = done.stdout.partition("\nskipped\n")
    assert "halves" in parts and "zoo-good" in parts and "cosine" in parts
    for distribution, (_, cause) in CAUSES.items():
        assert distribution in skipped and one_line(cause) in one_line(skipped)
        if distribution != "zoo-taken":
            assert f"Try pip install -U {distribution}, or tell its author." in skipped
    assert f"an unnamed distribution in {zoo}" in skipped
    assert "Its installation is damaged: install it again, or remove its folder there." in skipped


def test_all_of_it_can_be_silenced(zoo: Path, tmp_path: Path) -> None:
    names = [*CAUSES, "zoo_bare_entry", "zoo_anonymous_entry", "zoo-edited"]
    done = run("preview", "schedule=step", "data=toy", "model=mlp", zoo=zoo, cwd=tmp_path, **{DISABLE: ",".join(names)})
    assert (done.returncode, done.stderr) == (0, "")


# --- a plugin that is slow ---


def test_a_slow_plugin_works_and_is_named_with_advice(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    install(site, "zoo-slow", f"import time\ntime.sleep(1.1)\n{GOOD}{HOOK}", "3.0")
    done = run("preview", "schedule=halves", "data=toy", "model=mlp", zoo=site, cwd=tmp_path)
    assert done.returncode == 0
    [line] = done.stderr.splitlines()
    assert line.startswith("annealkit: plugin 'zoo_slow_entry' of zoo-slow 3.0 took 1.")
    assert "import slow libraries inside the methods that need them" in line and f"{DISABLE}=zoo_slow_entry" in line
    listed = run("plugins", zoo=site, cwd=tmp_path, COLUMNS="300")
    assert "skipped" not in listed.stdout
    table = listed.stdout.partition("\nslow\n")[2]
    assert "zoo-slow" in table and "import slow libraries inside the methods that need them" in table
    silent = run("preview", "schedule=step", "data=toy", "model=mlp", zoo=site, cwd=tmp_path, **{DISABLE: "zoo-slow"})
    assert (silent.returncode, silent.stderr) == (0, "")


# --- schedules and warmups that are wrong only when they are asked ---

NUMBERS = "must return an array of numbers"
FACTORS = {
    "not_a_number": ("return np.full(len(step), np.nan)", "finite numbers of at least 0; got nan at step 0 of 60"),
    "infinite": ("return 1 / np.maximum(0.0, step - 2)", "finite numbers of at least 0; got inf at step 0 of 60"),
    "negative": ("return np.where(step == 7, -0.5, 1)", "finite numbers of at least 0; got -0.5 at step 7 of 60"),
    "too_many": ("return np.ones(len(step) + 1)", "shape (60,); got shape (61,)"),
    "one_number": ("return 1.0", "shape (60,); got shape ()"),
    "nothing": ("pass", NUMBERS),
    "text": ("return ['a'] * len(step)", NUMBERS),
    "digits": ("return ['1'] * len(step)", NUMBERS),
    "complex": ("return np.ones(len(step)) + 1j", NUMBERS),
    "complex_list": ("return [1j] * len(step)", NUMBERS),
    "raises": ("return 1 // (run.total_steps - 60)", "ZeroDivisionError: "),
    "raises_in_numpy": ("return np.split(step, 7)", "ValueError: array split does not result in an equal division"),
    "leaves": ("raise SystemExit('gone')", "SystemExit: gone"),
}
# Bodies that refuse something themselves.
REFUSALS = {
    "bare": "return np.ones(len(step)) * run.steps('10')",
    "naming": "from annealkit import ConfigError; raise ConfigError('naming: after must be short.')",
}
LACKING = "@dataclass\nclass Halves:\n    after: str = '1ep'\n"


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faulty")
    for name, (body, _) in FACTORS.items():
        install(folder, f"bad-{name}", f"{HEAD}        {body}\n{HOOK.replace('halves', name)}", "0.3")
    lacking = GOOD.partition("@dataclass")[0] + LACKING
    install(folder, "bad-lacking", lacking + HOOK.replace("halves", "lacking"), "0.3")
    install(folder, "bad-warmup", lacking + HOOK.replace("schedules", "warmups"), "0.3")
    momentum = "    def momenta(self, step, run):\n        return np.full(len(step), 1.5)\n"
    install(folder, "bad-momentum", GOOD + momentum + HOOK.replace("halves", "pairing"), "0.3")
    data = "from annealkit.datasets import Dataset\n@dataclass\nclass Halves(Dataset):\n"
    data += "    def train_size(self):\n        return {}['images']\n"
    install(folder, "bad-data", GOOD.partition("@dataclass")[0] + data + HOOK.replace("schedules", "datasets"), "0.3")
    for name, body in REFUSALS.items():
        install(folder, f"bad-{name}", f"{HEAD}        {body}\n{HOOK.replace('halves', name)}", "0.3")
    endless = LACKING.replace("after: str = '1ep'", "length: str = '10'")
    warmup = (
        GOOD.partition("@dataclass")[0] + endless + HOOK.replace("schedules", "warmups").replace("halves", "endless")
    )
    install(folder, "bad-length", warmup, "0.3")
    begin = GOOD.partition("@dataclass")[0]
    rule = "@dataclass\nclass Halves:\n    def begin(self):\n        return {'scale': 1.0}\n"
    rule += "    def observe(self, state, metrics):\n        return {'scale': 1 / 0}\n"
    install(folder, "bad-rule", begin + rule + HOOK.replace("schedules", "feedback"), "0.3")
    model = "@dataclass\nclass Halves:\n    def build(self, input_shape, classes):\n        return [][classes]\n"
    install(folder, "bad-model", begin + model + HOOK.replace("schedules", "models"), "0.3")
    leaving = (
        GOOD + "    def __post_init__(self):\n        raise SystemExit('no')\n" + HOOK.replace("halves", "leaving")
    )
    install(folder, "bad-leaving", leaving, "0.3")
    return folder


def refused(*arguments: str, faulty: Path, cwd: Path) -> str:
    """What stderr says of a training that was refused before anything was begun."""
    done = run(*TOY, *arguments, zoo=faulty, cwd=cwd)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not (cwd / "outputs").exists()
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("name", FACTORS)
def test_a_faulty_schedule_is_refused_before_there_is_a_run(name: str, faulty: Path, tmp_path: Path) -> None:
    line = refused(f"schedule={name}", faulty=faulty, cwd=tmp_path)
    distribution = f"bad-{name}"
    assert line.startswith(f"annealkit: schedule={name} (from {distribution} 0.3): ")
    assert FACTORS[name][1] in line
    assert f"pip install -U {distribution}" in line and f"annealkit check {name}" in line


def test_the_place_that_raised_is_named(faulty: Path, tmp_path: Path) -> None:
    line = refused("schedule=raises", faulty=faulty, cwd=tmp_path)
    code = (faulty / "bad_raises.py").read_text().splitlines()
    assert f"(in {faulty / 'bad_raises.py'}:{code.index('        return 1 // (run.total_steps - 60)') + 1})" in line


@pytest.mark.parametrize(
    ("arguments", "culprit", "fault"),
    [
        (["schedule=lacking"], "schedule=lacking (from bad-lacking 0.3)", "has no attribute 'factor'"),
        (["warmup=halves"], "warmup=halves (from bad-warmup 0.3)", "has no attribute 'length'"),
        (["schedule=pairing"], "schedule=pairing (from bad-momentum 0.3)", "must return momenta in [0, 1)"),
        (["data=halves"], "data=halves (from bad-data 0.3)", "KeyError: 'images'"),
        (["schedule=leaving"], "schedule=leaving (from bad-leaving 0.3)", "SystemExit: no"),
        (
            ["schedule=product", "schedule.of=[{name:cosine},{name:not_a_number}]", "warmup=linear"],
            "schedule=not_a_number (from bad-not_a_number 0.3)",
            "finite numbers",
        ),
        (
            ["schedule=sequence", "schedule.phases=[{name:cosine,length:50%},negative]"],
            "schedule=negative (from bad-negative 0.3): Sequence: phases[1], Halves",
            "finite numbers of at least 0; got -0.5 at step 7 of 30",
        ),
    ],
)
def test_the_right_part_is_named(arguments: list[str], culprit: str, fault: str, faulty: Path, tmp_path: Path) -> None:
    line = refused(*arguments, faulty=faulty, cwd=tmp_path)
    assert culprit in line and fault in line


def test_what_a_part_refuses_itself_has_its_name_once(faulty: Path, tmp_path: Path) -> None:
    bare = refused("schedule=bare", faulty=faulty, cwd=tmp_path)
    assert bare.startswith("annealkit: schedule=bare (from bad-bare 0.3): '10' has no unit. Write 2ep (epochs), ")
    naming = refused("schedule=naming", faulty=faulty, cwd=tmp_path)
    assert naming == "annealkit: naming: after must be short."
    warmup = refused("warmup=endless", faulty=faulty, cwd=tmp_path)
    assert "warmup: length='10' has no unit" in warmup


def test_a_preview_of_a_faulty_schedule_says_the_same(faulty: Path, tmp_path: Path) -> None:
    done = run("preview", *TOY, "schedule=raises", zoo=faulty, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "schedule=raises (from bad-raises 0.3): ZeroDivisionError" in done.stderr


@pytest.mark.parametrize(
    ("argument", "fault"),
    [
        ("feedback=halves", "feedback=halves (from bad-rule 0.3): ZeroDivisionError: division by zero"),
        ("model=halves", "model=halves (from bad-model 0.3): IndexError: list index out of range"),
    ],
)
def test_a_part_that_fails_in_the_run_is_named_there(argument: str, fault: str, faulty: Path, tmp_path: Path) -> None:
    done = run(*TOY, argument, zoo=faulty, cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert fault in one_line(done.stdout + done.stderr)
    assert fault in only_run(tmp_path / "outputs").joinpath("run.json").read_text()
