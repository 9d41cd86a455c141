"""Composes the configuration with Hydra, and says in plain words what cannot be composed."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from annealkit.configuration.settings import Config, Trainer
from annealkit.errors import ConfigError, did_you_mean
from annealkit.groups import GROUPS
from annealkit.plugin_system.refusals import refusal
from annealkit.plugin_system.registry import Registry

CONFIG_NAME = "config"


def conf_dir() -> Path:
    """The folder of the YAML files: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def store_schemas(registry: Registry) -> None:
    """Put every part into Hydra's store before composing, so that `schedule=NAME schedule.field=…` is typed.

    Built-ins also have a YAML file of the same name, which takes its schema from `<group>/schema/<name>`; a file
    and a stored node must not share one path, or the file would hide the node.
    """
    store = ConfigStore.instance()
    store.store(name="config_schema", node=Config)
    store.store(group="trainer/schema", name="default", node=Trainer)
    for group, parts in registry.parts.items():
        for part in parts.values():
            has_file = (conf_dir() / group / f"{part.name}.yaml").is_file()
            store.store(group=f"{group}/schema" if has_file else group, name=part.name, node=_schema(part.schema()))
    OmegaConf.register_new_resolver("run_name", run_name, replace=True)


def _schema(cls: type) -> DictConfig:
    """The dataclass as a config node to whose dictionaries keys can be added, `schedule.arguments.decay_steps=1000`."""
    node: DictConfig = OmegaConf.structured(cls)
    for name in node:
        if OmegaConf.get_type(node, str(name)) is dict:
            OmegaConf.set_struct(node[name], False)
    return node


def compose(overrides: list[str], registry: Registry) -> DictConfig:
    """The composed configuration. Raises ConfigError that names the override at fault."""
    store_schemas(registry)
    parsed = parse(overrides)
    check_groups(parsed, registry)
    for override in parsed:
        if override.is_sweep_override():
            raise ConfigError(
                f"{override.input_line}: this is for one run, and a list of values makes several. Give one value; "
                "to train a sweep, use python -m annealkit -m …, and a list that is one value goes in [ ]."
            )
    try:
        return _compose(overrides)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_explain(error, parsed)) from None


def parse(overrides: list[str]) -> list[Override]:
    """The overrides as Hydra reads them. Raises ConfigError for what is no override."""
    parser = OverridesParser.create()
    parsed = []
    for override in overrides:
        try:
            parsed += parser.parse_overrides([override])
            if not parsed[-1].key_or_group:
                raise ConfigError(
                    f"{override!r} is not of the form key=value: it has no key. Example: schedule=cyclical."
                )
        except HydraException:  # Its words are those of a grammar.
            raise ConfigError(
                f"{override!r} is not of the form key=value, or its value cannot be read. Example: schedule=cyclical. "
                "A value with spaces, commas or brackets of its own goes in quotes within quotes: 'data.path=\"a, b\"'."
            ) from None
    return parsed


def check_groups(parsed: list[Override], registry: Registry) -> None:
    """Refuse a name that no group has, in a sweep as in a single run, with the near matches and the list."""
    for override in parsed:
        group = override.key_or_group
        if group.lstrip("+~").split(".")[0] == "branch":
            raise ConfigError(
                f"{override.input_line}: a run is not made a branch by a setting. "
                "Try annealkit branch RUN at=80% schedule=linear, where RUN is the folder of the run to leave."
            )
        if override.is_delete() or override.package is not None or isinstance(override.value(), Glob):
            continue
        names = (
            override.sweep_string_iterator()
            if override.is_sweep_override() and group in _groups()
            else [override.value()]
        )
        for name in names:
            if group in GROUPS:
                has_file = isinstance(name, str) and (conf_dir() / group / f"{name}.yaml").is_file()
                if not has_file or name in registry.parts[group]:
                    registry.get(group, str(name))
            elif group in ("trainer", "experiment") and isinstance(name, str):
                files = sorted(path.stem for path in (conf_dir() / group).glob("*.yaml"))
                if name not in files and not _searchpath_given(parsed):
                    raise ConfigError(
                        f"{group}={name}: no such {group}.{did_you_mean(name, files)} There are: {', '.join(files)}."
                    )


def first_job(parsed: list[Override]) -> list[str]:
    """The overrides of a sweep's first job. Intervals cannot be listed and are left to their sweeper."""
    return [
        f"{override.get_key_element()}={next(override.sweep_string_iterator())}"
        if override.is_sweep_override()
        else override.input_line or ""
        for override in parsed
        if not override.is_interval_sweep()
    ]


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


def _schedules(config: DictConfig) -> str:
    """`cosine`; of a branch `constant-then-cosine`."""
    trunk = "" if config.branch is None else f"{_schedules(config.branch.trunk)}-then-"
    return f"{trunk}{config.schedule.name}"


def identity(config: DictConfig) -> dict[str, Any]:
    """Everything in the configuration that changes a run's result."""
    result: dict[str, Any] = {group: OmegaConf.to_container(config[group], resolve=True) for group in GROUPS}
    operational = {setting.name for setting in fields(Trainer) if setting.metadata.get("operational")}
    trainer = OmegaConf.to_container(config.trainer, resolve=True)
    assert isinstance(trainer, dict)
    result["trainer"] = {name: value for name, value in trainer.items() if name not in operational}
    if config.branch is not None:
        branch = OmegaConf.to_container(config.branch, resolve=True)
        assert isinstance(branch, dict)
        del branch["run"]  # Where the trunk lies; how it was trained is in the rest.
        result["branch"] = branch
    return result


def settings(config: DictConfig) -> dict[str, Any]:
    """`identity` as `group.key`, a part's name under its group alone, in values that JSON gives back unchanged."""
    flat = _flat(identity(config))
    result: dict[str, Any] = json.loads(json.dumps(flat))
    return result


def help_groups(registry: Registry) -> str:
    """The names in each config group, for `--help`."""
    names = {group: sorted(registry.parts[group]) for group in GROUPS}
    names["experiment"] = sorted(path.stem for path in (conf_dir() / "experiment").glob("*.yaml"))
    return "\n".join(f"  {group}: {', '.join(options)}" for group, options in names.items())


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}".removesuffix(".name")] = value
    return flat


def _groups() -> tuple[str, ...]:
    return (*GROUPS, "trainer", "experiment")


def _searchpath_given(parsed: list[Override]) -> bool:
    return any(override.key_or_group == "hydra.searchpath" for override in parsed)


@contextmanager
def initialized_hydra() -> Iterator[None]:
    """Hydra with our configuration; somebody's own, in a notebook or an application, is put back afterwards."""
    current = GlobalHydra.instance()
    theirs, current.hydra = current.hydra, None
    try:
        with hydra.initialize_config_dir(version_base="1.3", config_dir=os.fspath(conf_dir())):
            yield
    finally:
        current.hydra = theirs


def _compose(overrides: list[str]) -> DictConfig:
    with initialized_hydra():
        return hydra.compose(CONFIG_NAME, overrides)


def _explain(error: Exception, parsed: list[Override]) -> str:
    """Which override is at fault and what could be meant: the key does not exist, or its value has a wrong type."""
    choices = [o for o in parsed if o.key_or_group in _groups()]
    try:
        base = _compose([o.input_line or "" for o in choices])
    except (HydraException, OmegaConfBaseException):
        return _plain(error)
    for override in parsed:
        key = override.key_or_group
        if override in choices or key.startswith("hydra."):
            continue
        missing = _missing_key(base, key)
        if missing:
            return missing
        try:
            with open_dict(base):
                OmegaConf.update(base, key, override.value())
        except OmegaConfBaseException as cause:
            return f"{override.input_line}: {refusal(cause, key.lstrip('+'))}"
    return _plain(error)


def _missing_key(config: DictConfig, key: str) -> str | None:
    """A message for the first step of a dotted key that does not exist, or None if the whole key exists."""
    node: Any = config
    steps = key.lstrip("+~").split(".")
    for depth, step in enumerate(steps):
        keys = list(node) if isinstance(node, DictConfig) else []  # with those that have no value yet, unlike `in`
        if step not in keys:
            if isinstance(node, DictConfig) and not OmegaConf.is_struct(node):
                return None  # a dictionary takes any key
            parent = ".".join(steps[:depth])
            names = [str(name) for name in keys if name != "name"]
            named = f"{parent}={node.name}" if parent and "name" in keys else parent or "the configuration"
            near = did_you_mean(step, names, f"{parent}." if parent else "")
            return f"{key}: there is no such key.{near} {named} has: {', '.join(names) or 'no settings'}."
        node = None if OmegaConf.is_missing(node, step) else node[step]
    return None


def _plain(error: Exception) -> str:
    """Hydra's own message on one line."""
    return " ".join(str(error).split())
