"""Write the parity table into annealkit/schedules/README.md: python tests/parity/table.py

Stored peers come from reference.json; Keras is called.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))  # the folder of the tests, as pytest has it
from parity_cases import Comparison, comparisons

PAGE = Path(__file__).parents[2] / "annealkit" / "schedules" / "README.md"
BEGIN = "<!-- The table is written by tests/parity/table.py -->"
END = "<!-- End of the table -->"
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


def table() -> str:
    """The table, in Markdown."""
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


def with_table(page: str) -> str:
    """The page with the table of now between its markers."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
