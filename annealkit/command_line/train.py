"""Training from the command line: Hydra composes each job, sets up its folder and log, and calls it."""

import logging
import os
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from annealkit.configuration.composition import compose_with
from annealkit.configuration.hydra_app import (
    CONFIG_NAME,
    conf_dir,
    initialized_hydra,
    run_dir,
    run_one,
    store_schemas,
    without_hydra,
)
from annealkit.configuration.plan import Plan, make_plan
from annealkit.errors import ConfigError
from annealkit.jobs.one_run import attempt, ended_before, ended_run
from annealkit.jobs.sweep import run_sweep
from annealkit.plugin_system.registry import Registry, load_registry
from annealkit.runs.folder import RunFolder
from annealkit.runs.result import FINISHED
from annealkit.runs.summary import summarize

_SWEEP = "hydra.mode=MULTIRUN"  # as Hydra's own pages have it; -m


def train_with_hydra(arguments: list[str]) -> int:
    """Run the job or the sweep that the arguments describe; returns the exit code."""
    registry = load_registry()
    arguments = _without_config_dir(arguments)
    overrides = [word for word in arguments if not word.startswith("-")]
    flags = set(arguments) - set(overrides)
    if _SWEEP in overrides and flags <= {"-m", "--multirun"}:
        overrides, flags = [word for word in overrides if word != _SWEEP], {"-m"}
    logging.raiseExceptions = False  # A log that cannot be written, on a full disk, is no reason for a traceback.
    if flags and flags <= {"-m", "--multirun"}:
        return run_sweep(overrides, registry)
    job = _Job(registry)
    if flags:
        # With flags of Hydra's own, such as --cfg job, all is left to it.
        store_schemas(registry)
        hydra.main(config_path=os.fspath(conf_dir()), config_name=CONFIG_NAME, version_base="1.3")(job)()
        return job.exit_code
    with initialized_hydra(registry) as app:
        config = compose_with(app, overrides, registry)
        own, folder = without_hydra(config), run_dir(config)
        # What can be refused is refused before there is a folder: a run that cannot be, and one that is busy.
        ended = ended_run(own, folder)
        if ended is not None and not os.access(folder, os.W_OK):  # Where Hydra could not keep its log.
            print(ended_before(ended), summarize(ended), sep="\n")
            return 0 if ended.status == FINISHED else 1
        if ended is None:
            job.plan = make_plan(own, registry)
            with RunFolder(folder).locked():
                pass
        run_one(app, config, job)
    return job.exit_code


def _without_config_dir(arguments: list[str]) -> list[str]:
    """`--config-dir mydir` as the override that it stands for, so that what is wrong is said in our words."""
    words, folders = [], []
    left = iter(arguments)
    for word in left:
        flag, equals, folder = word.partition("=")
        if flag in ("-cd", "--config-dir"):
            folders.append(folder if equals else next(left, ""))
        else:
            words.append(word)
    if not folders:
        return arguments
    for folder in folders:
        if not Path(folder).is_dir() or not folder:
            raise ConfigError(f"--config-dir {folder}: there is no such folder. Try that of your own YAML files.")
    paths = ",".join(f'"file://{Path(folder).absolute()}"' for folder in folders)
    return [*words, f"hydra.searchpath=[{paths}]"]


class _Job:
    """What Hydra calls with the composed configuration, in the run's folder and with its log.

    Attributes:
        plan: of the run, where it has been made before.
        exit_code: 1 once the run has failed or diverged.
    """

    def __init__(self, registry: Registry) -> None:
        self.plan: Plan | None = None
        self.exit_code = 0
        self._registry = registry

    def __call__(self, config: DictConfig) -> None:
        folder = Path(HydraConfig.get().runtime.output_dir)
        status, _ = attempt(config, folder, self._registry, self.plan)
        self.exit_code = 0 if status == FINISHED else 1
