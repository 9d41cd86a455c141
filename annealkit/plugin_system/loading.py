"""Loads the parts of one plugin, or says what is wrong with it.

A plugin is a module that an entry point in the group `annealkit` names. The modules of the built-in parts are written
in the same way, and are found in their folders.
"""

import importlib
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, make_dataclass
from functools import cached_property
from importlib.metadata import Distribution, EntryPoint, distributions
from types import ModuleType
from typing import Any

import pluggy
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from annealkit.errors import ConfigError, did_you_mean, printable, words_of
from annealkit.fields import prose_of
from annealkit.groups import GROUPS, builtin_modules
from annealkit.plugin_system import hookspecs
from annealkit.plugin_system.refusals import unsettable
from annealkit.version import __version__

ENTRY_POINTS = "annealkit"
OWN_DISTRIBUTION = "annealkit"
ENTRY_POINTS_FILE = "entry_points.txt"
UNNAMED = "an unnamed distribution"
VALUES = ("null", "true", "false", "nan", "inf")  # What Hydra and YAML read as something else than a text.


@dataclass(frozen=True)
class Part:
    """Something that can be named on the command line, and where it came from."""

    group: str
    name: str
    cls: type
    distribution: str
    version: str
    entry_point: str

    @property
    def summary(self) -> str:
        """The first line of the class's docstring."""
        return printable(prose_of(self.cls).partition("\n")[0])

    @property
    def label(self) -> str:
        """How it is chosen: `schedule=ripple`."""
        return f"{self.group}={self.name}"

    @property
    def origin(self) -> str:
        """Distribution and version, for messages and for `run.json`."""
        return printable(f"{self.distribution} {self.version}")

    @cached_property
    def node(self) -> DictConfig:
        """Its settings with their defaults and types, and the name under which it was chosen, as a config node."""
        schema = make_dataclass(
            self.cls.__name__, [("name", str, field(default=self.name))], bases=(self.cls,), kw_only=True
        )
        made: DictConfig = OmegaConf.structured(schema)
        return made


def entry_points() -> Iterator[tuple[EntryPoint | Exception, str, str]]:
    """Entry points with distribution and version, our own first so that a clash is laid at the newcomer's door.

    In place of an entry point stands the exception where a distribution's file of them cannot be read.
    """
    for group in GROUPS.values():
        for module in builtin_modules(group.folder):
            if _has_hook(module, group.hook):
                name = module.removeprefix(f"{OWN_DISTRIBUTION}.")
                yield EntryPoint(name, module, ENTRY_POINTS), OWN_DISTRIBUTION, __version__
    plugins: dict[str, list[tuple[EntryPoint, str, str]]] = {}
    # Not importlib's entry_points(), which one damaged file of any distribution keeps from finding anything.
    for distribution in distributions():
        try:
            points = list(distribution.entry_points.select(group=ENTRY_POINTS))
        except Exception as error:
            yield ConfigError(f"its {ENTRY_POINTS_FILE} cannot be read: {words_of(error)}"), *_identity(distribution)
            continue
        if points:
            name, version = _identity(distribution)
            # A distribution that is installed twice is the one that comes first on the path, as it is for `import`.
            key = points[0].value if name.startswith(UNNAMED) else re.sub(r"[-_.]+", "-", name).lower()
            plugins.setdefault(key, [(point, name, version) for point in points])
    yield from sorted(itertools.chain(*plugins.values()), key=lambda plugin: plugin[0].name)


def _has_hook(module: str, hook: str) -> bool:
    """Whether a built-in module is that of a part, and no helper of others; one that fails says why when loaded."""
    try:
        return hasattr(importlib.import_module(module), hook)
    except Exception:
        return True


def _identity(distribution: Distribution) -> tuple[str, str]:
    """Name and version; in their place, for metadata that is missing or damaged, where it lies and that it has none."""
    try:
        names, versions = (distribution.metadata.get_all(key) for key in ("Name", "Version"))
    except Exception:  # Nothing in it can be read.
        names = versions = None
    name = names[0] if names else f"{UNNAMED} in {distribution.locate_file('')}"
    return name, versions[0] if versions else "without version"


def load(entry_point: EntryPoint, distribution: str, version: str) -> list[Part]:
    """All parts of one plugin, or an exception that says what is wrong with it."""
    plugin = entry_point.load()
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, name=entry_point.name)
    _refuse_unknown_hooks(manager)
    parts = []
    for group in GROUPS.values():
        for implementation in getattr(manager.hook, group.hook).get_hookimpls():
            for name, cls in _named_classes(group.hook, implementation.function()).items():
                part = Part(group.name, name, cls, distribution, version, entry_point.name)
                _refuse_unsettable_fields(group.hook, part)
                parts.append(part)
    if not parts:
        what = "module" if isinstance(plugin, ModuleType) else type(plugin).__name__
        raise ConfigError(
            f"the {what} {entry_point.value} adds nothing: no function is marked with @annealkit.hookimpl"
        )
    return parts


def _refuse_unknown_hooks(manager: pluggy.PluginManager) -> None:
    known = {group.hook for group in GROUPS.values()}
    for name in vars(manager.hook):
        if not name.startswith("_") and name not in known:
            raise ConfigError(
                f"there is no hook {name}.{did_you_mean(name, known, most=1)} Hooks are {', '.join(sorted(known))}"
            )


def _named_classes(hook: str, result: object) -> dict[str, type]:
    if not isinstance(result, Mapping):
        raise ConfigError(f"{hook} must return a dictionary from names to dataclasses; got {type(result).__name__}")
    for name, cls in result.items():
        if not (isinstance(name, str) and re.fullmatch(r"[a-z][a-z0-9_]*", name)):
            raise ConfigError(f"{hook}: a name must be lower-case letters, digits and _; got {name!r}")
        if name in VALUES:
            raise ConfigError(f"{hook}: {name} is a value and no name in a configuration; no part can be called that")
        if not (isinstance(cls, type) and is_dataclass(cls)):
            raise ConfigError(f"{hook}: {name} must be a dataclass (the class itself); got {cls!r}")
    return dict(result)


def _refuse_unsettable_fields(hook: str, part: Part) -> None:
    """Fields that cannot be configured are found here, not in a run."""
    cls: Any = part.cls
    if any(setting.name == "name" for setting in fields(cls)):
        raise ConfigError(
            f"{hook}: {part.name}: no field can be called name, which holds the name that was chosen; call it otherwise"
        )
    if cls.__dataclass_params__.frozen:
        raise ConfigError(
            f"{hook}: {part.name}: do not freeze the dataclass: write @dataclass instead of @dataclass(frozen=True)"
        )
    try:
        _ = part.node
    except OmegaConfBaseException as error:
        raise ConfigError(f"{hook}: {part.name}: {unsettable(error)}") from None
