"""Write the catalogue, annealkit/schedules/README.md: python tests/parity/page.py

What stands between a pair of markers is written: the schedules, warmups and rules from the docstrings and settings of
their classes, the table of parity from the peers. Stored peers come from reference.json; Keras is called.
"""

import dataclasses
import inspect
import re
import sys
from pathlib import Path

import numpy as np

# The folder of the tests, as pytest has it, and the checkout, which need not be installed.
sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))
from parity.comparisons import Comparison, comparisons

from annealkit.fields import settings_of
from annealkit.fields.declaring import as_text, default_of
from annealkit.plugin_system.registry import discover

PAGE = Path(__file__).parents[2] / "annealkit" / "schedules" / "README.md"
# Powers of ten far enough apart, and from what is measured, that another processor's last bits change none.
RELATIVE = (1e-12, 1e-10, 1e-8, 1e-6)
ABSOLUTE = (1e-14, 1e-12, 1e-10, 1e-9, 1e-6)
NEARLY_ZERO = 1e-9  # Where a value is smaller than this, only the absolute difference says anything.


def largest_differences(found: list[Comparison]) -> tuple[float, float]:
    """The largest relative and the largest absolute difference, at any update."""
    relative = absolute = 0.0
    for comparison in found:
        difference = np.abs(comparison.ours - comparison.theirs)
        size = np.abs(comparison.theirs)
        absolute = max(absolute, float(difference.max()))
        relative = max(relative, float((difference / np.where(size < NEARLY_ZERO, np.inf, size)).max()))
    return relative, absolute


def bound(value: float, bounds: tuple[float, ...]) -> str:
    """The first of the bounds that leaves room for three times the value."""
    return next(f"≤ {limit:.0e}".replace("e-0", "e-") for limit in bounds if 3 * value <= limit)


def parity_table() -> str:
    """The table of parity, in Markdown."""
    groups: dict[tuple[str, str, str], list[Comparison]] = {}
    for comparison in comparisons():
        groups.setdefault((comparison.part, comparison.peer, comparison.version), []).append(comparison)
    lines = [
        "| | peer | version | cases | values | relative | absolute |",
        "|---|---|---|---|---|---|---|",
    ]
    for (part, peer, version), found in sorted(groups.items()):
        relative, absolute = largest_differences(found)
        name, _, also = part.partition(", ")
        library, function = peer.split()
        cells = [
            f"`{name}`{also and f', {also}'}",
            f"{library} `{function}`",
            version,
            str(len(found)),
            str(sum(len(comparison.theirs) for comparison in found)),
            bound(relative, RELATIVE),
            bound(absolute, ABSOLUTE),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def catalogue(group: str) -> str:
    """A table of what there is in a group, and a section for each part."""
    names: dict[type, list[str]] = {}
    for name, part in discover().parts[group].items():
        if part.distribution == "annealkit" and name != "none":
            names.setdefault(part.cls, []).append(name)
    rows = [f"| {_quoted(called)} | {_summary(cls)} |" for cls, called in names.items()]
    sections = [_section(cls, called) for cls, called in names.items()]
    return "\n".join(["| name | |", "|---|---|", *rows, "", "\n\n".join(sections)])


def written(page: str) -> str:
    """The page with what is written now between its markers."""
    texts = {group: lambda group=group: catalogue(group) for group in ("schedule", "warmup", "feedback")}
    for name, text in {**texts, "parity": parity_table}.items():
        begin, end = f"<!-- {name}: written by tests/parity/page.py -->", f"<!-- end of {name} -->"
        before, rest = page.split(begin)
        _, after = rest.split(end)
        page = f"{before}{begin}\n\n{text()}\n\n{end}{after}"
    return page


def _summary(cls: type) -> str:
    return inspect.cleandoc(cls.__doc__ or "").partition("\n")[0]


def _quoted(names: list[str]) -> str:
    return " ".join(f"`{name}`" for name in names)


def _section(cls: type, names: list[str]) -> str:
    """The docstring, with a table of the settings in place of its `Args:` and without its `Raises:`."""
    text = inspect.cleandoc(cls.__doc__ or "")
    text = re.sub(r"\n+^(Args|Raises):\n(?:    .*\n?)+", "\n", text, flags=re.M).rstrip()
    text = re.sub(r"\n+^([A-Z]\w+)([:,])", r"\n\n**\1**\2", text, flags=re.M)
    settings = []
    for field in dataclasses.fields(cls):
        default = as_text(default_of(field))
        shown = f"`{default}`" if default else "required"
        settings.append(f"| `{field.name}` | {shown} | {settings_of(cls)[field.name].text} |")
    table = "\n".join(["| setting | default | |", "|---|---|---|", *settings]) if settings else ""
    return "\n\n".join(filter(None, [f"### {_quoted(names)}", text, table]))


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
