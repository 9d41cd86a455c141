"""A sweep from its command line to its table: check every job, train what is missing, say what became of each."""

import importlib.metadata
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig, OmegaConf

from annealkit.configuration.hydra_app import initialized_hydra, launching
from annealkit.errors import ConfigError, printable, words_of
from annealkit.jobs.one_run import attempt
from annealkit.jobs.sweep_jobs import Job, jobs_need_no_number, list_jobs, sweep_config
from annealkit.jobs.table import rows_of, show
from annealkit.jobs.worker import STOP, ParallelJob
from annealkit.plugin_system.registry import Registry
from annealkit.runs.disk import make_folder
from annealkit.runs.result import FAILED
from annealkit.runs.summary import roughly
from annealkit.start_tensorflow import available_threads, check_temporary_folder
from annealkit.training.stop_request import StopRequest

Launch = Callable[[Callable[[DictConfig], Any]], Launcher]

_BASIC = "basic"
_JOBLIB = "joblib"


def run_sweep(overrides: list[str], registry: Registry) -> int:
    """Train what is missing of the sweep that the overrides describe.

    Returns:
        1 where a job failed or diverged, in this sweep or before; else 0.

    Raises:
        ConfigError: a job cannot be; nothing has been trained.
        KeyboardInterrupt, SystemExit: stopped by a signal, after a checkpoint and the table.
    """
    _check_launcher(overrides)
    with initialized_hydra(registry) as app:
        config = sweep_config(overrides, app, registry)
        processes = _processes(config)
        jobs = list_jobs(config, app, registry)
        if processes != 1 and not jobs_need_no_number(config) and any(job.same_as is not None for job in jobs):
            raise ConfigError(
                "hydra.sweep: some jobs are the same run, and two processes cannot train one. "
                "Leave hydra.sweep.dir and hydra.sweep.subdir out, or hydra/launcher."
            )
        outputs = Path(str(config.hydra.sweep.dir))
        make_folder(outputs)
        if any(job.to_be_trained for job in jobs) or os.access(outputs, os.W_OK):
            OmegaConf.save(config, outputs / "multirun.yaml")
        failures: dict[int, str] = {}
        try:
            if any(job.to_be_trained for job in jobs):
                with launching(app, config) as launcher_of:
                    if processes == 1:
                        _one_after_another(jobs, launcher_of, registry, failures)
                    else:
                        _in_parallel(jobs, processes, config, launcher_of, failures)
        finally:  # Also where a signal has stopped it.
            rows = rows_of(jobs, failures)
            show(rows, outputs)
    return 1 if any(row.at_fault for row in rows) else 0


def _check_launcher(overrides: list[str]) -> None:
    if f"hydra/launcher={_JOBLIB}" not in overrides:
        return
    try:
        importlib.metadata.version("hydra-joblib-launcher")
    except importlib.metadata.PackageNotFoundError:
        raise ConfigError(
            "hydra/launcher=joblib needs the distribution hydra-joblib-launcher, which is not installed. Try "
            "pip install 'annealkit[parallel]', or leave it out to train one run after another."
        ) from None


def _processes(config: DictConfig) -> int | None:
    """How many jobs run at a time; None where the launcher does not say."""
    launcher = config.hydra.runtime.choices["hydra/launcher"]
    if launcher == _BASIC:
        return 1
    if launcher != _JOBLIB:
        return None
    count, cores = config.hydra.launcher.n_jobs, available_threads()
    if not count:
        raise ConfigError(
            f"hydra.launcher.n_jobs must be a whole number other than 0; got {count}. Try 2 for two jobs at a time, "
            "or -1 for as many as cores."
        )
    return count if count > 0 else max(1, cores + 1 + count)


def _one_after_another(jobs: list[Job], launcher_of: Launch, registry: Registry, failures: dict[int, str]) -> None:
    plans = {job.number: job.plan for job in jobs}

    def train(job_config: DictConfig) -> str:
        folder, plan = Path(HydraConfig.get().runtime.output_dir), plans.pop(HydraConfig.get().job.num)
        status, reason = attempt(job_config, folder, registry, plan, reuse_data=True)
        return reason if status == FAILED else ""

    launcher = launcher_of(train)
    left = [job for job in jobs if job.to_be_trained]
    began = time.perf_counter()
    with sigterm_as_exit():
        for done, job in enumerate(left):
            seconds = (time.perf_counter() - began) / done * (len(left) - done) if done else None
            estimate = f" ({roughly(seconds)} left)" if seconds is not None else ""
            print(printable(f"\njob {job.number + 1} of {len(jobs)}: {job.label}{estimate}"), flush=True)
            failures |= _launch(launcher, [job], [job.overrides], job.number)


def _in_parallel(
    jobs: list[Job], processes: int | None, config: DictConfig, launcher_of: Launch, failures: dict[int, str]
) -> None:
    """`failures` receives the reason of each job that failed."""
    threads = None if processes is None else max(1, available_threads() // processes)
    # Where a job may depend on its number, all are launched: those that have ended say so and train nothing.
    all_needed = not jobs_need_no_number(config)
    launched = [job for job in jobs if job.to_be_trained or all_needed]
    quiet = config.hydra.runtime.choices["hydra/job_logging"] == "annealkit"
    overrides = []
    for job in launched:
        own = ["hydra/job_logging=annealkit_file"] if quiet else []
        if job.threads is None and threads is not None:
            own.append(f"trainer.threads={threads}")
        overrides.append([*job.overrides, *own])
    count = "" if processes is None else f" in {processes} processes with {threads} threads each"
    print(f"{len(launched)} of {len(jobs)} jobs to be trained{count}; a line for each when it has ended", flush=True)
    check_temporary_folder()
    with tempfile.TemporaryDirectory(prefix="annealkit-sweep-") as folder, _StopWorkers(Path(folder)) as stop:
        task = ParallelJob(Path(folder), [(job.number, job.label) for job in launched], time.time())
        launcher = launcher_of(task)
        batch = config.hydra.sweeper.max_batch_size or len(launched)
        failed: dict[int, str] = {}
        for start in range(0, len(launched), batch):
            if stop.signal is None:
                part = slice(start, start + batch)
                failed |= _launch(launcher, launched[part], overrides[part], start)
    if stop.signal is None:
        failures |= failed
    stop.act()


def _launch(launcher: Launcher, jobs: list[Job], overrides: list[list[str]], first: int) -> dict[int, str]:
    """Hand jobs to Hydra's launcher, which counts them from `first`; the number of each that failed, and the reason."""
    try:
        results: Sequence[Any] = launcher.launch(overrides, initial_job_idx=first)
        reasons = [result.return_value for result in results]
    except Exception as error:  # A full disk, a worker that was killed. Of runs that had begun, their folders tell.
        reason = words_of(error)
        reasons = ["" if (job.folder / "run.json").exists() else reason for job in jobs]
    return {job.number: reason for job, reason in zip(jobs, reasons, strict=True) if reason}


class _StopWorkers(StopRequest):
    """While it is open, the first SIGINT or SIGTERM asks every worker to stop after a checkpoint."""

    def __init__(self, control: Path) -> None:
        super().__init__()
        self._control = control

    def _remember(self, number: int, frame: FrameType | None) -> None:
        super()._remember(number, frame)
        (self._control / STOP).touch()


@contextmanager
def sigterm_as_exit() -> Iterator[None]:
    """SIGTERM between two runs, where nothing else takes it, ends the sweep by an exception: the table still comes."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
