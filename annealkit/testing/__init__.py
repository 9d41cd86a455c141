"""Conformance checks: what every schedule, warmup, feedback rule, optimizer, model and data set keeps to.

The built-ins pass the very same checks. Three ways to run them:

    annealkit check ripple                          on the command line; `--all` checks everything that is installed
    pytest --annealkit-check schedule=ripple        each check is a test; or, in the configuration of pytest,
                                                    annealkit_check = schedule=ripple
    for check in checks("schedule", "ripple"):      from Python; a failure raises ConformanceError
        check()

A part is checked as a run would make it: from its configuration, with its defaults, and with every set of settings
that it offers as an example. A class offers them with one class method, which is needed where a field has no default:

    @classmethod
    def examples(cls, folder: Path) -> list[dict[str, Any]]:
        return [{"every": "2ep", "depth": 0.5}]

Each entry is written as in YAML. `folder` exists and is empty; whatever files the settings name are written there,
and it is removed after the checks. Lengths should fit a run of 101 updates in epochs of 10 and longer ones.

A schedule or warmup says in its docstring which values it can have, and the checks hold it to that. The ends are
numbers, inf, fields that are numbers, or min(), max(), +, -, * and / of them; ( and ) leave an end out:

    Range: [min(start, final), 1].

A part that raises, or gives what nothing can be computed with, fails the first check that uses it, with the line of its
own that raised; the checks after it that get no further fail with a reference to that one.

What cannot be checked everywhere is declared by class attributes, and `not_checked` says so:

    needs_download = True        on a data set whose load() uses the network: load() is not called
    needs_tensorflow = True      on a schedule whose factors TensorFlow computes: its speed is not measured
    rate_may_be_zero = False     on an optimizer that divides by the learning rate: no rate of 0 is tried

Neither TensorFlow nor the registry is imported before `checks` is called.
"""

from typing import TYPE_CHECKING

from annealkit.testing.check import Check, ConformanceError

if TYPE_CHECKING:
    from annealkit.testing.subject import Subject

__all__ = ["Check", "ConformanceError", "checks", "not_checked"]


def checks(group: str, name: str) -> list[Check]:
    """The checks for one part.

    Args:
        group: schedule, warmup, feedback, optimizer, model or data.
        name: of a part that is built in or installed.

    Raises:
        ConfigError: there is no such part.
    """
    from annealkit.testing.collect import collect

    return collect(_subject(group, name))


def not_checked(group: str, name: str) -> list[str]:
    """What `checks` leaves out for this part, and why, in a sentence each."""
    from annealkit.testing.collect import left_out

    return left_out(_subject(group, name))


def _subject(group: str, name: str) -> "Subject":
    from annealkit.plugin_system.registry import load_registry
    from annealkit.testing.subject import Subject

    return Subject(load_registry(), group, name)
