"""What a part is and what can be set on it: the command `annealkit plugins schedule=ripple`."""

import re
import textwrap
import typing
from dataclasses import Field, fields, is_dataclass
from typing import Any

from annealkit.configuration.commented_yaml import REQUIRED, defaults_of
from annealkit.errors import printable
from annealkit.fields import as_text, default_of, prose_of, settings_of
from annealkit.plugin_system.loading import Part

_WIDTH = 100


def details(part: Part) -> str:
    """The docstring, where the part comes from, and every setting with its type, default and meaning."""
    return _details(f"{part.label}    from {part.origin}", part.cls, f"{part.group}.")


def settings_details(name: str, cls: type) -> str:
    """The same of settings that are no part, such as those of the trainer."""
    return _details(name, cls, f"{name}.")


def _details(title: str, cls: type, prefix: str) -> str:
    paragraphs = [title, prose_of(cls) or "It has no docstring."]
    for base in cls.__mro__[1:]:
        if is_dataclass(base) and prose_of(base):
            paragraphs.append(f"From {base.__name__}:\n\n{prose_of(base)}")
    settings = _settings(cls, prefix)
    width = max((len(left) for left, _, _ in settings), default=0)
    lines = ["Settings, with their defaults:"] if settings else ["No settings."]
    for left, kind, text in settings:
        lines.append(f"  {left.ljust(width)}  {kind}".rstrip())
        lines += textwrap.wrap(text, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6, break_on_hyphens=False)
    return printable("\n\n".join([*paragraphs, "\n".join(lines)]))


def _settings(cls: type, prefix: str) -> list[tuple[str, str, str]]:
    """`schedule.floor=0.0`, `float` and `the factor at the end, in [0, 1]`, and those of a dataclass within."""
    found = []
    by_name, defaults = {field.name: field for field in fields(cls)}, defaults_of(cls)
    for name, known in settings_of(cls).items():
        kind, default = _type_name(cls, by_name[name]), defaults[name]
        inner = default_of(by_name[name])
        if is_dataclass(inner):
            found += _settings(type(inner), f"{prefix}{name}.")
        elif default == REQUIRED:
            found.append((f"{prefix}{name}=…", f"{kind}, no default", known.text))
        else:
            found.append((f"{prefix}{name}={as_text(default)}", kind, known.text))
    return found


def _type_name(cls: type, field: "Field[Any]") -> str:
    """The type as it is written in code, without modules."""
    try:
        kind = typing.get_type_hints(cls)[field.name]
    except NameError:  # A name that is imported for type checkers alone.
        kind = field.type
    return kind.__name__ if type(kind) is type else re.sub(r"(\w+\.)+", "", str(kind))
