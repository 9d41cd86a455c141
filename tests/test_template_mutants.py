"""What `annealkit new` writes, with one mistake made in it at a time: which of them the conformance checks find."""

import importlib.util
import itertools
from pathlib import Path
from types import ModuleType

import pytest

from annealkit.command_line.new import new
from annealkit.groups import GROUPS
from annealkit.plugin_system.registry import Part, Registry
from annealkit.testing import ConformanceError, checks

# Each is a line or a part of one, and what stands there instead.
MUTANTS: dict[str, list[tuple[str, str]]] = {
    "schedule": [
        ("return 1 - (1", "return 1 + (1"),  # the sign
        ("return 1 - (1 - self.floor) * done", "return (1 - self.floor) * done - 1"),
        ("1 - (1 - self.floor) * done", "1 - (1 - self.floor) * done - 1e-3"),  # below its floor
        ("np.minimum(step / run.steps(self.length), 1)", "step / run.steps(self.length)"),  # no end
        ("np.minimum(step, run.total_steps)", "np.minimum(step, 10)"),  # a setting without effect
        ("(1 - self.floor)", "(1 - 0.0)"),
        ("run.steps(self.length)", "run.total_steps"),
        ("(1 - self.floor) * done", "(1 - self.floor) * done * np.random.random()"),  # unseeded
        ("        done =", "        self.calls = getattr(self, 'calls', 0) + 1\n        done ="),  # state
        ("np.minimum(step, run.total_steps)", "np.arange(len(step))"),  # the place, not the step
        ("run.steps(self.length), 1)", "(run.steps(self.length) - 1), 1)"),  # off by one; divides by 0
    ],
    "feedback": [
        ("scale * self.factor", "scale / self.factor"),
        ("scale * self.factor", "-scale * self.factor"),
        ("max(scale * self.factor, self.floor)", "scale * self.factor"),  # the floor ignored
        ("max(scale * self.factor, self.floor)", "max(scale * 0.7, self.floor)"),
        ('metrics[self.monitor])', 'metrics["loss"])'),  # the monitor ignored
        ('"last": value}', '"last": last}'),  # state forgotten
        ('return {"scale": scale, "last": value}', 'state["scale"] = scale; return {**state, "last": value}'),
        ('{"scale": 1.0, "last": None}', '{"scale": 0.0, "last": None}'),
        ('{"scale": 1.0, "last": None}', '{"last": None}'),
        ("if self.monitor not in metrics:", "if False:"),
        ("scale = max(", "import random; scale = random.random() * max("),
        ('"last": value}', '"last": value, "seen": {value}}'),
    ],
    "optimizer": [
        ("self.assign_sub(variable, rate", "self.assign_add(variable, rate"),
        ("self.assign_sub(variable, rate * ops.sign(mean))", "self.assign_sub(variable, 0.001 * ops.sign(mean))"),
        ("(1 - self.momentum) * gradient", "(self.momentum - 1) * gradient"),
        ("rate * ops.sign(mean)", "-rate * ops.sign(mean)"),
        ("self.momentum * mean +", "0.0 * mean +"),  # the momentum ignored
        ('"momentum": self.momentum}', '"momentum": 0.0}'),
        ("self.assign_sub(variable, rate * ops.sign(mean))", "pass"),
        ("rate * ops.sign(mean)", "rate * (ops.sign(mean) + keras.random.normal(mean.shape))"),
        ("rate * ops.sign(mean)", "rate * mean / ops.abs(mean - mean)"),
        ("super().__init__(learning_rate=learning_rate, **options)", "super().__init__(learning_rate=0.5, **options)"),
        ("self.momentum = momentum", "self.momentum = momentum; self.step = 0"),  # changes nothing: not to be found
    ],
}  # fmt: skip
NOT_FOUND = {("optimizer", 10)}
_names = itertools.count()


def module(code: str, folder: Path) -> ModuleType:
    name = f"mutant{next(_names)}"
    (folder / f"{name}.py").write_text(code)
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def failures(group: str, code: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The titles of the checks that fail for that code."""
    [cls] = getattr(module(code, folder), GROUPS[group].hook)().values()
    registry = Registry()
    registry.add(Part(group, "tried", cls, "tests", "1.0", "tests"))
    monkeypatch.setattr("annealkit.plugin_system.registry.load_registry", lambda: registry)
    found = []
    for check in checks(group, "tried"):
        try:
            check()
        except ConformanceError:
            found.append(check.title)
            break
    return found


@pytest.mark.parametrize("group", MUTANTS)
def test_nine_of_ten_mistakes_are_found(group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert new([group, "tried", str(tmp_path)]) == 0
    code = (tmp_path / "annealkit-tried" / "annealkit_tried.py").read_text()
    assert failures(group, code, tmp_path, monkeypatch) == []
    missed = set()
    for number, (right, wrong) in enumerate(MUTANTS[group]):
        assert right in code, right
        if not failures(group, code.replace(right, wrong, 1), tmp_path, monkeypatch):
            missed.add((group, number))
    assert missed == {one for one in NOT_FOUND if one[0] == group}
    assert len(missed) <= len(MUTANTS[group]) / 10
