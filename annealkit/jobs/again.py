"""Composes a run from the folder of a run: what it was, with some of it otherwise."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf

from annealkit.configuration.composition import compose, parse
from annealkit.errors import ConfigError, RunError
from annealkit.groups import GROUPS
from annealkit.plugin_system.registry import Registry

SAVED = Path(".hydra", "config.yaml")
_OF_THE_COMMAND = ("rerun", "resume", "preview", "find_lr", "outputs")  # said anew each time


def compose_again(run: Path, words: list[str], registry: Registry) -> DictConfig:
    """The configuration of the run in that folder, and what the words say; `outputs` is where the folder lies.

    Raises:
        RunError: there is no run, or its configuration cannot be read.
        ConfigError: a word that cannot be.
    """
    saved = _saved(run)
    overrides = parse(words, registry)
    given = [override.key_or_group.lstrip("+") for override in overrides]
    kept = [group for group in GROUPS if group not in given]
    config = compose(
        [
            *(f"{group}={saved[group]['name']}" for group in kept),
            *(override.input_line or "" for override in overrides),
        ],
        registry,
    )
    for key, value in _values(saved):
        first = key.split(".")[0]
        if first in _OF_THE_COMMAND or (first in GROUPS and first not in kept) or key.endswith(".name"):
            continue
        if not any(f"{key}.".startswith(f"{other}.") or other.startswith(f"{key}.") for other in given):
            OmegaConf.update(config, key, value, force_add=True)
    if "outputs" not in given:
        config.outputs = str(run.absolute().parent)
    return config


def _saved(run: Path) -> dict[str, Any]:
    try:
        saved = OmegaConf.to_container(OmegaConf.load(run / SAVED), resolve=False)
    except FileNotFoundError:
        raise RunError(
            f"{run} holds no {SAVED}, which says what a run was. Try the folder of a run, such as outputs/cosine-…."
        ) from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise RunError(f"{run / SAVED} cannot be read: {' '.join(str(error).split())}.") from None
    if not isinstance(saved, dict) or not all(isinstance(saved.get(group), dict) for group in GROUPS):
        raise RunError(f"{run / SAVED} is no configuration of a run. Train it again by its settings.")
    return {str(key): value for key, value in saved.items()}


def _values(node: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """`schedule.floor` and its value. A branch's origin is one value: no word reaches into it."""
    for key, value in node.items():
        if isinstance(value, dict) and value and f"{prefix}{key}" != "branch":
            yield from _values(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def refuse_unless_one(command: str, arguments: list[str]) -> tuple[Path, list[str]]:
    """The folder and the words of a command that takes one folder. Raises ConfigError."""
    flags = [word for word in arguments if word.startswith("-")]
    folders = [word for word in arguments if word not in flags and ("=" not in word or Path(word).is_dir())]
    if flags or len(folders) != 1:
        wrong = f"there is no option {flags[0]!r}" if flags else f"name one folder of a run; got {len(folders)}"
        raise ConfigError(f"{command}: {wrong}. annealkit {command} RUN [key=value …]")
    return Path(folders[0]), [word for word in arguments if word != folders[0]]
