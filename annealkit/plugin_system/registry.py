"""Finds every part that can be named: built-ins and plugins, through the same hooks.

A plugin that fails, in whatever way, is skipped with one line that names it; all others work.
"""

import difflib
import functools
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigKeyError, MissingMandatoryValue, OmegaConfBaseException

from annealkit.errors import AnnealkitError, ConfigError, SettingError, did_you_mean, printable, words_of
from annealkit.fields import settings_of
from annealkit.groups import GROUPS
from annealkit.plugin_system.ctrl_c import was_ctrl_c
from annealkit.plugin_system.loading import ENTRY_POINTS_FILE, UNNAMED, Part, entry_points, load
from annealkit.plugin_system.refusals import refusal

DISABLE = "ANNEALKIT_DISABLE_PLUGINS"
SLOW_SECONDS = 1.0


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

    @property
    def is_disabled(self) -> bool:
        """Whether the user wants it so."""
        return self.cause == f"disabled by {DISABLE}"

    def __str__(self) -> str:
        return printable(
            f"annealkit: skipped plugin {self.entry_point!r} of {self.distribution} {self.version}: {self.cause}"
        )


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
        return printable(
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
        self.parts: dict[str, dict[str, Part]] = {group: {} for group in GROUPS}
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
            near = self._as_a_setting(group, name) or did_you_mean(name, names)
            raise ConfigError(
                f"{group}={name}: no such {group}.{self.why_absent(name)}{near} "
                f"There are: {', '.join(names)}. "
                "`annealkit plugins` shows what each is and which plugins were skipped."
            ) from None

    def build(self, group: str, config: DictConfig | Mapping[str, Any], used: list[Part] | None = None) -> Any:
        """The part that a config node describes, checked; None where the node's name is `none`.

        Args:
            group: of the part.
            config: its settings, with its `name`.
            used: receives the registry's entry for the part and for those within it, a sequence's schedules and so on.

        Raises:
            ConfigError: there is no such part, or a value cannot be.
        """
        values = OmegaConf.to_container(config, resolve=True) if isinstance(config, DictConfig) else dict(config)
        assert isinstance(values, dict)
        name = str(values.pop("name"))
        part = self.get(group, name)
        used = [] if used is None else used
        used.append(part)
        if name == "none" and GROUPS[group].may_be_none:
            return None
        try:
            checked = OmegaConf.merge(OmegaConf.structured(part.cls), values)
            if hasattr(part.cls, "from_config"):  # It is made of other parts.
                values = OmegaConf.to_container(checked, throw_on_missing=True)
                return part.cls.from_config(values, functools.partial(self._build_within, f"{group}={name}", used))
            return OmegaConf.to_object(checked)
        except SettingError as error:
            raise error.at(name, f"{group}.") if error.part == part.cls.__name__ else error from None
        except AnnealkitError:
            raise
        except MissingMandatoryValue as error:
            raise ConfigError(f"{group}={name} needs {group}.{error.key}=…, which has no default.") from None
        except ConfigKeyError as error:
            if error.object_type is not part.cls:  # A key of a dataclass within it.
                raise ConfigError(f"{group}={name}: {refusal(error)}") from None
            names = [setting.name for setting in fields(part.cls)]
            raise ConfigError(
                f"{group}={name} has no setting {error.key}.{did_you_mean(str(error.key), names)} "
                f"It has: {', '.join(names) or 'none'}."
            ) from None
        except OmegaConfBaseException as error:
            key = str(error.full_key or error.key)
            raise ConfigError(f"{group}={name}: {group}.{key}: {refusal(error, key)}") from None
        # A plugin's own check may raise anything; the user needs its words and its origin.
        except BaseException as error:
            if was_ctrl_c(error):
                raise
            raise ConfigError(f"{group}={name} (from {part.origin}): {words_of(error)}") from error

    def why_absent(self, name: str) -> str:
        """` Plugin knee of annealkit-knee was skipped, see above.` if that may be why the name is not there, or ``."""
        for skipped in self.skipped:
            called = (skipped.entry_point, skipped.distribution, skipped.distribution.removeprefix("annealkit-"))
            if "more than once" not in skipped.cause and difflib.get_close_matches(name, called, cutoff=0.6):
                how = f"is disabled by {DISABLE}" if skipped.is_disabled else "was skipped, see above"
                return f" Plugin {skipped.entry_point} of {skipped.distribution} {how}."
        return ""

    def _as_a_setting(self, group: str, name: str) -> str:
        """` Try data=keras data.dataset=mnist.` where a setting of a part is one of some words, and that is one."""
        for part in self.parts[group].values():
            for setting, known in settings_of(part.cls).items():
                if name in known.words:
                    return f" Try {part.label} {group}.{setting}={name}."
        return ""

    def _build_within(self, outer: str, used: list[Part], group: str, node: Any, key: str) -> Any:
        """A part within another, which `outer` and `key` name in its errors; a name alone stands for its defaults."""
        settings = node if isinstance(node, Mapping) else {"name": node}
        if not isinstance(settings.get("name"), str):
            raise ConfigError(
                f"{outer}: {key} must name a {group}, such as {{name: {min(self.parts[group])}}}; got {node!r}."
            )
        try:
            return self.build(group, settings, used)
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
        if not skipped.is_disabled:
            print(skipped, file=sys.stderr)
    for slow in registry.slow:
        print(slow, file=sys.stderr)
    return registry


def discover() -> Registry:
    """Load every entry point of the group `annealkit`, each inside its own guard."""
    registry = Registry()
    disabled = {name.strip() for name in os.environ.get(DISABLE, "").split(",") if name.strip()}
    for found, distribution, version in entry_points():
        name = ENTRY_POINTS_FILE if isinstance(found, Exception) else found.name
        if {distribution, name} & disabled and distribution != "annealkit":
            cause = f"disabled by {DISABLE}"
        else:
            try:
                if isinstance(found, Exception):
                    raise found
                began = time.perf_counter()
                for part in load(found, distribution, version):
                    registry.add(part)
                seconds = time.perf_counter() - began
                if seconds > SLOW_SECONDS and distribution != "annealkit":
                    registry.slow.append(Slow(distribution, version, name, seconds))
                continue
            # A plugin may raise anything while it is imported, SystemExit included; none of it may stop the others.
            except BaseException as error:
                if was_ctrl_c(error):
                    raise
                cause = words_of(error)
        registry.skipped.append(Skipped(distribution, version, name, cause))
    return registry
