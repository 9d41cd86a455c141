"""What can be set of a range test: `find_lr.…` on the command line."""

from dataclasses import dataclass

from annealkit.errors import ConfigError
from annealkit.fields.checks import check_number

LEAST_PER_DECADE = 10


@dataclass
class FindLrSettings:
    """How `annealkit find-lr` ramps the rate, and where the result goes besides the terminal.

    Args:
        start: the first rate, above 0.
        stop: the last rate, at least ten times the first.
        steps: weight updates in a ramp, at least 10 for each factor of ten; null: one epoch, but 100 to 500.
        seeds: ramps, each with a seed of its own, from the configuration's `seed` upwards; at least 1.
        smoothing: mean age of what the loss is averaged over, in factors of ten of the rate; above 0, at most 1.
        png: file for the loss over the rate as a picture, or null. Needs `pip install "annealkit[plot]"`.
        csv: file for every update of every ramp, or null.
    """

    start: float = 1e-6
    stop: float = 10.0
    steps: int | None = None
    seeds: int = 3
    smoothing: float = 0.2
    png: str | None = None
    csv: str | None = None

    def __post_init__(self) -> None:
        check_number("find_lr", "start", self.start, 0, bounds="()", hint="find_lr.start=1e-6")
        check_number("find_lr", "stop", self.stop, 0, bounds="()", hint="find_lr.stop=10")
        check_number("find_lr", "seeds", self.seeds, 1, hint="find_lr.seeds=3")
        check_number("find_lr", "smoothing", self.smoothing, 0, 1, bounds="(]", hint="find_lr.smoothing=0.2")
        if self.stop < 10 * self.start:
            raise ConfigError(
                f"find_lr: stop must be at least ten times start; got start={self.start:g} and stop={self.stop:g}. "
                "Try find_lr.start=1e-6 find_lr.stop=10."
            )
        if self.steps is not None:
            check_number("find_lr", "steps", self.steps, 2, hint="find_lr.steps=null for about one epoch")
