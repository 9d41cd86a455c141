"""Expected values are worked out by hand."""

from typing import Any

import numpy as np
import pytest
from annealkit_sawtooth import Sawtooth, annealkit_schedules

from annealkit import LinearWarmup, Run, SettingError, learning_rates


def test_three_teeth() -> None:
    # Teeth of 4 updates: above the floor of 0.2 they begin 0.8, 0.4 and 0.2 high and lose a quarter of that per update.
    rates = learning_rates(Sawtooth(every="4st", shrink=0.5, floor=0.2), 1.0, Run(total_steps=12, steps_per_epoch=4))
    assert rates == pytest.approx([1, 0.8, 0.6, 0.4, 0.6, 0.5, 0.4, 0.3, 0.4, 0.35, 0.3, 0.25], rel=1e-12)


def test_teeth_of_equal_height_by_the_epoch() -> None:
    rates = learning_rates(Sawtooth(every="1ep", shrink=1.0), 0.1, Run(total_steps=6, steps_per_epoch=2))
    assert rates == pytest.approx([0.1, 0.05, 0.1, 0.05, 0.1, 0.05], rel=1e-12)


def test_a_run_that_ends_within_a_tooth() -> None:
    # 40% of 5 updates are 2: two whole teeth and the first update of a third, a quarter high.
    rates = learning_rates(Sawtooth(every="40%"), 1.0, Run(total_steps=5, steps_per_epoch=5))
    assert rates == pytest.approx([1, 0.5, 0.5, 0.25, 0.25], rel=1e-12)


def test_after_a_warmup_the_first_tooth_begins_whole() -> None:
    run = Run(total_steps=8, steps_per_epoch=4)
    rates = learning_rates(Sawtooth(every="2st"), 1.0, run, LinearWarmup(length="4st"))
    assert rates[:4].max() < 1
    assert rates[4:] == pytest.approx([1, 0.5, 0.5, 0.25], rel=1e-12)


def test_far_on_it_is_still_finite_and_not_negative() -> None:
    factors = Sawtooth(every="1st", floor=0.0).factor(np.arange(5000, dtype=np.int64), Run(5000, 100))
    assert factors.dtype == np.float64
    assert factors[1] == 0.5
    assert factors[-1] == 0  # 0.5^4999 is less than any float64


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("every", "3", r"^Sawtooth: every='3' has no unit.* Try every=20%\.$"),
        ("every", "0ep", r"^Sawtooth: every must be longer than nothing; got '0ep'\. Try every=20%\.$"),
        ("shrink", 0.0, r"^Sawtooth: shrink must lie in \(0, 1\]; got 0\.0\. Try shrink=0\.5\.$"),
        ("shrink", 1.5, r"^Sawtooth: shrink must lie in \(0, 1\]; got 1\.5\. Try shrink=0\.5\.$"),
        ("floor", -0.1, r"^Sawtooth: floor must lie in \[0, 1\]; got -0\.1\. Try floor=0\.0\.$"),
    ],
)
def test_values_out_of_range_are_refused_by_name(field: str, value: Any, message: str) -> None:
    with pytest.raises(SettingError, match=message) as caught:
        Sawtooth(**{field: value})
    # On the command line it is said in the words of the command line.
    assert str(caught.value.at("sawtooth", "schedule.")).startswith(f"sawtooth: {field}")


def test_the_hook_offers_it() -> None:
    assert annealkit_schedules() == {"sawtooth": Sawtooth}
