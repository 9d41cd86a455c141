"""Every page of the project: its links lead somewhere, its commands can be typed, its Python can be read.

Nothing is trained. `page_commands.py` says what is checked of a command; plugins/README.md and
annealkit/keras/README.md have tests of their own that run their code.
"""

import ast
import importlib
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import pytest
from page_commands import Checker, PageError
from pages import ROOT, Page, commands_of, pages

from annealkit.command_line.new import new
from annealkit.configuration.composition import compose
from annealkit.configuration.identity import run_name
from annealkit.errors import AnnealkitError
from annealkit.plugin_system.registry import discover

PAGES = pages()
WIDEST_COMMAND = 100
MOST_LINES = 200  # of the README, which is to be read to its end
# Importing these starts TensorFlow; the page about them has a test that runs it.
HEAVY = ("annealkit.keras", "annealkit.training")


def page_id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(params=PAGES, ids=page_id)
def page(request: pytest.FixtureRequest) -> Page:
    return Page.at(request.param)


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checker]:
    """Knows the plugins of this checkout and the one that the guide for their authors makes, as pip leaves them."""
    site, made = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("made")
    assert new(["schedule", "ripple", str(made)]) == 0
    [ripple] = [code for code in Page.at(ROOT / "plugins" / "README.md").python if "annealkit_ripple.py" in code[:30]]
    (made / "annealkit-ripple" / "annealkit_ripple.py").write_text(ripple, encoding="utf-8")
    modules: list[str] = []
    for folder in [made / "annealkit-ripple", *(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))]:
        if folder.name not in {each.name for each in metadata.distributions()}:
            modules += install(folder, site)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        patch.chdir(tmp_path_factory.mktemp("empty"))  # where no runs are
        registry = discover()
        assert registry.skipped == []
        yield Checker(registry, tmp_path_factory.mktemp("written"))
    for module in [name for name in sys.modules if name.partition(".")[0] in modules]:
        del sys.modules[module]


def install(folder: Path, site: Path) -> list[str]:
    """Put a distribution's modules and metadata into a folder of packages; the names of the modules."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    modules = [path for path in folder.glob("annealkit_*") if path.suffix in ("", ".py")]
    for module in modules:
        (shutil.copytree if module.is_dir() else shutil.copy)(module, site / module.name)
    info = site / f"{folder.name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1.0\n")
    entry_points = [f"{name} = {target}\n" for name, target in project["entry-points"]["annealkit"].items()]
    (info / "entry_points.txt").write_text(f"[annealkit]\n{''.join(entry_points)}")
    return [module.stem for module in modules]


def test_there_are_pages() -> None:
    found = set(map(page_id, PAGES))
    assert {"README.md", "annealkit/README.md", "conf/README.md", "plugins/README.md"} <= found
    commands = {page_id(path): len(Page.at(path).commands) for path in PAGES}
    assert commands["README.md"] > 15, commands  # So that the tests below have something to look at.


# --- every page ---


def broken_links(page: Page) -> list[str]:
    """Links to other sites are not followed."""
    broken = []
    for link in page.links:
        target, _, anchor = link.partition("#")
        if re.match(r"\w+:", target):
            continue
        path = (page.path.parent / target).resolve() if target else page.path
        if not path.is_relative_to(ROOT.resolve()) or not path.exists():
            broken.append(f"{link}: there is no such file")
        elif anchor and (path.suffix != ".md" or anchor not in Page.at(path).anchors):
            broken.append(f"{link}: there is no such heading")
    return broken


def test_links_lead_somewhere(page: Page) -> None:
    assert broken_links(page) == []


def wrong_commands(page: Page, checker: Checker) -> list[str]:
    wrong = []
    for words in page.commands:
        try:
            checker.check(words)
        except (PageError, AnnealkitError) as error:
            wrong.append(f"{' '.join(words)}: {error}")
    return wrong


def test_commands_can_be_typed(page: Page, checker: Checker) -> None:
    assert wrong_commands(page, checker) == []


def test_mistakes_are_refused_as_shown(page: Page, checker: Checker) -> None:
    for command, output in page.shown:
        with pytest.raises(AnnealkitError) as refused:
            compose(commands_of(command)[0][1:], checker.registry)
        assert f"annealkit: {refused.value}".startswith(output.partition(" …")[0])


def test_commands_fit_on_a_screen(page: Page) -> None:
    assert [line for line in page.command_lines if len(line) > WIDEST_COMMAND] == []


def unknown_names(code: str) -> list[str]:
    """What Python on a page takes from annealkit that is not there. Raises SyntaxError for what is no Python."""
    unknown = []
    for node in ast.walk(ast.parse(code)):
        wanted: list[tuple[str, str]] = []
        if isinstance(node, ast.ImportFrom):
            wanted = [(node.module or "", name.name) for name in node.names]
        elif isinstance(node, ast.Import):
            wanted = [(name.name, "") for name in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "annealkit":
            wanted = [("annealkit", node.attr)]
        unknown += [f"{module} {name}" for module, name in wanted if not is_there(module, name)]
    return unknown


def is_there(module: str, name: str) -> bool:
    """Whether annealkit has the module, and that the name; modules of others are not looked at."""
    if module.partition(".")[0] != "annealkit":
        return True
    if find_spec(module) is None:
        return False
    if not name or module.startswith(HEAVY):
        return True
    return hasattr(importlib.import_module(module), name) or find_spec(f"{module}.{name}") is not None


def test_python_takes_what_is_there(page: Page) -> None:
    assert [name for code in page.python for name in unknown_names(code)] == []


# --- single pages ---


def test_readme_is_read_to_its_end() -> None:
    page = Page.at(ROOT / "README.md")
    assert len(page.text.splitlines()) <= MOST_LINES
    first_screen = page.text.splitlines()[:15]
    assert any(line.startswith("![") for line in first_screen), "a picture, at once"


def test_the_run_that_readme_shows_is_that_of_its_first_command(checker: Checker) -> None:
    config = compose(["schedule=cyclical", "optimizer=sgd"], checker.registry)
    for path in (ROOT / "README.md", ROOT / "annealkit" / "runs" / "README.md"):
        assert f"outputs/{run_name(_root_=config)}/" in Page.at(path).text


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, new_ones = set(), {ROOT / "README.md"}
    while new_ones:
        path = new_ones.pop()
        reached.add(path)
        targets = [(path.parent / link.partition("#")[0]).resolve() for link in Page.at(path).links if ":" not in link]
        found = {target / "README.md" if target.is_dir() else target for target in targets}
        new_ones |= {target for target in found if target.suffix == ".md" and target.is_file()} - reached
    assert {page_id(path) for path in PAGES} - {page_id(path) for path in reached} == set()


def test_the_architecture_page_has_the_layers_of_the_contract() -> None:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    [layers] = [each["layers"] for each in contract["contracts"] if each["type"] == "layers"]
    table = Page.at(ROOT / "annealkit" / "README.md").text.partition("\n## Rooms")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?`) \|", table, re.M)
    named = [re.findall(r"`(\w+)`", row) for row in rows]
    assert named == [[room.strip().removeprefix("annealkit.") for room in layer.split("|")] for layer in layers]


# --- the checks themselves: each finds what it is for ---


def made_up(text: str) -> Page:
    return Page(ROOT / "conf" / "README.md", text)


def test_a_page_is_read_as_people_see_it() -> None:
    page = made_up(
        "# The `x` page: a & b\n\n## Twice\n\n## Twice\n\nSee [it](a.md#b) and ![picture](c.svg), not `[d](e)`.\n\n"
        "    annealkit -m schedule=step \\\n        seed=0,1    # two seeds\n\n"
        "    factor(s) = [1](s)\n\n    $ annealkit sed=1\n    annealkit: sed: there is no such key.\n\n"
        "```bash\nA=1 pip install x && annealkit 'data.path=\"a b\"'\n```\n\n"
        "or `annealkit\nplugins step`, `annealkit …`.\n"
    )
    assert page.links == ["a.md#b", "c.svg"]
    assert page.anchors == {"the-x-page-a--b", "twice", "twice-1"}
    assert page.commands == [
        ["A=1", "pip", "install", "x"],
        ["annealkit", 'data.path="a b"'],
        ["annealkit", "-m", "schedule=step", "seed=0,1"],
        ["annealkit", "plugins", "step"],
    ]
    assert page.shown == [("annealkit sed=1", "annealkit: sed: there is no such key.")]


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("nowhere/README.md", "no such file"),
        ("../../outside.md", "no such file"),
        ("#no-heading", "no such heading"),
        ("../README.md#no-heading", "no such heading"),
        ("config.yaml#seed", "no such heading"),
    ],
)
def test_a_broken_link_is_found(link: str, problem: str) -> None:
    [found] = broken_links(made_up(f"See [there]({link}), or [Hydra](https://hydra.cc)."))
    assert problem in found


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("annealkit schedule=cyclical schedule.flor=0.1", "Key 'flor' not in 'Cyclical'"),
        ("annealkit schedule=cyclical schedule.floor=2", "floor must lie in"),
        ("python -m annealkit trainer.epochs=many", "could not be converted to Integer"),
        ("annealkit -m schedule=step,cosin seed=0,1", "Did you mean cosine?"),
        ("annealkit --confg job", "no such flag"),
        ("annealkit prevew schedule=step", "'prevew' is not of the form key=value"),
        ("annealkit preview preview.pgn=a.png", "Key 'pgn' not in"),
        ("annealkit find-lr find_lr.step=3", "Key 'step' not in"),
        ("annealkit compare outputs by=schedul", "no run has a setting 'schedul'"),
        ("annealkit compare outputs htm=a.html", "Did you mean html?"),
        ("annealkit branch at=80% schedule=linear", "which run?"),
        ("annealkit branch outputs/a at=80 schedule=linear", "'80' has no unit"),
        ("annealkit branch outputs/a then=hode", "there is no hode"),
        ("annealkit branch outputs/a at=80%", "then= or schedule="),
        ("annealkit branch outputs/a schedule=linear,cosin", "Did you mean cosine?"),
        ("annealkit plugins cosin", "Did you mean cosine"),
        ("annealkit new scedule ripple", "Did you mean schedule?"),
        ("annealkit check rippel", "Did you mean ripple"),
        ("python tests/benchmarks/missing.py", "there is no tests/benchmarks/missing.py"),
        ("python tests/benchmarks/whole_run.py data=cifr10", "Did you mean cifar10?"),
        ("python -m annealkit.configuration.missing", "there is no annealkit.configuration.missing"),
        ("python -m pytest tests/test_missing.py", "there is no tests/test_missing.py"),
        ("pip install 'annealkit[paralel]'", "there is no paralel"),
        ("pip install ./plugins/annealkit-missing", "no such distribution"),
        ("anealkit schedule=step", "no such command"),
    ],
)
def test_a_command_that_cannot_be_typed_is_found(command: str, problem: str, checker: Checker) -> None:
    [found] = wrong_commands(made_up(f"```bash\n{command}\n```\n"), checker)
    assert problem in found


def test_python_that_takes_what_is_not_there_is_found() -> None:
    code = "from annealkit import Cosin, Cosine\nimport annealkit.kears\nannealkit.lerning_rates(Cosine())\n"
    assert unknown_names(code) == ["annealkit Cosin", "annealkit.kears ", "annealkit lerning_rates"]
    with pytest.raises(SyntaxError):
        unknown_names("train(")


def test_commands_end_at_a_comment() -> None:
    assert commands_of("annealkit a=1 # b\nannealkit 'c=#' | head") == [
        ["annealkit", "a=1"],
        ["annealkit", "c=#"],
        ["head"],
    ]
