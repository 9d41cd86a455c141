"""Declares the settings of a part, and makes the dataclass that checks them."""

import dataclasses
import difflib
import inspect
import math
import numbers as number_types
import textwrap
from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform

from annealkit.errors import SettingError, clipped
from annealkit.fields.checks import choice_problem, duration_problem, momentum_problem, number_problem

_KEY = "annealkit"
_DURATION = "2ep, 1500st or 12.5%"
_WIDTH = 116
_T = TypeVar("_T")

Problem = Callable[[Any], str | None]


@dataclasses.dataclass(frozen=True)
class Setting:
    """What is known of a field besides its type and default.

    Args:
        meaning: what it is, in a few words.
        allowed: what it may be, in words; empty where its type says it all.
        null: what null stands for; empty where it cannot be null.
        problem: gives what is wrong with a value, as it follows the setting's name; None for nothing.
        hint: a value to try; empty for the default.
        words: the words that it must be one of; empty where it may be something else.
        operational: whether it changes no bit of a run's result, and so is no part of what a run is.
    """

    meaning: str
    allowed: str = ""
    null: str = ""
    problem: Problem = lambda value: None
    hint: str = ""
    words: tuple[str, ...] = ()
    operational: bool = False

    @property
    def text(self) -> str:
        """Meaning, range and null in one sentence, without the full stop: `the factor at the end, in [0, 1]; …`."""
        what, *notes = self.meaning.split("; ")
        first = f"{what}, {self.allowed}" if self.allowed else what
        return "; ".join([first, *notes, *([f"null: {self.null}"] if self.null else [])])


def setting(
    default: Any = dataclasses.MISSING,
    meaning: str = "",
    *,
    allowed: str = "",
    problem: Problem = lambda value: None,
    null: str = "",
    hint: str = "",
    words: tuple[str, ...] = (),
    operational: bool = False,
) -> Any:
    """A field of any type.

    Args:
        default: left out for a field that must be given; a list or dictionary is copied for each part.
        meaning: what it is, in a few words that begin in lower case.
        allowed: what it may be, in words that follow the meaning after a comma.
        problem: gives what is wrong with a value, as it follows the setting's name (` must be even; got 3.`), or None.
        null: what null stands for, where it may be null.
        hint: a value to try when another is refused; the default if it is left out.
        words: the words that it must be one of, of which the nearest is the value to try.
        operational: true for what changes no bit of a run's result.
    """
    known = Setting(meaning, allowed, null, problem, hint, words, operational)
    return _field(default, known)


def number(default: Any = dataclasses.MISSING, within: str = "(-inf, inf)", meaning: str = "", **more: Any) -> Any:
    """A finite number within an interval such as `[0, 1)` or `(0, inf)`; `more` as in `setting`."""
    low, high, bounds = _interval(within)
    allowed = "" if within == "(-inf, inf)" else _in_words(low, high, bounds)
    return setting(
        default, meaning, allowed=allowed, problem=lambda value: number_problem(value, low, high, bounds), **more
    )


def integer(default: Any = dataclasses.MISSING, within: str = "[0, inf)", meaning: str = "", **more: Any) -> Any:
    """A whole number within an interval; `more` as in `setting`."""
    low, high, bounds = _interval(within)
    words = _in_words(low, high, bounds)
    return setting(default, meaning, allowed=words, problem=lambda value: _whole(value, low, high, bounds), **more)


def integers(default: Any = dataclasses.MISSING, within: str = "[0, inf)", meaning: str = "", **more: Any) -> Any:
    """A list of whole numbers, each within an interval; `more` as in `setting`."""
    low, high, bounds = _interval(within)
    problem = _each(lambda item: _whole(item, low, high, bounds))
    return setting(default, meaning, allowed=f"each {_in_words(low, high, bounds)}", problem=problem, **more)


def numbers(default: Any = dataclasses.MISSING, within: str = "(-inf, inf)", meaning: str = "", **more: Any) -> Any:
    """A list of finite numbers, each within an interval; `more` as in `setting`."""
    low, high, bounds = _interval(within)
    allowed = "" if within == "(-inf, inf)" else f"each {_in_words(low, high, bounds)}"
    return setting(
        default, meaning, allowed=allowed, problem=_each(lambda item: number_problem(item, low, high, bounds)), **more
    )


def duration(
    default: Any = dataclasses.MISSING, meaning: str = "", *, zero: bool = False, word: str | None = None, **more: Any
) -> Any:
    """A length of training: `2ep`, `1500st` or `12.5%`; longer than nothing unless `zero`; or that word.

    `more` as in `setting`.
    """
    allowed = f"a duration {'' if zero else 'above zero '}({_DURATION}){f', or {word}' if word else ''}"

    def problem(value: Any) -> str | None:
        return None if word is not None and value == word else duration_problem(value, zero)

    return setting(default, meaning, allowed=allowed, problem=problem, **more)


def durations(default: Any = dataclasses.MISSING, meaning: str = "", *, zero: bool = False, **more: Any) -> Any:
    """A list of durations; `more` as in `setting`."""
    allowed = f"each a duration {'' if zero else 'above zero '}({_DURATION})"
    return setting(default, meaning, allowed=allowed, problem=_each(lambda item: duration_problem(item, zero)), **more)


def flag(default: bool, meaning: str, **more: Any) -> Any:
    """True or false; `more` as in `setting`."""

    def problem(value: Any) -> str | None:
        return None if value in (True, False) else f" must be true or false; got {value!r}"

    return setting(default, meaning, problem=problem, **more)


def choice(default: Any = dataclasses.MISSING, words: tuple[str, ...] = (), meaning: str = "", **more: Any) -> Any:
    """One of some words; `more` as in `setting`."""
    allowed = f"one of {', '.join(words)}"
    return setting(
        default, meaning, allowed=allowed, problem=lambda value: choice_problem(value, words), words=words, **more
    )


def momentum(default: Any, meaning: str, **more: Any) -> Any:
    """`[highest, lowest]`, each in [0, 1), between which a schedule moves the optimizer's momentum; or null."""
    more = {"null": "leave it alone", "hint": "[0.95,0.85]", **more}
    return setting(default, meaning, allowed="[highest, lowest], each in [0, 1)", problem=momentum_problem, **more)


@dataclass_transform()
def checked_dataclass(cls: type[_T] | None = None, /, *, label: str = "", prefix: str | None = None) -> Any:
    """A dataclass whose settings are checked whenever it is made, before its own `__post_init__`.

    A subclass, a plain dataclass too, that gives an inherited setting another default keeps what is known of it.

    Args:
        label: how errors call it; the name of the class if it is left out.
        prefix: what stands before a setting's name where it is set, `trainer.` for `trainer.epochs`; with a label, the
            label and a dot if it is left out.

    Raises:
        SettingError: by the class, for a value that cannot be.
    """

    def decorate(cls: type[_T]) -> type[_T]:
        own = getattr(cls, "__post_init__", None)

        def __post_init__(self: Any) -> None:  # noqa: N807  the name that dataclasses call
            try:
                check_settings(self)
                if own is not None:
                    own(self)
            except SettingError as error:
                if label and error.part == type(self).__name__:
                    raise error.at(label, f"{label}." if prefix is None else prefix) from None
                raise

        cls.__post_init__ = __post_init__  # type: ignore[attr-defined]
        written = cls.__doc__
        made = dataclasses.dataclass(cls)
        if written and "Args:" not in written:
            made.__doc__ = written.rstrip() + _arguments(made)
        return made

    return decorate if cls is None else decorate(cls)


def settings_of(cls: type) -> dict[str, Setting]:
    """Field -> what is known of it, which a field without a Setting of its own has from a base class, or nothing.

    In the order in which they are shown: those that the class declares itself, then those of its bases.
    """
    known: dict[str, Setting] = {}
    for base in reversed(cls.__mro__):
        for name, field in vars(base).get("__dataclass_fields__", {}).items():
            known[name] = field.metadata.get(_KEY) or known.get(name) or Setting("")
    declared = dict.fromkeys(name for base in cls.__mro__ for name in inspect.get_annotations(base))
    shown = [*(name for name in declared if name in known), *known]
    settable = {field.name for field in dataclasses.fields(cls)}
    return {name: known[name] for name in shown if name in settable}


def prose_of(cls: type) -> str:
    """The class's own docstring as it was written, without indentation; empty where there is none."""
    text = vars(cls).get("__doc__") or ""
    # A dataclass without a docstring gets its signature as one, which says nothing to a reader.
    return "" if text.startswith(f"{cls.__name__}(") else inspect.cleandoc(text.removesuffix(_arguments(cls)))


def check_settings(part: Any) -> None:
    """Raise SettingError for the first setting whose value cannot be."""
    known = settings_of(type(part))
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        if value is None and (known[field.name].null or field.default is None):
            continue
        problem = known[field.name].problem(value)
        if problem is not None:
            raise SettingError(part, field.name, problem, _suggestion(field, known[field.name], value))


def default_of(field: "dataclasses.Field[Any]") -> Any:
    """The default of a field; dataclasses.MISSING where it must be given."""
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def as_text(value: Any) -> str:
    """A value as it is written on the command line; empty for dataclasses.MISSING."""
    if value is dataclasses.MISSING:
        return ""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value).replace("'", "").replace(", ", ",") if isinstance(value, list) else str(value)


def _suggestion(field: "dataclasses.Field[Any]", known: Setting, value: Any) -> str:
    """What to try in place of a value: the nearest word, the hint or the default; and null where it may be that."""
    near = difflib.get_close_matches(str(value), known.words, n=1, cutoff=0.6)
    found = near[0] if near else known.hint or as_text(default_of(field))
    return f"{found}, or null: {known.null}" if known.null and found != "null" else found


def _field(default: Any, known: Setting) -> Any:
    metadata = {_KEY: known}
    if isinstance(default, list | dict):
        copy = type(default)
        return dataclasses.field(default_factory=lambda: copy(default), metadata=metadata)
    if callable(default):
        return dataclasses.field(default_factory=default, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def _arguments(cls: type) -> str:
    """The section `Args:` of the settings that a class declares itself; empty if there are none."""
    if "__dataclass_fields__" not in vars(cls):
        return ""
    own = inspect.get_annotations(cls)
    known = {name: found for name, found in settings_of(cls).items() if name in own and found.meaning}
    if not known:
        return ""
    lines = [
        textwrap.fill(f"{name}: {found.text}.", _WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 12)
        for name, found in known.items()
    ]
    return "\n".join(["\n\n    Args:", *lines, "    "])


def _whole(value: Any, low: float, high: float, bounds: str) -> str | None:
    if isinstance(value, number_types.Real) and not isinstance(value, number_types.Integral | bool):
        return f" must be a whole number; got {value!r}."
    if isinstance(value, int) and abs(value) >= 2**63:
        return f" must fit 64 bits; got {clipped(str(value), 30)}."
    return number_problem(value, low, high, bounds)


def _interval(within: str) -> tuple[float, float, str]:
    """`[0, 1)` as (0.0, 1.0, "[)")."""
    low, high = (float(end) for end in within[1:-1].split(","))
    return low, high, within[0] + within[-1]


def _in_words(low: float, high: float, bounds: str) -> str:
    """`in [0, 1)`, `at least 0`, `above 0`, `below 0`."""
    if high == math.inf:
        return f"{'at least' if bounds[0] == '[' else 'above'} {low:.10g}"
    if low == -math.inf:
        return f"{'at most' if bounds[1] == ']' else 'below'} {high:.10g}"
    return f"in {bounds[0]}{low:.10g}, {high:.10g}{bounds[1]}"


def _each(problem: Problem) -> Problem:
    """The first problem of the entries of a list."""

    def of_list(value: Any) -> str | None:
        if not isinstance(value, list | tuple):
            return f" must be a list; got {value!r}."
        return next(filter(None, map(problem, value)), None)

    return of_list
