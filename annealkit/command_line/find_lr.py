"""`annealkit find-lr`: a learning-rate range test with the given configuration."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from omegaconf import DictConfig

from annealkit.configuration.composition import compose
from annealkit.configuration.plan import make_plan, to_settings
from annealkit.errors import ConfigError, printable
from annealkit.plugin_system.registry import Registry, load_registry
from annealkit.range_test import FindLrSettings, RangeTest, conclude, ramp_rates, smoothing_weight
from annealkit.range_test.files import check_files, write_csv, write_png
from annealkit.range_test.view import show
from annealkit.start_tensorflow import start_tensorflow
from annealkit.writing.log import log

HELP = """\
annealkit find-lr: a learning-rate range test: which optimizer.lr to begin with

  annealkit find-lr [key=value …]

  find_lr.start=1e-6      the first rate of a ramp, which rises exponentially
  find_lr.stop=10         the last one
  find_lr.steps=300       weight updates in a ramp; else one epoch, but 100 to 500
  find_lr.seeds=3         ramps, each with a seed of its own
  find_lr.smoothing=0.2   what the loss is averaged over, in factors of ten of the
                          rate
  find_lr.png=ramp.png    write a picture; needs the extra plot
  find_lr.csv=ramp.csv    write every update of every ramp

  annealkit find-lr optimizer=adam
  annealkit find-lr model=resnet20 optimizer=sgd find_lr.seeds=5 find_lr.png=ramp.png

All other keys are those of training, and what is trained is what they say. Rules:
begins (where the loss begins to fall), minimum/10, valley (as fastai), steepest,
slows (where the fall slows, before the loss rises: Smith's upper bound, and what
is recommended). Nothing is left in outputs.
"""


def find_lr_command(arguments: list[str]) -> int:
    """Run a range test and print what it suggests."""
    if "--help" in arguments:
        print(HELP, end="")
        return 0
    registry = load_registry()
    config = compose(arguments, registry)
    test = _range_test(config, registry)
    show(test, _title(config))
    _write_files(test, config)
    for name in (test.settings.csv, test.settings.png):
        if name is not None:
            print(printable(f"wrote {name}"))
    return 0


def find_lr(overrides: Sequence[str] = ()) -> RangeTest:
    """Find a learning rate by a range test, as `annealkit find-lr OVERRIDES` does, without printing it.

    Sets the seeds of Python, NumPy and TensorFlow, and clears Keras' session, as `annealkit.train` does. Writes no run
    folder; only the files of `find_lr.csv=…` and `find_lr.png=…`, if they are asked for.

    Args:
        overrides: as on the command line, for example `["model=keras_cnn", "optimizer=adam", "find_lr.seeds=5"]`.

    Returns:
        Rates, losses, smoothed losses, what every rule suggests, and what is recommended.

    Raises:
        annealkit.errors.AnnealkitError: what a user can mend, in words.

    Example:
        >>> test = annealkit.find_lr(["optimizer=adam"])  # doctest: +SKIP
        >>> annealkit.train(["optimizer=adam", *test.recommendation.overrides["any"]])  # doctest: +SKIP
    """
    if isinstance(overrides, str):
        raise ConfigError(
            f"find_lr takes a list of overrides; got the text {overrides!r}. Try find_lr([{overrides!r}])."
        )
    registry = load_registry()
    config = compose(list(overrides), registry)
    test = _range_test(config, registry)
    _write_files(test, config)
    return test


def _range_test(config: DictConfig, registry: Registry) -> RangeTest:
    settings = to_settings(config.find_lr, FindLrSettings)
    check_files(settings)
    plan = make_plan(config, registry)
    rates = ramp_rates(settings, plan.run.steps_per_epoch)
    seeds = [(plan.trainer.seed + number) % 2**32 for number in range(settings.seeds)]
    weight = smoothing_weight(rates, settings.smoothing)
    with _messages():
        start_tensorflow(plan.trainer.threads)
        from annealkit.training.rate_range_test import train_ramps

        losses = train_ramps(plan, rates, seeds, weight)
    return conclude(settings, rates, seeds, losses)


def _write_files(test: RangeTest, config: DictConfig) -> None:
    if test.settings.csv is not None:
        write_csv(test.settings.csv, test)
    if test.settings.png is not None:
        write_png(test.settings.png, test, _title(config))


def _title(config: DictConfig) -> str:
    return f"learning-rate range test: {config.model.name}, optimizer {config.optimizer.name}, data {config.data.name}"


@contextmanager
def _messages() -> Iterator[None]:
    """What is said meanwhile goes to the terminal, unless the caller has a place for it."""
    handler, level = logging.StreamHandler(), log.level
    shown = not log.hasHandlers()
    if shown:
        log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.setLevel(level)
        log.removeHandler(handler)
