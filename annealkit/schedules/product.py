"""Schedules multiplied with each other."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from annealkit import Run, SettingError, checked_dataclass, factors, hookimpl, momenta, setting

HINT = "[{name:cyclical},{name:exponential}]"


def _problem(of: Any) -> str | None:
    if not isinstance(of, list) or not of:
        return f" must be a list of at least one schedule; got {of!r}"
    return None


@checked_dataclass
class Product:
    """Several schedules at once, their factors multiplied.

    Formula: factor(s) = factor_1(s) * factor_2(s) * …, each over the whole span.

    In YAML and on the command line each is the node of a schedule: `{name: exponential, rate: 0.9, every: 1ep}`.

    Range: [0, inf), the product of their ranges.

    Edges: each schedule's own, past the end as well.

    Raises:
        ConfigError: a schedule is wrong, which is named by its number, counted from 0; or, when evaluated, two of them
            move the momentum.

    Source: a rule of practice.

    Equals: torch `ChainedScheduler(schedulers)` over schedulers that multiply the rate.
    """

    of: list[Any] = setting(meaning="the schedules", problem=_problem, hint=HINT)

    @classmethod
    def examples(cls, folder: Path) -> list[dict[str, Any]]:
        """Settings to try it with."""
        return [{"of": [{"name": "cyclical", "floor": 0.1}, {"name": "exponential", "every": "1ep"}]}]

    @classmethod
    def from_config(cls, config: Mapping[str, Any], build: Callable[[str, Any, str], Any]) -> "Product":
        """The product that a configuration node describes; `build(group, node, key)` makes the schedules in it."""
        return cls([build("schedule", node, f"of[{number}]") for number, node in enumerate(config["of"])])

    @property
    def needs_tensorflow(self) -> bool:
        """Whether one of the schedules does."""
        return any(getattr(schedule, "needs_tensorflow", False) for schedule in self.of)

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        result = np.ones(len(step))
        for schedule in self.of:
            result = result * factors(schedule, step, run)
        return result

    def momenta(self, step: np.ndarray, run: Run) -> np.ndarray | None:
        """That of the one schedule which moves the momentum, if there is one."""
        found = [values for schedule in self.of if (values := momenta(schedule, step, run)) is not None]
        if len(found) > 1:
            problem = " has two schedules that move the momentum. Try momentum: null in one of them"
            raise SettingError(self, "of", problem)
        return found[0] if found else None


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"product": Product}
