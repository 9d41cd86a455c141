"""How much room a text takes where the reader's fonts are not known.

Labels are set in a fixed-pitch font, of which all are about 0.6 times as wide as high.
"""

import re
import unicodedata

PITCH = 0.61  # Width of a character in sizes.


def text_width(text: str, size: int) -> float:
    """Of a text in one line."""
    return PITCH * size * len(text) * (2 if _has_wide(text) else 1)


def in_lines(text: str, most: int) -> list[str]:
    """The text in lines of at most so many characters; of half as many where some are twice as wide.

    A word that is longer than a line begins one of its own, and is broken behind commas if it can be.
    """
    most = most // 2 if _has_wide(text) else most
    lines = [""]
    for word in text.split():
        if len(f"{lines[-1]} {word}".strip()) <= most:
            lines[-1] = f"{lines[-1]} {word}".strip()
            continue
        parts = re.split("(?<=,)", word) if len(word) > most else [word]
        lines.append("")
        for piece in (part[start : start + most] for part in parts for start in range(0, len(part), most)):
            if len(lines[-1] + piece) <= most:
                lines[-1] += piece
            else:
                lines.append(piece)
    return [line for line in lines if line] or [""]


def _has_wide(text: str) -> bool:
    return any(unicodedata.east_asian_width(character) in "WF" for character in text)
