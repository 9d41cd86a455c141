"""One run from its configuration to its result: check everything, hold the folder, resume or report, train."""

import logging
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from annealkit.errors import AnnealkitError
from annealkit.plan import build_parts, plan_rates, plan_run
from annealkit.registry import Registry
from annealkit.result import FAILED, Result
from annealkit.run_folder import RunFolder

if TYPE_CHECKING:
    import keras

log = logging.getLogger("annealkit")


def run_job(
    config: DictConfig, folder: Path, registry: Registry, callbacks: "Sequence[keras.callbacks.Callback]" = ()
) -> Result:
    """Train what the configuration says, in `folder`; a run that has ended reports its result and trains nothing.

    Raises:
        AnnealkitError: what a user can mend; the run's status is `failed` unless nothing was begun.
    """
    parts = build_parts(config, registry)
    with RunFolder(folder).locked() as run_folder:
        if config.rerun:
            run_folder.clear()
        ended = run_folder.ended()
        if ended is not None:
            log.info("This run has already ended; rerun=true starts it afresh.")
            return ended
        try:
            # What can be known without images is checked before TensorFlow is loaded, which takes seconds.
            plan_rates(parts, plan_run(parts, parts.data.train_size()))
            from annealkit.training.start import start_tensorflow

            start_tensorflow(parts.trainer.threads)
            from annealkit.training.trainer import train

            return train(parts, config, run_folder, registry, callbacks)
        except Exception as error:
            _keep(error, run_folder)
            raise


def _keep(error: Exception, run_folder: RunFolder) -> None:
    """Leave the reason in the run's folder, so that a sweep's end and a later reader find it."""
    if not isinstance(error, AnnealkitError):
        log.error("%s", "".join(traceback.format_exception(error)))
    try:
        run_folder.update_state(status=FAILED, message=f"{type(error).__name__}: {error}")
    except AnnealkitError as second:  # A full disk, most likely: the first error is the one that matters.
        print(f"annealkit: {second}", file=sys.stderr)
