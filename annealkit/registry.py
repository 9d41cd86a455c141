"""Finds every part that can be named: built-ins and plugins, through the same hooks.

A plugin that fails, in whatever way, is skipped with one line that names it; all others work.
"""

import functools
import itertools
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, make_dataclass
from importlib.metadata import Distribution, EntryPoint, distributions
from types import ModuleType
from typing import Any

import pluggy
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigKeyError, MissingMandatoryValue, OmegaConfBaseException

from annealkit import builtins, hookspecs
from annealkit.errors import AnnealkitError, ConfigError, did_you_mean
from annealkit.version import __version__

ENTRY_POINTS = "annealkit"
OWN_DISTRIBUTION = "annealkit"
ENTRY_POINTS_FILE = "entry_points.txt"
DISABLE = "ANNEALKIT_DISABLE_PLUGINS"
UNNAMED = "an unnamed distribution"
SLOW_SECONDS = 1.0
VALUES = ("null", "true", "false", "nan", "inf")  # What Hydra and YAML read as something else than a text.

# Config group -> the hook that fills it.
HOOKS = {
    "model": "annealkit_models",
    "data": "annealkit_datasets",
    "schedule": "annealkit_schedules",
    "warmup": "annealkit_warmups",
    "feedback": "annealkit_feedback",
    "optimizer": "annealkit_optimizers",
}


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
        # A dataclass without a docstring gets its signature as one, which says nothing to a reader.
        text = self.cls.__doc__ or ""
        return "" if text.startswith(f"{self.cls.__name__}(") else text.strip().partition("\n")[0]

    @property
    def origin(self) -> str:
        """Distribution and version, for messages and for `run.json`."""
        return f"{self.distribution} {self.version}"

    def schema(self) -> type:
        """The dataclass as a config node's type: its own fields and the name under which it was chosen."""
        return make_dataclass(
            self.cls.__name__, [("name", str, field(default=self.name))], bases=(self.cls,), kw_only=True
        )


@dataclass(frozen=True)
class Skipped:
    """A plugin, or one name of a plugin, that is not used, and why."""

    distribution: str
    version: str
    entry_point: str
    cause: str

    @property
    def has_name(self) -> bool:
        """Whether the distribution's metadata say what it is called."""
        return not self.distribution.startswith(UNNAMED)

    def __str__(self) -> str:
        return f"annealkit: skipped plugin {self.entry_point!r} of {self.distribution} {self.version}: {self.cause}"


@dataclass(frozen=True)
class Slow:
    """A plugin that is used, and that keeps every command waiting while it is loaded."""

    distribution: str
    version: str
    entry_point: str
    seconds: float

    @property
    def advice(self) -> str:
        """What its author and its user can do."""
        return (
            "Its author can import slow libraries inside the methods that need them; "
            f"{DISABLE}={self.entry_point} leaves it out."
        )

    def __str__(self) -> str:
        return (
            f"annealkit: plugin {self.entry_point!r} of {self.distribution} {self.version} took {self.seconds:.1f} s "
            f"to load, for which every command waits. {self.advice}"
        )


class Registry:
    """All parts by group and name.

    Attributes:
        parts: group -> name -> Part.
        skipped: what is not used, and why.
        slow: what took longer than SLOW_SECONDS to load.
    """

    def __init__(self) -> None:
        self.parts: dict[str, dict[str, Part]] = {group: {} for group in HOOKS}
        self.skipped: list[Skipped] = []
        self.slow: list[Slow] = []
        self._rivals: dict[tuple[str, str], list[Part]] = {}

    def add(self, part: Part) -> None:
        """Add a part; a name that is taken becomes unusable until one of its providers is disabled."""
        holder = self.parts[part.group].setdefault(part.name, part)
        if holder is not part:
            self._rivals.setdefault((part.group, part.name), [holder]).append(part)
            self.skipped.append(
                Skipped(part.distribution, part.version, part.entry_point, self._conflict(part.group, part.name))
            )

    def get(self, group: str, name: str) -> Part:
        """The part of that name. Raises ConfigError with the near matches and the list."""
        if (group, name) in self._rivals:
            raise ConfigError(self._conflict(group, name))
        try:
            return self.parts[group][name]
        except KeyError:
            names = sorted(self.parts[group])
            raise ConfigError(
                f"{group}={name}: no such {group}.{did_you_mean(name, names)} There are: {', '.join(names)}. "
                "`annealkit plugins` shows what each is and which plugins were skipped."
            ) from None

    def build(self, group: str, config: DictConfig | Mapping[str, Any]) -> Any:
        """The part that a config node describes, checked; None where the node's name is `none`."""
        values = OmegaConf.to_container(config, resolve=True) if isinstance(config, DictConfig) else dict(config)
        assert isinstance(values, dict)
        name = str(values.pop("name"))
        part = self.get(group, name)
        if name == "none" and group in ("warmup", "feedback"):
            return None
        try:
            checked = OmegaConf.merge(OmegaConf.structured(part.cls), values)
            if hasattr(part.cls, "from_config"):  # It is made of other parts.
                values = OmegaConf.to_container(checked, throw_on_missing=True)
                return part.cls.from_config(values, functools.partial(self._build_within, f"{group}={name}"))
            return OmegaConf.to_object(checked)
        except AnnealkitError:
            raise
        except MissingMandatoryValue as error:
            raise ConfigError(f"{group}={name} needs {group}.{error.key}=…, which has no default.") from None
        except ConfigKeyError as error:
            names = [setting.name for setting in fields(part.cls)]
            raise ConfigError(
                f"{group}={name} has no setting {error.key}.{did_you_mean(str(error.key), names)} "
                f"It has: {', '.join(names) or 'none'}."
            ) from None
        except OmegaConfBaseException as error:
            text = str(error.msg or error).splitlines()[0]
            raise ConfigError(f"{group}={name}: {group}.{error.full_key or error.key}: {text}") from None
        # A plugin's own check may raise anything; the user needs its words and its origin.
        except (Exception, SystemExit) as error:
            raise ConfigError(f"{group}={name} (from {part.origin}): {type(error).__name__}: {error}") from error

    def parts_of(self, group: str, config: DictConfig | Mapping[str, Any]) -> list[Part]:
        """The part that a config node names, and those within it: a sequence's schedules and their warmups."""
        node = OmegaConf.to_container(config, resolve=True) if isinstance(config, DictConfig) else config
        assert isinstance(node, Mapping)
        part = self.get(group, str(node["name"]))
        found = [part]
        for key, value in node.items():
            inner_group = "warmup" if key == "warmup" else group
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, Mapping) and "name" in inner:
                    found += self.parts_of(inner_group, inner)
                # A name alone stands for a part only where parts are expected: `anneal: cosine` is none.
                elif isinstance(inner, str) and (key == "warmup" or hasattr(part.cls, "from_config")) and key != "name":
                    found.append(self.get(inner_group, inner))
        return found

    def _build_within(self, outer: str, group: str, node: Any, key: str) -> Any:
        """A part within another, which `outer` and `key` name in its errors; a name alone stands for its defaults."""
        settings = node if isinstance(node, Mapping) else {"name": node}
        if not isinstance(settings.get("name"), str):
            raise ConfigError(
                f"{outer}: {key} must name a {group}, such as {{name: {min(self.parts[group])}}}; got {node!r}."
            )
        try:
            return self.build(group, settings)
        except ConfigError as error:
            raise ConfigError(f"{outer}: {key}: {error}") from None

    def _conflict(self, group: str, name: str) -> str:
        providers = ", ".join(f"{part.origin} (entry point {part.entry_point})" for part in self._rivals[group, name])
        return (
            f"{group}={name} is provided more than once: by {providers}. "
            f"Disable one with {DISABLE}=<distribution or entry point>, or uninstall it."
        )


@functools.cache
def load_registry() -> Registry:
    """The registry of this process; says once on stderr what was skipped and what was slow."""
    registry = discover()
    for skipped in registry.skipped:
        if DISABLE not in skipped.cause or "more than once" in skipped.cause:
            print(skipped, file=sys.stderr)
    for slow in registry.slow:
        print(slow, file=sys.stderr)
    return registry


def discover() -> Registry:
    """Load every entry point of the group `annealkit`, each inside its own guard."""
    registry = Registry()
    disabled = {name.strip() for name in os.environ.get(DISABLE, "").split(",") if name.strip()}
    for found, distribution, version in _entry_points():
        name = ENTRY_POINTS_FILE if isinstance(found, Exception) else found.name
        if {distribution, name} & disabled and distribution != "annealkit":
            cause = f"disabled by {DISABLE}"
        else:
            try:
                if isinstance(found, Exception):
                    raise found
                began = time.perf_counter()
                for part in _load(found, distribution, version):
                    registry.add(part)
                seconds = time.perf_counter() - began
                if seconds > SLOW_SECONDS and distribution != "annealkit":
                    registry.slow.append(Slow(distribution, version, name, seconds))
                continue
            except KeyboardInterrupt:
                raise
            # A plugin may raise anything while it is imported, SystemExit included; none of it may stop the others.
            except BaseException as error:
                cause = " ".join(f"{type(error).__name__}: {error}".split())
        registry.skipped.append(Skipped(distribution, version, name, cause))
    return registry


def _entry_points() -> Iterator[tuple[EntryPoint | Exception, str, str]]:
    """Entry points with distribution and version, our own first so that a clash is laid at the newcomer's door.

    In place of an entry point stands the exception where a distribution's file of them cannot be read.
    """
    yield EntryPoint("builtins", builtins.__name__, ENTRY_POINTS), "annealkit", __version__
    plugins: dict[str, list[tuple[EntryPoint, str, str]]] = {}
    # Not importlib's entry_points(), which one damaged file of any distribution keeps from finding anything.
    for distribution in distributions():
        try:
            points = list(distribution.entry_points.select(group=ENTRY_POINTS))
        except Exception as error:
            yield ConfigError(f"its {ENTRY_POINTS_FILE} cannot be read: {error}"), *_identity(distribution)
            continue
        # Our own entry point is found again here when annealkit is installed; a bare checkout has no metadata.
        points = [point for point in points if point.value != builtins.__name__]
        if points:
            name, version = _identity(distribution)
            # A distribution that is installed twice is the one that comes first on the path, as it is for `import`.
            key = points[0].value if name.startswith(UNNAMED) else re.sub(r"[-_.]+", "-", name).lower()
            plugins.setdefault(key, [(point, name, version) for point in points])
    yield from sorted(itertools.chain(*plugins.values()), key=lambda plugin: plugin[0].name)


def _identity(distribution: Distribution) -> tuple[str, str]:
    """Name and version; in their place, for metadata that is missing or damaged, where it lies and that it has none."""
    try:
        names, versions = (distribution.metadata.get_all(key) for key in ("Name", "Version"))
    except Exception:  # Nothing in it can be read.
        names = versions = None
    name = names[0] if names else f"{UNNAMED} in {distribution.locate_file('')}"
    return name, versions[0] if versions else "without version"


def _load(entry_point: EntryPoint, distribution: str, version: str) -> list[Part]:
    """All parts of one plugin, or an exception that says what is wrong with it."""
    plugin = entry_point.load()
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, name=entry_point.name)
    _refuse_unknown_hooks(manager)
    parts = []
    for group, hook in HOOKS.items():
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            for name, cls in _named_classes(hook, implementation.function()).items():
                part = Part(group, name, cls, distribution, version, entry_point.name)
                OmegaConf.structured(part.schema())  # Fields that cannot be configured are found here, not in a run.
                parts.append(part)
    if not parts:
        what = "module" if isinstance(plugin, ModuleType) else type(plugin).__name__
        raise ConfigError(
            f"the {what} {entry_point.value} adds nothing: no function is marked with @annealkit.hookimpl"
        )
    return parts


def _refuse_unknown_hooks(manager: pluggy.PluginManager) -> None:
    known = set(HOOKS.values())
    for name in vars(manager.hook):
        if not name.startswith("_") and name not in known:
            raise ConfigError(
                f"there is no hook {name}.{did_you_mean(name, known)} Hooks are {', '.join(sorted(known))}"
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
