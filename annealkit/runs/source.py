"""What code a part is: a digest of its source, and the versions of what its distribution needs.

A version alone does not say it: in an editable install the code changes and the version stays.
"""

import ast
import functools
import hashlib
import importlib.metadata
import importlib.util
import inspect
import re
import sys
import sysconfig
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

# Whose versions are recorded for every run.
_RECORDED = ("annealkit", "tensorflow", "keras", "numpy")
_INSTALLED = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
_DIGITS = 16


def code_of(cls: type, within: str = "") -> str:
    """A digest of the modules that define the class and its base classes, and of all modules of its own they import.

    Its own are those of the same top-level package, and files that lie outside the folders of what is installed.

    Args:
        cls: a part.
        within: only modules of this package count; for what is built in, where all lies in one top-level package.
    """
    if _spec(cls.__module__) is None:  # Defined in a notebook, or in the file that Python was started with.
        try:
            return _short(inspect.getsource(cls).encode())
        except (OSError, TypeError):
            return "without source"
    bases = (base.__module__ for base in cls.__mro__)
    ours = (name for name in bases if name.startswith("annealkit.") or _is_own(name, cls.__module__, within))
    return code_from((cls.__module__, *ours), within)


@functools.cache  # As it was when this process first asked: a file that is edited later is not what runs here.
def code_from(modules: tuple[str, ...], within: str = "") -> str:
    """A digest of these modules and of all those of their own that they import, directly or not; see `code_of`."""
    digest = hashlib.sha256()
    for name, content in sorted(_sources(modules, within).items()):
        digest.update(f"{name} {len(content)};".encode())
        digest.update(content)
    return digest.hexdigest()[:_DIGITS]


def needs_of(distribution: str) -> str:
    """Name and version of every distribution that this one needs, directly or not, but for what is always recorded."""
    return ", ".join(sorted(_versions(distribution)))


def _versions(distribution: str) -> set[str]:
    found: dict[str, str] = {}
    todo = [distribution]
    while todo:
        for requirement in _requirements(todo.pop()):
            name = re.sub(r"[-_.]+", "-", re.match(r"[\w.-]*", requirement)[0]).lower()  # type: ignore[index]
            if name in _RECORDED or name in found or re.search(r"\bextra\s*==", requirement):
                continue
            try:
                found[name] = f"{name} {importlib.metadata.version(name)}"
            except importlib.metadata.PackageNotFoundError:
                continue  # Needed on other systems only.
            todo.append(name)
    return set(found.values())


def _requirements(distribution: str) -> list[str]:
    try:
        return importlib.metadata.requires(distribution) or []
    except Exception:  # None of that name, or one whose metadata are damaged: then nothing is known of it.
        return []


def _sources(modules: tuple[str, ...], within: str) -> dict[str, bytes]:
    """Name -> source, of the modules and what they import."""
    sources: dict[str, bytes] = {}
    todo = list(modules)
    while todo:
        name = todo.pop()
        if name in sources or not (name in modules or _is_own(name, modules[0], within)):
            continue
        spec = _spec(name)
        if spec is None:
            continue
        try:
            sources[name] = Path(str(spec.origin)).read_bytes()
        except OSError:  # A namespace package, or one within an archive.
            sources[name] = b""
        todo += _imports(spec, sources[name])
    return sources


def _is_own(name: str, module: str, within: str) -> bool:
    if within:
        return f"{name}.".startswith(f"{within}.")
    top = name.partition(".")[0]
    return top == module.partition(".")[0] or (top not in _RECORDED and _is_loose(top))


@functools.cache
def _is_loose(top: str) -> bool:
    """Whether the code of a top-level module lies elsewhere than what is installed, and so has no version."""
    spec = _spec(top)
    if spec is None or not spec.has_location or spec.origin is None:
        return False
    return not spec.origin.startswith(_INSTALLED)


def _imports(spec: ModuleSpec, source: bytes) -> Iterator[str]:
    """Names of modules that may be imported there, at any place, with the packages that they lie in."""
    yield spec.name.rpartition(".")[0]
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # Compiled.
        return
    package = spec.name if spec.submodule_search_locations is not None else spec.name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.rsplit(".", node.level - 1)[0] if node.level else ""
            base = ".".join(filter(None, (parents, node.module)))
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _spec(name: str) -> ModuleSpec | None:
    """Where a module that has been imported lies, or would be imported from."""
    if name in sys.modules:
        return getattr(sys.modules[name], "__spec__", None)
    try:
        return importlib.util.find_spec(name) if name else None
    except (ImportError, AttributeError, ValueError):  # It is no module but a name in one.
        return None


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]
