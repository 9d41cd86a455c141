"""Finds every part that can be named: built-ins and plugins, through the same hooks.

A plugin that fails, in whatever way, is skipped with one line that names it; all others work.
"""

import functools
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass, make_dataclass
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import pluggy
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from annealkit import builtins, hookspecs
from annealkit.errors import AnnealkitError, ConfigError, did_you_mean
from annealkit.version import __version__

ENTRY_POINTS = "annealkit"
DISABLE = "ANNEALKIT_DISABLE_PLUGINS"

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

    def __str__(self) -> str:
        return f"annealkit: skipped plugin {self.entry_point!r} of {self.distribution} {self.version}: {self.cause}"


class Registry:
    """All parts by group and name.

    Attributes:
        parts: group -> name -> Part.
        skipped: what is not used, and why.
    """

    def __init__(self) -> None:
        self.parts: dict[str, dict[str, Part]] = {group: {} for group in HOOKS}
        self.skipped: list[Skipped] = []
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
            return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(part.cls), values))
        except AnnealkitError:
            raise
        except MissingMandatoryValue as error:
            raise ConfigError(f"{group}={name} needs {group}.{error.key}=…, which has no default.") from None
        except OmegaConfBaseException as error:
            raise ConfigError(f"{group}={name}: {group}.{error.full_key or error.key}: {error.msg or error}") from None
        except Exception as error:  # A plugin's own check may raise anything; the user needs its words and its origin.
            raise ConfigError(f"{group}={name} (from {part.origin}): {type(error).__name__}: {error}") from error

    def _conflict(self, group: str, name: str) -> str:
        providers = ", ".join(f"{part.origin} (entry point {part.entry_point})" for part in self._rivals[group, name])
        return (
            f"{group}={name} is provided more than once: by {providers}. "
            f"Disable one with {DISABLE}=<distribution or entry point>, or uninstall it."
        )


@functools.cache
def load_registry() -> Registry:
    """The registry of this process; says once on stderr what was skipped."""
    registry = discover()
    for skipped in registry.skipped:
        if DISABLE not in skipped.cause or "more than once" in skipped.cause:
            print(skipped, file=sys.stderr)
    return registry


def discover() -> Registry:
    """Load every entry point of the group `annealkit`, each inside its own guard."""
    registry = Registry()
    disabled = {name.strip() for name in os.environ.get(DISABLE, "").split(",") if name.strip()}
    for entry_point, distribution, version in _entry_points():
        if {distribution, entry_point.name} & disabled and distribution != "annealkit":
            cause = f"disabled by {DISABLE}"
        else:
            try:
                for part in _load(entry_point, distribution, version):
                    registry.add(part)
                continue
            except KeyboardInterrupt:
                raise
            # A plugin may raise anything while it is imported, SystemExit included; none of it may stop the others.
            except BaseException as error:
                cause = " ".join(f"{type(error).__name__}: {error}".split())
        registry.skipped.append(Skipped(distribution, version, entry_point.name, cause))
    return registry


def _entry_points() -> Iterator[tuple[EntryPoint, str, str]]:
    """Entry points with distribution and version, our own first so that a clash is laid at the newcomer's door."""
    yield EntryPoint("builtins", builtins.__name__, ENTRY_POINTS), "annealkit", __version__
    for entry_point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        distribution = getattr(entry_point, "dist", None)
        # Our own entry point is found again here when annealkit is installed; a bare checkout has no metadata.
        if entry_point.value != builtins.__name__:
            name = (
                (distribution.metadata["Name"] or "an unnamed distribution")
                if distribution
                else "an unnamed distribution"
            )
            yield entry_point, name, (distribution.version or "without version") if distribution else "without version"


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
        if not (isinstance(cls, type) and is_dataclass(cls)):
            raise ConfigError(f"{hook}: {name} must be a dataclass (the class itself); got {cls!r}")
    return dict(result)
