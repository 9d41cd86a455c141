"""What a run says of itself before it trains."""

import logging

import numpy as np

from annealkit.plan import Parts, settings_without_effect
from annealkit.run import Run
from annealkit.training.environment import computes_bfloat16
from annealkit.training.splits import Splits

log = logging.getLogger("annealkit")


def announce(parts: Parts, splits: Splits, run: Run, rates: np.ndarray, step: int, begins: bool) -> None:
    """What is trained on what, what is set and will have no effect, and where a branch or a resumed run goes on.

    Args:
        parts: the run's.
        splits: its images.
        run: its length.
        rates: the learning rate of every weight update.
        step: weight updates made.
        begins: whether it does not go on from a checkpoint of its own.
    """
    kept = f"{len(splits.validation):,} kept for validation" if len(splits.validation) else "none kept for validation"
    log.info(
        "Data: %s. %s images to train on, %s, %s for the final test.",
        splits.images.origin or splits.images.name,
        f"{len(splits.train):,}",
        kept,
        f"{len(splits.test):,}",
    )
    epochs, rest = divmod(run.total_steps, run.steps_per_epoch)
    log.info(
        "Training: %s of %d weight updates%s, %s.",
        f"{epochs} epoch{'' if epochs == 1 else 's'}",
        run.steps_per_epoch,
        f" and {rest} more" if rest else "",
        parts.trainer.precision,
    )
    if parts.trainer.precision == "float32" and len(splits.input_shape) == 3 and computes_bfloat16():
        log.info("This processor has bfloat16 instructions: trainer.precision=mixed_bfloat16 is likely faster.")
    for warning in settings_without_effect(parts, run):
        log.warning(warning)
    if begins and parts.origin is not None:
        log.info(
            "Leaving %s after weight update %d, at a rate of %.4g; %d follow, from a rate of %.4g.",
            parts.origin.run, step, rates[step - 1], parts.origin.length, rates[step],
        )  # fmt: skip
    elif step:
        log.info("Continuing after weight update %d of %d.", step, run.total_steps)
