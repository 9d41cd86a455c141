"""The rule that raises the rate while a metric improves and lowers it while it does not."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annealkit import hookimpl
from annealkit.errors import ConfigError
from annealkit.feedback.metric import falls, is_per_epoch, watched
from annealkit.fields.checks import check_choice, check_duration, check_number


@dataclass
class Greedy:
    """GreedyLR: divide the rate by `factor` while a metric improves, multiply it by `factor` while it does not.

    Rule, once every `every`: the value is the mean of the last `window` values of the metric. One better than the best
    so far becomes the best and counts as good, any other as bad; each of the two sets the other's count to 0. With more
    than `patience` good ones in a row scale becomes min(scale / factor, ceiling), with more than `patience` bad ones
    max(scale * factor, floor), and the count begins anew. The next `warmup` values after a rise and the next `cooldown`
    values after a fall are not judged. A fall that ends at the floor is counted, and with the count `reset` everything
    is as at the beginning, scale 1 included; a rise sets that count to 0.

    Args:
        monitor: the metric to watch; loss is that of training. Those of validation, val_loss and val_accuracy, are
            measured once per epoch and want every=1ep.
        every: how often the rule looks at it, a duration longer than zero. It sees the mean over the weight updates
            since it last looked. Whatever is counted here, patience, cooldown, warmup, window, is counted in looks.
        mode: min (should fall), max (should rise) or auto: min for names that end in loss or error, max for names that
            end in accuracy or acc.
        factor: what the scale is multiplied or divided by, in (0, 1).
        patience: good or bad looks in a row that change nothing yet, at least 0.
        min_delta: the margin that an improvement must exceed, at least 0.
        min_delta_mode: absolute, or relative: improve below best * (1 - min_delta), or above best * (1 + min_delta).
        window: looks over which the metric is averaged, at least 1; 1 does not smooth.
        cooldown: looks after a fall that are not judged, at least 0.
        warmup: looks after a rise that are not judged, at least 0.
        reset: falls that end at the floor until the rule begins anew, at least 1; null for never.
        floor: lowest scale, as a fraction of the base rate, in [0, 1].
        ceiling: highest scale, as a fraction of the base rate, at least 1.

    Edges: the first finite value is an improvement; a value that is not a number is bad, and so is a mean with one in
    its window. The scale takes effect at the first weight update after the look. With floor=0 nothing is ever reset.

    Raises:
        ConfigError: a field is out of its range; the direction cannot be told; a validation metric is to be seen more
            or less often than once per epoch; the metric is missing.

    Source: Subramanian, Krishnamoorthy and Murthy 2025, arXiv 2512.14527.

    Equals: transformers `GreedyLR(mode, factor, patience, threshold=min_delta, threshold_mode="abs" or "rel", cooldown,
    warmup, min_lr=floor*lr, max_lr=ceiling*lr, eps=0, smooth=window > 1, window_size=window, reset_start=reset)`, one
    step for each look. Its defaults are ours but for three: patience is 10 there, here that of the paper's plain rule;
    its min_lr and max_lr are rates, 0.001 and 1, not fractions; and after a value that is not finite its running mean
    is lost for good, ours until it has left the window.
    """

    monitor: str = "loss"
    every: str = "1ep"
    mode: str = "auto"
    factor: float = 0.95
    patience: int = 0
    min_delta: float = 1e-6
    min_delta_mode: str = "absolute"
    window: int = 1
    cooldown: int = 0
    warmup: int = 0
    reset: int | None = 500
    floor: float = 0.001
    ceiling: float = 10.0

    def __post_init__(self) -> None:
        check_duration("greedy", "every", self.every, hint="feedback.every=1ep")
        if self.monitor.startswith("val_") and not is_per_epoch(self.every):
            raise ConfigError(
                f"greedy: feedback.monitor={self.monitor} is measured once per epoch, so every must be 1ep; got "
                f"{self.every!r}. Try feedback.every=1ep or feedback.monitor=loss."
            )
        check_choice("greedy", "mode", self.mode, ("auto", "min", "max"))
        check_number("greedy", "factor", self.factor, 0, 1, bounds="()", hint="feedback.factor=0.95")
        check_number("greedy", "patience", self.patience, 0, hint="feedback.patience=0")
        check_number("greedy", "min_delta", self.min_delta, 0, hint="feedback.min_delta=1e-6")
        check_choice("greedy", "min_delta_mode", self.min_delta_mode, ("absolute", "relative"))
        check_number("greedy", "window", self.window, 1, hint="feedback.window=1")
        check_number("greedy", "cooldown", self.cooldown, 0, hint="feedback.cooldown=0")
        check_number("greedy", "warmup", self.warmup, 0, hint="feedback.warmup=0")
        if self.reset is not None:
            check_number("greedy", "reset", self.reset, 1, hint="feedback.reset=500, or null for never")
        check_number("greedy", "floor", self.floor, 0, 1, hint="feedback.floor=0.001")
        check_number("greedy", "ceiling", self.ceiling, 1, hint="feedback.ceiling=10")
        falls("greedy", self.monitor, self.mode)  # so that a direction that cannot be told is refused before the run

    def begin(self) -> dict[str, Any]:
        return {"scale": 1.0, "best": None, "good": 0, "bad": 0, "unjudged": 0, "at_floor": 0, "window": []}

    def observe(self, state: dict[str, Any], metrics: Mapping[str, float]) -> dict[str, Any]:
        window = [*state["window"], watched("greedy", self.monitor, metrics)][-self.window :]
        value = sum(window) / len(window)
        after = {**state, "window": window}
        if state["unjudged"]:
            return after | {"unjudged": state["unjudged"] - 1}
        if self._improves(value, state["best"]):
            after |= {"best": value, "good": state["good"] + 1, "bad": 0}
        else:
            after |= {"good": 0, "bad": state["bad"] + 1}
        if after["good"] > self.patience:
            scale = min(state["scale"] / self.factor, self.ceiling)
            return after | {"scale": scale, "good": 0, "unjudged": self.warmup, "at_floor": 0}
        if after["bad"] > self.patience:
            return self._fall(after)
        return after

    def _fall(self, state: dict[str, Any]) -> dict[str, Any]:
        scale = max(state["scale"] * self.factor, self.floor)
        at_floor = state["at_floor"] + (scale <= self.floor)
        if self.reset is not None and at_floor >= self.reset:
            return self.begin() | {"unjudged": self.cooldown}
        return state | {"scale": scale, "bad": 0, "unjudged": self.cooldown, "at_floor": at_floor}

    def _improves(self, value: float, best: float | None) -> bool:
        down = falls("greedy", self.monitor, self.mode)
        if best is None:
            best = math.inf if down else -math.inf
        if self.min_delta_mode == "absolute":
            limit = best - self.min_delta if down else best + self.min_delta
        else:
            limit = best * (1 - self.min_delta if down else 1 + self.min_delta)
        return value < limit if down else value > limit


@hookimpl
def annealkit_feedback() -> dict[str, type]:
    return {"greedy": Greedy}
