"""What can be set of a range test: `find_lr.…` on the command line."""

from annealkit.errors import SettingError
from annealkit.fields import checked_dataclass, integer, number, setting

LEAST_PER_DECADE = 10


@checked_dataclass(label="find_lr")
class FindLrSettings:
    """How `annealkit find-lr` ramps the rate, and where the result goes besides the terminal."""

    start: float = number(1e-6, "(0, inf)", "the first rate")
    stop: float = number(10.0, "(0, inf)", "the last rate; at least ten times the first")
    steps: int | None = integer(
        None,
        "[2, inf)",
        "weight updates in a ramp; 10 or more for each factor of ten",
        null="one epoch, but 100 to 500",
    )
    seeds: int = integer(3, "[1, inf)", "ramps; each has a seed of its own, from the configuration's `seed` upwards")
    smoothing: float = number(
        0.2, "(0, 1]", "mean age, in factors of ten of the rate, of what the loss is averaged over"
    )
    png: str | None = setting(
        None, 'file for the loss over the rate as a picture, which needs `pip install "annealkit[plot]"`', null="none"
    )
    csv: str | None = setting(None, "file for every update of every ramp", null="none")

    def __post_init__(self) -> None:
        if self.stop < 10 * self.start:
            problem = f" must be at least ten times start; got start={self.start:g} and stop={self.stop:g}"
            raise SettingError(self, "stop", problem, f"{10 * self.start:g}")
