"""Step decay at milestones."""

from dataclasses import dataclass, field

import numpy as np

from annealkit import hookimpl
from annealkit.curve.span import Run
from annealkit.fields.checks import check_duration, check_number


@dataclass
class MultiStep:
    """Multiply the rate by `drop` at each of the `milestones`.

    Formula: factor(s) = drop^n with n = how many milestones are at s or before it. The defaults go from 1 to 0.1
    halfway and to 0.01 at three quarters of the run.

    Args:
        drop: what the rate is multiplied by at each milestone, in (0, 1].
        milestones: durations from the begin of the schedule, each longer than zero, in any order. One that is named
            twice counts twice; one past the end never comes.

    Range: [0, 1].
    Edges: the first update has factor 1; the update at a milestone is the first with the lower rate; past the end the
    last update's value holds.

    Raises:
        ConfigError: a field is out of its range.

    Source: a rule of practice; for image networks He et al. 2015, arXiv 1512.03385, section 4.2, which divides by 10
    at 32,000 and 48,000 of 64,000 updates: the defaults.

    Equals: torch `MultiStepLR(milestones, gamma=drop)`; optax `piecewise_constant_schedule(lr, {milestone: drop, …})`;
    timm `MultiStepLRScheduler(decay_t=milestones, decay_rate=drop)`, which lowers the rate one update earlier, for
    milestones that are one higher.
    """

    drop: float = 0.1
    milestones: list[str] = field(default_factory=lambda: ["50%", "75%"])

    def __post_init__(self) -> None:
        check_number("multistep", "drop", self.drop, 0, 1, bounds="(]", hint="schedule.drop=0.1")
        for milestone in self.milestones:
            check_duration("multistep", "milestones", milestone, hint="schedule.milestones=[50%,75%]")

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        step = np.minimum(step, run.total_steps - 1)
        milestones = np.array(sorted(run.steps(milestone) for milestone in self.milestones), dtype=np.int64)
        factors: np.ndarray = np.power(float(self.drop), np.searchsorted(milestones, step, side="right"))
        return factors


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"multistep": MultiStep}
