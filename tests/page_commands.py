"""Whether a command that stands on a page could be typed: nothing is trained, and no folder of runs is needed."""

import re
import tomllib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.types import Glob, Override
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException
from pages import ROOT, without_assignments

from annealkit.command_line.main import COMMANDS
from annealkit.command_line.new import new
from annealkit.compare.grouping import check_by
from annealkit.compare.options import parse as parse_compare
from annealkit.compare.runs import FoundRun
from annealkit.configuration.composition import check_groups, compose, parse
from annealkit.configuration.hydra_app import conf_dir, each_combination, initialized_hydra
from annealkit.configuration.identity import flat_settings
from annealkit.configuration.plan import to_settings
from annealkit.configuration.schema import SETTINGS
from annealkit.curve.span import parse_duration
from annealkit.groups import GROUPS, SHOWN
from annealkit.jobs.branching import OWN_WORDS, THEN
from annealkit.jobs.sweep_jobs import sweep_config
from annealkit.plugin_system.named_parts import named_parts
from annealkit.plugin_system.registry import Registry


class PageError(Exception):
    """A command on a page that could not be typed."""


class Checker:
    """Checks commands against what can be named and set; the same overrides once.

    Args:
        registry: of everything that the pages name, plugins included.
        folder: for what is written by `annealkit new`.
    """

    def __init__(self, registry: Registry, folder: Path) -> None:
        self.registry = registry
        self._folder = folder
        self._base = compose([], registry)
        self._composed: set[tuple[str, ...]] = set()
        self._commands: dict[str, Callable[[list[str]], None]] = {
            "train": self._train, "preview": self._compose, "find-lr": self._compose, "compare": self._compare,
            "branch": self._branch,
            "resume": self._again, "again": self._again,
            "plugins": self._plugins, "new": self._new, "check": self._check,
        }  # fmt: skip
        assert self._commands.keys() == COMMANDS.keys(), "a command of annealkit that is not checked on pages"

    def check(self, words: list[str]) -> None:
        """Raise PageError, or an AnnealkitError, where the words cannot be typed in the checkout."""
        match without_assignments(words):
            case ["annealkit", *rest] | ["python", "-m", "annealkit", *rest]:
                self._annealkit(rest)
            case ["python", "-m", "pytest", *paths]:
                _refuse([path for path in paths if not path.startswith("-") and not (ROOT / path).exists()])
            case ["python", "-m", module, *_]:
                _refuse([module] if find_spec(module) is None else [])
            case ["python", script, *rest] if script.endswith(".py"):
                _refuse([] if (ROOT / script).is_file() else [script])
                self._compose([word for word in rest if "=" in word])
            case ["pip", "install", *what]:
                for each in what:
                    _check_distribution(each)
            case ["python3", "-m", "venv", _] | [".", _] | ["cd", _] | ["pytest"] | ["tensorboard", "--logdir", *_]:
                pass
            case ["eval", command]:
                self._annealkit(re.fullmatch(r"\$\(annealkit (.*)\)", command)[1].split())  # type: ignore[index]
            case other:
                raise PageError(f"{' '.join(other)}: no such command is known here")

    def _annealkit(self, words: list[str]) -> None:
        command = self._commands.get(words[0]) if words else None
        if "--help" in words:
            self._compose([word for word in words[command is not None :] if word != "--help"])
        elif command is not None:
            command(words[1:])
        elif words != ["--version"]:
            self._train(words)

    def _again(self, words: list[str]) -> None:
        self._compose([word for word in words if "=" in word])

    def _train(self, words: list[str]) -> None:
        try:
            given = get_args_parser().parse_args(words)
        except SystemExit:
            raise PageError(f"{' '.join(words)}: Hydra has no such flag") from None
        if given.shell_completion:
            _refuse([word for word in given.overrides if word != "install=bash"])
        elif given.multirun:
            self._sweep(given.overrides)
        else:
            self._compose(given.overrides)

    def _sweep(self, overrides: list[str]) -> None:
        parsed = parse(overrides)
        for_hydra = tuple(o.input_line or "" for o in parsed if o.is_hydra_override())
        if for_hydra not in self._composed:
            with initialized_hydra(self.registry) as app:
                sweep_config(list(for_hydra), app, self.registry)
            self._composed.add(for_hydra)
        globs = [o for o in parsed if isinstance(o.value(), Glob)]
        for glob in globs:
            names = [path.stem for path in (conf_dir() / glob.key_or_group).glob("*.yaml")]
            _refuse([] if glob.value().filter(names) else [glob.input_line])
        for job in each_combination([o for o in parsed if not o.is_hydra_override() and o not in globs]):
            self._compose(job)

    def _compose(self, overrides: list[str]) -> None:
        """Keys, types and values; each part is built, but nothing is read and no TensorFlow started.

        To compose takes Hydra a third of a second. So values are set in one composed configuration, whose parts are
        exchanged for those that are named, as in a sweep; Hydra composes what does more than to set a value.
        """
        if tuple(overrides) in self._composed:
            return
        parsed = parse(overrides)
        check_groups(parsed, self.registry)
        values = [override for override in parsed if override.key_or_group not in GROUPS]
        if all(map(_only_sets_a_value, values)):
            config = self._base.copy()
            with open_dict(config):
                for choice in parsed:
                    if choice not in values:
                        config[choice.key_or_group] = self._node(choice.key_or_group, str(choice.value()))
            for override in values:
                _set(config, override)
            concerned = {override.key_or_group.split(".")[0] for override in parsed}
        else:
            config = compose(overrides, self.registry)
            concerned = {*GROUPS, *SETTINGS}
        for group in GROUPS.keys() & concerned:
            self.registry.build(group, config[group])
        for name in SETTINGS.keys() & concerned:
            to_settings(config[name], SETTINGS[name])
        self._composed.add(tuple(overrides))

    def _node(self, group: str, name: str) -> DictConfig:
        node = self.registry.get(group, name).node.copy()
        for key in node:
            if OmegaConf.get_type(node, str(key)) is dict:  # It takes any key.
                OmegaConf.set_struct(node[key], False)
        return node

    def _compare(self, words: list[str]) -> None:
        settings = flat_settings(self._base)
        check_by(parse_compare(words).by, [FoundRun("", "", settings=settings)])

    def _branch(self, words: list[str]) -> None:
        overrides = [word for word in words if "=" in word]
        if len(overrides) == len(words):
            raise PageError(f"branch {' '.join(words)}: which run?")
        for job in each_combination(parse(overrides)):
            own = {key: value for key, _, value in (word.partition("=") for word in job) if key in OWN_WORDS}
            rest = [word for word in job if word.partition("=")[0] not in OWN_WORDS]
            for key in own.keys() & {"at", "length"}:
                parse_duration(own[key])
            _refuse([own["then"]] if own.get("then", "hold") not in THEN else [])
            if ("then" in own) == any(word.startswith("schedule=") for word in rest):
                raise PageError(f"branch {' '.join(words)}: either then= or schedule= says how it goes on")
            self._compose(rest)

    def _plugins(self, words: list[str]) -> None:
        named_parts("plugins", [word for word in words if word not in (*SHOWN, *SETTINGS)], self.registry)

    def _check(self, words: list[str]) -> None:
        named_parts("check", [word for word in words if word != "--all"], self.registry)

    def _new(self, words: list[str]) -> None:
        if not words:  # It is only spoken of.
            return
        folder = self._folder / f"new-{len(list(self._folder.iterdir()))}"
        folder.mkdir()
        kind, name, *rest = words
        new([kind, f"{name}_anew", str(folder), *rest[1:]])  # The name itself is taken: the registry has it already.


def _only_sets_a_value(override: Override) -> bool:
    more = override.is_add() or override.is_force_add() or override.is_delete() or override.is_hydra_override()
    return not more and override.package is None and override.key_or_group != "experiment"


def _set(config: DictConfig, override: Override) -> None:
    try:
        OmegaConf.update(config, override.key_or_group, override.value(), merge=True)
    except OmegaConfBaseException as error:
        raise PageError(f"{override.input_line}: {' '.join(str(error).split())}") from None


def _check_distribution(name: str) -> None:
    """A folder of the checkout, perhaps with extras; or annealkit and its plugins by name."""
    path, _, extras = name.rstrip("]").partition("[")
    if name.startswith("-"):
        return
    known = {"annealkit": ROOT, **{plugin.name: plugin for plugin in (ROOT / "plugins").glob("annealkit-*")}}
    folder = ROOT / path if path.startswith(".") else known.get(path)
    if path == "annealkit-ripple" or (path == "." and not extras):  # what `annealkit new` writes; or any distribution
        return
    if folder is None or not (folder / "pyproject.toml").is_file():
        raise PageError(f"pip install {name}: no such distribution here")
    has = tomllib.loads((folder / "pyproject.toml").read_text())["project"].get("optional-dependencies", {})
    _refuse([extra for extra in extras.split(",") if extra and extra not in has])


def _refuse(missing: list[str]) -> None:
    if missing:
        raise PageError(f"there is no {', '.join(missing)}")
