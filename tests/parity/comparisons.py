"""What annealkit and its peers give for the same settings: the cases of `cases/`.

torch, optax, timm, transformers and ignite: from reference.json, which generate.py writes. Keras: live.
"""

import functools
import json
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from parity.case import KerasCase, modules

from annealkit.curve.rates import learning_rates, momenta
from annealkit.curve.span import Run
from annealkit.plugin_system.registry import load_registry

REFERENCE = json.loads((Path(__file__).parent / "reference.json").read_text(encoding="utf-8"))
STEPS_PER_EPOCH = 5


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


def comparisons() -> list[Comparison]:
    """All of them: schedules, momenta and feedback rules, stored and live."""
    return [*stored_schedules(), *stored_momenta(), *keras_schedules(), *stored_rules(), *keras_rules()]


@functools.cache
def stored_schedules() -> list[Comparison]:
    """The rates in reference.json."""
    found = []
    for case in REFERENCE["cases"]:
        theirs = np.array(case["rates"])
        schedule, warmup = _build(case["schedule"], case["fields"], case["warmup"])
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
            schedule, warmup = _build(case["schedule"], case["fields"], case["warmup"])
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
    for name, module in modules().items():
        for case in getattr(module, "KERAS", []):
            theirs = _keras_rates(case)
            schedule, warmup = _build(name, case.fields, case.warmup)
            part = f"{name}, warmup" if case.warmup else name
            for total in case.lengths:
                ours = learning_rates(schedule, 1.0, Run(total, STEPS_PER_EPOCH), warmup)
                settings = f"{name} {case.fields} after {case.warmup} over {total}"
                peer = f"keras {case.function}"
                found.append(Comparison(part, peer, _keras_version(), settings, ours, theirs[:total]))
    return found


@functools.cache
def stored_rules() -> list[Comparison]:
    """The scales of feedback rules in reference.json, one for each value of a metric."""
    return [_rule(case["rule"], case, *_peer(case["peer"])) for case in REFERENCE["rules"]]


@functools.cache
def keras_rules() -> list[Comparison]:
    """Keras' feedback rules, called here and now."""
    return [
        _rule(name, case, case["peer"], _keras_version())
        for name, module in modules().items()
        if hasattr(module, "live")
        for case in module.live(REFERENCE["series"])
    ]


def scales(node: dict[str, Any], series: str) -> np.ndarray:
    """The scale of one of our rules after each value of a series."""
    rule = load_registry().build("feedback", node)
    state, found = rule.begin(), []
    for value in REFERENCE["series"][series]:
        state = rule.observe(state, {rule.monitor: value})
        found.append(state["scale"])
    return np.array(found)


def _rule(name: str, case: dict[str, Any], peer: str, version: str) -> Comparison:
    ours = scales({"name": name, **case["fields"]}, case["series"])
    settings = f"{case['fields']} on {case['series']}"
    return Comparison(name, peer, version, settings, ours, np.array(case["scales"]))


def _build(name: str, fields: dict[str, Any], ramp: dict[str, Any] | None) -> tuple[Any, Any]:
    """Our schedule, and our linear warmup if there is one."""
    schedule = load_registry().build("schedule", {"name": name, **fields})
    return schedule, ramp and load_registry().build("warmup", {"name": "linear", **ramp})


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


def _keras_rates(case: KerasCase) -> np.ndarray:
    """The schedule's value at each update. Keras computes in the type of the arguments, which is float64 here."""
    rate = {} if "values" in case.arguments else {"initial_learning_rate": 1.0}
    keras_class = getattr(import_module("keras").optimizers.schedules, case.function)
    schedule = keras_class(**{key: _float64(value) for key, value in (rate | case.arguments).items()})
    # Piecewise and warmup branch on the step. Restarts are found by logarithms, which TensorFlow rounds otherwise for
    # many numbers at once or in a graph: a restart then comes an update late.
    branching = case.function in ("PiecewiseConstantDecay", "CosineDecayRestarts") or "warmup_target" in case.arguments
    if branching:
        return np.array([float(schedule(step)) for step in range(max(case.lengths))])
    return np.array(schedule(np.arange(max(case.lengths))))


def _float64(value: Any) -> Any:
    if isinstance(value, list):
        return [_float64(item) for item in value]
    return np.float64(value) if isinstance(value, float) else value
