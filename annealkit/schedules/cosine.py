"""Cosine decay."""

import numpy as np

from annealkit import Run, checked_dataclass, duration, hookimpl, number


@checked_dataclass
class Cosine:
    """Fall from 1 to `floor` along half a cosine wave: slowly, fast, slowly.

    Formula: factor(s) = floor + (1 - floor) * (½ (1 + cos(π q^k)))^exponent with q = min(s / length, 1).

    Range: [floor, 1].
    Edges: the first update has factor 1; the update `length` is the first at `floor`, which for 100% is the one after
    the last; past the end the value at p = 1 holds and the wave does not rise again.

    Source: Loshchilov and Hutter 2016, arXiv 1608.03983, equation 5, without restarts; k-decay: Zhang and Li 2020,
    arXiv 2004.05909.

    Equals: Keras `CosineDecay(lr, length, alpha=floor)`; optax `cosine_decay_schedule(lr, length, floor, exponent)`;
    torch `CosineAnnealingLR(T_max=length, eta_min=floor*lr)` up to T_max; timm `CosineLRScheduler(t_initial=length,
    lr_min=floor*lr, k_decay=k)`; transformers `get_cosine_schedule_with_warmup` with a warmup before it.
    """

    floor: float = number(0.0, "[0, 1]", "the factor at the end", hint="0.01")
    length: str = duration("100%", "how long the fall is; 100% ends with the run")
    exponent: float = number(1.0, "(0, inf)", "above 1 falls earlier, below 1 later")
    k: float = number(1.0, "(0, inf)", "above 1 holds the rate high for longer before it falls (k-decay)")

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        step = np.minimum(step, run.total_steps)
        done = np.minimum(step / run.steps(self.length), 1) ** self.k
        return self.floor + (1 - self.floor) * (0.5 * (1 + np.cos(np.pi * done))) ** self.exponent


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"cosine": Cosine}
