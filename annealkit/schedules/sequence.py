"""Schedules one after the other."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from annealkit import (
    ConfigError,
    Run,
    Schedule,
    SettingError,
    Warmup,
    checked_dataclass,
    duration,
    factors,
    hookimpl,
    momenta,
    number,
    setting,
)

REST = "rest"
HINT = "[{name:constant,length:50%},{name:cosine,length:rest}]"


@checked_dataclass
class Phase:
    """A schedule and the part of the sequence that it has to itself."""

    schedule: Schedule = setting(meaning="any schedule; its span is this phase, less its warmup")
    length: str = duration(REST, "how long it is, % being of the sequence's span; rest for one of them", word=REST)
    scale: float = number(1.0, "[0, inf)", "multiplies every factor of the phase")
    warmup: Warmup | None = setting(None, "a warmup at the beginning of the phase", null="none")


def _problem(phases: Any) -> str | None:
    if not isinstance(phases, list) or not phases:
        return f" must be a list of at least one phase; got {phases!r}"
    if sum(phase.length == REST for phase in phases) > 1:
        return f" can have length={REST} only once; give the others a duration"
    return None


@checked_dataclass
class Sequence:
    """Schedules one after the other, each in a span of its own.

    Formula: factor(s) = scale_i * factor_i(s - e_i), for the phase i with e_i <= s < e_{i+1}, where the ends
    e_0 = 0 < e_1 < … < e_n = T are the sums of the lengths, each sum rounded once to whole updates (halves up).

    In YAML and on the command line a phase is the node of a schedule, with the keys `length`, `scale` and `warmup` (the
    node of a warmup) besides: `{name: cosine, floor: 0.1, length: 50%}`. `length` is always the phase's: a schedule
    with a field of that name has its default there.

    Range: [0, inf), the scaled ranges of its phases.

    Edges: the first update of a phase has the first value of its schedule, whatever came before; a phase that is
    rounded to no update at all, in a very short run, is left out; past the end the last phase holds its end.

    Raises:
        ConfigError: a phase is wrong, which is named by its number, counted from 0; two phases have the length `rest`;
            or, when evaluated, the lengths do not add up to the span.

    Source: a rule of practice, such as the phases of Goyal et al. 2017, arXiv 1706.02677.

    Equals: torch `SequentialLR(schedulers, milestones)` over schedulers with the closed formulas of ours; optax
    `join_schedules(schedules, boundaries)`; ignite `ConcatScheduler(schedulers, durations)`.
    """

    phases: list[Any] = setting(meaning="what follows what", problem=_problem, hint=HINT)

    @classmethod
    def examples(cls, folder: Path) -> list[dict[str, Any]]:
        """Settings to try it with."""
        decay = {"name": "cosine", "length": REST, "scale": 0.5, "warmup": {"name": "linear", "length": "20%"}}
        return [{"phases": [{"name": "constant", "length": "30%"}, {"name": "step", "length": "30%"}, decay]}]

    @classmethod
    def from_config(cls, config: Mapping[str, Any], build: Callable[[str, Any, str], Any]) -> "Sequence":
        """The sequence that a configuration node describes; `build(group, node, key)` makes the parts in it."""
        phases = []
        for index, node in enumerate(config["phases"]):
            key = f"phases[{index}]"
            settings = dict(node) if isinstance(node, Mapping) else {"name": node}
            own = {name: settings.pop(name) for name in ("length", "scale") if name in settings}
            warmup = settings.pop("warmup", None)
            if warmup is not None:
                warmup = build("warmup", warmup, f"{key}.warmup")
            schedule = build("schedule", settings, key)
            try:
                phases.append(Phase(schedule, warmup=warmup, **own))
            except SettingError as error:
                problem = f"{error.problem} Try {error.setting}: {error.suggestion}"
                raise SettingError(cls.__name__, f"{key}.{error.setting}", problem) from None
        return cls(phases)

    @property
    def needs_tensorflow(self) -> bool:
        """Whether one of the phases does."""
        return any(getattr(phase.schedule, "needs_tensorflow", False) for phase in self.phases)

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        result = np.empty(len(step))
        for phase, here, since, span in self._spans(step, run):
            with self._named(phase):
                result[here] = phase.scale * factors(phase.schedule, since, span, phase.warmup)
        return result

    def momenta(self, step: np.ndarray, run: Run) -> np.ndarray | None:
        """Those of the phases; NaN, the optimizer's own, where a phase has none."""
        result = np.full(len(step), np.nan)
        for phase, here, since, span in self._spans(step, run):
            with self._named(phase):
                values = momenta(phase.schedule, since, span, phase.warmup)
            if values is not None:
                result[here] = values
        return None if np.isnan(result).all() else result

    def _spans(self, step: np.ndarray, run: Run) -> list[tuple[Phase, np.ndarray, np.ndarray, Run]]:
        """For each phase that some of the steps are in: which they are, counted from its beginning, and its span."""
        ends = self._ends(run)
        # Past the end of the sequence is past the end of its last phase.
        number = np.minimum(np.searchsorted(ends, step, side="right"), int(np.searchsorted(ends, run.total_steps)))
        spans = []
        for index, phase in enumerate(self.phases):
            begin = ends[index - 1] if index else 0
            here = number == index
            if here.any():
                spans.append((phase, here, step[here] - begin, Run(int(ends[index] - begin), run.steps_per_epoch)))
        return spans

    @contextmanager
    def _named(self, phase: Phase) -> Iterator[None]:
        """Errors from within name the phase."""
        try:
            yield
        except ConfigError as error:
            index = next(place for place, other in enumerate(self.phases) if other is phase)
            part = "" if isinstance(error, SettingError) else f"{type(phase.schedule).__name__}: "
            outer = SettingError(self, f"phases[{index}]", f", {part}{error}")
            error.args = outer.args  # The error itself goes on: its traceback leads to the part that is at fault.
            if isinstance(error, SettingError):
                vars(error).update(vars(outer))
            raise

    def _ends(self, run: Run) -> np.ndarray:
        """The update after the last of each phase, int64."""
        lengths = [None if phase.length == REST else run.exact_steps(phase.length) for phase in self.phases]
        known = sum((length for length in lengths if length is not None), Fraction(0))
        left = run.total_steps - known
        if left == 0 and None in lengths:
            problem = (
                f"[{lengths.index(None)}] has length={REST}, and the others leave nothing of the span's "
                f"{run.total_steps} weight updates. Try shorter ones, or leave it out"
            )
            raise SettingError(self, "phases", problem)
        if left < 0 or (left > 0 and None not in lengths):
            problem = (
                f" have lengths, {', '.join(phase.length for phase in self.phases)}, that make {float(known):g} of the "
                f"span's {run.total_steps} weight updates. Try length: 50%, or length: {REST} for what the others leave"
            )
            raise SettingError(self, "phases", problem)
        sums = np.cumsum([left if length is None else length for length in lengths])
        return np.array([int(end + Fraction(1, 2)) for end in sums], dtype=np.int64)


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"sequence": Sequence}
