"""`annealkit resume RUN` and `annealkit again RUN`: a run from its folder, on or afresh."""

import sys
from pathlib import Path

from omegaconf import DictConfig

from annealkit.api import recorded
from annealkit.configuration.identity import run_name
from annealkit.configuration.plan import make_plan
from annealkit.errors import ConfigError
from annealkit.jobs.again import compose_again, refuse_unless_one
from annealkit.jobs.one_run import attempt, ended_run
from annealkit.plugin_system.registry import load_registry
from annealkit.runs.result import FINISHED

RESUME = """\
annealkit resume: go on with a run that was stopped, in its own folder

  annealkit resume RUN [key=value …]

  RUN        the folder of the run; one that has ended reports its result
  key=value  what changes no bit of it, such as trainer.threads or resume=inexact

  annealkit resume outputs/cosine-sgd-keras_cnn-cifar10-s0-1a2b3c4d
"""
AGAIN = """\
annealkit again: train what a run was, with some of it otherwise

  annealkit again RUN [key=value …]

  RUN        the folder of the run, which stays as it is unless rerun=true is given
  key=value  as for training; the new run lies beside RUN, or in outputs=…

  annealkit again outputs/cosine-sgd-keras_cnn-cifar10-s0-1a2b3c4d seed=1
"""


def resume_command(arguments: list[str]) -> int:
    """Go on with the run in its folder; returns 1 where it failed or diverged, else 0."""
    if "--help" in arguments:
        print(RESUME, end="")
        return 0
    run, words = refuse_unless_one("resume", arguments)
    return _train(compose_again(run, words, load_registry()), run.absolute(), [str(run), *words])


def again_command(arguments: list[str]) -> int:
    """Train the run that it describes; returns 1 where it failed or diverged, else 0.

    Raises:
        ConfigError: that is the run itself.
    """
    if "--help" in arguments:
        print(AGAIN, end="")
        return 0
    run, words = refuse_unless_one("again", arguments)
    config = compose_again(run, words, load_registry())
    folder = Path(config.outputs) / run_name(_root_=config)
    if folder.exists() and folder.samefile(run) and not config.rerun:
        raise ConfigError(
            f"again: with these settings it is {run} itself. Try rerun=true, which replaces it, outputs=… to train it "
            "elsewhere, seed=1 or another setting; annealkit resume goes on with it."
        )
    return _train(config, folder, [str(run), *words])


def _train(config: DictConfig, folder: Path, words: list[str]) -> int:
    registry = load_registry()
    plan = None if ended_run(config, folder) else make_plan(config, registry)
    with recorded(folder, config, words, sys.stdout):
        status, _ = attempt(config, folder, registry, plan)
    return 0 if status == FINISHED else 1
