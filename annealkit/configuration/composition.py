"""Composes the configuration with Hydra, and says in plain words what cannot be composed."""

import difflib
import re
from collections.abc import Iterator
from typing import Any

import yaml
from hydra.core.override_parser.types import Glob, Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from annealkit.configuration.composed_values import check_values
from annealkit.configuration.hydra_app import Hydra, composed, conf_dir, initialized_hydra, without_hydra
from annealkit.configuration.override_words import parse_word
from annealkit.errors import ConfigError, briefly, clipped, did_you_mean
from annealkit.groups import GROUPS
from annealkit.plugin_system.refusals import refusal
from annealkit.plugin_system.registry import Registry, load_registry

_OTHER_WORDS = {"learning_rate": "lr", "bs": "batch_size"}  # what elsewhere is not even nearly called the same


def compose(overrides: list[str], registry: Registry) -> DictConfig:
    """The composed configuration. Raises ConfigError that names the override at fault."""
    with initialized_hydra(registry) as app:
        return without_hydra(compose_with(app, overrides, registry))


@briefly()
def compose_with(app: Hydra, overrides: list[str], registry: Registry) -> DictConfig:
    """The composed configuration, with Hydra's own part in `hydra`. Raises ConfigError that names the fault."""
    parsed = parse(overrides, registry)
    check_groups(parsed, registry)
    for override in parsed:
        if override.is_sweep_override():
            raise ConfigError(
                f"{override.input_line}: this is for one run, and a list of values makes several. Give one value; "
                "to train a sweep, use python -m annealkit -m …, and a list that is one value goes in [ ]."
            )
    _refuse_what_takes_away(parsed)
    try:
        config = composed(app, [override.input_line or "" for override in parsed])
    except (*_REFUSALS, OSError) as error:
        raise ConfigError(_explain(error, parsed, app)) from None
    added = [override for override in parsed if override.is_add() or override.is_force_add()]
    if any(not _is_choice(override) and not override.is_hydra_override() for override in added):
        base = _base(parsed, app)
        for override in added:
            missing = None if base is None or _is_choice(override) else _missing_key(base, override.key_or_group)
            if missing:
                raise ConfigError(missing)
    check_values(config, parsed)
    return config


def parse(overrides: list[str], registry: Registry | None = None) -> list[Override]:
    """The overrides as Hydra reads them. Raises ConfigError for what is no override."""
    registry = registry or load_registry()
    parsed = [parse_word(word, registry) for word in overrides]
    return [one for one in parsed if not (one.key_or_group == "experiment" and one.value() is None)]  # as it is without


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
            if ("/" in group or group in (*_groups(), "hydra")) and not isinstance(name, str | list | dict):
                raise ConfigError(f"{override.input_line}: {group} takes a name; got {_as_text(name)}.{_names(group)}")
            if group in GROUPS:
                if not _is_found(group, name, registry, parsed):
                    registry.get(group, str(name))
            elif group in ("trainer", "experiment") and isinstance(name, str) and not _searchpath_given(parsed):
                files = sorted(path.stem for path in (conf_dir() / group).glob("*.yaml"))
                if name not in files:
                    near = did_you_mean(name, files)
                    raise ConfigError(f"{group}={clipped(name)}: no such {group}.{near}{_names(group)}")


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


def _names(group: str) -> str:
    """What can be chosen in the group, as far as it is few names, or where they are listed."""
    names = sorted(path.stem for path in (conf_dir() / group).glob("*.yaml"))
    listed = f" There are: {', '.join(names)}." if names and len(names) < 10 else ""
    return listed + (f" `annealkit plugins {group}` lists all." if group in (*GROUPS, "experiment") else "")


def _is_found(group: str, name: Any, registry: Registry, parsed: list[Override]) -> bool:
    """Whether it is a file of the group and no part, or may lie where the user says."""
    if not isinstance(name, str) or name in registry.parts[group]:
        return False
    return _searchpath_given(parsed) or name in {path.stem for path in (conf_dir() / group).glob("*.yaml")}


def _is_choice(override: Override) -> bool:
    """Whether it chooses a part or a file rather than setting a value."""
    return override.key_or_group in _groups() or "/" in override.key_or_group


def _searchpath_given(parsed: list[Override]) -> bool:
    return any(override.key_or_group == "hydra.searchpath" for override in parsed)


def _refuse_what_takes_away(parsed: list[Override]) -> None:
    """A key that is taken away leaves a hole; only what is in a dictionary or of Hydra's own may go."""
    for override in parsed:
        steps = override.key_or_group.split(".")
        if not override.is_delete() or steps[0].startswith("hydra") or len(steps) > 2:
            continue
        group = GROUPS.get(steps[0])
        instead = "Leave it out, and it has its default."
        if group is not None and len(steps) == 1:
            instead = f"Try {group.name}={'none' if group.may_be_none else '…'}."
        raise ConfigError(f"{override.input_line}: a run cannot do without {override.key_or_group}. {instead}")


# What Hydra and OmegaConf raise for a word or a file that cannot be.
_REFUSALS = (HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError, TypeError, AssertionError, KeyError,
             RecursionError)  # fmt: skip
_CLASH = re.compile(r"In '(experiment)/(\S+)': .*?Key '(\w+)' (?:is )?not in '\w+'.*?full_key: ((\w+)\.\S+)", re.DOTALL)


def _base(parsed: list[Override], app: Hydra) -> DictConfig | None:
    """What the choices alone compose; None where they cannot be."""
    choices = [override.input_line or "" for override in parsed if override.key_or_group in _groups()]
    try:
        return without_hydra(composed(app, choices))
    except (*_REFUSALS, OSError):
        return None


def _explain(error: Exception, parsed: list[Override], app: Hydra) -> str:
    """Which override is at fault and what could be meant: the key does not exist, or its value has a wrong type."""
    clash = _CLASH.search(str(error))
    if clash is not None:
        group, name, setting, key, part = clash.groups()
        chosen = next((o.input_line for o in parsed if o.key_or_group == part), f"{part}=…")
        return (
            f"{group}={name} sets {key}, and {chosen} has no {setting}. Leave one of the two out, or give the "
            f"settings of {group}={name} that you want one by one."
        )
    for override in parsed:
        if override.package is None and override.key_or_group in _groups() and override.is_add():
            return f"{override.input_line}: {override.key_or_group} is there already. Leave out the +."
    base = _base(parsed, app)
    if base is None:
        return _plain(error, parsed)
    for override in parsed:
        key = override.key_or_group
        if _is_choice(override) or override.is_hydra_override() or override.package is not None:
            continue
        missing = _missing_key(base, key)
        if missing:
            return missing
        try:
            with open_dict(base):
                OmegaConf.update(base, key, override.value())
        except (OmegaConfBaseException, AssertionError, ValueError, TypeError) as cause:
            if isinstance(cause, OmegaConfBaseException):
                return f"{override.input_line}: {refusal(cause, key.lstrip('+'))}"
            return f"{override.input_line}: {_as_text(cause)}."
    return _plain(error, parsed)


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
            if not near or depth < len(steps) - 1:
                near = _elsewhere(config, steps[-1]) or near
            return f"{clipped(key)}: there is no such key.{near} {named} has: {', '.join(names) or 'no settings'}."
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


def _plain(error: Exception, parsed: list[Override]) -> str:
    """Hydra's own message on one line, after the words that it may be about."""
    text = " ".join(str(error).split()) or type(error).__name__
    if any(override.key_or_group in text for override in parsed):
        return text
    return ": ".join([" ".join(clipped(override.input_line or "") for override in parsed), text])


def _as_text(value: Any) -> str:
    return "null" if value is None else str(value)
