"""The rule that raises the rate while a metric improves and lowers it while it does not."""

import math
from collections.abc import Mapping
from typing import Any

from annealkit import SettingError, checked_dataclass, choice, duration, hookimpl, integer, number, setting
from annealkit.feedback._metric import falls, is_per_epoch, watched


@checked_dataclass
class Greedy:
    """GreedyLR: divide the rate by `factor` while a metric improves, multiply it by `factor` while it does not.

    Rule, once every `every`: the value is the mean of the last `window` values of the metric. One better than the best
    so far becomes the best and counts as good, any other as bad; each of the two sets the other's count to 0. With more
    than `patience` good ones in a row scale becomes min(scale / factor, ceiling), with more than `patience` bad ones
    max(scale * factor, floor), and the count begins anew. The next `warmup` values after a rise and the next `cooldown`
    values after a fall are not judged. A fall that ends at the floor is counted, and with the count `reset` everything
    is as at the beginning, scale 1 included; a rise sets that count to 0.

    It sees the mean over the weight updates since it last looked. Whatever is counted, patience, cooldown, warmup,
    window, is counted in looks. Validation metrics, val_loss and val_accuracy, are measured once per epoch and want
    every=1ep. With mode=auto a metric whose name ends in loss or error should fall, one in accuracy or acc rise. An
    improvement is by more than `min_delta`; relative: below best * (1 - min_delta), or above best * (1 + min_delta).

    Edges: the first finite value is an improvement; a value that is not a number is bad, and so is a mean with one in
    its window. The scale takes effect at the first weight update after the look. With floor=0 nothing is ever reset.

    Raises:
        ConfigError: the direction cannot be told; a validation metric is to be seen more or less often than once per
            epoch; or, when it looks, the metric is missing.

    Source: Subramanian, Krishnamoorthy and Murthy 2025, arXiv 2512.14527.

    Equals: transformers `GreedyLR(mode, factor, patience, threshold=min_delta, threshold_mode="abs" or "rel", cooldown,
    warmup, min_lr=floor*lr, max_lr=ceiling*lr, eps=0, smooth=window > 1, window_size=window, reset_start=reset)`, one
    step for each look. Its defaults are ours but for three: patience is 10 there, here that of the paper's plain rule;
    its min_lr and max_lr are rates, 0.001 and 1, not fractions; and after a value that is not finite its running mean
    is lost for good, ours until it has left the window.
    """

    monitor: str = setting("loss", "the metric to watch; loss is that of training")
    every: str = duration("1ep", "how often the rule looks at it")
    mode: str = choice("auto", ("auto", "min", "max"), "whether it should fall (min) or rise (max); auto: by its name")
    factor: float = number(0.95, "(0, 1)", "what the scale is multiplied or divided by")
    patience: int = integer(0, "[0, inf)", "good or bad looks in a row that change nothing yet")
    min_delta: float = number(1e-6, "[0, inf)", "the margin that an improvement must exceed")
    min_delta_mode: str = choice("absolute", ("absolute", "relative"), "how min_delta is meant")
    window: int = integer(1, "[1, inf)", "looks over which the metric is averaged; 1 does not smooth")
    cooldown: int = integer(0, "[0, inf)", "looks after a fall that are not judged")
    warmup: int = integer(0, "[0, inf)", "looks after a rise that are not judged")
    reset: int | None = integer(500, "[1, inf)", "falls that end at the floor until the rule begins anew", null="never")
    floor: float = number(0.001, "[0, 1]", "lowest scale, as a fraction of the base rate")
    ceiling: float = number(10.0, "[1, inf)", "highest scale, as a fraction of the base rate", hint="10")

    def __post_init__(self) -> None:
        if self.monitor.startswith("val_") and not is_per_epoch(self.every):
            problem = f" must be 1ep, since monitor={self.monitor} is measured once per epoch; got {self.every!r}"
            raise SettingError(self, "every", problem, "1ep, or watch loss")
        falls(self, self.monitor, self.mode)  # so that a direction that cannot be told is refused before the run

    def begin(self) -> dict[str, Any]:
        return {"scale": 1.0, "best": None, "good": 0, "bad": 0, "unjudged": 0, "at_floor": 0, "window": []}

    def observe(self, state: dict[str, Any], metrics: Mapping[str, float]) -> dict[str, Any]:
        window = [*state["window"], watched(self, self.monitor, metrics)][-self.window :]
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
        down = falls(self, self.monitor, self.mode)
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
