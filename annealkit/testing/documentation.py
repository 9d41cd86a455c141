"""Checks of the docstring and of the configuration, which are the same for every kind of part."""

import re
from dataclasses import fields

from omegaconf import DictConfig, OmegaConf

from annealkit.fields import prose_of, settings_of
from annealkit.testing.subject import Subject, same

_HEADING = re.compile(r"^[A-Z]\w*:")
_ENTRY = re.compile(r"^ {1,8}(\w+(?:, \w+)*): ")
_CITED = re.compile(r"\b(1[89]|20)\d\d\b")


def has_settings(subject: Subject) -> None:
    """It can be made with its defaults, or offers examples; each of them makes an instance."""
    if subject.required and not subject.examples:
        raise subject.failure(
            f"{', '.join(subject.required)} has no default, and the class offers no examples",
            "add a class method examples(cls, folder) that returns a list of settings to check it with, such as "
            f"[{{{subject.required[0]!r}: …}}]; see annealkit.testing.",
        )
    for settings in subject.settings:
        subject.build(settings)


def has_docstring(subject: Subject, *headings: str) -> None:
    """A summary, the given headings, and what every field means, said with it or under `Args:`."""
    text = prose_of(subject.part.cls)
    name = subject.part.cls.__name__
    if not text.partition("\n")[0].strip():
        own = [f"`{heading}:`" for heading in headings]
        names = ", ".join(field.name for field in fields(subject.part.cls))
        raise subject.failure(
            f"the class {name} has no docstring",
            "begin it with a docstring whose first line says in a sentence what it does; `annealkit plugins` shows it. "
            f"It needs besides: {', '.join([*own, '`Args:`'])} with every field{names and ': ' + names}."
            " Those that say what they are, as in a checked_dataclass, need no `Args:`.",
        )
    missing = [heading for heading in headings if not re.search(rf"^{heading}: *\S", text, re.MULTILINE)]
    documented = {entry for cls in subject.part.cls.__mro__ for entry in _arguments(prose_of(cls))}
    documented |= {field for field, known in settings_of(subject.part.cls).items() if known.meaning}
    unsaid = [field.name for field in fields(subject.part.cls) if field.name not in documented]
    found = [f"has no line {heading}:" for heading in missing]
    changes = [f"add a line such as `{_EXAMPLE[heading]}`." for heading in missing]
    if unsaid:
        found.append(f"does not say what {', '.join(unsaid)} {'is' if len(unsaid) == 1 else 'are'}")
        changes.append(
            f"under a line `Args:` add, indented, `{unsaid[0]}: what it is, its unit, its range.`, or declare it in a "
            f'checked_dataclass, such as `{unsaid[0]}: float = number(0.1, "[0, 1]", "what it is")`.'
        )
    if found:
        raise subject.failure(f"the docstring of {name} {', '.join(found)}", " ".join(changes))


def has_source(subject: Subject) -> None:
    """Where it comes from: a line `Source:`, or a year in the text as of a citation."""
    text = prose_of(subject.part.cls)
    if not re.search(r"^Source: *\S", text, re.MULTILINE) and not _CITED.search(text):
        raise subject.failure(
            f"the docstring of {subject.part.cls.__name__} does not say where it comes from",
            f"add a line such as `{_EXAMPLE['Source']}`.",
        )


def survives_yaml(subject: Subject) -> None:
    """Written as YAML and read back, its configuration makes an equal instance."""
    for settings in subject.settings:
        text = OmegaConf.to_yaml(subject.config(settings))
        node = OmegaConf.create(text)
        assert isinstance(node, DictConfig)
        again = subject.registry.build(subject.group, node)
        before = subject.build(settings)
        if subject.is_none:
            continue
        for name, left in vars(before).items():
            right = vars(again).get(name)
            if not same(left, right):
                raise subject.failure(
                    f"the field {name} is {left!r}, and {right!r} after its configuration was written as YAML "
                    "and read back",
                    f"let {name} depend on nothing but what was set: no counters and no random numbers; and use only "
                    "str, int, float, bool, lists and dictionaries of them, and dataclasses.",
                    settings,
                )


def _arguments(text: str) -> set[str]:
    """The names under `Args:`."""
    found: set[str] = set()
    inside = False
    for line in text.splitlines():
        if _HEADING.match(line):
            inside = line.startswith("Args:")
        elif inside and (entry := _ENTRY.match(line)):
            found.update(entry[1].split(", "))
    return found


_EXAMPLE = {
    "Formula": "Formula: factor(s) = 1 - s/T.",
    "Source": "Source: Loshchilov and Hutter 2016, arXiv 1608.03983.` or `Source: a rule of practice.",
}
