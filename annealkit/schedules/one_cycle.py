"""The one-cycle policy."""

import math
from dataclasses import dataclass, field

import numpy as np

from annealkit import hookimpl
from annealkit.curve.span import Run, parse_duration
from annealkit.errors import ConfigError
from annealkit.fields.checks import check_choice, check_duration, check_momentum, check_number

HINT = "schedule.peak_at=30%"


@dataclass
class OneCycle:
    """Rise from `start` to 1, then fall to `final`, once in the run.

    Formula: between two phase ends A < B with the values u and v, with x = (s - A) / (B - A):

        cosine  factor(s) = u + (v - u) * ½ (1 - cos(π x))
        linear  factor(s) = u + (v - u) * x

    Two phases: start → 1 → final. With `three_phase` start → 1 → start → final, the second as long as the first. With
    m = `peak_at` in updates, not rounded, the phases end at

        like=torch   m - 1, (2m - 2,) T - 1; fractions of an update count, so the peak itself may fall between two
        like=fastai  m, (2m,) T; fractions of an update count
        like=optax   floor(m), (floor(2m),) T

    Args:
        peak_at: where the peak is; a duration longer than zero and shorter than the span (half of it with three_phase).
        start: the first factor, in [0, 1].
        final: the last factor, in [0, 1].
        anneal: linear, as in the papers, or cosine, torch's default.
        three_phase: fall back to `start` first, then to `final`.
        like: torch, fastai or optax, whose convention for the phase ends to follow.
        momentum: [highest, lowest], each in [0, 1): the optimizer's momentum falls from the highest while the rate
            rises, returns while it falls, and stays there in a third phase; null leaves the momentum alone. It is the
            optimizer's `momentum` or `beta_1`; one that has neither, or has it at 0, keeps it so.

    Range: [min(start, final), 1].
    Edges: the first update has `start` if the first phase has at least one update in it; the last has `final` with
    like=torch, while fastai and optax reach `final` one update after the last; past the end `final` holds.

    Raises:
        ConfigError: a field is out of its range; or, when evaluated, the peak is not within the span.

    Source: Smith 2018, arXiv 1803.09820; Smith and Topin 2017, arXiv 1708.07120.

    Equals: torch `OneCycleLR(max_lr=lr, total_steps=T, pct_start=peak_at, anneal_strategy="cos" or "linear",
    div_factor=1/start, final_div_factor=start/final, three_phase, max_momentum, base_momentum)`, whose defaults are
    ours but for anneal; fastai `fit_one_cycle(lr_max=lr, pct_start=peak_at, div=1/start, div_final=1/final)`; optax
    `cosine_onecycle_schedule(T, lr, peak_at, 1/start, start/final)`, and `linear_onecycle_schedule` with pct_final = 2
    * pct_start for three_phase and linear. (optax rounds the binary float pct_start * T down: 0.29 * 100 gives it 28.
    Here 29% of 100 is 29.)
    """

    peak_at: str = "30%"
    start: float = 0.04
    final: float = 4e-6
    anneal: str = "linear"
    three_phase: bool = False
    like: str = "torch"
    momentum: list[float] | None = field(default_factory=lambda: [0.95, 0.85])

    def __post_init__(self) -> None:
        check_duration("one_cycle", "peak_at", self.peak_at, hint=HINT)
        check_number("one_cycle", "start", self.start, 0, 1, hint="schedule.start=0.04")
        check_number("one_cycle", "final", self.final, 0, 1, hint="schedule.final=4e-6")
        check_choice("one_cycle", "anneal", self.anneal, ("cosine", "linear"))
        check_choice("one_cycle", "like", self.like, ("torch", "fastai", "optax"))
        check_momentum("one_cycle", self.momentum)
        number, unit = parse_duration(self.peak_at)
        if unit == "%" and number >= self._latest:
            self._refuse_peak(self.peak_at)

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        middle = [1.0, self.start] if self.three_phase else [1.0]
        return self._through([self.start, *middle, self.final], step, run)

    def momenta(self, step: np.ndarray, run: Run) -> np.ndarray | None:
        """The momentum of each update, float64, shape (n,), in the phases of the rate; None to leave it alone."""
        if self.momentum is None:
            return None
        highest, lowest = self.momentum
        return self._through([highest, lowest, highest, *[highest] * self.three_phase], step, run)

    def _through(self, points: list[float], step: np.ndarray, run: Run) -> np.ndarray:
        """The curve that leads from point to point, one at each end of a phase."""
        ends, values = self._phase_ends(run), np.array(points)
        step = np.minimum(step, ends[-1])
        phase = sum(((step >= end).astype(np.int64) for end in ends[1:-1]), np.zeros(np.shape(step), dtype=np.int64))
        begin = ends[phase]
        done = (step - begin) / (ends[phase + 1] - begin)
        if self.anneal == "cosine":
            done = 0.5 * (1 - np.cos(np.pi * done))
        # Weighted like this a phase ends at its value exactly; u + (v - u) would not, for a final of 4e-6.
        curve: np.ndarray = values[phase] * (1 - done) + values[phase + 1] * done
        return curve

    def _phase_ends(self, run: Run) -> np.ndarray:
        """Where the phases begin and end, in updates, float64, shape (phases + 1,)."""
        peak, total = run.exact_steps(self.peak_at), run.total_steps
        if not 0 < peak < total * self._latest / 100:
            self._refuse_peak(f"{self.peak_at}, {float(peak):g} of {total} weight updates")
        middles = [peak, 2 * peak] if self.three_phase else [peak]
        if self.like == "torch":
            inner = [float(middle - i) for i, middle in enumerate(middles, start=1)]
            return np.array([0.0, *inner, total - 1.0])
        inner = [float(math.floor(middle) if self.like == "optax" else middle) for middle in middles]
        return np.array([0.0, *inner, float(total)])

    @property
    def _latest(self) -> int:
        """Per cent of the span by which the peak must have passed."""
        return 50 if self.three_phase else 100

    def _refuse_peak(self, got: str) -> None:
        phases = " with three_phase" if self.three_phase else ""
        raise ConfigError(f"one_cycle: peak_at must lie in (0%, {self._latest}%){phases}; got {got}. Try {HINT}.")


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"one_cycle": OneCycle}
