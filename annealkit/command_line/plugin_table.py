"""What can be named on the command line and where it comes from, as tables: the command `annealkit plugins`."""

from typing import TYPE_CHECKING

from annealkit.configuration.hydra_app import conf_dir
from annealkit.groups import SHOWN
from annealkit.writing.tables import output, print_table

if TYPE_CHECKING:  # Only for the types: a table needs nothing of what the registry imports.
    from rich.console import Console

    from annealkit.plugin_system.registry import Registry, Skipped

SUMMARY, ADVICE = 1, 3  # Columns of prose, which wraps. Names are never cut short or broken.


def print_plugins(registry: "Registry") -> None:
    """Print one table for each group, then what was slow and what was skipped, why and what to do about it."""
    with output() as console:
        for group in SHOWN:
            _group_table(console, registry, group)
        if registry.slow:
            headings = ("distribution", "version", "entry point", "seconds to load, and what to do")
            rows = [(s.distribution, s.version, s.entry_point, f"{s.seconds:.1f}\n{s.advice}") for s in registry.slow]
            print_table(console, headings, rows, [ADVICE], title="slow")
        if registry.skipped:
            headings = ("distribution", "version", "entry point", "cause, and what to do")
            rows = [(s.distribution, s.version, s.entry_point, s.cause + _advice(s)) for s in registry.skipped]
            print_table(console, headings, rows, [ADVICE], title="skipped")


def print_group(registry: "Registry", group: str) -> None:
    """Print the table of one group."""
    with output() as console:
        _group_table(console, registry, group)


def print_experiments() -> None:
    """Print the table of the experiments: the first sentence of each file's comment says what it is."""
    rows = []
    for path in sorted((conf_dir() / "experiment").glob("*.yaml")):
        lines = path.read_text(encoding="utf-8").splitlines()
        said = next((line for line in lines if line.startswith("# ") and "@package" not in line), "")
        rows.append((path.stem, said.removeprefix("# ")))
    with output() as console:
        print_table(console, ("name", "summary"), rows, [SUMMARY], title="experiment=")


def _group_table(console: "Console", registry: "Registry", group: str) -> None:
    parts = sorted(registry.parts[group].items())
    rows = [(part.name, part.summary, part.distribution, part.version) for _, part in parts]
    print_table(console, ("name", "summary", "distribution", "version"), rows, [SUMMARY], title=f"{group}=")


def _advice(skipped: "Skipped") -> str:
    """The next step for whoever meets the cause."""
    if "more than once" in skipped.cause:
        return ""  # The registry's own words for two plugins with one name say how to choose.
    if skipped.is_disabled:
        return "\nTo use it, take its name out of ANNEALKIT_DISABLE_PLUGINS."
    if not skipped.has_name:
        return "\nIts installation is damaged: install it again, or remove its folder there."
    return (
        f"\nTry pip install -U {skipped.distribution}, or tell its author. "
        f"ANNEALKIT_DISABLE_PLUGINS={skipped.entry_point} silences it."
    )
