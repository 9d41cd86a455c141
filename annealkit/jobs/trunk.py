"""A run that is to be branched, read from its folder or, where that is gone, from a branch that it has."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annealkit.configuration.stored_settings import settings_of_trunk, trunk_node
from annealkit.curve.span import Run
from annealkit.errors import RunError
from annealkit.runs.checkpoint import Checkpoints
from annealkit.runs.folder import CHECKPOINTS, RunFolder
from annealkit.runs.result import FINISHED

STATE = "run.json"


@dataclass(frozen=True)
class Trunk:
    """A run that is to be branched.

    Args:
        folder: the run folder.
        settings: `group.key` -> value.
        span: its length.
        status: of the run.
        end: weight updates that it made, if it has come to its end; else None.
        threads: with which it was trained.
        kept: weight updates that a checkpoint is kept of, newest first.
        node: how it was trained, as `annealkit.configuration.stored_settings.trunk_node` gives it.
    """

    folder: Path
    settings: dict[str, Any]
    span: Run
    status: str
    end: int | None
    threads: int
    kept: list[int]
    node: dict[str, Any]

    @property
    def where(self) -> str:
        """Where it can be left, in words."""
        kept = [f"at={step}st ({100 * step / self.span.total_steps:.4g}%)" for step in sorted(self.kept)]
        return f"Checkpoints are kept for {', '.join(kept)}." if kept else "It has no checkpoints."


def read_trunk(folder: Path) -> Trunk:
    """The run in that folder. Raises RunError where there is none that was begun."""
    state = RunFolder(folder).read_state()
    try:
        settings, span = dict(state["settings"]), Run(state["total_steps"], state["steps_per_epoch"])
        float(settings["optimizer.lr"])  # Without it there are no rates to go on from.
        return Trunk(
            folder=folder,
            settings=settings,
            span=span,
            status=str(state.get("status")),
            end=state["result"]["updates"] if state.get("status") == FINISHED else None,
            threads=state["environment"]["threads"],
            kept=Checkpoints(folder / CHECKPOINTS).steps(),
            node=trunk_node(settings, span.total_steps),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"branch: {folder / STATE} does not say how the run was trained ({type(error).__name__}: {error}): it did "
            "not begin, or is damaged. Name the folder of a run that has been trained."
        ) from None


def trunks_of_branches(folder: Path, outputs: Path) -> Iterator[tuple[Path, Trunk]]:
    """Each branch in `outputs` of a run that was in `folder`, and that run as the branch remembers it."""
    for file in sorted(outputs.glob(f"*/{STATE}")):
        try:
            state = json.loads(file.read_text(encoding="utf-8"))
            if state["parent"]["folder"] != str(folder.absolute()):
                continue
            settings, at, threads = state["settings"], state["parent"]["updates"], state["environment"]["threads"]
            span = Run(settings["branch.trunk.total_steps"], state["steps_per_epoch"])
            settings = settings_of_trunk(settings)
            trunk = Trunk(folder, settings, span, FINISHED, at, threads, [], trunk_node(settings, span.total_steps))
        except (OSError, KeyError, TypeError, ValueError):
            continue  # No branch, or one that has never begun.
        yield file.parent, trunk
