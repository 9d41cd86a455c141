"""`annealkit plugins NAME`: what a part is and what can be set on it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from helpers import annealkit_command

from annealkit.command_line.part_details import details
from annealkit.command_line.plugins import plugins_command
from annealkit.errors import ConfigError
from annealkit.fields import checked_dataclass, duration, number, setting
from annealkit.plugin_system.named_parts import named_parts
from annealkit.plugin_system.registry import DISABLE, Part, Registry, Skipped


@dataclass
class Base:
    """What all waves have.

    Args:
        depth: how deep, in metres.
    """

    depth: float = 2.0


@dataclass(kw_only=True)
class Wave(Base):
    """Go up [and] down.

    Args:
        every: how often, a duration.
    """

    every: str
    calm: bool = False
    scale: int | None = None
    ends: list[str] = field(default_factory=lambda: ["20%"])
    groups: list[Base] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class Silent:
    pass


def registry() -> Registry:
    made = Registry()
    made.add(Part("schedule", "wave", Wave, "annealkit-wave", "1.2.3", "wave"))
    made.add(Part("schedule", "silent", Silent, "annealkit-wave", "1.2.3", "wave"))
    made.add(Part("warmup", "silent", Silent, "annealkit-wave", "1.2.3", "wave"))
    made.skipped.append(Skipped("annealkit-knee", "0.1", "knee", "ImportError: no"))
    made.skipped.append(Skipped("annealkit-off", "0.1", "shoulder", f"disabled by {DISABLE}"))
    return made


WAVE = """\
schedule=wave    from annealkit-wave 1.2.3

Go up [and] down.

Args:
    every: how often, a duration.

From Base:

What all waves have.

Args:
    depth: how deep, in metres.

Settings, with their defaults:
  schedule.every=…        str, no default
  schedule.calm=false     bool
  schedule.scale=null     int | None
  schedule.ends=[20%]     list[str]
  schedule.groups=[]      list[Base]
  schedule.options={}     dict[str, Any]
  schedule.depth=2.0      float"""


def test_the_docstring_as_it_stands_and_every_field() -> None:
    found, expected = (text.splitlines() for text in (details(registry().get("schedule", "wave")), WAVE))
    settings = expected.index("Settings, with their defaults:")
    assert found[:settings] == expected[:settings]
    assert [line.split() for line in found] == [line.split() for line in expected]
    assert len({line.rindex("  ") for line in found[settings + 1 :]}) == 1  # In two columns.


@checked_dataclass
class Spray:
    """Fall in drops."""

    every: str = duration(meaning="how often", hint="1ep")
    height: float | None = number(0.5, "[0, 1)", "how high, of the wave", null="as it comes")


@checked_dataclass
class Foam(Spray):
    """Fall in bubbles."""

    height: float | None = 0.25
    base: Spray = setting(lambda: Spray(every="2ep"), "what is below")


FOAM = """\
schedule=foam    from annealkit-wave 1.2.3

Fall in bubbles.

From Spray:

Fall in drops.

Settings, with their defaults:
  schedule.height=0.25      float | None
      how high, of the wave, in [0, 1); null: as it comes
  schedule.base.every=…     str, no default
      how often, a duration above zero (2ep, 1500st or 12.5%)
  schedule.base.height=0.5  float | None
      how high, of the wave, in [0, 1); null: as it comes
  schedule.every=…          str, no default
      how often, a duration above zero (2ep, 1500st or 12.5%)"""


def test_what_a_field_says_of_itself_is_said_once() -> None:
    assert details(Part("schedule", "foam", Foam, "annealkit-wave", "1.2.3", "wave")) == FOAM


def test_a_part_that_says_nothing_of_itself() -> None:
    text = details(registry().get("warmup", "silent"))
    assert text == "warmup=silent    from annealkit-wave 1.2.3\n\nIt has no docstring.\n\nNo settings."


def test_a_name_alone_means_all_groups_and_each_part_comes_once() -> None:
    found = named_parts("plugins", ["silent", "schedule=wave", "warmup=silent"], registry())
    assert [part.label for part in found] == ["schedule=silent", "warmup=silent", "schedule=wave"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("wav", "check: nothing is called 'wav'. Did you mean wave? `annealkit plugins` lists everything."),
        ("schedule=wav", "schedule=wav: no such schedule. Did you mean wave? There are: silent, wave."),
        ("schedul=wave", "check: there is no group 'schedul'. Did you mean schedule? Groups are model, data, schedule"),
        ("ripple", "'ripple'. Is it installed in this environment? Try pip install -e annealkit-ripple. `annealkit pl"),
        ("knee", "nothing is called 'knee'. Plugin knee of annealkit-knee was skipped, see above. `annealkit"),
        ("annealkit-knee", "Plugin knee of annealkit-knee was skipped, see above."),
        ("shoulder", f"'shoulder'. Plugin shoulder of annealkit-off is disabled by {DISABLE}. "),
        ("warmup=knees", "no such warmup. Plugin knee of annealkit-knee was skipped, see above. There are: silent."),
    ],
)
def test_a_name_that_is_not_there_is_refused_with_what_may_help(name: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        named_parts("check", [name], registry())
    assert words in str(refused.value)


def test_on_the_command_line(tmp_path: Path) -> None:
    done = annealkit_command("plugins", "schedule=cosine", "sgd", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Formula: factor(s) = floor + (1 - floor) * (½ (1 + cos(π q^k)))^exponent" in done.stdout
    assert "schedule.length=100%" in done.stdout and "optimizer.groups=[]" in done.stdout
    assert "list[VariableGroup]" in done.stdout and "each gradient tensor is scaled to at most this norm" in done.stdout
    assert "Args:" not in done.stdout
    refused = annealkit_command("plugins", "schedule=cosin", cwd=tmp_path)
    assert refused.returncode == 2 and "no such schedule. Did you mean cosine?" in refused.stderr
    assert "`annealkit plugins schedule=cosine` explains" in annealkit_command("--help", cwd=tmp_path).stdout


def test_a_group_alone_is_its_table_and_the_trainer_has_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert plugins_command(["trainer", "warmup"]) == 0
    tables, _, settings = capsys.readouterr().out.partition("trainer\n\n")
    lines = tables.splitlines()
    assert [line for line in lines if line.endswith("=")] == ["warmup="]
    assert {"cosine", "none"} <= {line.split(" ")[0] for line in lines}
    lines = [" ".join(line.split()) for line in settings.splitlines()]
    place = lines.index("trainer.epochs=8 int")
    assert lines[place + 1] == "passes over the training images, at least 1"
    place = lines.index("trainer.early_stopping.mode=auto str")
    assert lines[place + 1] == "which way is better, one of auto, min, max; auto goes by the figure's name"


def test_check_has_a_help_of_its_own(tmp_path: Path) -> None:
    done = annealkit_command("check", "-h", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "annealkit check schedule=ripple optimizer=adam" in done.stdout and len(done.stdout.splitlines()) < 20
