"""inverse_time."""

from parity.case import KerasCase

KERAS = [
    KerasCase("InverseTimeDecay", {"decay_steps": 7, "decay_rate": 0.4}, {"rate": 0.4, "every": "7st"}),
    KerasCase(
        "InverseTimeDecay",
        {"decay_steps": 7, "decay_rate": 0.4, "staircase": True},
        {"rate": 0.4, "every": "7st", "staircase": True},
    ),
]
