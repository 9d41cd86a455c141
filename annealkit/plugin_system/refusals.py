"""Says in words what OmegaConf refuses: a value of a wrong type, a key that does not exist, a type that cannot be."""

import re

from omegaconf import DictConfig
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException

from annealkit.errors import did_you_mean

SETTABLE = "str, int, float, bool, lists and dictionaries of them, and dataclasses of them"

# What OmegaConf says of a value -> what the value must be. Where it says something else, its own words stand.
_MUST = {
    r"could not be converted to Float": "must be a number (float)",
    r"could not be converted to Integer": "must be a whole number (int)",
    r"is not a valid bool": "must be true or false (bool)",
    r"Cannot convert .* to string": "must be a text (str)",
    r"is not Optional|^Incompatible value 'None'": "cannot be null",
    r"is not a ListConfig, list or tuple": "must be a list, such as [1,2]",
    r"^Cannot assign .* to Dict": "must be a dictionary, such as {key:value}",
}


def refusal(error: OmegaConfBaseException, key: str = "") -> str:
    """What is wrong, one line that ends with a full stop; a value within that of `key` is named.

    `must be a number (float); got 'abc'.`, or
    `VariableGroup has no lrscale. Did you mean lr_scale? It has: layer, match, lr_scale, weight_decay.`
    """
    if isinstance(error, ConfigKeyError) and isinstance(error.parent_node, DictConfig):
        names = [str(name) for name in error.parent_node]
        what = getattr(error.object_type, "__name__", "it")
        return f"{what} has no {error.key}.{did_you_mean(str(error.key), names)} It has: {', '.join(names) or 'none'}."
    inner = str(error.full_key or error.key or "").removeprefix(key).lstrip(".")
    text = str(error.msg or error).splitlines()[0].rstrip(".")
    must = next((words for pattern, words in _MUST.items() if re.search(pattern, text)), None)
    if must is not None:
        value = "null" if error.value is None else repr(error.value)
        text = must if value == "null" and must == "cannot be null" else f"{must}; got {value}"
    return f"{inner} {text}." if inner and must is not None else f"{text}."


def unsettable(error: OmegaConfBaseException) -> str:
    """Why a dataclass cannot be a schema: the field, and its type or default that cannot be."""
    text = str(error.msg or error)
    found = re.search(r"(?:Unexpected type annotation: |Unsupported value type: )'?([^'\n]+)", text)
    if found is not None:
        return f"field {error.key}: type {found[1].rpartition('.')[2]} cannot be set; use {SETTABLE}"
    if "Unions of containers" in text:
        field = text.splitlines()[1].partition(":")[0]
        return f"field {field}: a choice between types cannot have a list or dictionary in it; use {SETTABLE}"
    if error.key is None:
        return " ".join(text.partition("full_key")[0].split())
    return f"field {error.key}: its default {refusal(error, str(error.key)).rstrip('.')}"
