"""The ramps of a learning-rate range test, trained as a run is, and leaving nothing behind."""

import gc
import logging

import numpy as np

from annealkit.configuration.plan import Plan
from annealkit.datasets.base import Images
from annealkit.keras.table_schedule import TableSchedule
from annealkit.range_test import updates_kept
from annealkit.training.compiled_model import build_model
from annealkit.training.custom_gradients import forgetting_custom_gradients
from annealkit.training.environment import prepared_keras
from annealkit.training.loop import TrainingLoop
from annealkit.training.progress_bar import ProgressBar
from annealkit.training.splits import epoch_order, load_images, split

log = logging.getLogger("annealkit")

_UPDATES_PER_CALL = 10  # between two looks at whether the ramp is to be stopped


def train_ramps(plan: Plan, rates: np.ndarray, seeds: list[int], weight: float) -> list[np.ndarray]:
    """Train through the rates once for each seed, from fresh weights, each as a run with that seed begins.

    Optimizer, batch size, precision, augmentation, decay, clipping and groups are the configuration's; its schedule,
    warmup, feedback and the optimizer's `lr` have no part in it.

    Args:
        plan: what to train with.
        rates: of every weight update of a ramp, shape (steps,).
        seeds: one for each ramp.
        weight: of the smoothed loss by which a ramp is stopped; see `annealkit.range_test.updates_kept`.

    Returns:
        For each seed the loss of the updates that were made, float32; of a ramp that is stopped perhaps some too many.
    """
    images = load_images(plan)
    log.info("Data: %s.", images.origin or images.name)
    losses = []
    with ProgressBar(len(seeds) * len(rates), 0, len(seeds), plan.trainer.progress, unit="ramp") as bar:
        for number, seed in enumerate(seeds):
            losses.append(_train_ramp(plan, images, rates, seed, weight, number, bar))
            # The graph and the images it reads refer to each other: the next ramp would find them still in memory.
            gc.collect()
    return losses


def _train_ramp(
    plan: Plan, images: Images, rates: np.ndarray, seed: int, weight: float, number: int, bar: ProgressBar
) -> np.ndarray:
    """The losses of one ramp, the `number`-th, up to a little after where it is to be stopped."""
    splits = split(images, plan.parts.data, seed)
    parts, accumulate = plan.parts, plan.accumulate
    losses = np.empty(0, np.float32)
    with prepared_keras(seed, plan.trainer.precision), forgetting_custom_gradients():
        model = build_model(parts, splits, TableSchedule(rates))
        loop = TrainingLoop(model, splits, parts.data, plan.trainer.batch_size, accumulate, seed)
        while len(losses) < len(rates):
            epoch, in_epoch = divmod(len(losses), plan.run.steps_per_epoch)
            order = epoch_order(splits.train, seed, epoch)
            count = min(_UPDATES_PER_CALL, plan.run.steps_per_epoch - in_epoch, len(rates) - len(losses))
            steps = loop.run(order, len(losses), in_epoch, count)
            losses = np.append(losses, steps.losses)
            done = number * len(rates) + len(losses)
            bar.steps(number, done, int(steps.sizes.sum()), float(steps.rates[-1]), float(steps.losses[-1]))
            if updates_kept(losses, weight)[1]:
                break
    return losses
