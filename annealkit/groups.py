"""The kinds of parts: what each is called on the command line, in hooks and in folders. The one table of them."""

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Any

PACKAGE = "annealkit"


@dataclass(frozen=True)
class Group:
    """A kind of part.

    Args:
        name: the config group and the key, as in `schedule=cosine schedule.floor=0.1`.
        folder: of the built-in ones, and the end of the hook's name.
        may_be_none: whether `none` is one of its names, and stands for no part at all.
        free_in_branch: whether a branch may have another than its trunk.
    """

    name: str
    folder: str
    may_be_none: bool = False
    free_in_branch: bool = False

    @property
    def hook(self) -> str:
        """The hook that fills it."""
        return f"annealkit_{self.folder}"


GROUPS = {
    group.name: group
    for group in (
        Group("model", "models"),
        Group("data", "datasets"),
        Group("schedule", "schedules", free_in_branch=True),
        Group("warmup", "warmups", may_be_none=True, free_in_branch=True),
        Group("feedback", "feedback", may_be_none=True, free_in_branch=True),
        Group("optimizer", "optimizers"),
    )
}

# The order in lists for people: what is compared first, and what it is tried on last.
SHOWN = tuple(sorted(GROUPS, key=lambda name: name in ("model", "data")))


def builtin_modules(folder: str) -> list[str]:
    """The modules in the folder of a group, by name: to add a built-in is to put a file there.

    One whose name begins with `_` is left alone until another imports it.
    """
    package = importlib.import_module(f"{PACKAGE}.{folder}")
    found = pkgutil.iter_modules(package.__path__)
    return [f"{package.__name__}.{module.name}" for module in found if not module.name.startswith("_")]


def builtin(folder: str, name: str) -> Any:
    """The public class `name` that a module in the folder of a group defines. Raises AttributeError."""
    if not name.startswith("_"):
        for module in map(importlib.import_module, builtin_modules(folder)):
            found = vars(module).get(name)
            if isinstance(found, type) and found.__module__ == module.__name__:
                return found
    raise AttributeError(f"module {f'{PACKAGE}.{folder}'!r} has no attribute {name!r}")
