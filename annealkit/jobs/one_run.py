"""One run from its configuration to its result: check everything, hold the folder, resume or report, train."""

import gc
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from annealkit.configuration.identity import flat_settings
from annealkit.configuration.plan import Plan, make_plan
from annealkit.errors import AnnealkitError, words_of
from annealkit.plugin_system.registry import Registry
from annealkit.runs.changes import refuse_other_settings
from annealkit.runs.folder import RunFolder
from annealkit.runs.result import FAILED, STOPPED, Result
from annealkit.runs.summary import summarize
from annealkit.start_tensorflow import start_tensorflow
from annealkit.writing.log import log

if TYPE_CHECKING:
    import keras

ENDED_BEFORE = "This run has already ended; rerun=true starts it afresh. Its data: {}."
STOPPED_BEFORE = "A callback stopped this run. Without callbacks it goes on; rerun=true starts it afresh. Its data: {}."


def ended_run(config: DictConfig, folder: Path, or_stopped: bool = False) -> Result | None:
    """The result of the run of this configuration, if it has ended in that folder and is not to be trained again.

    With `or_stopped` also if a callback has stopped it: with callbacks again, it is not for us to go on.

    Raises:
        RunError: the folder holds another run, or its files are damaged.
    """
    if config.rerun or not folder.is_dir():
        return None
    run_folder = RunFolder(folder)
    refuse_other_settings(folder, run_folder.read_state().get("settings"), flat_settings(config))
    return run_folder.ended(or_stopped)


def attempt(
    config: DictConfig, folder: Path, registry: Registry, plan: Plan | None = None, reuse_data: bool = False
) -> tuple[str, str]:
    """One job of the command line, with its end in the log: the run's status, and the reason where it failed.

    What a user can mend is said without a traceback; a fault of ours or of a plugin keeps it.
    """
    try:
        result = run_job(config, folder, registry, plan, reuse_data=reuse_data)
    except AnnealkitError as error:
        log.error("annealkit: %s", error)
        return FAILED, str(error)
    except Exception as error:
        log.exception("annealkit: the run was stopped by an unforeseen error")
        return FAILED, words_of(error)
    log.info(summarize(result))
    return result.status, result.message


def run_job(
    config: DictConfig,
    folder: Path,
    registry: Registry,
    plan: Plan | None = None,
    callbacks: "Sequence[keras.callbacks.Callback]" = (),
    reuse_data: bool = False,
) -> Result:
    """Train what the configuration says, in `folder`; a run that has ended reports its result and trains nothing.

    Args:
        config: the composed configuration.
        folder: the run's folder; made if it is missing.
        registry: where its parts come from.
        plan: of this configuration, if it has been made; else it is made once there is something to train.
        callbacks: Keras callbacks, as `annealkit.train` takes them.
        reuse_data: keep the images in memory for the next job of this process with the same data settings.

    Raises:
        AnnealkitError: what a user can mend; the run's status is `failed` unless nothing was begun.
    """
    # Before the lock, since the disk of a run that has ended may be one that cannot be written to.
    ended = ended_run(config, folder, bool(callbacks))
    if ended is not None:
        log.info(ended_before(ended))
        return ended
    with RunFolder(folder).locked() as run_folder:
        if config.rerun:
            run_folder.clear()
        ended = ended_run(config, folder, bool(callbacks))  # in another process, just now
        if ended is not None:
            log.info(ended_before(ended))
            return ended
        try:
            plan = plan or make_plan(config, registry)  # before TensorFlow is loaded, which takes seconds
            start_tensorflow(plan.trainer.threads)
            from annealkit.training.trainer import train

            return train(plan, run_folder, callbacks, reuse_data)
        except Exception as error:
            _keep(error, run_folder)
            raise
        finally:
            # The graph and the images it reads refer to each other: a sweep's next run would find them still in memory.
            gc.collect()


def ended_before(ended: Result) -> str:
    """That a run has ended before, and how it goes on or begins afresh."""
    # With the origin, since data=auto may find today what it did not find then.
    origin = RunFolder(ended.folder).read_state().get("data", {}).get("origin", ended.data)
    return (STOPPED_BEFORE if ended.status == STOPPED else ENDED_BEFORE).format(origin)


def _keep(error: Exception, run_folder: RunFolder) -> None:
    """Leave the reason in the run's folder, so that a sweep's end and a later reader find it."""
    try:
        run_folder.update_state(status=FAILED, message=words_of(error))
    except AnnealkitError as second:  # A full disk, most likely: the first error is the one that matters.
        print(f"annealkit: {second}", file=sys.stderr)
