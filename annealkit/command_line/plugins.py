"""`annealkit plugins [NAME…]`: everything that can be named, or what one of it is and what can be set on it."""

from dataclasses import fields

from annealkit.errors import ConfigError
from annealkit.groups import GROUPS, SHOWN
from annealkit.plugin_system.registry import discover, load_registry

EXPERIMENT = "experiment"
_SINGULAR = {group.folder: group.name for group in GROUPS.values()} | {f"{EXPERIMENT}s": EXPERIMENT}


def plugins_command(arguments: list[str]) -> int:
    """Print all tables; or the table of each group, the settings of the trainer and the like, and each part named.

    Raises:
        ConfigError: there is no such part.
    """
    from annealkit.command_line.plugin_table import print_experiments, print_group, print_plugins

    if not arguments:
        print_plugins(discover())
        return 0
    from annealkit.command_line.part_details import details, settings_details
    from annealkit.configuration.commented_yaml import commented, defaults_of
    from annealkit.configuration.schema import SETTINGS, Config
    from annealkit.plugin_system.named_parts import named_parts

    words = [_SINGULAR.get(word, word) for word in arguments]
    alone = {field.name for field in fields(Config)} - {*GROUPS, *SETTINGS}  # such as seed: explained together
    places = {*SHOWN, EXPERIMENT, *SETTINGS, *alone}
    for word in words:
        place, _, inner = word.partition(".")
        if inner and place in places:
            what = f"annealkit plugins {place}=NAME" if place in GROUPS else f"annealkit plugins {place}"
            raise ConfigError(f"plugins: {word} is a setting. Try {what}, which explains all of them.")
    registry = load_registry()
    parts = named_parts("plugins", [word for word in words if word not in places], registry)
    for group in SHOWN:
        if group in words:
            print_group(registry, group)
    if EXPERIMENT in words:
        print_experiments()
    texts = [settings_details(name, cls) for name, cls in SETTINGS.items() if name in words]
    if alone & set(words):
        defaults = defaults_of(Config)
        texts.insert(0, commented(Config, {name: defaults[name] for name in defaults if name in alone}))
    if texts or parts:
        print("\n\n\n".join([*texts, *map(details, parts)]))
    return 0
