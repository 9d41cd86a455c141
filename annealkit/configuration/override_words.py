"""Readies the words of the command line for Hydra's grammar: plain text is text, whatever characters are in it.

The grammar knows ASCII and few signs: `data.path=~/Bilder`, `outputs=größe`, `outputs=a=b` are no words of it, and
`outputs=1e3` is the number 1000.0. Such values are put in quotes for it; lists and dictionaries keep their form.
"""

import functools
import os
import re
import typing
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override
from hydra.errors import HydraException

from annealkit.configuration.schema import SETTINGS, Config
from annealkit.errors import ConfigError, clipped
from annealkit.plugin_system.registry import Registry

MOST_CHARACTERS = 20_000  # of a word; that is a list of thousands of numbers
MOST_UNBROKEN = 4_096  # of what has no comma, bracket or blank in it: the longest path of a file
MOST_BRACKETS = 20  # within each other: a schedule within a product takes two

_WITHOUT_QUOTES = re.compile(r"[^\s\[\]{},:'\"][^\[\]{},:'\"]*")  # an element of a list, a value of a dictionary


def parse_word(word: str, registry: Registry) -> Override:
    """The word as Hydra reads it, once it is quoted where it must be. Raises ConfigError for what is no override."""
    _refuse_what_is_no_text(word)
    key, _, value = word.partition("=")
    parsed = _parse(word)
    if parsed is None and value[:1] not in ("", "'", '"'):
        if value[0] in "[{":
            parsed = _parse(f"{key}={_quoted_within(value)}")
        elif all(item.strip() for item in value.split(",")):  # A comma too many is no text that is meant.
            parsed = _parse(f"{key}={_quoted_list(value)}")
    elif parsed is not None and key.lstrip("+") in _text_keys(registry) and value != "null":
        read = parsed.value()
        if isinstance(read, bool | int | float):
            parsed = _parse(f"{key}={_quoted(value)}")
        elif isinstance(read, ChoiceSweep) and any(isinstance(item, bool | int | float) for item in read.list):
            parsed = _parse(f"{key}={_quoted_list(value)}")
    if parsed is None:
        example = "Example: schedule=cyclical. A value with commas, brackets or quotes of its own goes in quotes"
        raise ConfigError(
            f"{clipped(word)!r} is not of the form key=value, or its value cannot be read. {example} within quotes: "
            "'data.path=\"a, b\"'."
        )
    if not parsed.key_or_group:
        raise ConfigError(f"{word!r} is not of the form key=value: it has no key. Example: schedule=cyclical.")
    return parsed


def _refuse_what_is_no_text(word: str) -> None:
    shown = clipped(word)
    strange = next((letter for letter in word if not letter.isprintable() and letter not in "\t\xa0\u3000"), None)
    if strange is not None:
        what = "a byte that is no UTF-8" if "\ud800" <= strange <= "\udfff" else "a character that cannot be printed"
        raise ConfigError(f"{shown!r} has {what} in it, {strange!r}. Leave it out.")
    longest = max(map(len, re.split(r"[\s\[\]{},]", word.partition("=")[2])), default=0)
    if len(word) > MOST_CHARACTERS or longest > MOST_UNBROKEN or len(word.partition("=")[0]) > MOST_UNBROKEN:
        raise ConfigError(
            f"{shown}: too long, with {len(word):,} characters; a word may have {MOST_CHARACTERS:,}, and "
            f"{MOST_UNBROKEN:,} without a comma or bracket. Try a shorter one."
        )
    digits = re.search(r"\d{400}", word)
    if digits is not None and longest >= 400 and not _is_path(word):
        raise ConfigError(f"{shown}: a number of so many digits cannot be meant. Try a smaller one.")
    depth = deepest = 0
    for letter in word:
        depth += (letter in "[{") - (letter in "]}")
        deepest = max(deepest, depth)
    if deepest > MOST_BRACKETS:
        raise ConfigError(
            f"{shown}: {deepest} brackets within each other, and at most {MOST_BRACKETS} are read. Try fewer."
        )


def _is_path(word: str) -> bool:
    return "/" in word


def _parse(word: str) -> Override | None:
    try:
        return OverridesParser.create().parse_overrides([word])[0]
    except (HydraException, ValueError):  # Its words are those of a grammar; int() refuses a number of 5,000 digits.
        return None


def _quoted_list(value: str) -> str:
    """`a,b`, which makes the two jobs of a sweep, with quotes around each."""
    return ",".join(_quoted(item.strip()) for item in value.split(","))


def _quoted_within(value: str) -> str:
    """A list or dictionary with quotes around each part of it that Hydra's grammar does not know."""

    def quote(found: re.Match[str]) -> str:
        text = found[0].rstrip()
        return found[0] if _parse(f"x={text}") is not None else _quoted(text)

    return _WITHOUT_QUOTES.sub(quote, value)


def _quoted(text: str) -> str:
    """The text, `~` replaced by the home folder as a shell does it before a word, in quotes that Hydra reads."""
    if text.startswith("~"):
        whole = os.path.expanduser(text)
        if whole == text:
            raise ConfigError(f"{clipped(text)}: there is no home folder to put for ~. Write the whole path.")
        text = whole
    # In quotes a backslash is one, but before a quote: there each is doubled.
    return '"' + re.sub(r'(\\*)("|$)', lambda at: at[1] * 2 + ('\\"' if at[2] else ""), text) + '"'


@functools.cache
def _text_keys(registry: Registry) -> frozenset[str]:
    """The keys whose value is text for every part that has them."""
    keys = {name for name, kind in _types(Config).items() if _is_text(kind)}
    for place, cls in SETTINGS.items():
        keys |= {f"{place}.{name}" for name, kind in _types(cls).items() if _is_text(kind)}
    for group, parts in registry.parts.items():
        found: dict[str, set[bool]] = {}
        for part in parts.values():
            for name, kind in _types(part.cls).items():
                found.setdefault(f"{group}.{name}", set()).add(_is_text(kind))
        keys |= {key for key, kinds in found.items() if kinds == {True}}
    return frozenset(keys)


def _types(cls: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(cls)
    except (NameError, AttributeError, TypeError):  # of a plugin: names that are imported for type checkers alone
        return {}


def _is_text(kind: Any) -> bool:
    return kind is str or kind == (str | None)
