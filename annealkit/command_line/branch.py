"""`annealkit branch RUN … key=value …`: continue checkpoints of runs with another schedule, into new runs."""

import sys
import time
from pathlib import Path

from hydra.errors import HydraException
from omegaconf import DictConfig

from annealkit.api import recorded
from annealkit.configuration.composition import parse
from annealkit.configuration.hydra_app import each_combination
from annealkit.configuration.identity import flat_settings, run_name
from annealkit.configuration.plan import make_plan
from annealkit.errors import ConfigError, printable
from annealkit.jobs.branching import THEN, compose_branch
from annealkit.jobs.one_run import attempt, ended_run
from annealkit.jobs.sweep import sigterm_as_exit
from annealkit.jobs.sweep_jobs import Job, find_the_same, varying
from annealkit.jobs.table import rows_of, show
from annealkit.plugin_system.registry import Registry, load_registry
from annealkit.runs.result import FAILED, FINISHED
from annealkit.runs.summary import roughly

FORM = "annealkit branch RUN [RUN …] [at=…] [length=…] (schedule=… | then=…) [key=value …]"
USAGE = f"""\
annealkit branch: continue a checkpoint of a run with another schedule, into a new run

  {FORM}

  RUN        the folder of the run to leave; it stays as it is
  at         after which of its weight updates: 80%, 6ep, 1500st; left out: at its end. Checkpoints are kept for the
             last two and for those of trainer.keep_at, which is [80%] unless the run was given others
  length     how long the branch trains from there: 20%, 2ep, 500st; left out: as long as that run had still to go.
             In both, % is of the whole length of RUN
  schedule   another schedule, from its beginning and at optimizer.lr: its span is the length of the branch
  then       or how the same goes on:
{chr(10).join(f"               {name:<9} {text}" for name, text in THEN.items())}

A branch keeps model, data, optimizer, seed and what else its checkpoint depends on. It may have a warmup, feedback,
optimizer.lr and the like of its own; without another, the feedback of the run goes on with the scale that it has
reached. A run that was stopped early goes on from its last weights, not from its best. Lists make several branches:
at=40%,80% schedule=linear,cosine.

  annealkit branch outputs/constant-sgd-keras_cnn-cifar10-s0-1a2b3c4d at=80% schedule=linear
  annealkit branch outputs/constant-sgd-* at=20%,40%,80% length=20% schedule=linear
  annealkit branch outputs/cosine-sgd-keras_cnn-cifar10-s0-1a2b3c4d length=4ep then=rewarm
"""


def branch_command(arguments: list[str]) -> int:
    """Train every branch that the words describe, one after another.

    All are composed before the first is trained, and checked as far as that can be done without its images.

    Returns:
        1 where one failed or diverged, else 0.

    Raises:
        AnnealkitError: a branch cannot be; nothing has been trained.
    """
    if "--help" in arguments:
        print(USAGE, end="")
        return 0
    flags = [word for word in arguments if word.startswith("-")]
    if flags:
        raise ConfigError(f"branch: there is no option {flags[0]!r}. {FORM}")
    folders = [word for word in arguments if "=" not in word or Path(word).is_dir()]
    words = [word for word in arguments if word not in folders]
    if not folders:
        raise ConfigError(f"branch: name the folder of the run to leave. {FORM}")
    registry = load_registry()
    described = [[folder, *one] for folder in folders for one in _each(words)]
    labels = varying(described)
    branches = [
        _compose(Path(folder), one, number, labels[number], registry) for number, (folder, *one) in enumerate(described)
    ]
    jobs = [job for job, _ in branches]
    find_the_same(jobs)
    if len(jobs) == 1:
        [(job, config)] = branches
        with recorded(job.folder, config, job.overrides, sys.stdout):
            status, _ = attempt(config, job.folder, registry, job.plan)
        return 0 if status == FINISHED else 1
    _check_threads(jobs)
    reasons: dict[int, str] = {}
    try:
        with sigterm_as_exit():
            _train([branch for branch in branches if branch[0].to_be_trained], len(jobs), registry, reasons)
    finally:  # Also where a signal has stopped it.
        rows = rows_of(jobs, reasons)
        show(rows, jobs[0].folder.parent)
    return 1 if any(row.at_fault for row in rows) else 0


def _train(branches: list[tuple[Job, DictConfig]], count: int, registry: Registry, reasons: dict[int, str]) -> None:
    """One after another; `reasons` receives why a branch failed."""
    began = time.perf_counter()
    for done, (job, config) in enumerate(branches):
        left = (time.perf_counter() - began) / done * (len(branches) - done) if done else None
        estimate = "" if left is None else f" ({roughly(left)} left)"
        print(printable(f"\nbranch {job.number + 1} of {count}: {job.label}{estimate}"), flush=True)
        with recorded(job.folder, config, job.overrides, sys.stdout):
            status, reason = attempt(config, job.folder, registry, job.plan, reuse_data=True)
        if status == FAILED:
            reasons[job.number] = reason


def _check_threads(jobs: list[Job]) -> None:
    """Refuse branches of runs with different numbers of threads: one process cannot change its own."""
    threads = {job.threads: job for job in jobs if job.to_be_trained}
    if len(threads) > 1:
        described = "; ".join(f"{count} for {job.overrides[0]}" for count, job in threads.items())
        raise ConfigError(
            f"branch: these runs were trained with different numbers of threads, and one process has one: {described}. "
            "Give a command for each number."
        )


def _each(words: list[str]) -> list[list[str]]:
    """The words of each branch: lists of values make several, as in a sweep."""
    try:
        return each_combination(parse(words))
    except HydraException as error:
        raise ConfigError(f"branch: {' '.join(str(error).split())}. Try a list of values, or range(…).") from None


def _compose(folder: Path, words: list[str], number: int, label: str, registry: Registry) -> tuple[Job, DictConfig]:
    config = compose_branch(folder, words, registry)
    new = Path(config.outputs) / run_name(_root_=config)
    ended = ended_run(config, new)
    plan = None if ended else make_plan(config, registry)
    overrides = [str(folder), *words]
    return Job(number, overrides, label, new, flat_settings(config), config.trainer.threads, ended, plan), config
