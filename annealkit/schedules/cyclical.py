"""Cyclical learning rates."""

import numpy as np

from annealkit import Run, SettingError, checked_dataclass, choice, duration, hookimpl, momentum, number

RISING = ("triangle", "sine")
FALLING = ("linear", "cosine", "exponential", "step")
AMPLITUDES = ("constant", "halving", "exponential")


@checked_dataclass
class Cyclical:
    """Swing between `floor` and 1 in cycles; the wave is a triangle, a sine or a decay that is restarted.

    Formula: factor(s) = floor + a(s) * (wave(t) - floor), with up = `half_cycle`, the position t = s mod (up + down) in
    the cycle number c = floor(s / (up + down)), counted from 0, and x = t / (up + down):

        triangle     floor + (1 - floor) * h, h = t / up while t < up, then (up + down - t) / down
        sine         floor + (1 - floor) * ½ (1 - cos(π h)): half a cosine up, half a cosine down
        linear       floor + (1 - floor) * (1 - x), back to 1 at each new cycle
        cosine       floor + (1 - floor) * ½ (1 + cos(π x)), likewise
        exponential  floor^x, likewise
        step         four equal stairs: 1, floor^(1/3), floor^(2/3), floor, likewise

    and the height a = 1 (amplitude constant), 2^-c (halving) or gamma^s (exponential); to shrink it to r over T
    updates take gamma = r^(1/T).

    With `momentum` the optimizer's momentum moves against the rate: momentum(s) = highest - (highest - lowest) * a(s) *
    (wave(t) - floor) / (1 - floor). It is the optimizer's `momentum` or `beta_1`; one that has neither, or has it at 0,
    keeps it so.

    Range: [floor, 1].
    Edges: triangle and sine begin at `floor` (with a floor of 0 the first update changes nothing) and have the peak of
    cycle c at update c * (up + down) + up; the restarted decays begin at 1; past the end the last update's value holds.

    Source: Smith 2015, arXiv 1506.01186 (triangular, triangular2, exp_range); restarted decays: Loshchilov and Hutter
    2016, arXiv 1608.03983, and Huang et al. 2017, arXiv 1704.00109.

    Equals: torch `CyclicLR(base_lr=floor*lr, max_lr=lr, step_size_up=half_cycle, step_size_down=down, mode, gamma)`,
    modes triangular, triangular2 and exp_range for amplitude constant, halving and exponential, with its max_momentum
    and base_momentum; TensorFlow Addons `TriangularCyclicalLearningRate`, `Triangular2CyclicalLearningRate` and
    `ExponentialCyclicalLearningRate` for down=null; torch `CosineAnnealingWarmRestarts(T_0=half_cycle+down, T_mult=1)`
    for wave=cosine.
    """

    floor: float = number(0.01, "[0, 1]", "the lowest factor; above 0 for the waves exponential and step")
    half_cycle: str = duration("12.5%", "how long the rise is; a restarted decay lasts as long as rise and fall")
    down: str | None = duration(None, "how long the fall is", null="as long as the rise", hint="12.5%")
    amplitude: str = choice("constant", AMPLITUDES, "how the height goes on: halving each cycle, exponential by gamma")
    wave: str = choice("triangle", RISING + FALLING, "its form; from linear on a decay that is restarted")
    gamma: float = number(0.9999, "(0, 1]", "shrinks the height at every update where amplitude=exponential")
    momentum: list[float] | None = momentum(None, "the optimizer's momentum moves against the rate")

    def __post_init__(self) -> None:
        if self.wave in ("exponential", "step") and self.floor == 0:
            other = f"0.01, or another wave: {self.wave} multiplies its way down and never reaches 0"
            raise SettingError(self, "floor", f" must lie in (0, 1]; got {self.floor!r}", other)
        if self.momentum is not None and self.floor == 1:
            raise SettingError(self, "floor", "=1 leaves no swing for the momentum to follow", "0.01")

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        return self.floor + self._swing(step, run)

    def momenta(self, step: np.ndarray, run: Run) -> np.ndarray | None:
        """The momentum of each update, float64, shape (n,); None to leave it alone."""
        if self.momentum is None:
            return None
        highest, lowest = self.momentum
        return highest - (highest - lowest) * self._swing(step, run) / (1 - self.floor)

    def _swing(self, step: np.ndarray, run: Run) -> np.ndarray:
        """The height of the curve above the floor."""
        step = np.minimum(step, run.total_steps - 1)
        up = run.steps(self.half_cycle)
        down = up if self.down is None else run.steps(self.down)
        cycle, position = np.divmod(step, up + down)
        swing = self._wave(position, up, down) - self.floor
        if self.amplitude == "halving":
            swing = swing * np.power(0.5, cycle)
        elif self.amplitude == "exponential":
            swing = swing * np.power(float(self.gamma), step)
        return swing

    def _wave(self, position: np.ndarray, up: int, down: int) -> np.ndarray:
        """The curve of one cycle at full height, between floor and 1."""
        period = up + down
        if self.wave == "exponential":
            return np.power(float(self.floor), position / period)
        if self.wave == "step":
            return np.power(float(self.floor), 4 * position // period / 3)
        if self.wave == "linear":
            height = 1 - position / period
        elif self.wave == "cosine":
            height = 0.5 * (1 + np.cos(np.pi * (position / period)))
        else:
            height = np.where(position < up, position / up, (period - position) / down)
            if self.wave == "sine":
                height = 0.5 * (1 - np.cos(np.pi * height))
        return self.floor + (1 - self.floor) * height


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"cyclical": Cyclical}
