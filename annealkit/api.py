"""Training from Python: the same configuration, run folder and result as on the command line."""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from omegaconf import DictConfig, OmegaConf

from annealkit.configuration.composition import compose_with
from annealkit.configuration.hydra_app import initialized_hydra, run_dir, without_hydra
from annealkit.configuration.identity import run_name
from annealkit.configuration.plan import make_plan
from annealkit.errors import AnnealkitError, ConfigError
from annealkit.jobs.branching import compose_branch
from annealkit.jobs.one_run import ended_before, ended_run, run_job
from annealkit.plugin_system.registry import Registry, load_registry
from annealkit.runs.folder import RunFolder
from annealkit.runs.result import Result
from annealkit.writing.log import log

if TYPE_CHECKING:
    import keras


def train(overrides: Sequence[str] = (), callbacks: "Sequence[keras.callbacks.Callback]" = ()) -> Result:
    """Train one model, as `python -m annealkit OVERRIDES` does.

    Sets the seeds of Python, NumPy and TensorFlow, and clears Keras' session: models built before go on working, their
    layers' automatic names begin anew.

    Args:
        overrides: as on the command line, for example `["schedule=cyclical", "optimizer=sgd", "trainer.epochs=4"]`.
        callbacks: Keras callbacks, called at the beginning and end of training and of each epoch. What they hold in
            plain attributes (numbers, text, arrays) survives a resume. They are not part of the run's name: train with
            other callbacks in another `outputs=` folder, or with `rerun=true`. Those that set the learning rate are
            refused: that is what schedules and feedback are for. So are those with methods for batches, which are not
            called, unless their attribute `epochs_only` is True. A run that one of them stops has the status
            `stopped`; the same without callbacks continues it.

    Returns:
        The result; for a run that has already ended, the one that it ended with.

    Raises:
        annealkit.errors.AnnealkitError: what a user can mend, in words.

    Example:
        >>> result = annealkit.train(["schedule=cyclical", "optimizer=sgd", "data=synthetic"])  # doctest: +SKIP
        >>> result.test_accuracy, result.folder  # doctest: +SKIP
    """
    if isinstance(overrides, str):
        raise ConfigError(f"train takes a list of overrides; got the text {overrides!r}. Try train([{overrides!r}]).")
    registry = load_registry()
    overrides = list(overrides)
    with initialized_hydra(registry) as app:
        composed = compose_with(app, overrides, registry)
        config, folder = without_hydra(composed), run_dir(composed)
    return _train(config, folder, overrides, registry, callbacks)


def branch(
    run: str | os.PathLike[str],
    overrides: Sequence[str] = (),
    callbacks: "Sequence[keras.callbacks.Callback]" = (),
) -> Result:
    """Continue a checkpoint of a run with another schedule, into a new run, as `annealkit branch RUN OVERRIDES` does.

    Args:
        run: the folder of the run to leave.
        overrides: as on the command line, for example `["at=80%", "schedule=linear", "length=20%"]`.
        callbacks: as in `train`; they begin anew.

    Returns:
        The result; its history includes the epochs before the branch.

    Raises:
        annealkit.errors.AnnealkitError: what a user can mend, in words.
    """
    if isinstance(overrides, str):
        raise ConfigError(f"branch takes a list of overrides; got the text {overrides!r}. Try [{overrides!r}].")
    registry = load_registry()
    overrides = list(overrides)
    config = compose_branch(Path(run), overrides, registry)
    return _train(config, Path(config.outputs) / run_name(_root_=config), overrides, registry, callbacks)


def _train(
    config: DictConfig,
    folder: Path,
    overrides: list[str],
    registry: Registry,
    callbacks: "Sequence[keras.callbacks.Callback]",
) -> Result:
    if callbacks or not isinstance(callbacks, Sequence):  # Keras is there then, or imported in a moment.
        from annealkit.training.callbacks import check_callbacks

        check_callbacks(callbacks)
    # What can be refused is refused before there is a folder.
    ended = ended_run(config, folder, bool(callbacks))
    if ended is not None and not os.access(folder, os.W_OK):
        log.info(ended_before(ended))  # Where nothing can be kept of this call.
        return ended
    plan = None if ended else make_plan(config, registry)
    with recorded(folder, config, overrides):
        try:
            return run_job(config, folder, registry, plan, callbacks)
        except AnnealkitError:
            raise
        except Exception:
            log.exception("the run was stopped by an unforeseen error")  # The caller sees it; the run's log keeps it.
            raise


@contextmanager
def recorded(folder: Path, config: DictConfig, overrides: list[str], stream: TextIO | None = None) -> Iterator[None]:
    """What Hydra does for a run on the command line: its configuration and its messages in its folder.

    The messages are shown too, unless the caller has a place for them: on `stream`, or on stderr.
    """
    RunFolder(folder)
    file = logging.FileHandler(folder / "annealkit.log", encoding="utf-8", delay=True)
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    handlers: list[logging.Handler] = [file]
    if not log.hasHandlers():
        handlers.append(logging.StreamHandler(stream))
    level = log.level
    log.setLevel(logging.INFO)
    for handler in handlers:
        log.addHandler(handler)
    try:
        hydra_folder = folder / ".hydra"
        hydra_folder.mkdir(exist_ok=True)
        (hydra_folder / "config.yaml").write_text(OmegaConf.to_yaml(config), encoding="utf-8")
        (hydra_folder / "overrides.yaml").write_text(OmegaConf.to_yaml(overrides), encoding="utf-8")
        yield
    finally:
        log.setLevel(level)
        for handler in handlers:
            log.removeHandler(handler)
            handler.close()
