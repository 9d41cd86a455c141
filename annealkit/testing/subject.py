"""The part under check, made from its configuration as a run would make it."""

import copy
import inspect
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf

from annealkit.errors import ConfigError, WrongReturnError
from annealkit.groups import GROUPS
from annealkit.plugin_system.registry import Registry
from annealkit.testing.check import ConformanceError, UnusableError, message

Settings = dict[str, Any]


class Subject:
    """A part, the settings that it is tried with, and how its failures are said.

    Args:
        registry: knows the part.
        group: its group.
        name: its name. Raises ConfigError if there is none of it.
    """

    def __init__(self, registry: Registry, group: str, name: str) -> None:
        if group not in registry.parts:
            raise ConfigError(f"{group}={name}: there is no group {group}. Groups are {', '.join(registry.parts)}.")
        self.registry = registry
        self.part = registry.get(group, name)
        self.group = group
        self.label = f"{group}={name}"

    @property
    def is_none(self) -> bool:
        """Whether the name stands for having no such part."""
        return self.part.name == "none" and GROUPS[self.group].may_be_none

    @cached_property
    def settings(self) -> list[Settings]:
        """What the part is tried with: its defaults, if it can be made with them, and its examples."""
        found: list[Settings] = [] if self.required else [{}]
        return found + self.examples

    @property
    def required(self) -> list[str]:
        """Fields that have no default."""
        return [
            field.name
            for field in fields(self.part.cls)
            if field.default_factory is MISSING and field.default in (MISSING, "???")
        ]

    @cached_property
    def examples(self) -> list[Settings]:
        """The settings that the class itself offers; see annealkit.testing."""
        method = getattr(self.part.cls, "examples", None)
        if method is None:
            return []
        try:
            inspect.signature(method).bind(self.folder)
        except TypeError as error:
            raise self.failure(
                f"examples cannot be called with a folder: {error}",
                "write it as `@classmethod def examples(cls, folder: Path) -> list[dict[str, Any]]`.",
            ) from None
        examples = method(self.folder)
        if not (isinstance(examples, list) and all(isinstance(example, dict) for example in examples)):
            raise self.failure(
                f"examples(folder) returned {examples!r}; expected a list of dictionaries",
                'let it return a list with one dictionary from field names to values for each case, as [{"every": '
                '"2ep"}].',
            )
        return examples

    @cached_property
    def folder(self) -> Path:
        """An empty folder for files that examples name; it goes with this object."""
        folder = tempfile.mkdtemp(prefix="annealkit-check-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    def config(self, settings: Settings) -> DictConfig:
        """The configuration node with these settings, checked against the fields of the part."""
        node = OmegaConf.merge(self.part.node, settings)
        assert isinstance(node, DictConfig)
        return node

    def build(self, settings: Settings) -> Any:
        """A new instance."""
        return self.registry.build(self.group, {"name": self.part.name, **copy.deepcopy(settings)})

    def each(self) -> Iterator[tuple[Settings, Any]]:
        """Every set of settings with a new instance made of them."""
        for settings in self.settings:
            yield settings, self.build(settings)

    def failure(self, found: str, change: str, settings: Settings | None = None) -> ConformanceError:
        """The error that says what was found, with which settings, and what to change."""
        return ConformanceError(self._message(found, change, settings))

    def unusable(self, found: str, change: str, settings: Settings | None = None) -> UnusableError:
        """The same, where checks that use the part further cannot run."""
        return UnusableError(self._message(found, change, settings))

    @contextmanager
    def judging(self, settings: Settings, usable: bool = False) -> Iterator[None]:
        """While what the part handed back is checked as a run checks it; with `usable` other checks can go on."""
        try:
            yield
        except WrongReturnError as error:
            raise (self.failure if usable else self.unusable)(error.found, error.change, settings) from None

    def _message(self, found: str, change: str, settings: Settings | None) -> str:
        return message(self.label if settings is None else f"{self.label} ({words(settings)})", found, change)


def words(settings: Settings) -> str:
    """The settings as a person would write them."""
    return ", ".join(f"{name}={value}" for name, value in settings.items()) or "with its defaults"


def same(left: Any, right: Any) -> bool:
    """Whether two values hold the same, fields and private attributes included."""
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        left, right = np.asarray(left), np.asarray(right)
        return left.dtype == right.dtype and np.array_equal(left, right, equal_nan=left.dtype.kind in "fc")
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if hasattr(left, "__dict__") and not isinstance(left, type) and not callable(left):
        return same(vars(left), vars(right))
    return bool(left == right or (left != left and right != right))  # NaN is the same as NaN
