"""The learning-rate range test (Smith 2015, arXiv 1506.01186, section 3.3): what it measures, and what that suggests.

A ramp of rates, rising exponentially, is trained through once from fresh weights; the loss shows where learning begins,
where it slows and where it breaks down. Pure NumPy: the ramp is trained in `annealkit.training.rate_range_test`.
"""

from annealkit.range_test.conclusion import RangeTest, Recommendation, Suggestion, conclude
from annealkit.range_test.ramp import default_steps, ramp_rates
from annealkit.range_test.settings import FindLrSettings
from annealkit.range_test.smoothing import smooth, smoothing_weight, updates_kept

__all__ = [
    "FindLrSettings",
    "RangeTest",
    "Recommendation",
    "Suggestion",
    "conclude",
    "default_steps",
    "ramp_rates",
    "smooth",
    "smoothing_weight",
    "updates_kept",
]
