"""The parts that a person names on the command line: `ripple`, or `schedule=ripple`."""

from annealkit.errors import ConfigError, did_you_mean
from annealkit.plugin_system.registry import Part, Registry


def named_parts(command: str, names: list[str], registry: Registry) -> list[Part]:
    """Every part that the names mean, each once; a name without a group means those of all groups.

    Raises:
        ConfigError: there is no such group or part, or two plugins provide it; it begins with `command`.
    """
    everything = [part for parts in registry.parts.values() for _, part in sorted(parts.items())]
    found: list[Part] = []
    for word in names:
        group, equals, name = word.partition("=")
        if equals and group not in registry.parts:
            near = did_you_mean(group, registry.parts)
            raise ConfigError(f"{command}: there is no group {group!r}.{near} Groups are {', '.join(registry.parts)}.")
        chosen = [registry.get(group, name)] if equals else [part for part in everything if part.name == word]
        if not chosen:
            why = registry.why_absent(word) + did_you_mean(word, {part.name for part in everything})
            installed = f"Is it installed in this environment? Try pip install -e annealkit-{word}."
            raise ConfigError(
                f"{command}: nothing is called {word!r}.{why or ' ' + installed} `annealkit plugins` lists everything."
            )
        found += [registry.get(part.group, part.name) for part in chosen]
    return list(dict.fromkeys(found))
