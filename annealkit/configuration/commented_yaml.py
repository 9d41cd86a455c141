"""Settings as YAML, each with what it means and may be in a comment beside it."""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from omegaconf import OmegaConf

from annealkit.fields import default_of, settings_of

REQUIRED = "???"  # What OmegaConf has in place of a value that must be given.
_WIDTH = 120
_FURTHEST = 50  # A line that is longer does not move the column of comments for all others.


def commented(cls: type, values: Mapping[str, Any], within: Mapping[str, type] | None = None) -> str:
    """The values as YAML, with a comment for each that is a setting of `cls`; the comments begin in one column.

    Args:
        cls: declares the settings.
        values: setting -> value. One of a dataclass is a dictionary of its settings.
        within: setting -> the dataclass of its value, where its default does not tell.
    """
    rows = list(_rows(cls, values, within or {}, ""))
    column = max((len(line) for line, comment in rows if comment and len(line) < _FURTHEST), default=0) + 2
    lines = []
    for line, comment in rows:
        whole = re.sub(r"(null:|at least|above) ", "\\1\xa0", comment)  # Not to be divided at the end of a line.
        first, *more = textwrap.wrap(whole, _WIDTH - column - 2, break_on_hyphens=False) or [""]
        lines.append(f"{line.ljust(column - 2)}  # {first}" if first else line)
        lines += [f"{' ' * column}# {part}" for part in more]
    return "".join(f"{line}\n" for line in lines).replace("\xa0", " ")


def defaults_of(cls: type) -> dict[str, Any]:
    """Setting -> default, in the order in which they are shown."""
    by_name = {field.name: default_of(field) for field in fields(cls)}
    defaults = {name: by_name[name] for name in settings_of(cls)}
    return {
        name: REQUIRED if value is MISSING else defaults_of(type(value)) if is_dataclass(value) else value
        for name, value in defaults.items()
    }


def flow(value: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(flow, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, str) and set(value) & set(",[]{}#:\n\"'") and not value.startswith("${"):
        return json.dumps(value, ensure_ascii=False)
    text = OmegaConf.to_yaml({"value": value}).removeprefix("value:").strip()
    return text.replace("e-0", "e-") if isinstance(value, float) else text


def _rows(cls: type, values: Mapping[str, Any], within: Mapping[str, type], indent: str) -> Iterator[tuple[str, str]]:
    """`floor: 0.0` and `the factor at the end, in [0, 1]`."""
    known = settings_of(cls)
    nested = {field.name: type(default) for field in fields(cls) if is_dataclass(default := default_of(field))}
    nested.update(within)
    for name, value in values.items():
        comment = known[name].text if name in known else ""
        if name in nested and isinstance(value, Mapping):
            yield f"{indent}{name}:", comment
            yield from _rows(nested[name], value, {}, f"{indent}  ")
        else:
            yield f"{indent}{name}: {flow(value)}", comment
