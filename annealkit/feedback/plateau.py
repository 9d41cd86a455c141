"""The rule that lowers the rate on a plateau."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from annealkit import checked_dataclass, choice, hookimpl, integer, number, setting
from annealkit.feedback._metric import falls, watched


@checked_dataclass
class Plateau:
    """Multiply the rate by `factor` when a metric has stopped improving.

    Rule, once per epoch: an improvement on the best value so far becomes the new best and sets the count of bad epochs
    to 0; any other epoch outside a cooldown adds 1 to it. When the count reaches `patience` (like=keras, where 0
    acts as 1) or passes it (like=torch), scale becomes max(scale * factor, floor), the count 0, and a cooldown begins.

    With mode=auto a metric whose name ends in loss or error should fall, one in accuracy or acc rise. An improvement is
    by more than `min_delta`; relative: below best * (1 - min_delta), or above best * (1 + min_delta).

    Edges: the first value is an improvement; like=torch excepts one that is not a number or as bad as can be (an
    infinite loss). The scale takes effect at the first update of the next epoch.

    Raises:
        ConfigError: the direction cannot be told; or, when it looks, the metric is missing.

    Source: a rule of practice in Keras and torch; as "reduce the rate when the error plateaus" in He et al. 2015,
    arXiv 1512.03385, section 3.4.

    Equals: Keras `ReduceLROnPlateau(monitor, factor, patience, mode=mode, min_delta=min_delta, cooldown=cooldown,
    min_lr=floor*lr)`, whose defaults are ours; with like=torch, torch `ReduceLROnPlateau(mode, factor, patience,
    threshold=min_delta, threshold_mode="abs" or "rel", cooldown=cooldown, min_lr=floor*lr, eps=0)`, which is relative
    by default.
    """

    monitor: str = setting("val_loss", "the metric to watch")
    mode: str = choice("auto", ("auto", "min", "max"), "whether it should fall (min) or rise (max); auto: by its name")
    factor: float = number(0.1, "(0, 1)", "what the scale is multiplied by")
    patience: int = integer(10, "[0, inf)", "bad epochs in a row before the rate falls")
    min_delta: float = number(1e-4, "[0, inf)", "the margin that an improvement must exceed")
    min_delta_mode: str = choice("absolute", ("absolute", "relative"), "how min_delta is meant")
    cooldown: int = integer(0, "[0, inf)", "epochs after a reduction in which bad epochs are not counted")
    floor: float = number(0.0, "[0, 1]", "lowest scale, as a fraction of the base rate", hint="0.001")
    like: str = choice("keras", ("keras", "torch"), "whose decisions to make")

    def __post_init__(self) -> None:
        falls(self, self.monitor, self.mode)  # so that a direction that cannot be told is refused before the run

    def begin(self) -> dict[str, Any]:
        return {"scale": 1.0, "best": None, "bad_epochs": 0, "cooldown": 0}

    def observe(self, state: dict[str, Any], metrics: Mapping[str, float]) -> dict[str, Any]:
        value = watched(self, self.monitor, metrics)
        scale, best, cooldown = state["scale"], state["best"], max(state["cooldown"] - 1, 0)
        cooling = state["cooldown"] > 0
        bad_epochs = 0 if cooling else state["bad_epochs"]
        # The last epoch of a cooldown can already be a bad one in Keras, but not in torch.
        counts = cooldown == 0 if self.like == "keras" else not cooling
        if self._improves(value, best):
            best, bad_epochs = value, 0
        elif counts:
            bad_epochs += 1
        if bad_epochs >= (max(self.patience, 1) if self.like == "keras" else self.patience + 1):
            scale, cooldown, bad_epochs = max(scale * self.factor, self.floor), self.cooldown, 0
        return {"scale": scale, "best": best, "bad_epochs": bad_epochs, "cooldown": cooldown}

    def _improves(self, value: float, best: float | None) -> bool:
        down = falls(self, self.monitor, self.mode)
        if best is None:
            if self.like == "keras":
                return True
            best = math.inf if down else -math.inf
        if self.min_delta_mode == "absolute" and self.like == "keras":
            # Keras moves the value, not the best, and compares as float32: that decides where the two nearly touch.
            moved, reference = np.float32(value + self.min_delta if down else value - self.min_delta), np.float32(best)
            return bool(moved < reference if down else moved > reference)
        if self.min_delta_mode == "absolute":
            limit = best - self.min_delta if down else best + self.min_delta
        else:
            limit = best * (1 - self.min_delta if down else 1 + self.min_delta)
        return value < limit if down else value > limit


@hookimpl
def annealkit_feedback() -> dict[str, type]:
    return {"plateau": Plateau}
