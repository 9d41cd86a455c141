"""Plugins that are broken in every way we could think of: each is skipped with one line, and all else works."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers import TOY, annealkit_command, one_line

import annealkit
from annealkit import ConfigError, Run, learning_rates
from annealkit.plugin_system.registry import DISABLE, discover, load_registry

Install = Callable[..., None]

GOOD = """
from dataclasses import dataclass
import numpy as np
from annealkit import hookimpl

@dataclass
class Halves:
    \"\"\"One, then a half.\"\"\"

    after: str = "50%"

    def factor(self, step, run):
        return np.where(step < run.steps(self.after), 1.0, 0.5)
"""
HOOK = """
@hookimpl
def annealkit_schedules():
    return {"halves": Halves}
"""


def install(folder: Path, distribution: str, code: str, version: str = "1.0", metadata: bool = True) -> None:
    """A distribution as pip leaves it: a module, and its metadata with an entry point `<distribution>_entry`."""
    module = distribution.replace("-", "_")
    (folder / f"{module}.py").write_text(code)
    info = folder / f"{module}-{version}.dist-info"
    info.mkdir()
    if metadata:
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[annealkit]\n{module}_entry = {module}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on `sys.path` for plugins; what is imported from it is forgotten again."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delenv(DISABLE, raising=False)
    before = set(sys.modules)
    load_registry.cache_clear()
    yield folder
    load_registry.cache_clear()
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(folder) in str(sys.modules[name].__file__):
            del sys.modules[name]


def hook(body: str, signature: str = "annealkit_schedules()") -> str:
    """A plugin whose hook does that."""
    return f"{GOOD}@hookimpl\ndef {signature}:\n    {body}\n"


SETTABLE = "str, int, float, bool, lists and dictionaries of them"
DICTIONARY = "annealkit_schedules must return a dictionary from names to dataclasses; got "
NAME = "annealkit_schedules: a name must be lower-case letters, digits and _; got "
CLASS = "annealkit_schedules: halves must be a dataclass (the class itself); got "
ODD = "@dataclass\nclass Odd(Halves):\n    knobs: np.ndarray = None\n" + HOOK.replace("Halves", "Odd")
BROKEN = {
    "import error": ("import a_module_that_nobody_has\n", "No module named 'a_module_that_nobody_has'"),
    "wrong syntax": ("def broken(:\n", "SyntaxError:"),
    "leaves at import": ("raise SystemExit(3)\n", "SystemExit: 3"),
    "raises at import": ("1 / 0\n", "ZeroDivisionError: division by zero"),
    "cannot be printed": (
        "class Mute(Exception):\n    def __str__(self): raise RuntimeError('no')\n    __repr__ = __str__\nraise Mute\n",
        "Mute, whose text cannot be had, since its own __str__ raises",
    ),
    "leaves while it is printed": (
        "class Mute(Exception):\n    def __str__(self): raise SystemExit(0)\nraise Mute\n",
        "Mute, whose text cannot be had",
    ),
    "raises a base exception": ("class Odd(BaseException): pass\nraise Odd('own')\n", "Odd: own"),
    "raises KeyboardInterrupt": ("raise KeyboardInterrupt('not by a key')\n", "KeyboardInterrupt: not by a key"),
    "raises GeneratorExit": ("raise GeneratorExit\n", "GeneratorExit"),
    "raises what a terminal acts on": (
        "raise OSError('\\x1b[31mred\\x07\\x1b]0;title\\x07\\u202eflipped\\r\\x9b2J\\udcff')\n",
        "OSError: red\N{REPLACEMENT CHARACTER}",
    ),
    "raises a page": ("raise OSError('long ' * 10_000)\n", "long long"),
    "hook raises": (hook("raise OSError('no\\nluck')"), "OSError: no luck"),
    "hook leaves": (hook("raise SystemExit('gone')"), "SystemExit: gone"),
    "hook returns a number": (hook("return 3"), f"{DICTIONARY}int"),
    "hook returns nothing": (hook("pass"), f"{DICTIONARY}NoneType"),
    "hook is a generator": (hook("yield 'halves', Halves; raise KeyError('half-way')"), f"{DICTIONARY}generator"),
    "a function for a class": (hook("return {'halves': len}"), CLASS),
    "an instance for a class": (hook("return {'halves': Halves()}"), CLASS),
    "no dataclass": (hook("return {'halves': dict}"), CLASS),
    "a field that cannot be set": (GOOD + ODD, f"halves: field knobs: type ndarray cannot be set; use {SETTABLE}"),
    "a list that cannot be set": (
        GOOD + ODD.replace("np.ndarray", "'list[np.ndarray]'"),
        f"halves: field knobs: type ndarray cannot be set; use {SETTABLE}",
    ),
    "a default of another type": (
        GOOD + ODD.replace("np.ndarray = None", "float = 'much'"),
        "halves: field knobs: its default must be a number (float); got 'much'",
    ),
    "a field called name": (
        GOOD + ODD.replace("knobs: np.ndarray = None", "name: str = 'odd'"),
        "halves: no field can be called name, which holds the name that was chosen",
    ),
    "a frozen dataclass": (
        GOOD.replace("@dataclass", "@dataclass(frozen=True)") + HOOK,
        "halves: do not freeze the dataclass: write @dataclass instead of @dataclass(frozen=True)",
    ),
    "misspelt hook": (
        hook("return {'halves': Halves}", "annealkit_schedule()"),
        "there is no hook annealkit_schedule. Did you mean annealkit_schedules? Hooks are ",
    ),
    "hook with an argument": (hook("return {'halves': Halves}", "annealkit_schedules(config)"), "config"),
    "no hook": (GOOD, "no function is marked with @annealkit.hookimpl"),
    "unmarked hook": (GOOD + HOOK.replace("@hookimpl", ""), "no function is marked with @annealkit.hookimpl"),
    "name with a dash": (GOOD + HOOK.replace("halves", "two-halves"), f"{NAME}'two-halves'"),
    "name with a path": (GOOD + HOOK.replace("halves", "../halves"), f"{NAME}'../halves'"),
    "name in capitals": (GOOD + HOOK.replace("halves", "Halves"), f"{NAME}'Halves'"),
    "name is a value": (GOOD + HOOK.replace("halves", "nan"), "nan is a value and no name in a configuration"),
    "name is a number": (GOOD + HOOK.replace('"halves"', "5"), f"{NAME}5"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_plugin_is_skipped_with_one_line(fault: str, site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, cause = BROKEN[fault]
    install(site, "annealkit-broken", code, "2.5")
    install(site, "annealkit-good", GOOD + HOOK)
    registry = load_registry()
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("annealkit: skipped plugin 'annealkit_broken_entry' of annealkit-broken 2.5: ")
    assert cause in line and line.isprintable() and len(line) < 700
    assert registry.get("schedule", "halves").origin == "annealkit-good 1.0"
    assert {"cyclical", "step"} <= set(registry.parts["schedule"]) and "adam" in registry.parts["optimizer"]


def test_a_real_ctrl_c_while_plugins_are_loaded_stops(site: Path) -> None:
    install(site, "annealkit-slow", "import signal\nsignal.raise_signal(signal.SIGINT)\n")
    with pytest.raises(KeyboardInterrupt):
        discover()


def test_a_broken_plugin_does_not_keep_a_run_from_training(site: Path, tmp_path: Path) -> None:
    install(site, "annealkit-broken", "raise SystemExit('gone')\n")
    install(site, "annealkit-good", GOOD + HOOK)
    done = annealkit_command(*TOY, "schedule=halves", "schedule.after=1ep", cwd=tmp_path, PYTHONPATH=str(site))
    assert done.returncode == 0, done.stderr
    assert done.stderr == (
        "annealkit: skipped plugin 'annealkit_broken_entry' of annealkit-broken 1.0: SystemExit: gone\n"
    )
    [state] = tmp_path.glob("outputs/halves-sgd-mlp-toy-s0-*/run.json")
    assert '"schedule from": "annealkit-good 1.0"' in state.read_text()


def test_a_plugin_without_metadata_says_so(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install(site, "annealkit-nameless", "1 / 0\n", metadata=False)
    install(site, "annealkit-good", GOOD + HOOK)
    registry = load_registry()
    [line] = capsys.readouterr().err.splitlines()
    assert "annealkit_nameless_entry" in line and "ZeroDivisionError" in line
    assert "halves" in registry.parts["schedule"]


def test_an_entry_point_to_nothing(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install(site, "annealkit-empty", GOOD + HOOK)
    (site / "annealkit_empty.py").unlink()
    load_registry()
    [line] = capsys.readouterr().err.splitlines()
    assert "annealkit-empty 1.0" in line and "No module named 'annealkit_empty'" in line


# --- two of one name ---


def test_a_name_of_two_plugins_is_refused_until_one_is_disabled(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(site, "annealkit-first", GOOD + HOOK)
    install(site, "annealkit-second", GOOD + HOOK.replace("{", "{'thirds': Halves, "), "3.1")
    registry = load_registry()
    [line] = capsys.readouterr().err.splitlines()
    with pytest.raises(ConfigError) as refused:
        registry.get("schedule", "halves")
    for text in (line, str(refused.value)):
        for words in ("schedule=halves", "annealkit-first 1.0", "annealkit-second 3.1", DISABLE):
            assert words in text
    assert registry.get("schedule", "thirds").origin == "annealkit-second 3.1"  # everything else of it works
    for disabled in ("annealkit-second", "annealkit_second_entry"):
        monkeypatch.setenv(DISABLE, f"something, {disabled}")
        assert discover().get("schedule", "halves").origin == "annealkit-first 1.0"


def test_a_plugin_cannot_take_a_built_in_name(site: Path) -> None:
    install(site, "annealkit-taker", GOOD + HOOK.replace("halves", "cosine"))
    registry = discover()
    with pytest.raises(ConfigError, match=r"annealkit \S+ \(entry point schedules\.cosine\).*annealkit-taker 1\.0"):
        registry.get("schedule", "cosine")
    assert registry.get("schedule", "cyclical").distribution == "annealkit"


def test_disabled_plugins_are_quiet_and_listed(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(site, "annealkit-broken", "raise SystemExit(1)\n")
    monkeypatch.setenv(DISABLE, "annealkit-broken")
    registry = load_registry()
    assert capsys.readouterr().err == ""
    assert [(skipped.distribution, skipped.cause) for skipped in registry.skipped] == [
        ("annealkit-broken", f"disabled by {DISABLE}")
    ]


def test_annealkit_itself_cannot_be_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DISABLE, "annealkit,builtins")
    assert "cosine" in discover().parts["schedule"]


@pytest.mark.parametrize("name", ["annealkit_late_entry", "late", "lat"])
def test_a_name_that_is_not_there_says_that_its_plugin_was_skipped_or_disabled(
    name: str, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, "annealkit-late", "1 / 0\n")
    plugin = "Plugin annealkit_late_entry of annealkit-late"
    with pytest.raises(ConfigError, match=f"={name}: no such schedule. {plugin} was skipped, see above. There are"):
        discover().get("schedule", name)
    monkeypatch.setenv(DISABLE, "annealkit-late")
    with pytest.raises(ConfigError, match=f"{plugin} is disabled by {DISABLE}."):
        discover().get("schedule", name)
    with pytest.raises(ConfigError, match=r"schedule=cosin: no such schedule. Did you mean cosine\?"):
        discover().get("schedule", "cosin")


# --- a schedule that is wrong only when it is asked ---

FACTORS = {
    "nan": ("np.full(len(step), np.nan)", "finite numbers of at least 0; got nan at step 0 of 60"),
    "negative": ("np.where(step == 7, -0.5, 1)", "finite numbers of at least 0; got -0.5 at step 7 of 60"),
    "one number": ("np.float64(1)", "one number per step, shape (60,); got shape ()"),
    "one too many": ("np.ones(len(step) + 1)", "shape (60,); got shape (61,)"),
    "text": ("['a'] * len(step)", "must return an array of numbers"),
}


@pytest.mark.parametrize("fault", FACTORS)
def test_wrong_factors_are_refused_before_the_first_update(fault: str, site: Path, tmp_path: Path) -> None:
    code, cause = FACTORS[fault]
    head, _, _ = GOOD.partition("        return")
    install(site, "annealkit-wrong", f"{head}        return {code}\n{HOOK}")
    with pytest.raises(ConfigError) as refused:
        annealkit.train([*TOY, "schedule=halves", f"outputs={tmp_path / 'outputs'}"])
    assert "Halves" in str(refused.value) and cause in str(refused.value)
    assert not list(tmp_path.glob("outputs/*/events*")) and not list(tmp_path.glob("outputs/*/checkpoints"))


def test_a_plugin_that_refuses_its_own_value_is_named(site: Path, tmp_path: Path) -> None:
    picky = "    def __post_init__(self):\n        raise ValueError('after: I never like it')\n"
    install(site, "annealkit-picky", GOOD + picky + HOOK)
    refused = annealkit_command("schedule=halves", cwd=tmp_path, PYTHONPATH=str(site))
    assert refused.returncode == 2
    assert "schedule=halves (from annealkit-picky 1.0): ValueError: after: I never like it" in one_line(refused.stderr)
    assert "Traceback" not in refused.stderr


def test_a_good_plugin_makes_its_curve(site: Path) -> None:
    install(site, "annealkit-good", GOOD + HOOK)
    schedule = discover().build("schedule", {"name": "halves", "after": "3st"})
    assert learning_rates(schedule, 0.2, Run(6, 2)).tolist() == [0.2, 0.2, 0.2, 0.1, 0.1, 0.1]
    assert np.float64 == learning_rates(schedule, 0.2, Run(6, 2)).dtype
