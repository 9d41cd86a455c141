"""Whether the same bits can still be promised where training goes on from a checkpoint."""

from typing import Any

from annealkit.configuration.plan import Origin, Plan
from annealkit.errors import RunError
from annealkit.groups import GROUPS
from annealkit.runs.changes import changes, refuse_other_settings
from annealkit.runs.checkpoint import Checkpoint
from annealkit.runs.folder import RunFolder
from annealkit.training.environment import digest

# What a branch may have otherwise than its trunk.
_OWN_IN_BRANCH = (
    "momentum",
    *(f"{name} {what}" for name, group in GROUPS.items() if group.free_in_branch for what in ("from", "code", "needs")),
)
_SINCE = "python"  # A record without it is of an earlier version, which recorded less.
_UNKNOWN = "what it was trained with is not recorded, since its run.json is gone"


def changed_conditions(plan: Plan, folder: RunFolder, checkpoint: Checkpoint | None, now: dict[str, Any]) -> list[str]:
    """What differs from the environment in which the state was made that training goes on from; none at a fresh start.

    Raises:
        RunError: something differs, which would change bits, and `resume=inexact` does not allow it; or the checkpoint
            is of a run with other settings.
    """
    if checkpoint is not None:
        refuse_other_settings(folder.path, checkpoint.state.get("settings"), plan.settings)
        return _since_the_checkpoint(folder, checkpoint.state, now, plan.config.resume)
    if plan.origin is not None:
        return _since_the_trunk(plan.origin, plan.run.steps_per_epoch, now, plan.config.resume)
    return []


def _since_the_checkpoint(folder: RunFolder, kept: dict[str, Any], now: dict[str, Any], resume: str) -> list[str]:
    """`kept` is the state of the checkpoint, which before version 0.2 had no record of its own."""
    state = folder.read_state()
    records = [record for record in (kept.get("environment"), state.get("environment")) if record]
    found = list(dict.fromkeys(change for before in records for change in _changes(before, now)))
    if not records:
        found = [_UNKNOWN]
    if found and resume != "inexact":
        # Mended without a loss, and common: a sweep that was begun one after another and is continued in parallel.
        threads = records[0].get("threads") if records else None
        threads_alone = len(found) == 1 and found[0].startswith("threads ")
        first = f"trainer.threads={threads}, with which it is exact; " if threads_alone else ""
        raise RunError(
            f"{folder.path} cannot be continued to the exact bit: {'; '.join(found)}. "
            f"Try {first}resume=inexact to continue all the same (the result says so), or rerun=true to start afresh."
        )
    return list(dict.fromkeys([*kept.get("inexact", state.get("inexact", [])), *found]))


def _since_the_trunk(origin: Origin, steps_per_epoch: int, now: dict[str, Any], resume: str) -> list[str]:
    state = RunFolder(origin.run).read_state()
    now = {**now, "learning rates": digest(origin.branch.trunk.rates(steps_per_epoch))}
    found = _changes(
        *(
            {key: value for key, value in each.items() if key not in _OWN_IN_BRANCH}
            for each in (state.get("environment", {}), now)
        )
    )
    if found and resume != "inexact":
        raise RunError(
            f"{origin.run} cannot be branched to the exact bit: {'; '.join(found)}. Try what it was trained with, or "
            "resume=inexact to branch all the same (the result says so)."
        )
    said = "in its trunk: "  # Once, however many branches are between.
    return [f"{said}{change.removeprefix(said)}" for change in [*state.get("inexact", []), *found]]


def _changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    if _SINCE not in before:
        now = {key: value for key, value in now.items() if key in before or key == "momentum"}
    return changes(before, now)
