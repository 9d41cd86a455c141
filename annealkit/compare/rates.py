"""The learning rate over weight updates, to be drawn above the accuracy.

It is computed again from the settings, which takes milliseconds where reading an event file takes seconds, and it is
used only if its fingerprint is the one that `run.json` keeps of what was trained with. Where it is not (a plugin is
missing or was changed, the run is of an older version), and where feedback changed the rate on the way, the rates in
history.csv are used, one at the end of each epoch.
"""

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from annealkit.compare.facets import RATES
from annealkit.compare.figures import GroupFigures
from annealkit.compare.runs import FoundRun
from annealkit.configuration.stored_settings import build_curve, trunk_node
from annealkit.curve.outline import outline
from annealkit.plugin_system.registry import Registry

log = logging.getLogger("annealkit")

MOST_POINTS = 400
MOST_UPDATES = 5_000_000  # A longer run's curve would take seconds and gigabytes.


@dataclass(frozen=True)
class RateCurve:
    """Points to draw a line through.

    Args:
        updates: weight updates made so far, increasing.
        rates: the rate applied.
        exact: every update's, as applied; else one for each epoch.
    """

    updates: list[float]
    rates: list[float]
    exact: bool


def group_rates(groups: Iterable[GroupFigures], registry: Registry) -> list[RateCurve]:
    """Of each group, those of its run that went furthest: the seed changes none, but feedback and an early end do."""
    furthest = [max(group.group.runs, key=lambda run: (run.updates or 0, bool(run.history))) for group in groups]
    return [rate_curve(run, registry) for run in furthest]


def rate_curve(run: FoundRun, registry: Registry) -> RateCurve:
    """The run's learning rates: of every update where they are certain, else of every epoch."""
    rates = _planned(run, registry)
    if rates is not None:
        rates = rates[: run.updates or len(rates)]
        places = outline(rates, MOST_POINTS)
        return RateCurve(places.astype(float).tolist(), rates[places].tolist(), True)
    history = [(row["updates"], row["learning_rate"]) for row in run.history if np.isfinite(row["learning_rate"])]
    return RateCurve([updates for updates, _ in history], [rate for _, rate in history], False)


def _planned(run: FoundRun, registry: Registry) -> np.ndarray | None:
    """The whole curve if it is certain to be what was applied, else None."""
    settings = run.settings
    if settings.get("feedback") != "none" or not run.steps_per_epoch:
        return None
    if not run.total_steps or run.total_steps > MOST_UPDATES:
        return None
    try:
        curve = build_curve(trunk_node(settings, run.total_steps), registry)
        if curve.needs_tensorflow:
            return None
        rates = curve.rates(run.steps_per_epoch)
    # Whatever a plugin raises: the page then has the rates of history.csv, and says so.
    except Exception as error:
        log.debug("learning rates of %s not computed again: %s", run.folder, error)
        return None
    digest = hashlib.sha256(rates.astype(np.float32).tobytes()).hexdigest()
    return rates if run.environment.get(RATES) == f"sha256:{digest}" else None
