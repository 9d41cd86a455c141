"""What a run says of itself before it trains."""

import logging

import numpy as np

from annealkit.configuration.plan import Origin, Plan
from annealkit.training.environment import computes_bfloat16
from annealkit.training.splits import Splits

log = logging.getLogger("annealkit")


def announce(plan: Plan, splits: Splits) -> None:
    """What is trained on what, and what is set and will have no effect."""
    kept = f"{len(splits.validation):,} kept for validation" if len(splits.validation) else "none kept for validation"
    log.info(
        "Data: %s. %s images to train on, %s, %s for the final test.",
        splits.images.origin or splits.images.name,
        f"{len(splits.train):,}",
        kept,
        f"{len(splits.test):,}",
    )
    run, precision = plan.run, plan.trainer.precision
    epochs, rest = divmod(run.total_steps, run.steps_per_epoch)
    log.info(
        "Training: %s of %d weight updates%s, %s.",
        f"{epochs} epoch{'' if epochs == 1 else 's'}",
        run.steps_per_epoch,
        f" and {rest} more" if rest else "",
        precision,
    )
    if precision == "float32" and len(splits.input_shape) == 3 and computes_bfloat16():
        log.info("This processor has bfloat16 instructions: trainer.precision=mixed_bfloat16 is likely faster.")
    for warning in plan.without_effect():
        log.warning(warning)


def announce_branch(origin: Origin, rates: np.ndarray, scales: tuple[float, float]) -> None:
    """Which run a branch leaves, and how the learning rate goes on.

    Args:
        origin: where it begins.
        rates: the planned learning rate of every weight update.
        scales: what feedback scales those of the trunk and those of the branch by.
    """
    at = origin.branch.at
    last, first = float(rates[at - 1] * scales[0]), float(rates[at] * scales[1])
    log.info(
        "Leaving %s after weight update %d, at a learning rate of %.4g; %d follow, from %.4g.",
        origin.run, at, last, origin.length, first,
    )  # fmt: skip
    if first > 2 * last:
        log.warning("The learning rate jumps up there. With optimizer.lr=%.4g it would be at most what it was.", last)
