"""One job of a sweep in a process of its own, where other jobs run at the same time beside it."""

import contextlib
import io
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from annealkit.configuration.hydra_app import register_run_name
from annealkit.jobs.one_run import attempt
from annealkit.plugin_system.registry import load_registry
from annealkit.runs.folder import RunFolder
from annealkit.runs.result import FAILED, FINISHED
from annealkit.runs.summary import roughly

STOP = "stop"  # The file in the control folder that asks every worker to stop.
_SECONDS_PER_LOOK = 0.2

# On import, and not by a call: Hydra names the run's folder in this process before it calls anything of ours.
register_run_name()


@dataclass
class ParallelJob:
    """Trains a job that a launcher hands to this process; one line on stdout says how it ended.

    Args:
        control: a folder for what the processes tell each other: the file STOP, and a file for each job that ended.
        labels: what the sweep varies, in the order in which the jobs are launched, with each job's own number.
        began: when the jobs were launched, in seconds since the epoch.
    """

    control: Path
    labels: list[tuple[int, str]]
    began: float

    def __call__(self, config: DictConfig) -> str:
        """The reason where the job failed, or nothing."""
        position = HydraConfig.get().job.num
        folder = Path(HydraConfig.get().runtime.output_dir)
        status = ""
        with _stopping_when_asked(self.control / STOP) as may_go_on, _output_to_the_log():
            if may_go_on:
                status, reason = attempt(config, folder, load_registry(), reuse_data=True)
        if not status:  # Stopped, or never begun.
            return ""
        (self.control / f"ended-{position}").touch()
        self._say(position, status, reason, folder)
        return reason if status == FAILED else ""

    def _say(self, position: int, status: str, reason: str, folder: Path) -> None:
        number, label = self.labels[position]
        ended = len(list(self.control.glob("ended-*")))
        to_go = len(self.labels) - ended
        left = f", {roughly((time.time() - self.began) / ended * to_go)} left" if to_go else ""
        result = RunFolder(folder).ended() if status == FINISHED else None
        figures = f", test accuracy {result.test_accuracy:.2%}, {result.seconds:.0f} s" if result else ""
        why = f": {' '.join(reason.split())}" if reason else ""
        # In one write, so that lines of several processes do not mix.
        line = f"job {number + 1}, {label}: {status}{figures}{why} ({ended} of {len(self.labels)} done{left})\n"
        sys.stdout.write(line)
        sys.stdout.flush()


@contextlib.contextmanager
def _stopping_when_asked(stop: Path) -> Iterator[bool]:
    """Turn the file, or the end of the process that started this one, into the SIGTERM that a run knows how to take.

    Ctrl-C on a terminal goes to all processes at once, and the one that launched the jobs tells them anyway: this one
    leaves its group, so that no run is told twice, which would cut it short.
    """
    if stop.exists():
        yield False
        return
    parent = os.getppid()
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_SECONDS_PER_LOOK):
            if stop.exists() or os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGTERM)
                return

    before = signal.signal(signal.SIGTERM, _exit)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield True
    except (KeyboardInterrupt, SystemExit):
        pass  # The run has said in its folder how far it came.
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # One that is on its way comes too late.
        ended.set()
        watcher.join()
        signal.signal(signal.SIGTERM, before)


def _exit(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


class _Log(io.TextIOBase):
    """A stream whose lines go to the log."""

    def __init__(self) -> None:
        self._line = ""

    def write(self, text: str) -> int:
        *lines, self._line = (self._line + text).split("\n")
        for line in filter(str.strip, lines):
            logging.getLogger("annealkit").info(line)
        return len(text)


@contextlib.contextmanager
def _output_to_the_log() -> Iterator[None]:
    """What is printed meanwhile would mix with what other processes print: the run's own log keeps it."""
    stream = _Log()
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        yield
