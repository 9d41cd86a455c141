"""A setting in one line: its default, what it may be, what it means.

    @checked_dataclass
    class Sawtooth:
        \"\"\"Fall linearly to `floor` once every `every`, then leap back up.\"\"\"

        every: str = duration("20%", "length of a tooth")
        floor: float = number(0.0, "[0, 1]", "what every tooth falls to", hint="0.01")

The value is checked whenever the part is made, in Python as on the command line. Help, refusals, the files of `conf/`
and the conformance checks are made from the same line: `settings_of` gives it to them, and the docstring gets an
`Args:` of it. To type checkers and editors the class is a dataclass like any other.
"""

from annealkit.fields.declaring import (
    Setting,
    as_text,
    checked_dataclass,
    choice,
    default_of,
    duration,
    durations,
    flag,
    integer,
    integers,
    momentum,
    number,
    numbers,
    prose_of,
    setting,
    settings_of,
)

__all__ = [
    "Setting",
    "as_text",
    "checked_dataclass",
    "choice",
    "default_of",
    "duration",
    "durations",
    "flag",
    "integer",
    "integers",
    "momentum",
    "number",
    "numbers",
    "prose_of",
    "setting",
    "settings_of",
]
