"""`annealkit check NAME…`: whether parts keep to what every part of their kind keeps to."""

import logging
import os
import shlex
import sys

from annealkit.errors import ConfigError, did_you_mean
from annealkit.registry import Registry, load_registry
from annealkit.testing import Check, ConformanceError, checks, not_checked

USAGE = "annealkit check ripple, annealkit check schedule=ripple optimizer=adam, or annealkit check --all"
ALL = "--all"


def check(arguments: list[str]) -> int:
    """Check the parts that the arguments name and print a line for each, then every failure.

    Returns:
        0 if every check passed, else 1.

    Raises:
        ConfigError: there is no such part.
    """
    from rich.console import Console

    registry = load_registry()
    parts = _named(arguments, registry)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # It warns of graphs that are made again: each check's is.
    # Messages have other people's text in them: brackets are no markup, `:tea:` is no picture.
    console = Console(markup=False, highlight=False, emoji=False, soft_wrap=True)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = 80
    width = max(len(f"{group}={name}") for group, name in parts)
    failures: list[str] = []
    for group, name in parts:
        found = checks(group, name)
        failed = [problem for one in found if (problem := _problem(one.title, one)) is not None]
        failures += failed
        line = f"{group}={name}".ljust(width) + f"  {len(found) - len(failed):2} passed"
        line += f", {len(failed)} failed" if failed else ""
        console.print(line, style="bold red" if failed else None)
        for left_out in not_checked(group, name):
            console.print(" " * width + f"  not checked: {left_out}", style="dim")
        sys.stdout.flush()
    for failure in failures:
        console.print(f"\n{failure}")
    total = f"{len(parts)} checked, all passed." if not failures else f"{len(failures)} checks failed."
    console.print(f"\n{total}", style="bold red" if failures else "bold")
    return 1 if failures else 0


def _problem(title: str, one: Check) -> str | None:
    """What a check found, or None."""
    try:
        one()
    except ConformanceError as error:
        return f"{title}\n{error}"
    return None


def _named(arguments: list[str], registry: Registry) -> list[tuple[str, str]]:
    """Group and name of every part that is asked for, each once."""
    if not arguments:
        raise ConfigError(f"check needs names. Try {USAGE}.")
    everything = [(group, name) for group, parts in registry.parts.items() for name in sorted(parts)]
    if ALL in arguments and len(arguments) > 1:
        raise ConfigError(f"check --all takes nothing more; got {shlex.join(arguments)}.")
    found = everything if ALL in arguments else []
    for word in [] if ALL in arguments else arguments:
        group, equals, name = word.partition("=")
        if equals and group not in registry.parts:
            near = did_you_mean(group, registry.parts)
            raise ConfigError(f"check: there is no group {group!r}.{near} Groups are {', '.join(registry.parts)}.")
        chosen = [(group, name)] if equals else [pair for pair in everything if pair[1] == word]
        if not chosen:
            near = did_you_mean(word, {name for _, name in everything})
            raise ConfigError(
                f"check: nothing is called {word!r}.{near} `annealkit plugins` lists everything. Try {USAGE}."
            )
        found += chosen
    for part in found:
        registry.get(*part)  # Raises for a name that is unknown, or provided twice.
    return list(dict.fromkeys(found))
