"""Step decay at milestones."""

import numpy as np

from annealkit import Run, checked_dataclass, durations, hookimpl, number


@checked_dataclass
class MultiStep:
    """Multiply the rate by `drop` at each of the `milestones`.

    Formula: factor(s) = drop^n with n = how many milestones are at s or before it. One that is named twice counts
    twice; one past the end never comes. The defaults go from 1 to 0.1 halfway and to 0.01 at three quarters of the run.

    Range: [0, 1].
    Edges: the first update has factor 1; the update at a milestone is the first with the lower rate; past the end the
    last update's value holds.

    Source: a rule of practice; for image networks He et al. 2015, arXiv 1512.03385, section 4.2, which divides by 10
    at 32,000 and 48,000 of 64,000 updates: the defaults.

    Equals: torch `MultiStepLR(milestones, gamma=drop)`; optax `piecewise_constant_schedule(lr, {milestone: drop, …})`;
    timm `MultiStepLRScheduler(decay_t=milestones, decay_rate=drop)`, which lowers the rate one update earlier, for
    milestones that are one higher.
    """

    drop: float = number(0.1, "(0, 1]", "what the rate is multiplied by at each milestone")
    milestones: list[str] = durations(["50%", "75%"], "when it falls, from the begin of the schedule, in any order")

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        step = np.minimum(step, run.total_steps - 1)
        milestones = np.array(sorted(run.steps(milestone) for milestone in self.milestones), dtype=np.int64)
        factors: np.ndarray = np.power(float(self.drop), np.searchsorted(milestones, step, side="right"))
        return factors


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"multistep": MultiStep}
