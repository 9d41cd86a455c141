"""`annealkit plugins [NAME…]`: everything that can be named, or what one of it is and what can be set on it."""

from annealkit.groups import SHOWN
from annealkit.plugin_system.registry import discover, load_registry


def plugins_command(arguments: list[str]) -> int:
    """Print all tables; or the table of each group, the settings of the trainer and the like, and each part named.

    Raises:
        ConfigError: there is no such part.
    """
    from annealkit.command_line.plugin_table import print_group, print_plugins

    if not arguments:
        print_plugins(discover())
        return 0
    from annealkit.command_line.part_details import details, settings_details
    from annealkit.configuration.schema import SETTINGS
    from annealkit.plugin_system.named_parts import named_parts

    registry = load_registry()
    names = [word for word in arguments if word not in SHOWN and word not in SETTINGS]
    parts = named_parts("plugins", names, registry)
    for group in SHOWN:
        if group in arguments:
            print_group(registry, group)
    texts = [settings_details(name, cls) for name, cls in SETTINGS.items() if name in arguments]
    if texts or parts:
        print("\n\n\n".join([*texts, *map(details, parts)]))
    return 0
