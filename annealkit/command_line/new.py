"""`annealkit new KIND NAME [FOLDER]`: writes a distribution with a part that works, for its author to change.

The files it writes are in `templates/`, to be read there: those of `common/` for every kind, and those of the kind.
"""

import keyword
import os
import re
import shlex
import shutil
from dataclasses import dataclass
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from annealkit.errors import AnnealkitError, ConfigError, did_you_mean
from annealkit.groups import SHOWN
from annealkit.plugin_system.loading import VALUES
from annealkit.plugin_system.registry import Registry, load_registry
from annealkit.version import __version__


@dataclass(frozen=True)
class Kind:
    """What `new` says of a group.

    Args:
        uses: what to try the part with; `$name` stands for its name.
        setting: one of its settings, with a value.
        noun: what one of it is called.
    """

    uses: list[str]
    setting: str
    noun: str


KINDS = {
    "schedule": Kind(["preview schedule=$name", "schedule=$name data=toy model=mlp"], "floor=0.1", "schedule"),
    "warmup": Kind(["preview warmup=$name", "warmup=$name data=toy model=mlp"], "start=0.1", "warmup"),
    "feedback": Kind(["feedback=$name data=toy model=mlp"], "factor=0.5", "feedback rule"),
    "optimizer": Kind(["optimizer=$name data=toy model=mlp"], "lr=0.0003", "optimizer"),
    "model": Kind(["model=$name data=toy"], "units=100", "model"),
    "data": Kind(["data=$name model=mlp"], "noise=20", "data set"),
}
FORM = "annealkit new KIND NAME [FOLDER]"
USAGE = f"""\
annealkit new: write a plugin of your own that works, to change

  {FORM}

  KIND     {", ".join(SHOWN)}
  NAME     what it is called on the command line: lower-case letters, digits and _
  FOLDER   where annealkit-NAME/ is written; the current folder if it is left out

  annealkit new schedule ripple
  annealkit new optimizer my_descent ~/projects

plugins/README.md goes on from there.
"""
EXAMPLE = "annealkit new schedule ripple"
SUFFIX = ".template"


def new(arguments: list[str]) -> int:
    """Write `annealkit-NAME/` and print what to type next.

    Raises:
        ConfigError: a kind or name that cannot be.
        AnnealkitError: a folder that cannot be written, or that is there already.
    """
    if "--help" in arguments:
        print(USAGE, end="")
        return 0
    if len(arguments) not in (2, 3):
        raise ConfigError(
            f"new takes a kind, a name and perhaps a folder; got {shlex.join(arguments) or 'nothing'}. "
            f"Usage: {FORM}, where KIND is one of {', '.join(SHOWN)}. Try {EXAMPLE}."
        )
    kind, name, parent = arguments[0], arguments[1], Path(arguments[2] if len(arguments) == 3 else ".")
    if kind not in SHOWN:
        near = did_you_mean(kind, SHOWN)
        raise ConfigError(f"new: KIND must be one of {', '.join(SHOWN)}; got {kind!r}.{near} Try {EXAMPLE}.")
    _check_name(kind, name, load_registry())
    words = {
        "kind": KINDS[kind].noun,
        "group": kind,
        "name": name,
        "cls": _class_name(kind, name),
        "annealkit_version": __version__,
    }
    commands = [f"python -m annealkit {Template(use).substitute(words)}" for use in KINDS[kind].uses]
    words["use"] = "\n".join(f"    {command}" for command in commands)
    words["use_fields"] = f"{kind}={name} {kind}.{KINDS[kind].setting}"
    folder = parent / f"annealkit-{name}"
    _write(folder, {**_files("common", words), **_files(kind, words)})
    print(f"Wrote {folder}: the {words['kind']} in annealkit_{name}.py works as it stands. Try it, then change it:\n")
    for command in (
        f"cd {shlex.quote(os.fspath(folder))}",
        "pip install -e '.[test]'",
        "python -m pytest",
        f"python -m annealkit check {name}",
        *commands,
    ):
        print(f"  {command}")
    return 0


def _class_name(kind: str, name: str) -> str:
    """`RippleSchedule` for ripple, `MySchedule` for my_schedule: with the kind, but once."""
    words = name.split("_")
    return "".join(word.capitalize() for word in (words if words[-1] == kind else [*words, kind]))


def _check_name(kind: str, name: str, registry: Registry) -> None:
    """Refuse what cannot be a name on the command line, a module or a distribution, and what is taken."""
    if not re.fullmatch(r"[a-z]([a-z0-9_]*[a-z0-9])?", name):
        better = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_0123456789") or "ripple"
        raise ConfigError(
            f"new: NAME must be lower-case letters, digits and _, begin with a letter and end with a letter or digit; "
            f"got {name!r}. Try annealkit new {kind} {better}."
        )
    if keyword.iskeyword(name) or name in VALUES:
        what = "a word of Python" if keyword.iskeyword(name) else "a value in a configuration"
        raise ConfigError(f"new: NAME={name} is {what}, and no name. Try annealkit new {kind} {name}_{kind}.")
    if name in registry.parts[kind]:
        provider = registry.parts[kind][name].origin
        raise ConfigError(
            f"new: {kind}={name} is there already, from {provider}. Two of one name could not be told apart. "
            f"Try another name, such as {name}_2."
        )
    try:
        version = metadata.version(f"annealkit-{name}")
    except metadata.PackageNotFoundError:
        return
    raise ConfigError(
        f"new: a distribution annealkit-{name} {version} is installed already, and yours would replace it. "
        f"Try another name, such as {name}_2."
    )


def _files(kind: str, words: dict[str, str]) -> dict[Path, str]:
    """Path in the new distribution -> text, from the templates of one kind."""
    found: dict[Path, str] = {}

    def read(folder: Traversable, path: Path) -> None:
        for entry in folder.iterdir():
            if entry.is_dir():
                read(entry, path / entry.name)
            elif entry.name.endswith(SUFFIX):
                name = entry.name.removesuffix(SUFFIX).replace("NAME", words["name"])
                found[path / name] = Template(entry.read_text(encoding="utf-8")).substitute(words)

    read(resources.files("annealkit.command_line") / "templates" / kind, Path())
    return found


def _write(folder: Path, files: dict[Path, str]) -> None:
    """Write the files into a folder that is not there yet, all of them or none."""
    if not folder.parent.is_dir():
        raise AnnealkitError(
            f"new: FOLDER={folder.parent} is no folder that exists. Make it first, or leave FOLDER out to write into "
            "the current folder."
        )
    try:
        folder.mkdir()
    except FileExistsError:
        raise AnnealkitError(
            f"new: {folder} is there already, and nothing is ever overwritten. Try another name or another FOLDER, or "
            "move it away."
        ) from None
    except OSError as error:
        raise AnnealkitError(
            f"new: cannot make {folder}: {error.strerror}. Try another FOLDER, where you may write."
        ) from None
    try:
        for path, text in sorted(files.items()):
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise AnnealkitError(f"new: cannot write {folder / path}: {error.strerror}. Nothing was kept.") from None
