"""What `annealkit compare` takes: folders, and key=value as everywhere else."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from annealkit.compare.runs import METRICS, Metric
from annealkit.errors import ConfigError, did_you_mean

EXAMPLES = {
    "by": "by=schedule,optimizer",
    "metric": "metric=test_accuracy",
    "target": "target=0.75",
    "level": "level=0.95",
    "stopped": "stopped=true",
    "html": "html=compare.html",
    "svg": "svg=compare.svg",
    "csv": "csv=compare.csv",
    "json": "json=compare.json",
}

HELP = """\
annealkit compare: who leads, who cannot be told apart, how many seeds decide?

  annealkit compare [FOLDER…] [key=value …]

  FOLDER                  where runs are looked for, and below; else outputs
  by=schedule,optimizer   settings that make the groups; else all that differ
  metric=val_accuracy     or test_loss, val_loss; else test_accuracy
  target=0.75             accuracy that runs are timed to; else one point less
                          than the leader's mean at the end
  level=0.99              confidence of intervals and tests; else 0.95
  stopped=true            also runs that a callback has stopped
  html=compare.html       write a page: tables, every seed, learning rates
                          above accuracies
  svg=compare.svg         write a picture for a README or a paper, of the
                          largest section, which is the first
  csv=compare.csv         write a line for each group
  json=compare.json       write everything

  annealkit compare
  annealkit compare outputs by=schedule html=compare.html svg=compare.svg
  annealkit compare outputs/a outputs/b metric=val_loss json=compare.json

Runs of other data, model or budget make sections of their own, unless by=
names what they differ in. For a picture of another section, name its folders.

Exit code 0: done; 1: there are runs, but none that can be compared: files are
written, and stderr says what to try; 2: an option or folder cannot be, or
there is no run at all.
"""


@dataclass
class Options:
    """How to compare.

    Args:
        folders: below which runs are looked for.
        by: settings that make the groups; empty for all that differ.
        metric: what runs are compared by.
        target: accuracy to be reached, in (0, 1]; None for the leader's less one point.
        level: confidence of intervals; 1 - level is the chance of a wrong "worse", over all pairs of a section.
        stopped: whether runs that a callback has stopped are compared too.
        html: file for a page with charts, or None.
        svg: file for a picture of the largest section, or None.
        csv: file with a line for each group, or None.
        json: file with everything, or None.
    """

    folders: list[Path] = field(default_factory=lambda: [Path("outputs")])
    by: list[str] = field(default_factory=list)
    metric: Metric = METRICS["test_accuracy"]
    target: float | None = None
    level: float = 0.95
    stopped: bool = False
    html: Path | None = None
    svg: Path | None = None
    csv: Path | None = None
    json: Path | None = None


def parse(arguments: list[str]) -> Options:
    """Folders, `key=value`, and `--key value` or `--key=value` for those who type that. Raises ConfigError."""
    options, folders = Options(), []
    words = iter(arguments)
    for word in words:
        dashed = word.startswith("--")
        key, equals, value = word.removeprefix("--").partition("=")
        if key in EXAMPLES and (equals or dashed):
            if not equals:
                value = next(words, "")
            if not value:
                raise ConfigError(f"compare: {key} has no value. Try {EXAMPLES[key]}.")
            setattr(options, key, _READERS[key](value))
        elif dashed or word.startswith("-") or (equals and not Path(word).exists()):  # A folder may hold a "=".
            near = did_you_mean(key, EXAMPLES)
            raise ConfigError(
                f"compare: there is no option {key.lstrip('-')!r}.{near} Options are {', '.join(EXAMPLES)}, "
                "as key=value; everything else is a folder. Try annealkit compare outputs by=schedule."
            )
        else:
            folders.append(Path(word))
    options.folders = folders or options.folders
    return options


def _by(value: str) -> list[str]:
    keys = [key.strip() for key in value.split(",") if key.strip()]
    if not keys:
        raise ConfigError(f"compare: by={value} names no setting. Try {EXAMPLES['by']}.")
    return list(dict.fromkeys(keys))


def _metric(value: str) -> Metric:
    if value not in METRICS:
        raise ConfigError(
            f"compare: metric must be one of {', '.join(METRICS)}; got {value!r}.{did_you_mean(value, METRICS)}"
        )
    return METRICS[value]


def _yes_or_no(value: str) -> bool:
    if value not in ("true", "false"):
        raise ConfigError(f"compare: stopped must be true or false; got {value!r}. Try {EXAMPLES['stopped']}.")
    return value == "true"


def _share(key: str, low: float, high: float, closed: bool) -> Callable[[str], float]:
    """A reader of fractions, `0.75` or `75%`, above `low` and below `high`, or up to it."""

    def read(value: str) -> float:
        try:
            number = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
        except ValueError:
            number = float("nan")
        if not (low < number < high or (closed and number == high)):
            raise ConfigError(
                f"compare: {key} must lie in ({low:g}, {high:g}{']' if closed else ')'}; got {value!r}. "
                f"Try {EXAMPLES[key]}."
            )
        return number

    return read


_READERS: dict[str, Callable[[str], Any]] = {
    "by": _by,
    "metric": _metric,
    "target": _share("target", 0, 1, closed=True),
    "level": _share("level", 0.5, 1, closed=False),
    "stopped": _yes_or_no,
    "html": Path,
    "svg": Path,
    "csv": Path,
    "json": Path,
}
