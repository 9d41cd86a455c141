"""Composes the configuration with Hydra, and says in plain words what cannot be composed."""

import difflib
from collections.abc import Iterator
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from annealkit.configuration.hydra_app import Hydra, composed, conf_dir, initialized_hydra, without_hydra
from annealkit.errors import ConfigError, did_you_mean
from annealkit.groups import GROUPS
from annealkit.plugin_system.refusals import refusal
from annealkit.plugin_system.registry import Registry

_OTHER_WORDS = {"learning_rate": "lr", "bs": "batch_size"}  # what elsewhere is not even nearly called the same


def compose(overrides: list[str], registry: Registry) -> DictConfig:
    """The composed configuration. Raises ConfigError that names the override at fault."""
    with initialized_hydra(registry) as app:
        return without_hydra(compose_with(app, overrides, registry))


def compose_with(app: Hydra, overrides: list[str], registry: Registry) -> DictConfig:
    """The composed configuration, with Hydra's own part in `hydra`. Raises ConfigError that names the fault."""
    parsed = parse(overrides)
    check_groups(parsed, registry)
    for override in parsed:
        if override.is_sweep_override():
            raise ConfigError(
                f"{override.input_line}: this is for one run, and a list of values makes several. Give one value; "
                "to train a sweep, use python -m annealkit -m …, and a list that is one value goes in [ ]."
            )
    try:
        return composed(app, overrides)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_explain(error, parsed, app)) from None


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


def help_groups(registry: Registry) -> str:
    """The names in each config group, for `--help`."""
    names = {group: sorted(registry.parts[group]) for group in GROUPS}
    names["experiment"] = sorted(path.stem for path in (conf_dir() / "experiment").glob("*.yaml"))
    return "\n".join(f"  {group}: {', '.join(options)}" for group, options in names.items())


def _groups() -> tuple[str, ...]:
    return (*GROUPS, "trainer", "experiment")


def _searchpath_given(parsed: list[Override]) -> bool:
    return any(override.key_or_group == "hydra.searchpath" for override in parsed)


def _explain(error: Exception, parsed: list[Override], app: Hydra) -> str:
    """Which override is at fault and what could be meant: the key does not exist, or its value has a wrong type."""
    choices = [o for o in parsed if o.key_or_group in _groups()]
    try:
        base = without_hydra(composed(app, [o.input_line or "" for o in choices]))
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
            near = did_you_mean(step, names, f"{parent}." if parent else "") or _elsewhere(config, steps[-1])
            return f"{key}: there is no such key.{near} {named} has: {', '.join(names) or 'no settings'}."
        node = None if OmegaConf.is_missing(node, step) else node[step]
    return None


def _elsewhere(config: DictConfig, word: str) -> str:
    """` Did you mean optimizer.lr?` for a last step, `lr`, that stands at another place or is near to one that does."""
    word = _OTHER_WORDS.get(word, word)
    places: dict[str, list[str]] = {}
    for key in _keys(config):
        places.setdefault(key.rpartition(".")[2], []).append(key)
    near = [word] if word in places else difflib.get_close_matches(word, places, n=1, cutoff=0.75)
    found = [key for name in near for key in places[name]]
    return f" Did you mean {' or '.join(found[:3])}?" if found else ""


def _keys(node: DictConfig, prefix: str = "") -> Iterator[str]:
    """Every dotted key, but for the names of parts."""
    for name in map(str, node):
        value = None if OmegaConf.is_missing(node, name) else node._get_node(name)
        if isinstance(value, DictConfig) and not value._is_none():
            yield from _keys(value, f"{prefix}{name}.")
        elif name != "name":
            yield f"{prefix}{name}"


def _plain(error: Exception) -> str:
    """Hydra's own message on one line."""
    return " ".join(str(error).split())
