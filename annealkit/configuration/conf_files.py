"""Writes what is made from the classes of the built-in parts, and nowhere else written down.

    python -m annealkit.configuration.conf_files

writes `conf/<group>/<name>.yaml` for every part, `conf/trainer/default.yaml`, and in `annealkit/__init__.py` the
imports by which type checkers and editors know the classes. Run it after adding a built-in part or changing a setting.
"""

import importlib
from pathlib import Path

from annealkit.configuration.commented_yaml import commented, defaults_of
from annealkit.configuration.hydra_app import conf_dir
from annealkit.configuration.schema import TrainerSettings
from annealkit.groups import GROUPS, PACKAGE, builtin_modules
from annealkit.plugin_system.loading import OWN_DISTRIBUTION
from annealkit.plugin_system.registry import discover

BEGIN = "if TYPE_CHECKING:  # Built-in parts, as annealkit.configuration.conf_files writes them.\n"
END = "# End of built-in parts.\n"


def files() -> dict[Path, str]:
    """Path -> text of every file that is written."""
    conf, package = conf_dir(), Path(importlib.import_module(PACKAGE).__file__ or "")
    found = {conf / "trainer" / "default.yaml": _yaml("default", TrainerSettings, seed="${seed}")}
    for group, parts in discover().parts.items():
        for name, part in parts.items():
            if part.distribution == OWN_DISTRIBUTION:
                found[conf / group / f"{name}.yaml"] = _yaml(name, part.cls)
    return {**found, package: _with_imports(package.read_text(encoding="utf-8"))}


def stale() -> list[Path]:
    """Files of built-in parts that are no more."""
    written = files()
    return [path for group in GROUPS for path in (conf_dir() / group).glob("*.yaml") if path not in written]


def exported() -> dict[str, str]:
    """Public class of a built-in part's module -> the module; of two of one name the one that `annealkit` has."""
    found: dict[str, str] = {}
    for group in GROUPS.values():
        for module in map(importlib.import_module, builtin_modules(group.folder)):
            if hasattr(module, group.hook):
                for name, value in vars(module).items():
                    own = isinstance(value, type) and value.__module__ == module.__name__
                    if own and not name.startswith("_"):
                        found.setdefault(name, module.__name__)
    return found


def main() -> None:
    """Write what has changed, remove what is stale, and say so."""
    for path in stale():
        path.unlink()
        print(f"removed {path}")
    for path, text in files().items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path}")


def _yaml(name: str, cls: type, **instead: str) -> str:
    """The file of a part: its schema from Hydra's store, then every setting with its default."""
    settings = commented(cls, {**defaults_of(cls), **instead})
    return f"defaults:\n  - schema/{name}@_here_\n  - _self_\n" + (f"\n{settings}" if settings else "")


def _with_imports(code: str) -> str:
    before, _, rest = code.partition(BEGIN)
    after = rest.partition(END)[2]
    imports = sorted((module, name) for name, module in exported().items())
    lines = [f"    from {module} import {name} as {name}\n" for module, name in imports]
    return f"{before}{BEGIN}{''.join(lines)}{END}{after}"


if __name__ == "__main__":
    main()
