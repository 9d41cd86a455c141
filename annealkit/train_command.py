"""Training from the command line: Hydra composes each job, sets up its folder and log, and calls it."""

import logging
import os
import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import Glob
from omegaconf import DictConfig

from annealkit.composition import (
    CONFIG_NAME,
    check_groups,
    compose,
    conf_dir,
    first_job,
    parse,
    run_name,
    store_schemas,
)
from annealkit.errors import AnnealkitError
from annealkit.job import run_job
from annealkit.plan import build_parts, check_plan
from annealkit.registry import Registry, load_registry
from annealkit.result import FINISHED
from annealkit.run_folder import RunFolder, make_folder
from annealkit.summary import summarize

log = logging.getLogger("annealkit")


def train_with_hydra(arguments: list[str]) -> int:
    """Run the job or the sweep that the arguments describe; returns the exit code."""
    registry = load_registry()
    store_schemas(registry)
    overrides = [word for word in arguments if not word.startswith("-")]
    if len(overrides) == len(arguments):
        # Hydra's own messages name no near matches: what can be refused is refused before it starts.
        config = compose(overrides, registry)
        check_plan(build_parts(config, registry))
        if not any(word.startswith("hydra.run.dir=") for word in overrides):
            # Held for a moment: a run that is busy is refused before Hydra writes a line into its log.
            with RunFolder(Path(config.outputs) / run_name(_root_=config)).locked():
                pass
    elif {"-m", "--multirun"} & set(arguments):
        parsed = parse(overrides)
        check_groups(parsed, registry)
        if not any(isinstance(override.value(), Glob) for override in parsed):
            compose(first_job(parsed), registry)
        for override in parsed:
            if override.key_or_group == "outputs" and not override.is_sweep_override():
                make_folder(Path(str(override.value())))
    logging.raiseExceptions = False  # A log that cannot be written, on a full disk, is no reason for a traceback.
    codes: list[int] = []

    def job(config: DictConfig) -> None:
        folder = Path(HydraConfig.get().runtime.output_dir)
        codes.append(_run(config, folder, registry))

    hydra.main(config_path=os.fspath(conf_dir()), config_name=CONFIG_NAME, version_base="1.3")(job)()
    failed = sum(code != 0 for code in codes)
    if len(codes) > 1 and failed:
        print(
            f"annealkit: {failed} of {len(codes)} runs did not finish; their reasons are above and in each "
            "annealkit.log.",
            file=sys.stderr,
        )
    return max(codes, default=0)


def _run(config: DictConfig, folder: Path, registry: Registry) -> int:
    """One job; its exit code. What a user can mend is said without a traceback, and a sweep goes on after it."""
    try:
        result = run_job(config, folder, registry)
    except AnnealkitError as error:
        log.error("annealkit: %s", error)
        return 1
    except (
        Exception
    ):  # A fault of ours or of a plugin: a sweep goes on after it, and the run's log keeps the traceback.
        log.exception("annealkit: the run was stopped by an unforeseen error")
        return 1
    log.info(summarize(result))
    return 0 if result.status == FINISHED else 1
