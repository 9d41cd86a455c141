"""The one-cycle policy."""

import math

import numpy as np

from annealkit import (
    Run,
    SettingError,
    checked_dataclass,
    choice,
    duration,
    flag,
    hookimpl,
    momentum,
    number,
    parse_duration,
)


@checked_dataclass
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

    With `momentum` the optimizer's momentum falls from the highest while the rate rises, returns while it falls, and
    stays there in a third phase. It is the optimizer's `momentum` or `beta_1`; one that has neither, or has it at 0,
    keeps it so.

    Range: [min(start, final), 1].
    Edges: the first update has `start` if the first phase has at least one update in it; the last has `final` with
    like=torch, while fastai and optax reach `final` one update after the last; past the end `final` holds.

    Raises:
        ConfigError: when evaluated, the peak is not within the span.

    Source: Smith 2018, arXiv 1803.09820; Smith and Topin 2017, arXiv 1708.07120.

    Equals: torch `OneCycleLR(max_lr=lr, total_steps=T, pct_start=peak_at, anneal_strategy="cos" or "linear",
    div_factor=1/start, final_div_factor=start/final, three_phase, max_momentum, base_momentum)`, whose defaults are
    ours but for anneal; fastai `fit_one_cycle(lr_max=lr, pct_start=peak_at, div=1/start, div_final=1/final)`; optax
    `cosine_onecycle_schedule(T, lr, peak_at, 1/start, start/final)`, and `linear_onecycle_schedule` with pct_final = 2
    * pct_start for three_phase and linear. (optax rounds the binary float pct_start * T down: 0.29 * 100 gives it 28.
    Here 29% of 100 is 29.)
    """

    peak_at: str = duration("30%", "where the peak is, before the end of the span; with three_phase before its middle")
    start: float = number(0.04, "[0, 1]", "the first factor")
    final: float = number(4e-6, "[0, 1]", "the last factor", hint="4e-6")
    anneal: str = choice("linear", ("cosine", "linear"), "linear, as in the papers, or cosine, torch's default")
    three_phase: bool = flag(False, "fall back to `start` first, then to `final`")
    like: str = choice("torch", ("torch", "fastai", "optax"), "whose convention for the phase ends to follow")
    momentum: list[float] | None = momentum([0.95, 0.85], "the optimizer's momentum moves against the rate")

    def __post_init__(self) -> None:
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
        raise SettingError(self, "peak_at", f" must lie in (0%, {self._latest}%){phases}; got {got}", "30%")


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"one_cycle": OneCycle}
