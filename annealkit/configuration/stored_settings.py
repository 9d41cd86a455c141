"""Reads back the flat `settings` of `run.json`: `group.key` -> value, a part's name under its group alone."""

from collections.abc import Mapping
from typing import Any

from annealkit.curve.curve import Branch, Curve
from annealkit.groups import GROUPS
from annealkit.plugin_system.registry import Registry

# What of a trunk its branch may have otherwise, and so must remember.
TRUNK_PARTS = (*(name for name, group in GROUPS.items() if group.free_in_branch), "optimizer")


def part_node(settings: Mapping[str, Any], place: str) -> dict[str, Any]:
    """A part's settings as the registry takes them, with its `name`: `schedule.a.b` is `b` in the dictionary `a`."""
    node: dict[str, Any] = {"name": settings[place]}
    for key, value in settings.items():
        if key.startswith(f"{place}."):
            *outer, last = key.removeprefix(f"{place}.").split(".")
            inner = node
            for step in outer:
                inner = inner.setdefault(step, {})
            inner[last] = value
    return node


def branch_node(settings: Mapping[str, Any], place: str = "branch") -> dict[str, Any] | None:
    """Where the run left its trunk and how that was trained, as `build_branch` takes it; or None."""
    if f"{place}.at" not in settings:
        return None
    return {
        "at": settings[f"{place}.at"],
        "length": settings[f"{place}.length"],
        "begins": settings[f"{place}.begins"],
        "trunk": trunk_node(settings, settings[f"{place}.trunk.total_steps"], f"{place}.trunk."),
    }


def trunk_node(settings: Mapping[str, Any], total_steps: int, prefix: str = "") -> dict[str, Any]:
    """How a run is trained, as far as a branch of it must know: its parts, its length, its own trunk."""
    return {
        **{group: part_node(settings, f"{prefix}{group}") for group in TRUNK_PARTS},
        "total_steps": total_steps,
        "branch": branch_node(settings, f"{prefix}branch"),
    }


def settings_of_trunk(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the run that a branch left, as far as a branch of it must know them, from the branch's own."""
    shared = {key: value for key, value in settings.items() if key.split(".")[0] in ("model", "data", "trainer")}
    prefix = "branch.trunk."
    return {**shared, **{key.removeprefix(prefix): settings[key] for key in settings if key.startswith(prefix)}}


def build_branch(node: Mapping[str, Any], registry: Registry) -> Branch:
    """What `branch_node` gives, with its parts built. Raises ConfigError for one missing."""
    return Branch(node["at"], node["begins"], build_curve(node["trunk"], registry))


def build_curve(node: Mapping[str, Any], registry: Registry) -> Curve:
    """What `trunk_node` gives, with its parts built. Raises ConfigError for one missing."""
    return Curve(
        registry.build("schedule", node["schedule"]),
        registry.build("warmup", node["warmup"]),
        float(node["optimizer"]["lr"]),
        node["total_steps"],
        None if node["branch"] is None else build_branch(node["branch"], registry),
    )
