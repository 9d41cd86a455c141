"""`annealkit plugins`: everything that can be named, and what was skipped; or what the named parts are."""

from annealkit.plugin_system.registry import discover, load_registry


def plugins_command(arguments: list[str]) -> int:
    """Print the tables of all parts, or the details of those that the arguments name."""
    if not arguments:
        from annealkit.command_line.plugin_table import print_plugins

        print_plugins(discover())
        return 0
    from annealkit.command_line.part_details import details
    from annealkit.plugin_system.named_parts import named_parts

    print("\n\n\n".join(map(details, named_parts("plugins", arguments, load_registry()))))
    return 0
