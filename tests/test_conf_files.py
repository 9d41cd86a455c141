"""What is made from the classes of the built-in parts: the files of conf/ and the names that editors know."""

import re
from pathlib import Path

import pytest
import yaml

import annealkit
from annealkit.configuration import conf_files
from annealkit.configuration.commented_yaml import commented, defaults_of, flow
from annealkit.fields import checked_dataclass, integer, number, setting

AGAIN = "run python -m annealkit.configuration.conf_files"


FILES = conf_files.files()


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_file_is_what_the_classes_make_of_it(path: Path) -> None:
    assert path.is_file() and path.read_text(encoding="utf-8") == FILES[path], AGAIN


def test_no_file_is_left_of_what_is_no_more() -> None:
    assert conf_files.stale() == [], AGAIN


def test_every_class_that_editors_know_is_there() -> None:
    code = Path(str(annealkit.__file__)).read_text(encoding="utf-8")
    known = re.findall(r"^    from (\S+) import (\w+) as \2$", code, re.MULTILINE)
    assert ("annealkit.schedules.cosine", "Cosine") in known and len(known) > 40
    for module, name in known:
        assert getattr(annealkit, name).__module__ == module


@checked_dataclass
class Inner:
    steps: int = integer(3, "[1, inf)", "how many")


@checked_dataclass
class Outer:
    path: str = setting(meaning="a file")
    weight: float = number(1e-7, "(0, 1]", "how heavy it is, " + "very " * 20 + "heavy")
    ends: list[str] = setting(["50%", "a, b"], "where")
    inner: Inner = setting(Inner, "what is within")
    silent: bool = False


YAML = """\
path: ???            # a file
weight: 1.0e-7       # how heavy it is, very very very very very very very very very very very very very very very very
                     # very very very very heavy, in (0, 1]
ends: [50%, "a, b"]  # where
inner:               # what is within
  steps: 3           # how many, at least 1
silent: false
"""


def test_comments_begin_in_one_column_and_wrap() -> None:
    assert commented(Outer, defaults_of(Outer)) == YAML
    assert max(map(len, YAML.splitlines())) <= 120


@pytest.mark.parametrize(
    "value",
    [
        1e-7, 4e-06, 0.1, 1.5e300, 3, True, None, "null", "1e-3", "12.5%", "a: b", "x #y", "[1]", "", " ", "it's", "ä",
        [0.5, "1ep"], {"a": [1, {"b": "c, d"}]}, [], {}, "a\nb", "-", "yes", '"',
    ],
)  # fmt: skip
def test_a_value_is_the_same_after_yaml(value: object) -> None:
    text = flow(value)
    assert "\n" not in text and yaml.safe_load(f"key: {text}") == {"key": value}
