"""The fields of a part that are durations, and whether it refuses a number without a unit for each of them."""

import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from omegaconf import OmegaConf

from annealkit.curve.span import parse_duration
from annealkit.errors import ConfigError
from annealkit.testing.subject import Settings, Subject

BARE = "10"


def durations(subject: Subject, settings: Settings) -> Iterator[tuple[str, str | list[str]]]:
    """Name and value of each field that is a duration, or a list of them, with these settings."""
    whole = OmegaConf.to_container(subject.config(settings))
    assert isinstance(whole, dict)
    for name, value in whole.items():
        items: list[Any] = value if isinstance(value, list) else [value]
        if items and all(isinstance(item, str) and _problem(item) is None for item in items):
            yield str(name), value


def without_unit(instance: Any, error: ConfigError) -> str | None:
    """The field of the instance whose value is the number without a unit that the error is about."""
    for field in fields(instance):
        value = getattr(instance, field.name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str) and f"{item!r} has no unit" in str(error):
                return field.name
    return None


def refuses_a_bare_number(subject: Subject) -> None:
    for settings, instance in subject.each():
        every = getattr(instance, "every", "1ep") if subject.group == "feedback" else "1ep"
        problem = _problem(every)
        if problem is not None:
            raise subject.failure(f"every={problem}", refusal_of(subject, "every", "50st"), settings)
        for name, value in durations(subject, settings):
            for changed in _with_a_bare_number(value):
                _check_refused(subject, settings, name, value, changed)


def refusal_of(subject: Subject, name: str, value: str | list[str]) -> str:
    """What to write so that the field is checked."""
    kind, written = ("durations", "list[str]") if isinstance(value, list) else ("duration", "str")
    quoted = str(value).replace("'", '"') if isinstance(value, list) else f'"{value}"'
    return (
        f"declare it with `{name}: {written} = {kind}({quoted}, …)` in a class that is a @checked_dataclass, with "
        f"`from annealkit import checked_dataclass, {kind}` above; or raise annealkit.SettingError in __post_init__."
    )


def _check_refused(
    subject: Subject, settings: Settings, name: str, value: str | list[str], changed: str | list[str]
) -> None:
    try:
        subject.build({**settings, name: changed})
    except ConfigError as error:
        if re.search(rf"\b{name}\b", str(error)):
            return
        raise subject.failure(
            f"{name}={changed!r} is refused, but the message does not name {name}: {error}",
            refusal_of(subject, name, value),
            settings,
        ) from None
    raise subject.failure(
        f"{name}={changed!r} is accepted; expected a ConfigError that names {name}, as {BARE} could be epochs, updates "
        "or per cent",
        refusal_of(subject, name, value),
        settings,
    )


def _with_a_bare_number(value: str | list[str]) -> list[Any]:
    """The value without its unit; a list once for each of its items."""
    if isinstance(value, str):
        return [BARE]
    return [[*value[:place], BARE, *value[place + 1 :]] for place in range(len(value))]


def _problem(value: object) -> str | None:
    """Why the value is no duration."""
    try:
        parse_duration(str(value))
    except ConfigError as error:
        return str(error)
    return None
