"""The catalogue page: it is what parity/page.py writes now, and it has every part that is built in."""

import re

import numpy as np
import pytest
from parity import page
from parity.comparisons import Comparison

from annealkit.plugin_system.registry import discover

PAGE = page.PAGE.read_text(encoding="utf-8")


def test_the_page_is_what_the_script_writes_now() -> None:
    assert page.written(PAGE) == PAGE, "python tests/parity/page.py writes it anew"


@pytest.mark.parametrize("group", ["schedule", "warmup", "feedback"])
def test_the_catalogue_has_every_built_in_part_and_no_other(group: str) -> None:
    section = re.split(r"^## ", PAGE, flags=re.M)[["schedule", "warmup", "feedback"].index(group) + 1]
    overview = section.partition("\n### ")[0]
    listed = {name for cell in re.findall(r"^\| (`.*?) \|", overview, re.M) for name in re.findall(r"`(\w+)`", cell)}
    sections = {name for title in re.findall(r"^### (.*)$", section, re.M) for name in re.findall(r"`(\w+)`", title)}
    assert sections == listed
    built_in = {name for name, part in discover().parts[group].items() if part.distribution == "annealkit"}
    assert listed == built_in - {"none"}


def test_differences_and_their_bounds_by_hand() -> None:
    theirs = np.array([2.0, 0.0, 1e-12])
    ours = theirs + np.array([1e-10, 2e-10, 0.0])
    comparison = Comparison("step", "torch StepLR", "1", "", ours, theirs)
    # Of 2, 1e-10 is the relative part 5e-11; where the peer has nearly nothing only the absolute part counts.
    assert page.largest_differences([comparison]) == pytest.approx((5e-11, 2e-10), rel=1e-4)
    assert page.bound(5e-11, page.RELATIVE) == "≤ 1e-8"
    assert page.bound(3e-11, page.RELATIVE) == "≤ 1e-10"
    assert page.bound(0.0, page.ABSOLUTE) == "≤ 1e-14"
