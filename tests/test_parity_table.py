"""The catalogue page: its table is what parity/table.py writes now, and it has every part that is built in."""

import re

import numpy as np
import parity_cases
import pytest
from parity import table

from annealkit.plugin_system.registry import discover

PAGE = table.PAGE.read_text(encoding="utf-8")
CATALOGUE = PAGE.partition(table.BEGIN)[0]


def test_the_table_is_what_the_script_writes_now() -> None:
    assert table.with_table(PAGE) == PAGE, "python tests/parity/table.py writes it anew"


@pytest.mark.parametrize("group", ["schedule", "warmup", "feedback"])
def test_the_catalogue_has_every_built_in_part_and_no_other(group: str) -> None:
    section = re.split(r"^## ", CATALOGUE, flags=re.M)[["schedule", "warmup", "feedback"].index(group) + 1]
    listed = {name for cell in re.findall(r"^\| (`.*?) \|", section, re.M) for name in re.findall(r"`(\w+)`", cell)}
    built_in = {name for name, part in discover().parts[group].items() if part.distribution == "annealkit"}
    assert listed == built_in - {"none"}


def test_differences_and_their_bounds_by_hand() -> None:
    theirs = np.array([2.0, 0.0, 1e-12])
    ours = theirs + np.array([1e-10, 2e-10, 0.0])
    comparison = parity_cases.Comparison("step", "torch StepLR", "1", "", ours, theirs)
    # Of 2, 1e-10 is the relative part 5e-11; where the peer has nearly nothing only the absolute part counts.
    assert table.largest_differences([comparison]) == pytest.approx((5e-11, 2e-10), rel=1e-4)
    assert table.bound(5e-11, table.RELATIVE) == "≤ 1e-8"
    assert table.bound(3e-11, table.RELATIVE) == "≤ 1e-10"
    assert table.bound(0.0, table.ABSOLUTE) == "≤ 1e-14"
