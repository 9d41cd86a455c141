"""The training of one run, from loading images to the figure on the test set. Reads from top to bottom."""

import logging
import time
from collections.abc import Sequence
from functools import partial

import keras
import numpy as np

from annealkit.configuration.plan import Epoch, Origin, Plan
from annealkit.errors import RunError
from annealkit.runs.checkpoint import Checkpoint, Checkpoints, check_same_variables
from annealkit.runs.folder import CHECKPOINTS, RunFolder
from annealkit.runs.result import DIVERGED, FINISHED, INTERRUPTED, STOPPED, Result
from annealkit.training import callback_state
from annealkit.training.announcement import announce, announce_branch
from annealkit.training.callbacks import check_callbacks
from annealkit.training.conditions import changed_conditions
from annealkit.training.custom_gradients import forgetting_custom_gradients
from annealkit.training.environment import describe_environment, prepared_keras
from annealkit.training.loop import Steps
from annealkit.training.network import Network
from annealkit.training.progress import Progress
from annealkit.training.record import Record
from annealkit.training.saved_model import save_for_keras
from annealkit.training.splits import load_splits
from annealkit.training.stop_request import StopRequest

log = logging.getLogger("annealkit")

SAY_INTERRUPTED = "Stopped after weight update %d of %d. The same command continues there."
SAY_GOING_ON = "A callback stopped this run here; without callbacks it goes on."
SAY_STOPPED = "a callback stopped it after weight update {} of {} (epoch {} of {})"


class Ended(Exception):  # noqa: N818  an end is no error
    """The training ends here; the words go into run.json."""

    status: str


class Diverged(Ended):
    """A loss or a weight is no finite number any more."""

    status = DIVERGED


class Interrupted(Ended):
    """A signal has asked to stop, and a checkpoint is written."""

    status = INTERRUPTED


def train(
    plan: Plan, folder: RunFolder, callbacks: Sequence[keras.callbacks.Callback] = (), reuse_data: bool = False
) -> Result:
    """Train one run in its folder, from the start or from its last checkpoint, and measure it on the test images.

    With `reuse_data` the images stay in memory for the next run of this process with the same data settings.
    """
    check_callbacks(callbacks)
    splits = load_splits(plan, reuse_data)
    environment = describe_environment(plan, splits)
    saved = Checkpoints(folder.checkpoints)
    checkpoint = saved.latest()
    inexact = changed_conditions(plan, folder, checkpoint, environment)
    with (
        StopRequest() as stop,
        prepared_keras(plan.trainer.seed, plan.trainer.precision),
        forgetting_custom_gradients(),
    ):
        announce(plan, splits)
        network = Network(plan, splits)
        if checkpoint is not None and (reason := misfit(network, checkpoint)):
            checkpoint = saved.before(reason, partial(misfit, network))
            inexact = changed_conditions(plan, folder, checkpoint, environment)
        record = Record(plan, folder, network.model, callbacks)
        progress = take_up(plan, checkpoint, network, record, going_on=not callbacks)
        with record.begin(splits, environment, inexact, checkpoint, progress):
            result = Result(FINISHED, folder.path, data=splits.images.name, inexact=inexact)
            try:
                with record.bar:
                    while progress.step < plan.run.total_steps and not progress.stopped:
                        train_epoch(plan, network, progress, record, stop)
                result.test_loss, result.test_accuracy = measure_the_end(plan, network, progress, record)
                if progress.by_callback:
                    result.status, result.message = STOPPED, stopped_where(plan, progress)
                save_for_keras(network.model, splits, folder.model_file)
            except Ended as end:
                result.status, result.message = end.status, str(end)
            record.end(result, progress)
            if result.status == INTERRUPTED:
                log.info(SAY_INTERRUPTED, progress.step, plan.run.total_steps)
    stop.act()  # Also where the signal came too late to shorten anything: a sweep must not go on to its next run.
    return result


def misfit(network: Network, checkpoint: Checkpoint) -> str:
    """Why the training cannot go on from a checkpoint; empty where it can."""
    for key in ("callbacks", "event_files"):
        if not isinstance(checkpoint.state.get(key), dict):
            return f"the checkpoint lacks {key}"
    return network.misfit(checkpoint) or Progress.misfit(checkpoint.step, checkpoint.state.get("progress"))


def take_up(plan: Plan, checkpoint: Checkpoint | None, network: Network, record: Record, going_on: bool) -> Progress:
    """Go on from the run's checkpoint, or begin: at the start, or where another run stood. Tells callbacks of it.

    With `going_on` also where a callback has stopped the run.
    """
    progress = Progress.at_start(plan)
    if checkpoint is None and plan.origin is not None:
        progress = leave_trunk(plan, plan.origin, network, progress)
    network.model.stop_training = False
    record.callbacks.on_train_begin()
    if checkpoint is not None:
        network.restore(checkpoint)
        progress = Progress.from_state(checkpoint.state["progress"])
        callback_state.restore(record.callbacks.callbacks, checkpoint.state["callbacks"], checkpoint.arrays)
        if progress.by_callback and going_on:
            log.info(SAY_GOING_ON)
            progress.go_on()
        log.info("Continuing after weight update %d of %d.", progress.step, plan.run.total_steps)
    network.scale_rates(progress.scale)
    return progress


def leave_trunk(plan: Plan, origin: Origin, network: Network, begun: Progress) -> Progress:
    """Begin where another run stood: its weights and history; callbacks begin anew, and another feedback does."""
    checkpoint = Checkpoints(origin.run / CHECKPOINTS).at(origin.branch.at)
    check_same_variables(network.model.optimizer, checkpoint.state)
    if reason := misfit(network, checkpoint):
        raise RunError(f"{origin.run} cannot be left at weight update {checkpoint.step}: {reason}. Try another at=….")
    network.restore(checkpoint)
    progress = Progress.from_state(checkpoint.state["progress"])
    progress.go_on()
    trunk_scale = progress.scale
    if not origin.keeps_feedback:
        progress.feedback, progress.not_shown = begun.feedback, begun.not_shown
    announce_branch(origin, plan.rates, (trunk_scale, progress.scale))
    return progress


def train_epoch(plan: Plan, network: Network, progress: Progress, record: Record, stop: StopRequest) -> None:
    """What is left of the epoch under way, in calls of about half a second."""
    epoch = plan.epoch(progress.step)
    record.epoch_begins(epoch, progress)
    while progress.step < epoch.end:
        count = updates_of_next_call(plan, epoch, progress.step, record.clock.call_size)
        began = time.perf_counter()
        steps = network.run(epoch, progress.step, count)
        record.steps(epoch, progress.step, steps, time.perf_counter() - began)
        refuse_not_finite(plan, steps, progress.step, record)
        progress.add(steps)
        if plan.feedback_interval is not None and progress.step % plan.feedback_interval == 0:
            look(plan, network, progress, record, progress.means_not_shown())
        if progress.step == epoch.end:
            end_epoch(plan, epoch, float(steps.rates[-1]), network, progress, record)
        if checkpoint_is_due(plan, progress, record) or stop.signal is not None:
            save_checkpoint(plan, network, progress, record, progress.step, float(steps.rates[-1]))
            if stop.signal is not None:
                raise Interrupted


def updates_of_next_call(plan: Plan, epoch: Epoch, step: int, most: int) -> int:
    """Up to the next checkpoint, look of feedback or end of the epoch."""
    ends = [epoch.end, *(kept for kept in plan.kept_steps if kept > step)]
    intervals = [plan.trainer.checkpoint_steps, plan.feedback_interval]
    ends += [step + interval - step % interval for interval in intervals if interval is not None]
    return min(most, min(ends) - step)


def end_epoch(plan: Plan, epoch: Epoch, rate: float, network: Network, progress: Progress, record: Record) -> None:
    """Measure, record, and let callbacks and feedback act."""
    images_per_second = record.clock.images_per_second()
    # Of the whole epoch, without the updates that a trunk which ended within it has counted already.
    counted = int(progress.history[-1]["updates"]) if progress.history else 0
    logs = progress.means_of_epoch(network.images_in(counted % plan.run.steps_per_epoch, progress.step - counted))
    with network.final_weights():
        measured = network.validate()
        if measured is not None:
            logs["val_loss"], logs["val_accuracy"] = measured
            record.validation(progress, *measured)
        progress.history.append({"epoch": epoch.number + 1, "updates": progress.step, "learning_rate": rate, **logs})
        progress.epoch_seconds.append(round(record.clock.seconds_in_epoch(), 3))
        # Here, since a callback that keeps the best weights must keep those that were measured.
        record.callbacks.on_epoch_end(epoch.number, {**logs, "learning_rate": rate})
    if plan.parts.feedback is not None and plan.feedback_interval is None:
        look(plan, network, progress, record, logs)
    progress.stopped = bool(network.model.stop_training)
    early = progress.stopped and progress.step < plan.run.total_steps
    progress.by_callback = early and not record.stops_as_planned()
    record.epoch(progress, images_per_second)


def look(plan: Plan, network: Network, progress: Progress, record: Record, metrics: dict[str, float]) -> None:
    """Show the feedback rule what was measured, and let it scale the rates that follow."""
    record.scale(progress)
    progress.observe(plan, metrics)
    network.scale_rates(progress.scale)


def checkpoint_is_due(plan: Plan, progress: Progress, record: Record) -> bool:
    """Whether a checkpoint is to be written after this weight update, or at this time."""
    steps, minutes = plan.trainer.checkpoint_steps, plan.trainer.checkpoint_minutes
    by_steps = progress.step in plan.kept_steps or (steps is not None and progress.step % steps == 0)
    return by_steps or (minutes is not None and record.clock.minutes_since_checkpoint() >= minutes)


def save_checkpoint(plan: Plan, network: Network, progress: Progress, record: Record, step: int, rate: float) -> None:
    """Write a checkpoint. Raises Diverged, and writes nothing, where a weight is no finite number any more."""
    arrays = network.arrays()
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise diverged(plan, record, "a weight was no finite number", step, rate)
    record.save_checkpoint(arrays, network.model.optimizer, progress)


def stopped_where(plan: Plan, progress: Progress) -> str:
    """In words."""
    epoch = int(progress.history[-1]["epoch"])
    return SAY_STOPPED.format(progress.step, plan.run.total_steps, epoch, plan.trainer.epochs)


def measure_the_end(plan: Plan, network: Network, progress: Progress, record: Record) -> tuple[float, float]:
    """Keep the last state, end with the final weights, and measure them on the test images: (loss, accuracy)."""
    step, rate = progress.step - 1, progress.history[-1]["learning_rate"]
    save_checkpoint(plan, network, progress, record, step, rate)
    network.keep_final_weights()
    record.callbacks.on_train_end()
    loss, accuracy = network.test()
    if not np.isfinite(loss):
        raise diverged(plan, record, f"the loss on the test images was {loss}", step, rate)
    record.test(progress, loss, accuracy)
    return loss, accuracy


def refuse_not_finite(plan: Plan, steps: Steps, first: int, record: Record) -> None:
    """Raise Diverged at the first loss that is no finite number."""
    wrong = np.flatnonzero(~np.isfinite(steps.losses))
    if len(wrong):
        place = int(wrong[0])
        raise diverged(plan, record, f"the loss was {steps.losses[place]}", first + place, float(steps.rates[place]))


def diverged(plan: Plan, record: Record, what: str, step: int, rate: float) -> Diverged:
    """What was no finite number, where, what is kept, and what to try."""
    kept = record.checkpoints.steps()
    return Diverged(
        f"{what} at weight update {step} (epoch {step // plan.run.steps_per_epoch + 1}, learning rate {rate:.3g}). "
        f"{f'The checkpoint of step {kept[0]} is kept. ' if kept else ''}"
        "Try a smaller optimizer.lr, a warmup, or optimizer.global_clipnorm=1."
    )
