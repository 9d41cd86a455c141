"""Trapezoid: hold the rate, then let it fall; with a warmup before it warmup-stable-decay."""

import numpy as np

from annealkit import Run, SettingError, checked_dataclass, choice, duration, hookimpl, number, parse_duration

SHAPES = ("linear", "cosine", "sqrt", "square", "exponential")


@checked_dataclass
class Trapezoid:
    """Hold the rate at 1, then fall to `floor` at the end of the run; with a warmup it is a trapezoid, or WSD.

    Formula: factor(s) = 1 up to `decay_from`, which is not rounded to whole updates; from there on, with
    q = (s - decay_from) / (T - decay_from):

        linear       floor + (1 - floor) * (1 - q)
        cosine       floor + (1 - floor) * ½ (1 + cos(π q))
        sqrt         floor + (1 - floor) * (1 - √q): falls fast, then ever slower
        square       floor + (1 - floor) * (1 - q²): falls slowly, then ever faster
        exponential  floor^q

    Range: [floor, 1].
    Edges: the first update has factor 1, and so has the one at `decay_from`; the last is one update short of `floor`,
    which holds past the end.

    Raises:
        ConfigError: when evaluated, `decay_from` is not within the span.

    Source: Hu et al. 2024, arXiv 2404.06395, section 4 (WSD); shapes: Hägele et al. 2024, arXiv 2405.18392.

    Equals: transformers `get_wsd_schedule(num_warmup_steps=0, num_decay_steps=T-decay_from, num_training_steps=T,
    decay_type="linear", "cosine" or "1-sqrt", min_lr_ratio=floor)`, and with num_warmup_steps=w for floor 0 and
    `LinearWarmup` of w updates with include_start=true; fastai `fit_flat_cos(pct_start=0.75, div_final=1/floor)` with
    decay_from=75% and shape=cosine.
    """

    decay_from: str = duration("80%", "when the fall begins, before the end of the run", zero=True)
    shape: str = choice("linear", SHAPES, "how it falls")
    floor: float = number(0.0, "[0, 1]", "the factor at the end; above 0 for the shape exponential", hint="0.01")

    def __post_init__(self) -> None:
        if self.shape == "exponential" and self.floor == 0:
            other = "0.01, or another shape: exponential multiplies its way down and never reaches 0"
            raise SettingError(self, "floor", f" must lie in (0, 1]; got {self.floor!r}", other)
        number, unit = parse_duration(self.decay_from)
        if unit == "%" and number >= 100:
            self._refuse(self.decay_from)

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        held = run.exact_steps(self.decay_from)
        if held >= run.total_steps:
            self._refuse(f"{self.decay_from}, {float(held):g} of {run.total_steps} weight updates")
        step = np.minimum(step, run.total_steps)
        # The end is exactly 1, as rounding may not have it where `decay_from` is between two updates.
        done = np.minimum(np.maximum(step - float(held), 0) / float(run.total_steps - held), 1)
        if self.shape == "exponential":
            return np.power(float(self.floor), done)
        if self.shape == "cosine":
            height = 0.5 * (1 + np.cos(np.pi * done))
        else:
            height = 1 - np.power(done, {"linear": 1.0, "sqrt": 0.5, "square": 2.0}[self.shape])
        return self.floor + (1 - self.floor) * height

    def _refuse(self, got: str) -> None:
        raise SettingError(self, "decay_from", f" must lie in [0%, 100%); got {got}", "80%")


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {
        "trapezoid": Trapezoid,
        "wsd": Trapezoid,
    }
