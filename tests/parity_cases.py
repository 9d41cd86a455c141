"""What annealkit and its peers give for the same settings.

torch, optax, timm, transformers and ignite: from parity/reference.json, which parity/generate.py writes. Keras: live.
"""

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from annealkit.curve.rates import learning_rates, momenta
from annealkit.curve.span import Run
from annealkit.plugin_system.registry import load_registry

REFERENCE = json.loads((Path(__file__).parent / "parity" / "reference.json").read_text(encoding="utf-8"))
STEPS_PER_EPOCH = 5
# A schedule of Keras does not know the length of the run; ours must not mind it, be it shorter than a period or prime.
KERAS_LENGTHS = (1, 2, 7, 31, 101)


@dataclass(frozen=True)
class Comparison:
    """One curve of ours and a peer's, at every weight update, with the base rate 1.

    Args:
        part: our name, such as `cosine`; what else takes part after a comma.
        peer: library and function, such as `torch StepLR`.
        version: of the library.
        settings: ours, for messages.
        ours: float64, shape (updates,).
        theirs: the same of the peer.
    """

    part: str
    peer: str
    version: str
    settings: str
    ours: np.ndarray
    theirs: np.ndarray


# Keras class, its arguments but for a rate of 1, our schedule.
KERAS_SCHEDULES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("ExponentialDecay", {"decay_steps": 7, "decay_rate": 0.9}, {"name": "exponential", "rate": 0.9, "every": "7st"}),
    (
        "ExponentialDecay",
        {"decay_steps": 7, "decay_rate": 0.9, "staircase": True},
        {"name": "exponential", "rate": 0.9, "every": "7st", "staircase": True},
    ),
    (
        "ExponentialDecay",
        {"decay_steps": 7, "decay_rate": 0.9, "staircase": True},
        {"name": "step", "drop": 0.9, "every": "7st"},
    ),
    ("InverseTimeDecay", {"decay_steps": 7, "decay_rate": 0.4}, {"name": "inverse_time", "rate": 0.4, "every": "7st"}),
    (
        "InverseTimeDecay",
        {"decay_steps": 7, "decay_rate": 0.4, "staircase": True},
        {"name": "inverse_time", "rate": 0.4, "every": "7st", "staircase": True},
    ),
    (
        "PolynomialDecay",
        {"decay_steps": 101, "end_learning_rate": 0.05, "power": 2.0},
        {"name": "polynomial", "power": 2.0, "floor": 0.05, "length": "101st"},
    ),
    (
        "PolynomialDecay",
        {"decay_steps": 13, "end_learning_rate": 0.05, "power": 0.5},
        {"name": "polynomial", "power": 0.5, "floor": 0.05, "length": "13st"},
    ),
    (
        "PolynomialDecay",
        {"decay_steps": 13, "end_learning_rate": 0.05, "cycle": True},
        {"name": "polynomial", "floor": 0.05, "length": "13st", "cycle": True},
    ),
    ("CosineDecay", {"decay_steps": 101, "alpha": 0.05}, {"name": "cosine", "floor": 0.05, "length": "101st"}),
    ("CosineDecay", {"decay_steps": 13}, {"name": "cosine", "length": "13st"}),
    (
        "CosineDecayRestarts",
        {"first_decay_steps": 13, "t_mul": 1.0},
        {"name": "cosine_restarts", "first": "13st", "growth": 1},
    ),
    (
        "CosineDecayRestarts",
        {"first_decay_steps": 13, "alpha": 0.05},
        {"name": "cosine_restarts", "first": "13st", "floor": 0.05},
    ),
    (
        "CosineDecayRestarts",
        {"first_decay_steps": 9, "t_mul": 3.0, "m_mul": 0.8},
        {"name": "cosine_restarts", "first": "9st", "growth": 3, "peak_decay": 0.8},
    ),
    (
        "PiecewiseConstantDecay",
        {"boundaries": [1], "values": [1.0, 0.3]},
        {"name": "piecewise", "boundaries": ["1st"], "values": [1.0, 0.3], "inclusive": True},
    ),
    (
        "PiecewiseConstantDecay",
        {"boundaries": [3, 4, 60], "values": [1.0, 0.3, 0.5, 0.1]},
        {"name": "piecewise", "boundaries": ["3st", "4st", "60st"], "values": [1.0, 0.3, 0.5, 0.1], "inclusive": True},
    ),
]
PLATEAUS = [
    {"mode": mode, "patience": patience, "cooldown": cooldown, "min_delta": min_delta, "floor": floor}
    for mode in ("min", "max")
    for patience, cooldown, min_delta, floor in ((0, 0, 1e-4, 0.0), (2, 0, 0.1, 0.03), (1, 3, 1e-4, 0.0))
]


def comparisons() -> list[Comparison]:
    """All of them: schedules, momenta and feedback rules, stored and live."""
    return [*stored_schedules(), *stored_momenta(), *keras_schedules(), *stored_rules(), *keras_plateaus()]


@functools.cache
def stored_schedules() -> list[Comparison]:
    """The rates in reference.json."""
    found = []
    for case in REFERENCE["cases"]:
        theirs = np.array(case["rates"])
        schedule, warmup = _build(case)
        ours = learning_rates(schedule, 1.0, Run(len(theirs), STEPS_PER_EPOCH), warmup)
        part = f"{case['schedule']}, warmup" if case["warmup"] else case["schedule"]
        found.append(Comparison(part, *_peer(case["peer"]), _settings(case, len(theirs)), ours, theirs))
    return found


@functools.cache
def stored_momenta() -> list[Comparison]:
    """The momenta in reference.json."""
    found = []
    for case in REFERENCE["cases"]:
        if "momenta" in case:
            theirs = np.array(case["momenta"])
            schedule, warmup = _build(case)
            steps = np.arange(len(theirs), dtype=np.int64)
            ours = momenta(schedule, steps, Run(len(theirs), STEPS_PER_EPOCH), warmup)
            assert ours is not None, case
            part = f"{case['schedule']}, momentum"
            found.append(Comparison(part, *_peer(case["peer"]), _settings(case, len(theirs)), ours, theirs))
    return found


@functools.cache
def keras_schedules() -> list[Comparison]:
    """Keras' schedules, called here and now."""
    found = []
    for name, arguments, node in KERAS_SCHEDULES:
        rate = {} if "values" in arguments else {"initial_learning_rate": 1.0}
        theirs = _keras_rates(name, {**rate, **arguments}, max(KERAS_LENGTHS))
        for total in KERAS_LENGTHS:
            ours = learning_rates(load_registry().build("schedule", node), 1.0, Run(total, STEPS_PER_EPOCH))
            settings = f"{node} over {total}"
            found.append(Comparison(node["name"], f"keras {name}", _keras_version(), settings, ours, theirs[:total]))
    for length in (1, 10):
        arguments = {"initial_learning_rate": 0.2, "decay_steps": 61 - length, "alpha": 0.1}
        theirs = _keras_rates("CosineDecay", {**arguments, "warmup_target": 1.0, "warmup_steps": length}, 61)
        schedule = load_registry().build("schedule", {"name": "cosine", "floor": 0.1})
        ramp = {"name": "linear", "length": f"{length}st", "start": 0.2, "include_start": True}
        warmup = load_registry().build("warmup", ramp)
        ours = learning_rates(schedule, 1.0, Run(61, STEPS_PER_EPOCH), warmup)
        found.append(Comparison("cosine, warmup", "keras CosineDecay", _keras_version(), f"{ramp}", ours, theirs))
    return found


@functools.cache
def stored_rules() -> list[Comparison]:
    """The scales of plateau and greedy rules in reference.json, one for each value of a metric."""
    found = []
    for name, peer, fixed in (
        ("plateau", "torch ReduceLROnPlateau", {"monitor": "val_loss", "like": "torch"}),
        ("greedy", "transformers GreedyLR", {"monitor": "loss"}),
    ):
        for case in REFERENCE["plateaus" if name == "plateau" else name]:
            ours = scales({"name": name, **fixed, **case["fields"]}, case["series"])
            settings = f"{case['fields']} on {case['series']}"
            found.append(Comparison(name, *_peer(peer), settings, ours, np.array(case["scales"])))
    return found


@functools.cache
def keras_plateaus() -> list[Comparison]:
    """Keras' ReduceLROnPlateau, called here and now. It keeps the rate as float32."""
    found = []
    for fields in PLATEAUS:
        for series in REFERENCE["series"]:
            ours = scales({"name": "plateau", "monitor": "val_loss", "factor": 0.5, **fields}, series)
            theirs = np.array(list(_keras_scales(fields, REFERENCE["series"][series])))
            settings = f"{fields} on {series}"
            peer = "keras ReduceLROnPlateau"
            found.append(Comparison("plateau", peer, _keras_version(), settings, ours, theirs))
    return found


def scales(node: dict[str, Any], series: str) -> np.ndarray:
    """The scale of one of our rules after each value of a series."""
    rule = load_registry().build("feedback", node)
    state, found = rule.begin(), []
    for value in REFERENCE["series"][series]:
        state = rule.observe(state, {rule.monitor: value})
        found.append(state["scale"])
    return np.array(found)


def _build(case: dict[str, Any]) -> tuple[Any, Any]:
    """Our schedule and warmup for a stored case."""
    schedule = load_registry().build("schedule", {"name": case["schedule"], **case["fields"]})
    warmup = case["warmup"] and load_registry().build("warmup", {"name": "linear", **case["warmup"]})
    return schedule, warmup


def _peer(label: str) -> tuple[str, str]:
    """Library and function, and the library's version."""
    library, function = label.replace(",", "").split()[:2]
    return f"{library} {function}", REFERENCE["versions"][library]


def _settings(case: dict[str, Any], total: int) -> str:
    return f"{case['schedule']} {case['fields']} after {case['warmup']} over {total}"


def _keras_version() -> str:
    """Without the last number: any release of the series must give the same table."""
    version: str = import_module("keras").__version__
    return ".".join(version.split(".")[:2])


def _keras_rates(name: str, arguments: dict[str, Any], total: int) -> np.ndarray:
    """The schedule's value at each update. Keras computes in the type of the arguments, which is float64 here."""
    keras_class = getattr(import_module("keras").optimizers.schedules, name)
    schedule = keras_class(**{key: _float64(value) for key, value in arguments.items()})
    # Piecewise and warmup branch on the step. Restarts are found by logarithms, which TensorFlow rounds otherwise for
    # many numbers at once or in a graph: a restart then comes an update late.
    if name in ("PiecewiseConstantDecay", "CosineDecayRestarts") or "warmup_target" in arguments:
        return np.array([float(schedule(step)) for step in range(total)])
    return np.array(schedule(np.arange(total)))


def _float64(value: Any) -> Any:
    if isinstance(value, list):
        return [_float64(item) for item in value]
    return np.float64(value) if isinstance(value, float) else value


def _keras_scales(fields: dict[str, Any], values: list[float]) -> Iterator[float]:
    """The rate after each value, of which the first is 1."""
    keras = import_module("keras")
    callback = keras.callbacks.ReduceLROnPlateau(
        "val_loss", 0.5, fields["patience"], mode=fields["mode"], min_delta=fields["min_delta"],
        cooldown=fields["cooldown"], min_lr=fields["floor"],
    )  # fmt: skip
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {"val_loss": value})
        yield float(model.optimizer.learning_rate)
