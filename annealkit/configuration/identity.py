"""What makes a run the run that it is: its settings, and the name of its folder."""

import hashlib
import json
from typing import Any

from omegaconf import DictConfig, OmegaConf

from annealkit.configuration.schema import OPERATIONAL
from annealkit.groups import GROUPS


def run_name(*, _root_: DictConfig) -> str:
    """`<schedule>-<optimizer>-<model>-<data>-s<seed>-<hash>`, the hash over everything that changes the result.

    A branch has the schedules of its trunk and its own, `constant-then-cosine`.

    This is a Hydra resolver, and an exception in one reaches the user as an unreadable traceback: what cannot be
    named is left to the checks that follow.
    """
    try:
        parts = [_schedules(_root_), *(str(_root_[group].name) for group in ("optimizer", "model", "data"))]
        digest = hashlib.sha256(json.dumps(identity(_root_), sort_keys=True).encode()).hexdigest()[:8]
        return "-".join([*parts, f"s{_root_.trainer.seed}", digest])
    except Exception:  # See above: a resolver must not fail, and the task refuses such a configuration.
        return "unnamed"


def identity(config: DictConfig) -> dict[str, Any]:
    """Everything in the configuration that changes a run's result."""
    result: dict[str, Any] = {group: OmegaConf.to_container(config[group], resolve=True) for group in GROUPS}
    trainer = OmegaConf.to_container(config.trainer, resolve=True)
    assert isinstance(trainer, dict)
    result["trainer"] = {name: value for name, value in trainer.items() if name not in OPERATIONAL}
    if config.branch is not None:
        branch = OmegaConf.to_container(config.branch, resolve=True)
        assert isinstance(branch, dict)
        del branch["run"]  # Where the trunk lies; how it was trained is in the rest.
        result["branch"] = branch
    return result


def flat_settings(config: DictConfig) -> dict[str, Any]:
    """`identity` as `group.key`, a part's name under its group alone, in values that JSON gives back unchanged."""
    result: dict[str, Any] = json.loads(json.dumps(_flat(identity(config))))
    return result


def _schedules(config: DictConfig) -> str:
    """`cosine`; of a branch `constant-then-cosine`."""
    trunk = "" if config.branch is None else f"{_schedules(config.branch.trunk)}-then-"
    return f"{trunk}{config.schedule.name}"


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}".removesuffix(".name")] = value
    return flat
