"""What training computes, against NumPy and plain Keras, through annealkit.train."""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import TOY, assert_same_bits, checkpoint_arrays, checkpoints, model_arrays, read_scalars

import annealkit
from annealkit import ConfigError
from annealkit.datasets import Dataset, Images, Synthetic, Toy
from annealkit.models import Mlp
from annealkit.runs.result import Result
from annealkit.training.augment import augment, random_crop, random_cutout, random_flip
from annealkit.training.environment import fingerprint
from annealkit.training.splits import split


@pytest.fixture
def train(tmp_path: Path) -> Callable[..., Result]:
    """Trains the toy run with overrides, each call in a folder of its own."""
    calls = iter(range(1000))

    def run(*overrides: str, callbacks: list[Any] | None = None) -> Result:
        outputs = f"outputs={tmp_path / str(next(calls))}"
        return annealkit.train([*TOY, outputs, "trainer.progress=false", *overrides], callbacks or [])

    return run


def weights_of(result: Result) -> list[np.ndarray]:
    """In the order of the model's layers: kernel, bias, kernel, bias …"""
    arrays = checkpoint_arrays(checkpoints(result.folder)[-1])
    return [arrays[name] for name in sorted(arrays) if name.startswith("model/")]


class Begin(keras.callbacks.Callback):
    """Keeps the weights that training begins with."""

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self._weights = self.model.get_weights()

    @property
    def weights(self) -> list[np.ndarray]:
        return self._weights


# --- the updates themselves ---

FULL_BATCH = ("trainer.batch_size=1000", "trainer.epochs=5", "schedule=cosine")


def test_gradient_descent_by_hand(train: Callable[..., Result]) -> None:
    """Softmax regression on all 1,000 points at once, five updates of NumPy in float64."""
    begin = Begin()
    sgd = ("optimizer=sgd", "optimizer.momentum=0", "optimizer.nesterov=false", "optimizer.lr=0.8")
    result = train(*FULL_BATCH, "model.hidden=[]", *sgd, callbacks=[begin])
    toy = Toy().load()
    inputs, targets = toy.train_images.astype(np.float64), np.eye(3)[toy.train_labels]
    kernel, bias = (array.astype(np.float64) for array in begin.weights)
    losses = []
    for update in range(5):
        logits = inputs @ kernel + bias
        likelihood = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        losses.append(-np.log((likelihood * targets).sum(axis=1)).mean())
        error = (likelihood - targets) / len(inputs)
        rate = 0.8 * 0.5 * (1 + np.cos(np.pi * update / 5))
        kernel, bias = kernel - rate * inputs.T @ error, bias - rate * error.sum(axis=0)
    ours = weights_of(result)
    np.testing.assert_allclose(ours[0], kernel, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours[1], bias, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose([row["loss"] for row in result.history], losses, rtol=1e-5)
    test_logits = toy.test_images @ kernel + bias
    assert result.test_accuracy == (test_logits.argmax(axis=1) == toy.test_labels).mean()


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop", "adagrad", "adadelta"])
def test_the_same_updates_as_plain_keras(optimizer: str, train: Callable[..., Result]) -> None:
    begin = Begin()
    result = train(*FULL_BATCH, f"optimizer={optimizer}", "optimizer.lr=0.05", callbacks=[begin])
    toy = Toy().load()
    layers = [keras.layers.Dense(9, activation="relu") for _ in range(3)]
    model = keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(3, activation="softmax")])
    model.set_weights(begin.weights)
    options = {"momentum": 0.9, "nesterov": True} if optimizer == "sgd" else {}
    keras_class = {"sgd": "SGD", "rmsprop": "RMSprop"}.get(optimizer, optimizer.capitalize())
    rates = keras.optimizers.schedules.CosineDecay(0.05, decay_steps=5)
    model.compile(getattr(keras.optimizers, keras_class)(rates, **options), "sparse_categorical_crossentropy")
    for _ in range(5):
        model.train_on_batch(toy.train_images, toy.train_labels)
    for ours, theirs in zip(weights_of(result), model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
    moved = np.abs(np.concatenate([(a - b).ravel() for a, b in zip(weights_of(result), begin.weights, strict=True)]))
    assert moved.max() > 1e-4  # a hundred times what the comparison lets pass


def test_two_accumulated_batches_are_one_of_twice_the_size(train: Callable[..., Result]) -> None:
    # 950 points: nine updates of 100 and one of 50, which accumulation makes of a single batch.
    common = ("data.validation=50", "optimizer=adam")
    accumulated = train(*common, "trainer.batch_size=50", "optimizer.gradient_accumulation_steps=2")
    whole = train(*common, "trainer.batch_size=100")
    assert accumulated.updates == whole.updates == 30
    for ours, theirs in zip(weights_of(accumulated), weights_of(whole), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(
        [row["loss"] for row in accumulated.history], [row["loss"] for row in whole.history], rtol=1e-4
    )


def test_weight_decay_leaves_biases_alone(train: Callable[..., Result]) -> None:
    # One update without momentum: decay takes rate * weight_decay = 1/50 of each kernel, and nothing else.
    one = ("trainer.batch_size=1000", "trainer.epochs=1", "schedule=constant", "optimizer=sgd", "optimizer.lr=0.1")
    one = (*one, "optimizer.momentum=0", "optimizer.nesterov=false")
    begin = Begin()
    plain = weights_of(train(*one, callbacks=[begin]))
    decayed = weights_of(train(*one, "optimizer.weight_decay=0.2"))
    for first, without, having in zip(begin.weights, plain, decayed, strict=True):
        expected = without - 0.02 * first if first.ndim == 2 else without
        np.testing.assert_allclose(having, expected, rtol=1e-5, atol=1e-7)


# --- what may and may not change the bits ---


def test_steps_per_call_changes_no_bit(train: Callable[..., Result]) -> None:
    runs = [train("optimizer=adam", "data.validation=100", f"trainer.steps_per_call={n}") for n in (1, 3, 1000)]
    for run in runs[1:]:
        assert_same_bits(model_arrays(run.folder / "model.keras"), model_arrays(runs[0].folder / "model.keras"))
        assert (run.folder / "history.csv").read_bytes() == (runs[0].folder / "history.csv").read_bytes()


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(train: Callable[..., Result]) -> None:
    first, again, other = train("seed=4"), train("seed=4"), train("seed=5")
    assert_same_bits(model_arrays(first.folder / "model.keras"), model_arrays(again.folder / "model.keras"))
    assert first.history == again.history and first.test_loss == again.test_loss
    assert first.history != other.history
    assert not np.array_equal(weights_of(first)[0], weights_of(other)[0])
    assert first.folder.name == again.folder.name != other.folder.name


def test_every_point_is_seen_once_an_epoch_in_another_order_each(train: Callable[..., Result]) -> None:
    # At a rate of 0 the loss of a point never changes: epochs agree in their mean and differ in their updates.
    result = train("optimizer.lr=0", "trainer.batch_size=30")
    steps, losses = read_scalars(result.folder, "train/loss")
    assert len(steps) == 3 * 34
    sizes = np.array([*[30] * 33, 10])
    means = (losses.reshape(3, 34) * sizes).sum(axis=1) / 1000
    np.testing.assert_allclose(means, means[0], rtol=1e-6)
    np.testing.assert_allclose([row["loss"] for row in result.history], means, rtol=1e-6)
    assert not np.allclose(losses[:34], losses[34:68])


# --- data ---


@pytest.mark.parametrize(
    ("validation", "limit", "expected"),
    [(0, None, (1000, 0, 100)), (150, None, (850, 150, 100)), (150, 60, (60, 60, 60))],
)
def test_splits_are_disjoint_and_of_the_asked_size(
    validation: int, limit: int | None, expected: tuple[int, int, int]
) -> None:
    options = Toy(validation=validation, limit=limit)
    images = options.load()
    made = split(images, options, seed=1)
    assert (len(made.train), len(made.validation), len(made.test)) == expected
    together = np.concatenate([made.train, made.validation])
    assert len(set(together.tolist())) == len(together) and together.max() < 1000
    assert made.test.tolist() == list(range(expected[2]))
    again, other = split(images, options, seed=1), split(images, options, seed=2)
    assert made.train.tolist() == again.train.tolist()
    if validation:
        assert made.validation.tolist() != other.validation.tolist()


def test_the_fingerprint_is_of_all_images_whatever_is_chosen_of_them(train: Callable[..., Result]) -> None:
    def recorded(*overrides: str) -> str:
        return json.loads((train("trainer.epochs=1", *overrides).folder / "run.json").read_text())["environment"][
            "images"
        ]

    prints = {recorded("data.validation=100"), recorded("seed=1"), recorded("data.limit=50", "data.normalize=scale")}
    assert prints == {f"toy {fingerprint(Toy().load())}"}
    for changed in ("train_images", "train_labels", "test_images", "test_labels"):
        images = Toy().load()
        values = getattr(images, changed).copy()
        values[-1] = 1 - values[-1]
        other = fingerprint(dataclasses.replace(images, **{changed: values}))
        assert other.startswith("sha256:") and f"toy {other}" not in prints


def test_validation_images_are_the_same_whatever_the_limit() -> None:
    images = Toy().load()
    whole, limited = (split(images, Toy(validation=200, limit=limit), 0) for limit in (None, 100))
    assert set(limited.validation.tolist()) < set(whole.validation.tolist())
    assert set(limited.train.tolist()) < set(whole.train.tolist())


@pytest.mark.parametrize("kind", ["standardize", "scale", "none"])
def test_normalisation_against_numpy(kind: str) -> None:
    options = Synthetic(validation=100, limit=400, normalize=kind)
    images = options.load()
    made = split(images, options, seed=0)
    pixels = images.train_images[made.train].astype(np.float64)
    seen = images.train_images[made.train] * made.scale + made.offset
    if kind == "standardize":
        expected = (pixels - pixels.mean(axis=(0, 1, 2))) / pixels.std(axis=(0, 1, 2))
        np.testing.assert_allclose(seen, expected, atol=1e-4)
    else:
        np.testing.assert_allclose(seen, pixels / 255 if kind == "scale" else pixels, rtol=1e-6)


def test_a_constant_channel_does_not_become_nan() -> None:
    images = np.zeros((8, 2, 2, 2), np.uint8)
    images[::2, :, :, 1] = 200
    labels = np.zeros(8, np.int32)
    made = split(Images("made", images, labels, images, labels, ["only"]), Dataset(validation=0), seed=0)
    seen = images * made.scale + made.offset
    assert (seen[..., 0] == 0).all()
    np.testing.assert_allclose(sorted(set(seen[..., 1].ravel().tolist())), [-1, 1], rtol=1e-6)


def test_without_validation_a_val_monitor_is_refused(train: Callable[..., Result]) -> None:
    with pytest.raises(ConfigError, match=r"trainer\.early_stopping\.monitor=val_loss needs validation images"):
        train("trainer.early_stopping.patience=2")
    with pytest.raises(ConfigError, match=r"data\.validation=1000 leaves none of the 1000 training images"):
        train("data.validation=1000")


def test_limit_counts_in_history_and_updates(train: Callable[..., Result]) -> None:
    result = train("data.limit=120", "data.validation=200")
    state = json.loads((result.folder / "run.json").read_text())
    assert state["images"] == {"train": 120, "validation": 120, "test": 100}
    assert [row["updates"] for row in result.history] == [3, 6, 9]


# --- feedback and callbacks ---


def test_early_stopping_ends_with_the_best_weights(train: Callable[..., Result]) -> None:
    # A rate that only destroys: the first epoch is the best, two worse ones follow.
    growing = ("warmup=exponential", "warmup.length=59st", "warmup.start=1e-3", "optimizer.lr=300", "optimizer=sgd")
    stopping = ("trainer.early_stopping.monitor=val_accuracy", "trainer.early_stopping.patience=2", "seed=1")
    result = train(*growing, *stopping, "data.validation=100", "trainer.batch_size=300", "trainer.epochs=20")
    accuracies = [row["val_accuracy"] for row in result.history]
    best = int(np.argmax(accuracies))
    assert len(accuracies) == best + 3 < 20
    assert result.best_epoch == best + 1 and result.status == "finished"
    model = keras.models.load_model(result.folder / "model.keras")
    made = split(Toy().load(), Toy(validation=100), seed=1)
    chosen = made.images.train_images[made.validation]
    right = model.predict(chosen, verbose=0).argmax(axis=1) == made.images.train_labels[made.validation]
    assert right.mean() == pytest.approx(accuracies[best]) and accuracies[best] > accuracies[-1]


def test_callbacks_are_called_in_order_with_the_history_as_logs(train: Callable[..., Result]) -> None:
    calls: list[tuple[str, Any]] = []

    class Recorder(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            calls.append(("train begins", self.params["epochs"]))

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            calls.append(("epoch begins", epoch))

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            calls.append(("epoch ends", {"epoch": epoch + 1, "updates": int(self.model.optimizer.iterations), **logs}))

        def on_train_end(self, logs: Any = None) -> None:
            calls.append(("train ends", None))

    result = train("trainer.epochs=2", "data.validation=100", callbacks=[Recorder()])
    first, second = result.history
    assert calls == [
        ("train begins", 2), ("epoch begins", 0), ("epoch ends", first), ("epoch begins", 1), ("epoch ends", second),
        ("train ends", None),
    ]  # fmt: skip
    assert set(first) == {"epoch", "updates", "learning_rate", "loss", "accuracy", "val_loss", "val_accuracy"}


def test_a_keras_callback_may_end_the_training(train: Callable[..., Result]) -> None:
    class Enough(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.stop_training = epoch == 1

    result = train("trainer.epochs=9", callbacks=[Enough()])
    assert [row["epoch"] for row in result.history] == [1, 2] and result.status == "stopped"
    assert result.test_accuracy is not None and result.updates == 40


def test_keras_own_checkpoint_callback_knows_which_way_accuracy_is_better(
    train: Callable[..., Result], tmp_path: Path
) -> None:
    saved = keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", monitor="val_accuracy", save_best_only=True)
    result = train("data.validation=100", callbacks=[saved])
    assert (tmp_path / "best.keras").is_file()
    assert saved.best == max(row["val_accuracy"] for row in result.history)


# --- what a run hands back ---

LOAD = """
import sys
import numpy as np
try:
    import annealkit
except ImportError:
    pass
else:
    sys.exit("annealkit is there")
import keras
model = keras.models.load_model(sys.argv[1])
data = np.load(sys.argv[2])
model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
print(model.evaluate(data["images"], data["labels"], verbose=0, return_dict=True)["accuracy"])
"""


def test_the_model_loads_in_plain_keras_and_gives_the_reported_accuracy(
    train: Callable[..., Result], tmp_path: Path
) -> None:
    images = ("data=synthetic", "data.limit=300", "data.validation=50", "trainer.epochs=8")
    result = train(*images, "warmup=linear", "feedback=plateau", "optimizer.weight_decay=0.01")
    made = Synthetic(limit=300, validation=50).load()
    np.savez(tmp_path / "data.npz", images=made.test_images, labels=made.test_labels)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "annealkit.py").write_text("raise ImportError('not installed')\n")
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD, os.fspath(result.folder / "model.keras"), os.fspath(tmp_path / "data.npz")],
        cwd=tmp_path / "elsewhere", env={**os.environ, "PYTHONPATH": os.fspath(tmp_path / "elsewhere")},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert loaded.returncode == 0, loaded.stderr
    assert "UserWarning" not in loaded.stderr
    assert float(loaded.stdout) == pytest.approx(result.test_accuracy, abs=1e-6)
    assert result.test_accuracy != pytest.approx(0.1, abs=1e-3)  # Not what a model that has learnt nothing would give.


class Subclassed(keras.Model):
    """A model that Keras cannot rebuild: nobody told it how."""

    def __init__(self, layer: keras.layers.Layer) -> None:
        super().__init__()
        self.layer = layer

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return self.layer(inputs)


def test_a_model_that_could_not_be_saved_is_refused_before_training(
    train: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(self: Mlp, input_shape: tuple[int, ...], classes: int) -> keras.Model:
        model = Subclassed(keras.layers.Dense(classes, activation="softmax"))
        model.build((None, *input_shape))
        return model

    monkeypatch.setattr(Mlp, "build", build)
    with pytest.raises(
        ConfigError,
        match=r"^model=mlp \(from annealkit .*Subclassed cannot be rebuilt .* a get_config",
    ):
        train()


def test_the_result_says_what_the_folder_says(train: Callable[..., Result]) -> None:
    result = train("data.validation=100")
    state = json.loads((result.folder / "run.json").read_text())
    assert state["status"] == result.status == "finished"
    assert state["result"]["test_accuracy"] == result.test_accuracy
    assert result.updates == 54 == state["total_steps"] and state["steps_per_epoch"] == 18
    assert result.data == "toy" and result.inexact == [] and result.message == ""
    assert len(result.epoch_seconds) == 3 and 0 < sum(result.epoch_seconds) < result.seconds
    accuracies = [row["val_accuracy"] for row in result.history]
    assert result.best_epoch == accuracies.index(max(accuracies)) + 1
    for name in ("annealkit.log", ".hydra/config.yaml", ".hydra/overrides.yaml", "history.csv", "model.keras"):
        assert (result.folder / name).stat().st_size > 0
    assert annealkit.train([*TOY, f"outputs={result.folder.parent}", "data.validation=100"]) == result


def test_mixed_bfloat16_trains_and_the_policy_is_set_back(train: Callable[..., Result]) -> None:
    policies = []

    class Look(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            policies.append([layer.dtype_policy.name for layer in self.model.layers])

    before = keras.config.dtype_policy().name
    result = train("trainer.precision=mixed_bfloat16", "optimizer=adam", "optimizer.lr=0.02", callbacks=[Look()])
    assert policies == [["mixed_bfloat16"] * 3 + ["float32"]]
    assert keras.config.dtype_policy().name == before == "float32"
    assert {array.dtype for array in weights_of(result)} == {np.dtype(np.float32)}
    assert result.history[-1]["loss"] < result.history[0]["loss"]
    exact = train("optimizer=adam", "optimizer.lr=0.02")
    assert result.history[0]["loss"] == pytest.approx(exact.history[0]["loss"], rel=0.05)
    assert result.history[0]["loss"] != exact.history[0]["loss"]


# --- augmentation ---

PICTURES = np.random.default_rng(0).standard_normal((200, 9, 8, 3)).astype(np.float32)


def seed(number: int) -> tf.Tensor:
    return tf.constant([0, number], tf.int64)


def test_flip_mirrors_each_picture_or_leaves_it() -> None:
    flipped = random_flip(tf.constant(PICTURES), seed(1)).numpy()
    mirrored = (flipped == PICTURES[:, :, ::-1]).all(axis=(1, 2, 3))
    assert ((flipped == PICTURES).all(axis=(1, 2, 3)) != mirrored).all()
    assert 70 < mirrored.sum() < 130  # of 200, by the toss of a coin


def test_crop_is_a_window_of_the_reflected_picture() -> None:
    cropped = random_crop(tf.constant(PICTURES), 2, seed(1)).numpy()
    padded = np.pad(PICTURES, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    windows = {(row, column): padded[:, row : row + 9, column : column + 8] for row in range(5) for column in range(5)}
    drawn = [[place for place, window in windows.items() if (window[i] == cropped[i]).all()] for i in range(200)]
    assert all(len(places) == 1 for places in drawn)
    assert {place for [place] in drawn} == set(windows)  # each picture by its own draw, every window within reach


def test_cutout_blanks_one_square() -> None:
    cut = random_cutout(tf.constant(PICTURES), 4, seed(1)).numpy()
    areas = []
    for before, after in zip(PICTURES, cut, strict=True):
        hidden = (after == 0).all(axis=2)
        rows, columns = np.flatnonzero(hidden.any(axis=1)), np.flatnonzero(hidden.any(axis=0))
        expected = before.copy()
        expected[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = 0
        np.testing.assert_array_equal(after, expected)
        assert len(rows) <= 4 and len(columns) <= 4
        areas.append(hidden.sum())
    assert max(areas) == 16 and min(areas) < 16  # a centre near the edge leaves part of the square outside


def test_augmentation_is_a_function_of_its_seed() -> None:
    options = Dataset(flip=True, crop=2, cutout=3)
    first, again, other = (augment(tf.constant(PICTURES), options, seed(n)).numpy() for n in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any(axis=(1, 2, 3)).mean() > 0.9
    untouched = augment(tf.constant(PICTURES), Dataset(), seed(1)).numpy()
    assert (untouched == PICTURES).all()
