"""What can be named on the command line and where it comes from, as tables: the command `annealkit plugins`."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from annealkit.groups import SHOWN

if TYPE_CHECKING:  # Only for the types: a table needs nothing of what the registry imports.
    from rich.table import Table

    from annealkit.plugin_system.registry import Registry, Skipped

LEAST_PROSE = 24


def print_plugins(registry: "Registry") -> None:
    """Print one table for each group, then what was slow and what was skipped, why and what to do about it.

    On a terminal with rules and bold headings; elsewhere plain text of `COLUMNS` characters, 80 if that is not set.
    Names are never cut short or broken: prose wraps, and where that is not enough the lines are longer.
    """
    _print(lambda room, plain: _tables(registry, room, plain))


def print_group(registry: "Registry", group: str) -> None:
    """Print the table of one group."""
    _print(lambda room, plain: iter([_group_table(registry, group, room, plain)]))


def _print(tables: "Callable[[int, bool], Iterator[tuple[Table, int]]]") -> None:
    from rich.console import Console

    # Summaries and causes are other people's text: brackets in them are no markup, `:tea:` is no picture.
    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = 80
    plain = not console.is_terminal
    for table, width in tables(console.width, plain):
        console.width = width
        if not plain:
            console.print(table)
            continue
        with console.capture() as captured:
            console.print(table)
        print("\n".join(line.rstrip() for line in captured.get().splitlines()), end="\n\n")


def _tables(registry: "Registry", room: int, plain: bool) -> Iterator[tuple["Table", int]]:
    for group in SHOWN:
        yield _group_table(registry, group, room, plain)
    if registry.slow:
        headings = ("distribution", "version", "entry point", "seconds to load, and what to do")
        rows = [(s.distribution, s.version, s.entry_point, f"{s.seconds:.1f}\n{s.advice}") for s in registry.slow]
        yield _table("slow", headings, rows, 3, room, plain)
    if registry.skipped:
        headings = ("distribution", "version", "entry point", "cause, and what to do")
        rows = [(s.distribution, s.version, s.entry_point, s.cause + _advice(s)) for s in registry.skipped]
        yield _table("skipped", headings, rows, 3, room, plain)


def _group_table(registry: "Registry", group: str, room: int, plain: bool) -> tuple["Table", int]:
    parts = sorted(registry.parts[group].items())
    rows = [(part.name, part.summary, part.distribution, part.version) for _, part in parts]
    return _table(f"{group}=", ("name", "summary", "distribution", "version"), rows, 1, room, plain)


def _table(
    title: str, headings: Sequence[str], rows: list[tuple[str, str, str, str]], prose: int, room: int, plain: bool
) -> tuple["Table", int]:
    """The table and its width: `room`, or more where names and LEAST_PROSE characters of prose need more."""
    from rich import box
    from rich.table import Table

    # The widths are set here: left to itself, rich takes from names as readily as from prose.
    widths = [max(len(text) for text in column) for column in zip(headings, *rows, strict=True)]
    around = 2 * len(widths) if plain else 2 * len(widths) + 4  # Padding, and the border of a terminal's table.
    others = sum(widths) - widths[prose] + around
    widths[prose] = min(widths[prose], max(LEAST_PROSE, room - others))
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=None if plain else box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for heading, width in zip(headings, widths, strict=True):
        table.add_column(heading, overflow="fold", width=width)
    for row in rows:
        table.add_row(*row)
    return table, max(room, sum(widths) + around)


def _advice(skipped: "Skipped") -> str:
    """The next step for whoever meets the cause."""
    if "more than once" in skipped.cause:
        return ""  # The registry's own words for two plugins with one name say how to choose.
    if skipped.is_disabled:
        return "\nTo use it, take its name out of ANNEALKIT_DISABLE_PLUGINS."
    if not skipped.has_name:
        return "\nIts installation is damaged: install it again, or remove its folder there."
    return (
        f"\nTry pip install -U {skipped.distribution}, or tell its author. "
        f"ANNEALKIT_DISABLE_PLUGINS={skipped.entry_point} silences it."
    )
