"""Write reference.json: values of every optax schedule, from plain calls of optax itself, one update at a time.

The tests read only the file. To write it anew, in an environment with optax: python tests/generate_reference.py
"""

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import optax

STEPS = (0, 1, 2, 3, 4, 5, 9, 10, 11, 17, 24, 25, 26, 39, 40, 49, 50, 51, 60, 79, 80, 84, 85, 86, 99)
TOTAL, STEPS_PER_EPOCH = 100, 20  # so 1ep is 20 updates and 1% is one

# What the plugin is given, with and without durations, and the call that it stands for.
CASES: list[tuple[str, dict[str, Any], Callable[[], Callable[[int], Any]]]] = [
    ("constant_schedule", {"value": 0.3}, lambda: optax.constant_schedule(0.3)),
    (
        "cosine_decay_schedule",
        {"init_value": 1, "decay_steps": "100%", "alpha": 0.1, "exponent": 2},
        lambda: optax.cosine_decay_schedule(1.0, 100, 0.1, 2.0),
    ),
    (
        "cosine_onecycle_schedule",
        {"transition_steps": "100%", "peak_value": 1},
        lambda: optax.cosine_onecycle_schedule(100, 1.0),
    ),
    (
        "exponential_decay",
        {"init_value": 1, "transition_steps": "0.5ep", "decay_rate": 0.7, "transition_begin": "4st"},
        lambda: optax.exponential_decay(1.0, 10, 0.7, 4),
    ),
    (
        "exponential_decay",
        {"init_value": 1, "transition_steps": 10, "decay_rate": 0.7, "staircase": True, "end_value": 0.1},
        lambda: optax.exponential_decay(1.0, 10, 0.7, staircase=True, end_value=0.1),
    ),
    (
        "join_schedules",
        {
            "schedules": [
                {
                    "function": "linear_schedule",
                    "arguments": {"init_value": 0, "end_value": 1, "transition_steps": "10%"},
                },
                {"function": "constant_schedule", "arguments": {"value": 1}},
                {"function": "cosine_decay_schedule", "arguments": {"init_value": 1, "decay_steps": "3ep"}},
            ],
            "boundaries": ["10%", 40],
        },
        lambda: optax.join_schedules(
            [optax.linear_schedule(0.0, 1.0, 10), optax.constant_schedule(1.0), optax.cosine_decay_schedule(1.0, 60)],
            [10, 40],
        ),
    ),
    (
        "linear_onecycle_schedule",
        {"transition_steps": 100, "peak_value": 2, "pct_start": 0.25, "pct_final": 0.8},
        lambda: optax.linear_onecycle_schedule(100, 2.0, 0.25, 0.8),
    ),
    (
        "linear_schedule",
        {"init_value": 1, "end_value": 0.1, "transition_steps": "2ep", "transition_begin": "10%"},
        lambda: optax.linear_schedule(1.0, 0.1, 40, 10),
    ),
    (
        "piecewise_constant_schedule",
        {"init_value": 1, "boundaries_and_scales": {"2ep": 0.5, "80%": 0.1, "5st": 2}},
        lambda: optax.piecewise_constant_schedule(1.0, {5: 2.0, 40: 0.5, 80: 0.1}),
    ),
    (
        "piecewise_interpolate_schedule",
        {"interpolate_type": "linear", "init_value": 1, "boundaries_and_scales": {"25%": 0.1, "85st": 0.5}},
        lambda: optax.piecewise_interpolate_schedule("linear", 1.0, {25: 0.1, 85: 0.5}),
    ),
    (
        "piecewise_interpolate_schedule",
        {"interpolate_type": "cosine", "init_value": 1, "boundaries_and_scales": {"25": 0.1, "85": 0.5}},
        lambda: optax.piecewise_interpolate_schedule("cosine", 1.0, {25: 0.1, 85: 0.5}),
    ),
    (
        "polynomial_schedule",
        {"init_value": 1, "end_value": 0.2, "power": 2.5, "transition_steps": "80%", "transition_begin": 4},
        lambda: optax.polynomial_schedule(1.0, 0.2, 2.5, 80, 4),
    ),
    (
        "sgdr_schedule",
        {
            "cosine_kwargs": [
                {"init_value": 0, "peak_value": 1, "warmup_steps": 5, "decay_steps": "2ep", "end_value": 0.1},
                {"init_value": 0.1, "peak_value": 0.5, "warmup_steps": "10%", "decay_steps": 60},
            ]
        },
        lambda: optax.sgdr_schedule(
            [
                {"init_value": 0.0, "peak_value": 1.0, "warmup_steps": 5, "decay_steps": 40, "end_value": 0.1},
                {"init_value": 0.1, "peak_value": 0.5, "warmup_steps": 10, "decay_steps": 60},
            ]
        ),
    ),
    (
        "warmup_constant_schedule",
        {"init_value": 0.1, "peak_value": 1, "warmup_steps": "10%"},
        lambda: optax.warmup_constant_schedule(0.1, 1.0, 10),
    ),
    (
        "warmup_cosine_decay_schedule",
        {"init_value": 0, "peak_value": 1, "warmup_steps": "10%", "decay_steps": "100%", "end_value": 0.01},
        lambda: optax.warmup_cosine_decay_schedule(0.0, 1.0, 10, 100, 0.01),
    ),
    (
        "warmup_exponential_decay_schedule",
        {"init_value": 0, "peak_value": 1, "warmup_steps": 5, "transition_steps": "1ep", "decay_rate": 0.5},
        lambda: optax.warmup_exponential_decay_schedule(0.0, 1.0, 5, 20, 0.5),
    ),
]


def main() -> None:
    cases = []
    for function, arguments, make in CASES:
        schedule = make()
        float32 = [float(schedule(step)) for step in STEPS]
        with jax.enable_x64(True):
            schedule = make()
            float64 = [float(schedule(step)) for step in STEPS]
        cases.append({"function": function, "arguments": arguments, "float64": float64, "float32": float32})
    reference = {
        "versions": {name: version(name) for name in ("optax", "jax")},
        "total_steps": TOTAL,
        "steps_per_epoch": STEPS_PER_EPOCH,
        "steps": STEPS,
        "cases": cases,
    }
    text = json.dumps(reference, separators=(",", ":")).replace('{"function"', '\n{"function"')
    (Path(__file__).parent / "reference.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
