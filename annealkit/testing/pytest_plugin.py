"""The checks as tests of pytest.

    pytest --annealkit-check schedule=ripple

or, in the configuration of pytest, one part a line:

    annealkit_check =
        schedule=ripple
        optimizer=nesterov_adam

Each check is a test, such as `annealkit-check::schedule=ripple::finite and at least 0`; they follow the tests from
files. Those of the configuration are left out where single tests are asked for, as in `pytest test_a.py::test_b`.

pytest imports this module wherever annealkit is installed: it needs nothing but pytest until one of the two is used.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from annealkit.errors import AnnealkitError, ConfigError
from annealkit.testing.check import Check

OPTION, INI, NAME = "--annealkit-check", "annealkit_check", "annealkit-check"
LEFT_OUT = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    what = "a part to check, such as schedule=ripple"
    parser.getgroup("annealkit").addoption(
        OPTION, action="append", default=[], metavar="GROUP=NAME", help=f"{what}; may be given several times"
    )
    parser.addini(INI, f"{what}, one a line", type="linelist", default=[])


@pytest.hookimpl(tryfirst=True)  # Before -k chooses among the tests.
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    parts = parts_to_check(config)
    if not parts:
        return
    from annealkit.testing import not_checked

    root = Checks.from_parent(session, name=NAME, nodeid=NAME)
    try:
        for part in parts:
            items.extend(Checks.from_parent(root, name=part).collect())
        config.stash[LEFT_OUT] = [f"{part}: {line}" for part in parts for line in not_checked(*part.split("=", 1))]
    except AnnealkitError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was not checked, so that a green run is not taken for more than it is."""
    lines = config.stash.get(LEFT_OUT, [])
    if lines:
        terminalreporter.section("annealkit: not checked")
        for line in lines:
            terminalreporter.line(line)


def parts_to_check(config: pytest.Config) -> list[str]:
    """What the option and the configuration name, each once."""
    named = list(config.getoption(OPTION))
    if not any("::" in argument for argument in config.args):
        named += config.getini(INI)
    return list(dict.fromkeys(part.strip() for part in named))


class Checks(pytest.Collector):
    """The checks of one part; or, without one, what holds these together."""

    def collect(self) -> Iterator["CheckItem"]:
        from annealkit.testing import checks

        group, equals, name = self.name.partition("=")
        if not equals:
            raise ConfigError(f"{NAME}: {self.name!r} is not of the form GROUP=NAME, such as schedule=ripple.")
        for check in checks(group, name):
            yield CheckItem.from_parent(self, name=check.title, check=check)


class CheckItem(pytest.Item):
    """One check as a test."""

    def __init__(self, *, check: Check, **options: Any) -> None:
        super().__init__(**options)
        self._check = check

    def runtest(self) -> None:
        self._check()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The message alone: where in the check it was found helps nobody to mend the part."""
        if isinstance(excinfo.value, AnnealkitError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[str, None, str]:
        return NAME, None, f"{self._check.part}: {self.name}"
