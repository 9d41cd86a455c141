"""Text for a reader: how many, and paragraphs."""

import textwrap


def counted(number: float, noun: str) -> str:
    """`1 epoch`, `2.5 epochs`, `1,000 weight updates`."""
    return f"{number:,.6g} {noun}{'' if number == 1 else 's'}" if number < 1e6 else f"{number:,.0f} {noun}s"


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most that width, where no word is broken: names and commands are there to be copied."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
