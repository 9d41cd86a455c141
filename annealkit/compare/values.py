"""Values of JSON: as a person reads them, and compared with each other whatever they hold."""

import json
from collections.abc import Iterable
from typing import Any

from annealkit.compare.runs import printable

ABSENT = "absent"


def readable(value: Any) -> str:
    """A setting's value as it is typed: `0.01`, `null`, `[9,9]`, `cosine`."""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return printable(text)


def keys_of(dictionaries: Iterable[dict[str, Any]]) -> list[str]:
    """Every key, in the order of first appearance."""
    return list(dict.fromkeys(key for values in dictionaries for key in values))


def values_of(dictionaries: Iterable[dict[str, Any]], key: str) -> list[Any]:
    """The different values of a key."""
    found = {as_text(values.get(key, ABSENT)): values.get(key, ABSENT) for values in dictionaries}
    return [found[text] for text in sorted(found)]


def as_text(value: Any) -> str:
    """Equal for equal values of JSON, whatever they hold."""
    return json.dumps(value, sort_keys=True)
