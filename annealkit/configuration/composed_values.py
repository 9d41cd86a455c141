"""Whether every value of a composed configuration is there, and can be read."""

import re

from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from annealkit.configuration.hydra_app import hydra_config, without_hydra
from annealkit.configuration.schema import SETTINGS, Config
from annealkit.errors import ConfigError, did_you_mean
from annealkit.fields import settings_of
from annealkit.groups import GROUPS
from annealkit.plugin_system.refusals import refusal


def check_values(config: DictConfig, parsed: list[Override]) -> None:
    """Refuse what is left open, and what refers to something that is not there.

    Args:
        config: as it was composed, with Hydra's own part.
        parsed: the overrides, to name the one at fault as it was given.
    """
    own = without_hydra(config)
    _check_keys(own, Config, "")
    with hydra_config(config):
        for key in map(str, own):
            if key not in GROUPS and OmegaConf.is_missing(own, key):
                raise ConfigError(f"{_as_given(key, parsed)}: it has no value, and needs one.")
            if "${hydra:" in str(OmegaConf.to_container(own, resolve=False)[key]):  # type: ignore[index, call-overload]
                raise ConfigError(
                    f"{_as_given(_of_hydra(own, key), parsed)}: outside a sweep nothing can be taken from Hydra's own "
                    "configuration. Write the value."
                )
            try:
                value = own[key]
                if isinstance(value, DictConfig):
                    OmegaConf.to_container(value, resolve=True)
            except (OmegaConfBaseException, RecursionError) as error:
                raise ConfigError(_unreadable(error, key, parsed)) from None
            if key in (*GROUPS, *SETTINGS) and not isinstance(value, DictConfig):
                raise ConfigError(f"{_as_given(key, parsed)}: must hold settings; got {value}. Leave it out.")
        for key, cls in SETTINGS.items():
            _check_keys(own[key], cls, f"{key}.")


def _of_hydra(node: DictConfig, key: str) -> str:
    """The whole key of the first value within that takes something from Hydra."""
    value = node._get_node(key)
    if not isinstance(value, DictConfig) or value._is_interpolation():
        return key
    inner = next(name for name in map(str, value) if "${hydra:" in str(value._get_node(name)))
    return f"{key}.{_of_hydra(value, inner)}"


def _check_keys(node: DictConfig, cls: type, prefix: str) -> None:
    """Refuse a key that is no setting: a file of one's own, or a `+`, can add any."""
    names = list(settings_of(cls))
    for key in map(str, node):
        if key not in names:
            near = did_you_mean(key, names, prefix)
            raise ConfigError(f"{prefix}{key}: there is no such key.{near} There are: {', '.join(names)}.")


def _unreadable(error: Exception, key: str, parsed: list[Override]) -> str:
    """`outputs=${nope}: there is nothing called nope to take a value from. …`"""
    full_key = str(getattr(error, "full_key", None) or key)
    given = _as_given(full_key, parsed)
    text = str(getattr(error, "msg", None) or error)
    absent = re.search(r"Interpolation key '(.*?)' not found", text)
    variable = re.search(r"Environment variable '(.*?)' not found", text)
    if absent is not None:
        return (
            f"{given}: there is no key {absent[1]} to take a value from. A variable of the environment is "
            f"${{oc.env:{absent[1]}}}, and the shell itself replaces one outside single quotes."
        )
    if variable is not None:
        return f"{given}: the environment has no variable {variable[1]}. Set it, or write the value."
    if isinstance(error, RecursionError) or "Recursive" in text:
        return f"{given}: it refers to itself. Write a value."
    if isinstance(error, OmegaConfBaseException):
        return f"{given}: {refusal(error, full_key)}"
    return f"{given}: {' '.join(text.split())}"


def _as_given(key: str, parsed: list[Override]) -> str:
    """The override of that key, or the key alone."""
    return next((o.input_line or key for o in parsed if o.key_or_group.lstrip("+") == key), key)
