"""As a plugin of annealkit: found, built from the command line's options, learning, resumed to the same bits."""

import dataclasses
import inspect
import io
import os
import signal
import subprocess
import sys
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from annealkit_adaptive import plugin

import annealkit
from annealkit import ConfigError, KerasOptimizer, VariableGroup
from annealkit.plugin_system.registry import load_registry

PARTS: dict[str, type[KerasOptimizer]] = plugin.annealkit_optimizers()
# 1,000 points, 10 weight updates an epoch, no images.
TOY = ["data=toy", "model=mlp", "trainer.batch_size=100", "trainer.epochs=3", "trainer.progress=false"]
# Rates and options with which each has learnt something after 30 updates, and SWATS has switched.
OPTIONS = {
    "swats": ["optimizer.lr=0.02", "optimizer.beta_2=0.9", "optimizer.tolerance=0.01"],
    "adabound": ["optimizer.lr=0.02", "optimizer.weight_decay=0.001"],
    "prodigy": ["optimizer.d0=0.001", "optimizer.weight_decay=0.001", "schedule=cosine"],
    "schedule_free_sgd": ["optimizer.weight_decay=0.001", "warmup=linear"],
    "schedule_free_adamw": ["optimizer.lr=0.02", "warmup=linear"],
    "momo": ["optimizer.use_fstar=true", "optimizer.weight_decay=0.001"],
    "momo_adam": ["optimizer.lr=0.02"],
}


class InterruptAfter(keras.callbacks.Callback):
    """Sends this process SIGTERM at the end of that epoch, counted from 1."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if epoch + 1 == self._epoch:
            os.kill(os.getpid(), signal.SIGTERM)


def last_checkpoint(run: Path) -> dict[str, np.ndarray]:
    with np.load(sorted((run / "checkpoints").glob("step-*.npz"))[-1], allow_pickle=False) as file:
        return {name: file[name] for name in file.files if name.startswith(("model/", "optimizer/"))}


def saved_weights(run: Path) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    with (
        zipfile.ZipFile(run / "model.keras") as archive,
        h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file,
    ):
        file.visititems(lambda name, item: arrays.update({name: item[()]} if isinstance(item, h5py.Dataset) else {}))
    return arrays


@pytest.mark.parametrize("name", PARTS)
def test_it_learns_and_resumes_to_the_same_bits(name: str, tmp_path: Path) -> None:
    arguments = [*TOY, f"optimizer={name}", *OPTIONS[name]]
    if not name.startswith("schedule_free"):  # Only these have other weights for the validation.
        arguments.append("data.validation=0")
    whole = annealkit.train([*arguments, f"outputs={tmp_path / 'whole'}"])
    history = np.genfromtxt(whole.folder / "history.csv", delimiter=",", names=True)
    assert history["loss"][-1] < 0.9 * history["loss"][0]
    with pytest.raises(SystemExit, match="143"):
        annealkit.train([*arguments, f"outputs={tmp_path / 'cut'}"], [InterruptAfter(2)])
    cut = annealkit.train([*arguments, f"outputs={tmp_path / 'cut'}"])
    for mine, their in zip(
        (last_checkpoint(cut.folder), saved_weights(cut.folder)),
        (last_checkpoint(whole.folder), saved_weights(whole.folder)),
        strict=True,
    ):
        assert mine.keys() == their.keys() and mine
        for key, array in mine.items():
            assert array.tobytes() == their[key].tobytes(), key
    assert (cut.folder / "history.csv").read_text() == (whole.folder / "history.csv").read_text()


def test_the_saved_model_has_the_average(tmp_path: Path) -> None:
    """x = y + (1 - 1 / 0.9) * (z - y), of y and z in the last checkpoint."""
    result = annealkit.train([*TOY, "optimizer=schedule_free_sgd", f"outputs={tmp_path}"])
    arrays = last_checkpoint(result.folder)
    count = sum(key.startswith("model/") for key in arrays)
    points = [(arrays[f"model/{i:04d}"], arrays[f"optimizer/{i + 1:04d}"]) for i in range(count)]
    saved = sorted(np.abs(array).sum() for array in saved_weights(result.folder).values() if array.size)
    average = [np.abs(y + (1 - 1 / 0.9) * (z - y)).sum() for y, z in points]
    assert saved == pytest.approx(sorted(average), rel=1e-5)
    assert saved != pytest.approx(sorted(np.abs(y).sum() for y, _ in points), rel=1e-3)


def test_the_installed_plugin_is_found() -> None:
    [entry_point] = entry_points(group="annealkit", name="adaptive")
    assert entry_point.load() is plugin
    for name, cls in PARTS.items():
        part = load_registry().get("optimizer", name)
        assert part.cls is cls
        assert part.distribution == "annealkit-adaptive"
        assert part.summary.endswith(".") and len(part.summary) < 120


def test_nothing_slow_is_imported_before_it_is_used() -> None:
    code = "import sys, annealkit_adaptive.plugin; sys.exit(bool({'keras', 'tensorflow'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


@pytest.mark.parametrize("name", PARTS)
def test_every_field_reaches_the_keras_optimizer(name: str) -> None:
    """And has the default there is in the Keras class, which is the authors'."""
    cls = PARTS[name]
    theirs = inspect.signature(cls().optimizer_class()).parameters
    base = {field.name for field in dataclasses.fields(KerasOptimizer)} - {"lr"}
    own = [field for field in dataclasses.fields(cls) if field.name not in base]
    assert {field.name for field in own if field.name != "lr"} == {
        key for key in theirs if key not in ("learning_rate", "base_learning_rate", "warmup_steps", "options")
    }
    for field in own:
        assert field.default == theirs["learning_rate" if field.name == "lr" else field.name].default, field.name
    part = cls(weight_decay=0.01, clipnorm=1.0)
    config = part.build(0.25).get_config()
    assert config["learning_rate"] == 0.25
    for field in dataclasses.fields(cls):
        if field.name in config and field.name not in ("ema_momentum", "gradient_accumulation_steps"):
            assert config[field.name] == getattr(part, field.name), field.name


@pytest.mark.parametrize("name", ["swats", "adabound"])
def test_the_base_rate_is_lr(name: str) -> None:
    rate = keras.optimizers.schedules.CosineDecay(0.5, 10)
    assert PARTS[name](lr=0.5).build(rate).base_learning_rate == 0.5


# A setting, and what is said of it on the command line.
WRONG = [
    (
        "adabound",
        "final_learning_rate",
        0,
        "must lie in (0, infinity); got 0.0. Try optimizer.final_learning_rate=0.1.",
    ),
    ("adabound", "gamma", 1, "must lie in (0, 1); got 1.0. Try optimizer.gamma=0.001."),
    ("adabound", "beta_2", 1, "must lie in [0, 1); got 1.0. Try optimizer.beta_2=0.999."),
    ("swats", "beta_1", 1, "must lie in [0, 1); got 1.0. Try optimizer.beta_1=0.9."),
    ("swats", "tolerance", 0, "must lie in (0, infinity); got 0.0. Try optimizer.tolerance=1e-09."),
    ("prodigy", "d0", 0, "must lie in (0, infinity); got 0.0. Try optimizer.d0=1e-06."),
    ("prodigy", "beta_2", 0, "must lie in (0, 1); got 0.0. Try optimizer.beta_2=0.999."),
    ("prodigy", "beta_3", 1, "must lie in [0, 1); got 1.0. Try optimizer.beta_3=null."),
    ("prodigy", "growth_rate", 1, "must lie in (1, infinity); got 1.0. Try optimizer.growth_rate=1.02, or null: any."),
    ("schedule_free_sgd", "momentum", 0, "must lie in (0, 1); got 0.0. Try optimizer.momentum=0.9."),
    ("schedule_free_adamw", "beta_1", 1, "must lie in (0, 1); got 1.0. Try optimizer.beta_1=0.9."),
    ("schedule_free_adamw", "epsilon", 0, "must lie in (0, infinity); got 0.0. Try optimizer.epsilon=1e-08."),
    ("schedule_free_sgd", "weight_power", -1, "must lie in [0, infinity); got -1.0. Try optimizer.weight_power=0.0."),
    (
        "schedule_free_sgd",
        "ema_momentum",
        0.9,
        "must be null, since this optimizer averages the weights itself; got 0.9.",
    ),
    ("momo", "beta", 1, "must lie in [0, 1); got 1.0. Try optimizer.beta=0.9."),
    ("momo", "lower_bound", float("nan"), "must lie in (-inf, infinity); got nan. Try optimizer.lower_bound=0.0."),
    ("momo_adam", "beta_2", 1, "must lie in [0, 1); got 1.0. Try optimizer.beta_2=0.999."),
    ("momo_adam", "lr", -1, "must lie in [0, infinity); got -1.0. Try optimizer.lr=0.01."),
]


@pytest.mark.parametrize(("name", "setting", "value", "message"), WRONG)
def test_what_cannot_be_is_refused(name: str, setting: str, value: float, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_registry().build("optimizer", {"name": name, setting: value})
    assert str(caught.value).startswith(f"{name}: {setting} {message}")


@pytest.mark.parametrize("name", ["prodigy", "schedule_free_sgd", "schedule_free_adamw", "momo", "momo_adam"])
def test_groups_have_no_decay_where_it_is_part_of_the_step(name: str) -> None:
    """annealkit would add its own decay to the one within the step."""
    decay = [
        {"weight_decay": 0.1, "groups": [{"layer": "head", "lr_scale": 10}]},
        {"groups": [{"layer": "head", "weight_decay": 0.1}]},
    ]
    for settings in decay:
        with pytest.raises(ConfigError, match=f"^{name}: groups can have no weight decay here") as caught:
            load_registry().build("optimizer", {"name": name, **settings})
        assert "Try optimizer.groups=[], or optimizer.weight_decay=null" in str(caught.value)


def test_groups_without_decay_are_allowed() -> None:
    groups = [VariableGroup(layer="head", lr_scale=10)]
    assert plugin.Prodigy(groups=groups).groups == groups
