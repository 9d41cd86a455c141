"""Training from the command line: Hydra composes each job, sets up its folder and log, and calls it."""

import logging
import os
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from annealkit.configuration.composition import CONFIG_NAME, compose, conf_dir, run_name, store_schemas
from annealkit.configuration.plan import build_parts, check_plan
from annealkit.jobs.one_run import attempt
from annealkit.jobs.sweep import run_sweep
from annealkit.plugin_system.registry import load_registry
from annealkit.runs.folder import RunFolder
from annealkit.runs.result import FINISHED


def train_with_hydra(arguments: list[str]) -> int:
    """Run the job or the sweep that the arguments describe; returns the exit code."""
    registry = load_registry()
    overrides = [word for word in arguments if not word.startswith("-")]
    flags = set(arguments) - set(overrides)
    logging.raiseExceptions = False  # A log that cannot be written, on a full disk, is no reason for a traceback.
    if flags and flags <= {"-m", "--multirun"}:
        return run_sweep(overrides, registry)
    store_schemas(registry)
    if not flags:
        # Hydra's own messages name no near matches: what can be refused is refused before it starts.
        config = compose(overrides, registry)
        check_plan(build_parts(config, registry))
        if not any(word.startswith("hydra.run.dir=") for word in overrides):
            # Held for a moment: a run that is busy is refused before Hydra writes a line into its log.
            with RunFolder(Path(config.outputs) / run_name(_root_=config)).locked():
                pass
    codes: list[int] = []

    def job(config: DictConfig) -> None:
        status, _ = attempt(config, Path(HydraConfig.get().runtime.output_dir), registry)
        codes.append(0 if status == FINISHED else 1)

    # With flags of Hydra's own, such as --cfg job, all is left to it.
    hydra.main(config_path=os.fspath(conf_dir()), config_name=CONFIG_NAME, version_base="1.3")(job)()
    return max(codes, default=0)
