"""What a part is and what can be set on it: the command `annealkit plugins schedule=ripple`."""

import inspect
import re
import typing
from dataclasses import Field, fields, is_dataclass
from typing import Any

from omegaconf import OmegaConf

from annealkit.plugin_system.loading import Part

MISSING_VALUE = "???"  # What OmegaConf has in place of a default that is not there.


def details(part: Part) -> str:
    """The docstring as it stands, where the part comes from, and every field with its type and default."""
    paragraphs = [f"{part.label}    from {part.origin}", _docstring(part.cls) or "It has no docstring."]
    for base in part.cls.__mro__[1:]:
        if is_dataclass(base) and _docstring(base):
            paragraphs.append(f"From {base.__name__}:\n\n{_docstring(base)}")
    defaults = OmegaConf.to_container(OmegaConf.structured(part.cls))
    assert isinstance(defaults, dict)
    settings = [_setting(part, field, defaults[field.name]) for field in fields(part.cls)]
    paragraphs.append(
        "\n".join(["Settings, with their defaults:", *_columns(settings)] if settings else ["No settings."])
    )
    return "\n\n".join(paragraphs)


def _docstring(cls: type) -> str:
    """The class's own docstring, without indentation; the signature that a dataclass has in its place is none."""
    text = vars(cls).get("__doc__") or ""
    return "" if text.startswith(f"{cls.__name__}(") else inspect.cleandoc(text)


def _setting(part: Part, field: "Field[Any]", default: Any) -> tuple[str, str]:
    """`schedule.floor=0.0` and `float`."""
    kind = _type_name(part.cls, field)
    if default == MISSING_VALUE:
        return f"{part.group}.{field.name}=…", f"{kind}, no default"
    words = "null" if default is None else str(default).lower() if isinstance(default, bool) else str(default)
    return f"{part.group}.{field.name}={words}", kind


def _type_name(cls: type, field: "Field[Any]") -> str:
    """The type as it is written in code, without modules."""
    try:
        kind = typing.get_type_hints(cls)[field.name]
    except NameError:  # A name that is imported for type checkers alone.
        kind = field.type
    return kind.__name__ if type(kind) is type else re.sub(r"(\w+\.)+", "", str(kind))


def _columns(rows: list[tuple[str, str]]) -> list[str]:
    width = max(len(left) for left, _ in rows)
    return [f"  {left.ljust(width)}  {right}".rstrip() for left, right in rows]
