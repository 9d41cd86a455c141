"""The rule that lowers the rate on a plateau."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from annealkit import hookimpl
from annealkit.feedback.metric import falls, watched
from annealkit.fields.checks import check_choice, check_number


@dataclass
class Plateau:
    """Multiply the rate by `factor` when a metric has stopped improving.

    Rule, once per epoch: an improvement on the best value so far becomes the new best and sets the count of bad epochs
    to 0; any other epoch outside a cooldown adds 1 to it. When the count reaches `patience` (like=keras) or passes it
    (like=torch), scale becomes max(scale * factor, floor), the count 0, and a cooldown begins.

    Args:
        monitor: the metric to watch.
        mode: min (should fall), max (should rise) or auto: min for names that end in loss or error, max for names that
            end in accuracy or acc.
        factor: what the scale is multiplied by, in (0, 1).
        patience: at least 0; the rate falls after that many bad epochs in a row (like=keras, where 0 acts as 1) or one
            more (like=torch).
        min_delta: the margin that an improvement must exceed, at least 0.
        min_delta_mode: absolute, or relative: improve below best * (1 - min_delta), or above best * (1 + min_delta).
        cooldown: epochs after a reduction in which bad epochs are not counted, at least 0.
        floor: lowest scale, as a fraction of the base rate, in [0, 1].
        like: keras or torch, whose decisions to make.

    Edges: the first value is an improvement; like=torch excepts one that is not a number or as bad as can be (an
    infinite loss). The scale takes effect at the first update of the next epoch.

    Raises:
        ConfigError: a field is out of its range; the direction cannot be told; the metric is missing.

    Source: a rule of practice in Keras and torch; as "reduce the rate when the error plateaus" in He et al. 2015,
    arXiv 1512.03385, section 3.4.

    Equals: Keras `ReduceLROnPlateau(monitor, factor, patience, mode=mode, min_delta=min_delta, cooldown=cooldown,
    min_lr=floor*lr)`, whose defaults are ours; with like=torch, torch `ReduceLROnPlateau(mode, factor, patience,
    threshold=min_delta, threshold_mode="abs" or "rel", cooldown=cooldown, min_lr=floor*lr, eps=0)`, which is relative
    by default.
    """

    monitor: str = "val_loss"
    mode: str = "auto"
    factor: float = 0.1
    patience: int = 10
    min_delta: float = 1e-4
    min_delta_mode: str = "absolute"
    cooldown: int = 0
    floor: float = 0.0
    like: str = "keras"

    def __post_init__(self) -> None:
        check_choice("plateau", "mode", self.mode, ("auto", "min", "max"))
        check_number("plateau", "factor", self.factor, 0, 1, bounds="()", hint="feedback.factor=0.1")
        check_number("plateau", "patience", self.patience, 0, hint="feedback.patience=10")
        check_number("plateau", "min_delta", self.min_delta, 0, hint="feedback.min_delta=1e-4")
        check_choice("plateau", "min_delta_mode", self.min_delta_mode, ("absolute", "relative"))
        check_number("plateau", "cooldown", self.cooldown, 0, hint="feedback.cooldown=0")
        check_number("plateau", "floor", self.floor, 0, 1, hint="feedback.floor=0.001")
        check_choice("plateau", "like", self.like, ("keras", "torch"))
        falls("plateau", self.monitor, self.mode)  # so that a direction that cannot be told is refused before the run

    def begin(self) -> dict[str, Any]:
        return {"scale": 1.0, "best": None, "bad_epochs": 0, "cooldown": 0}

    def observe(self, state: dict[str, Any], metrics: Mapping[str, float]) -> dict[str, Any]:
        value = watched("plateau", self.monitor, metrics)
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
        down = falls("plateau", self.monitor, self.mode)
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
