"""Tables and text for a reader: with rules and bold headings on a terminal, elsewhere plain text."""

import os
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from annealkit.errors import printable
from annealkit.writing.streams import encoding_of

if TYPE_CHECKING:  # rich takes 0.1 s to import, which only who prints needs.
    from rich.console import Console

LEAST_FOLDED = 24


def make_console() -> "Console":
    """A console that is `COLUMNS` wide, 80 if that is not set and there is no terminal.

    Labels, messages and folders are other people's text: brackets in them are no markup, `:tea:` is no picture, and
    what a terminal would act on is left out.
    """
    from rich.console import Console
    from rich.text import Text

    class Printing(Console):
        def render_str(self, text: str, **options: Any) -> Text:
            return super().render_str(printable(text), **options)

    console = Printing(markup=False, highlight=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = 80
    return console


@contextmanager
def output() -> Iterator["Console"]:
    """A console whose text goes to stdout at the end."""
    console = make_console()
    with console.capture() as captured:
        yield console
    text = captured.get()
    if not console.is_terminal:
        text = "".join(f"{line.rstrip()}\n" for line in text.splitlines())
    encoding = encoding_of(sys.stdout)
    print(text.encode(encoding, "replace").decode(encoding), end="")


def print_table(
    console: "Console",
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    fold: Collection[int],
    right: Collection[int] = (),
    title: str = "",
) -> None:
    """A table of which only the columns to `fold` are folded, down to LEAST_FOLDED; the others are never broken.

    Args:
        console: from `output`.
        headings: of the columns.
        rows: as many cells in each.
        fold: places of the columns that give way where there is not enough room; if that is not enough, lines are
            longer than the room.
        right: places of the columns that are aligned right.
        title: above the table.
    """
    from rich import box
    from rich.table import Table

    plain = not console.is_terminal
    # The widths are set here: left to itself, rich takes from names as readily as from prose.
    widths = [
        max(len(line) for text in column for line in text.split("\n")) for column in zip(headings, *rows, strict=True)
    ]
    # Padding behind each; on a terminal besides a blank between them, and one at each side instead of the last padding.
    around = 2 * len(widths) if plain else 3 * len(widths) - 1
    for place in sorted(fold, key=lambda place: -widths[place]):
        over = sum(widths) + around - console.width
        widths[place] = min(widths[place], max(LEAST_FOLDED, widths[place] - max(over, 0)))
    table = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=None if plain else box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for place, (heading, width) in enumerate(zip(headings, widths, strict=True)):
        table.add_column(heading, overflow="fold", width=width, justify="right" if place in right else "left")
    for row in rows:
        table.add_row(*row)
    room = console.width
    console.width = max(room, sum(widths) + around)  # A width given to print cannot be more than the console's.
    console.print(table)
    console.width = room
    if plain:
        console.print()
