"""Every code block of plugins/README.md works as it stands there, found the way an installed plugin is found."""

import importlib
import json
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annealkit.command_line.new import new
from annealkit.configuration.composition import check_groups, compose, first_job, parse
from annealkit.configuration.plan import make_plan
from annealkit.curve.rates import learning_rates
from annealkit.curve.span import Run
from annealkit.errors import ConfigError
from annealkit.groups import GROUPS
from annealkit.plugin_system import registry as registry_module
from annealkit.plugin_system.registry import Registry, discover
from annealkit.testing import checks

GUIDE = (Path(__file__).parents[1] / "plugins" / "README.md").read_text(encoding="utf-8")
# Every block of code begins with a comment that names its file; what is typed has none.
BLOCKS = {name: code for code, name in re.findall(r"^```(?:python|toml)\n(# (\S+)\n.*?)^```$", GUIDE, re.M | re.S)}
TYPED = [line for block in re.findall(r"^```bash\n(.*?)^```$", GUIDE, re.M | re.S) for line in block.splitlines()]
MODULES = {name.removesuffix(".py"): code for name, code in BLOCKS.items() if name.startswith("annealkit_")}


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """The registry with every module of the guide installed: files and metadata, as pip would leave them."""
    entry_points = []
    for module, code in MODULES.items():
        (tmp_path / f"{module}.py").write_text(code, encoding="utf-8")
        entry_points.append(f"{module.removeprefix('annealkit_')} = {module}")
    metadata = tmp_path / "guide-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: guide\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[annealkit]\n" + "\n".join(entry_points) + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield discover()
    for module in (*MODULES, "test_ripple"):
        sys.modules.pop(module, None)


def build(registry: Registry, group: str, name: str, **values: Any) -> Any:
    return registry.build(group, {"name": name, **values})


def test_the_guide_has_one_example_for_each_hook() -> None:
    hooks = {hook for code in MODULES.values() for hook in re.findall(r"^def (annealkit_\w+)", code, re.M)}
    assert hooks == {group.hook for group in GROUPS.values()}
    assert len(re.findall(r"^```python$", GUIDE, re.M)) == len(MODULES) + 1  # and one test


def test_the_table_lists_every_hook_with_its_group() -> None:
    table = re.findall(r"^\| `(annealkit_\w+)` \| `(\w+)` \|", GUIDE, re.M)
    assert {group: hook for hook, group in table} == {name: group.hook for name, group in GROUPS.items()}


def test_all_are_found_and_none_is_skipped(registry: Registry) -> None:
    assert registry.skipped == []
    found = {
        group: [name for name, part in parts.items() if part.origin == "guide 1.0"]
        for group, parts in registry.parts.items()
    }
    assert found == {
        "schedule": ["ripple"], "warmup": ["stairs"], "feedback": ["backoff"],
        "optimizer": ["nesterov_adam"], "model": ["pooled"], "data": ["rings"],
    }  # fmt: skip
    assert registry.parts["schedule"]["ripple"].summary == "Fall in a straight line with a ripple on it."


def test_what_new_writes_is_what_the_guide_goes_on_from(tmp_path: Path) -> None:
    words = shlex.split(TYPED[0])
    assert words[:4] == ["python", "-m", "annealkit", "new"]
    assert new([*words[4:], str(tmp_path)]) == 0
    folder = tmp_path / "annealkit-ripple"
    files = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert set(files) == set(re.findall(r"^\| `(\S+)` \| .*\|$", GUIDE.partition("\n## The dataclass")[0], re.M))
    assert "class RippleSchedule:" in files["annealkit_ripple.py"]
    project = tomllib.loads(files["pyproject.toml"])
    assert project["project"]["entry-points"]["annealkit"] == {"ripple": "annealkit_ripple"}
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"] == ["annealkit_ripple.py"]
    assert project["tool"]["pytest"] == tomllib.loads(BLOCKS["pyproject.toml"])["tool"]["pytest"]
    assert {"annealkit_ripple.py", "tests/test_ripple.py", "pyproject.toml"} <= set(BLOCKS)


def test_every_command_can_be_typed(registry: Registry) -> None:
    left = []
    trainings = [line for line in TYPED if line.startswith(("python -m annealkit schedule=", "python -m annealkit -m"))]
    assert len(trainings) == 2 and all("data=toy model=mlp" in line for line in trainings)
    for line in TYPED:
        words = shlex.split(line)
        if words[:3] != ["python", "-m", "annealkit"] or words[3] in ("new", "check", "plugins"):
            left.append(line)
        elif words[3] == "-m":
            parsed = parse(words[4:])
            check_groups(parsed, registry)
            assert make_plan(compose(first_job(parsed), registry), registry).parts.schedule
        else:
            overrides = words[4:] if words[3] == "preview" else words[3:]
            assert type(make_plan(compose(overrides, registry), registry).parts.schedule).__name__ == "RippleSchedule"
    assert left == [  # The first has a test above, the check one below; test_new.py really installs and tests.
        "python -m annealkit new schedule ripple",
        "cd annealkit-ripple",
        "pip install -e '.[test]'",
        "python -m annealkit check ripple",
        "python -m pytest",
        "python -m annealkit plugins schedule=ripple",
    ]


@pytest.mark.parametrize("group", GROUPS)
def test_all_keep_to_what_every_part_keeps_to(group: str, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "load_registry", lambda: registry)
    [name] = [name for name, part in registry.parts[group].items() if part.origin == "guide 1.0"]
    found = checks(group, name)
    assert len(found) > 5
    for check in found:
        check()


def test_the_test_of_the_guide_passes(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "test_ripple.py").write_text(BLOCKS["tests/test_ripple.py"], encoding="utf-8")
    module = importlib.import_module("test_ripple")
    tests = [name for name in vars(module) if name.startswith("test_")]
    assert tests == ["test_one_ripple_over_four_updates", "test_a_bare_number_is_no_length"]
    for test in tests:
        getattr(module, test)()


def test_schedule_and_warmup(registry: Registry) -> None:
    ripple, stairs = build(registry, "schedule", "ripple", depth=0.0), build(registry, "warmup", "stairs", length="8st")
    # Without depth a straight line from 1 over four updates, after two updates on each of four stairs.
    rates = learning_rates(ripple, 1.0, Run(total_steps=12, steps_per_epoch=4), stairs)
    assert rates == pytest.approx([0.2, 0.2, 0.4, 0.4, 0.6, 0.6, 0.8, 0.8, 1, 0.75, 0.5, 0.25])


def test_feedback(registry: Registry) -> None:
    backoff = build(registry, "feedback", "backoff", factor=0.5)
    state, scales = backoff.begin(), []
    for loss in (2.0, 1.0, 1.5, 1.5, 1.6):
        state = json.loads(json.dumps(backoff.observe(state, {"loss": loss})))
        scales.append(state["scale"])
    assert scales == [1, 1, 0.5, 0.5, 0.25]


def test_data_set(registry: Registry) -> None:
    rings = build(registry, "data", "rings", points=300, noise=0.0)
    images = rings.load()
    assert rings.train_size() == 300
    assert (images.train_images.shape, images.train_images.dtype) == ((300, 2), np.float32)
    assert (images.test_images.shape, images.test_labels.dtype) == ((500, 2), np.int32)
    radius = np.linalg.norm(images.train_images, axis=1)
    assert radius == pytest.approx(1.0 + images.train_labels, abs=1e-5)
    assert set(images.train_labels) == {0, 1}


@pytest.mark.parametrize(
    ("group", "name", "values", "message"),
    [
        ("schedule", "ripple", {"depth": 2.0}, r"depth must lie in \[0, 1\]; got 2\.0\. Try schedule\.depth=0\.2\."),
        ("warmup", "stairs", {"length": "5"}, r"stairs: length='5' has no unit"),
        ("feedback", "backoff", {"factor": 1.0}, r"backoff: factor must lie in \(0, 1\); got 1\.0"),
        ("optimizer", "nesterov_adam", {"beta_1": 1.0}, r"nesterov_adam: beta_1 must lie in \[0, 1\); got 1\.0"),
        ("model", "pooled", {"filters": 0}, r"pooled: filters must lie in \[1, infinity\); got 0"),
        ("data", "rings", {"noise": -1.0}, r"rings: noise must lie in \[0, infinity\); got -1\.0"),
        ("schedule", "ripple", {"dept": 0.1}, r"schedule=ripple has no setting dept\. Did you mean depth\?"),
    ],
)
def test_wrong_values_are_refused(
    registry: Registry, group: str, name: str, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        build(registry, group, name, **values)


def test_optimizer_and_model_train_in_keras(registry: Registry) -> None:
    optimizer = build(registry, "optimizer", "nesterov_adam", beta_1=0.8).build(0.01)
    assert type(optimizer).__name__ == "Nadam"
    assert (float(optimizer.learning_rate), optimizer.beta_1) == (pytest.approx(0.01), 0.8)
    model = build(registry, "model", "pooled", filters=5).build((8, 8, 3), 4)
    # 5 filters of 3 x 3 x 3 and 5 biases; 5 x 4 and 4 in the dense layer.
    assert model.count_params() == 5 * 27 + 5 + 5 * 4 + 4
    probabilities = np.asarray(model(np.ones((2, 8, 8, 3), np.float32)))
    assert probabilities.shape == (2, 4)
    assert probabilities.sum(axis=1) == pytest.approx([1, 1], abs=1e-5)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    images, labels = np.random.default_rng(0).random((16, 8, 8, 3), np.float32), np.arange(16) % 4
    losses = model.fit(images, labels, batch_size=16, epochs=30, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
