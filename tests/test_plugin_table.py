"""The tables of `annealkit plugins`, drawn from a registry made by hand."""

from dataclasses import dataclass

import pytest

from annealkit.command_line.plugin_table import print_plugins
from annealkit.plugin_system.registry import Part, Registry, Skipped

LONG = "a_schedule_with_a_name_that_is_longer_than_anybody_would_choose"


@dataclass
class Wave:
    """Go [up] and :tea: down again, and at such length that no table of 80 columns can show it in one line.

    And this is not part of the summary.
    """


@dataclass
class Silent:
    depth: int = 3


def registry() -> Registry:
    made = Registry()
    made.add(Part("schedule", "wave", Wave, "annealkit-wave", "1.2.3", "wave"))
    made.add(Part("schedule", LONG, Wave, "annealkit-long", "10.0.0rc1", "long"))
    made.add(Part("model", "silent", Silent, "annealkit", "0.1.0", "builtins"))
    made.skipped += [
        Skipped("annealkit-broken", "0.9", "broken_entry", "ImportError: cannot import name 'x' from 'y' [z]"),
        Skipped("annealkit-off", "0.8", "off", "disabled by ANNEALKIT_DISABLE_PLUGINS"),
    ]
    return made


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    print_plugins(registry())
    return capsys.readouterr().out


def test_every_group_in_its_order_with_names_sorted(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys).splitlines()
    titles = [line for line in lines if line.endswith("=") or line == "skipped"]
    assert titles == ["schedule=", "warmup=", "feedback=", "optimizer=", "model=", "data=", "skipped"]
    firsts = [line.split(" ")[0] for line in lines[1 : lines.index("warmup=")] if line and not line.startswith(" ")]
    assert firsts == ["name", LONG, "wave"]


def test_one_line_holds_name_distribution_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys).splitlines()
    assert [line.split() for line in lines if line.startswith("silent")] == [["silent", "annealkit", "0.1.0"]]
    wave = next(line for line in lines if line.startswith("wave"))
    assert wave.split()[:3] == ["wave", "Go", "[up]"]
    assert wave.split()[-2:] == ["annealkit-wave", "1.2.3"]


@pytest.mark.parametrize("columns", [None, "30", "200"])
def test_names_are_never_cut_and_the_text_is_plain(
    columns: str | None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    text = printed(capsys)
    for name in (LONG, "wave", "annealkit-long", "10.0.0rc1", "annealkit-broken", "broken_entry", "annealkit-off"):
        assert name in text
    assert "\x1b" not in text and "…" not in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_summaries_wrap_whole_and_are_not_read_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_plugins(only_wave := Registry())
    capsys.readouterr()
    only_wave.add(Part("schedule", "wave", Wave, "annealkit-wave", "1.2.3", "wave"))
    print_plugins(only_wave)
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    table = text.partition("warmup=")[0].replace("annealkit-wave", "").replace("1.2.3", "")
    assert (Wave.__doc__ or "").splitlines()[0] in " ".join(table.split())
    assert "skipped" not in text


def test_what_was_skipped_says_why_and_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "220")
    lines = [" ".join(line.split()) for line in printed(capsys).partition("skipped")[2].splitlines() if line]
    assert lines == [
        "distribution version entry point cause, and what to do",
        "annealkit-broken 0.9 broken_entry ImportError: cannot import name 'x' from 'y' [z]",
        "Try pip install -U annealkit-broken, or tell its author. ANNEALKIT_DISABLE_PLUGINS=broken_entry silences it.",
        "annealkit-off 0.8 off disabled by ANNEALKIT_DISABLE_PLUGINS",
        "To use it, take its name out of ANNEALKIT_DISABLE_PLUGINS.",
    ]


def test_two_of_one_name_are_told_in_the_words_of_the_registry(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    twice = Registry()
    for distribution in ("annealkit-one", "annealkit-two"):
        twice.add(Part("schedule", "wave", Wave, distribution, "1", distribution[-3:]))
    print_plugins(twice)
    line = next(line for line in capsys.readouterr().out.splitlines() if "more than once" in line)
    assert "annealkit-one 1" in line and "annealkit-two 1" in line and "ANNEALKIT_DISABLE_PLUGINS" in line
