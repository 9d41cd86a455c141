"""A plain dataclass, which checks its values itself, is a part as well."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from annealkit import ConfigError, Run, SettingError, checked_dataclass, flag, hookimpl, learning_rates
from annealkit.fields import Setting, settings_of
from annealkit.plugin_system.registry import Part, Registry


@dataclass
class Plain:
    """Fall in a straight line.

    Args:
        floor: lowest factor, in [0, 1].
    """

    floor: float = 0.1
    ends: list[str] = field(default_factory=lambda: ["50%"])

    def __post_init__(self) -> None:
        if not 0 <= self.floor <= 1:
            raise SettingError(self, "floor", f" must lie in [0, 1]; got {self.floor!r}", "0.1")

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        return np.maximum(1 - step / run.steps(self.ends[0]), self.floor)


@checked_dataclass
class Declared(Plain):
    """The same, as a subclass that declares another setting."""

    calm: bool = flag(False, "whether it stays")


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"plain": Plain, "declared": Declared}


@pytest.mark.parametrize("name", ["plain", "declared"])
def test_a_plain_dataclass_is_a_part_too(name: str) -> None:
    cls = annealkit_schedules()[name]
    registry = Registry()
    registry.add(Part("schedule", name, cls, "annealkit-tests", "1.0", "tests"))
    schedule = registry.build("schedule", {"name": name, "floor": 0.4})
    assert learning_rates(schedule, 1.0, Run(4, 2)) == pytest.approx([1, 0.5, 0.4, 0.4])
    with pytest.raises(
        ConfigError, match=rf"^{name}: floor must lie in \[0, 1\]; got 2\.0\. Try schedule\.floor=0\.1\.$"
    ):
        registry.build("schedule", {"name": name, "floor": 2.0})
    with pytest.raises(ConfigError, match=rf"^{cls.__name__}: floor must lie in \[0, 1\]; got 2\. Try floor=0\.1\.$"):
        cls(floor=2)
    assert settings_of(cls)["floor"] == settings_of(cls)["ends"] == Setting("")
