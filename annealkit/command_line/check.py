"""`annealkit check NAME…`: whether parts keep to what every part of their kind keeps to."""

import logging
import shlex
import sys

from annealkit.errors import ConfigError
from annealkit.groups import SHOWN
from annealkit.plugin_system.named_parts import named_parts
from annealkit.plugin_system.registry import Part, Registry, load_registry
from annealkit.testing import Check, ConformanceError, checks, not_checked
from annealkit.testing.check import NotRunError
from annealkit.writing.tables import make_console
from annealkit.writing.text import counted

ALL = "--all"
EXAMPLES = "annealkit check ripple, annealkit check schedule=ripple optimizer=adam, or annealkit check --all"
USAGE = f"""\
annealkit check: do parts keep to what every part of their kind keeps to?

  annealkit check NAME…          every part of that name
  annealkit check GROUP=NAME…    that one; GROUP is {", ".join(SHOWN[:-1])} or {SHOWN[-1]}
  annealkit check --all          everything that is installed

  annealkit check ripple
  annealkit check schedule=ripple optimizer=adam

For each failure it says what was found and what to change. Exit code 0: all passed; 1: a check failed.
"""


def check(arguments: list[str]) -> int:
    """Check the parts that the arguments name and print a line for each, then every failure.

    Returns:
        0 if every check passed, else 1.

    Raises:
        ConfigError: there is no such part.
    """
    if "--help" in arguments:
        print(USAGE, end="")
        return 0
    parts = _to_check(arguments, load_registry())
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # It warns of graphs that are made again: each check's is.
    console = make_console()
    console.soft_wrap = True
    width = max(len(part.label) for part in parts)
    failures: list[str] = []
    for part in parts:
        found = checks(part.group, part.name)
        failed, not_run = _problems(found)
        failures += failed
        line = f"{part.label.ljust(width)}  {len(found) - len(failed) - len(not_run):2} passed"
        line += f", {len(failed)} failed" if failed else ""
        line += f", {len(not_run)} could not run" if not_run else ""
        console.print(line, style="bold red" if failed else None)
        for left_out in not_checked(part.group, part.name):
            console.print(" " * width + f"  not checked: {left_out}", style="dim")
        sys.stdout.flush()
    for failure in failures:
        console.print(f"\n{failure}")
    total = f"{counted(len(failures), 'check')} failed." if failures else f"{len(parts)} checked, all passed."
    console.print(f"\n{total}", style="bold red" if failures else "bold")
    return 1 if failures else 0


def _problems(found: list[Check]) -> tuple[list[str], list[str]]:
    """What failed, with what kept other checks from running; and the titles of those."""
    failed: dict[str, str] = {}
    not_run: dict[str, list[str]] = {}
    for one in found:
        try:
            one()
        except NotRunError as error:
            not_run.setdefault(error.because, []).append(one.title)
        except ConformanceError as error:
            failed[one.title] = f"{one.title}\n{error}"
    for because, titles in not_run.items():
        failed[because] += f"\n{counted(len(titles), 'check')} could not run because of it: {'; '.join(titles)}."
    return list(failed.values()), [title for titles in not_run.values() for title in titles]


def _to_check(arguments: list[str], registry: Registry) -> list[Part]:
    """Every part that is asked for, each once."""
    if not arguments:
        raise ConfigError(f"check needs names. Try {EXAMPLES}.")
    if ALL not in arguments:
        return named_parts("check", arguments, registry)
    if len(arguments) > 1:
        raise ConfigError(f"check --all takes nothing more; got {shlex.join(arguments)}.")
    everything = [(group, name) for group, parts in registry.parts.items() for name in sorted(parts)]
    return [registry.get(group, name) for group, name in everything]  # Raises for a name that is provided twice.
