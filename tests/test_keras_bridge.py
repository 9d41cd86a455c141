"""annealkit's schedules, feedback and the applied rate in plain Keras."""

import json
import math
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from helpers import TOY, cosine, read_events, read_scalars

import annealkit.keras
from annealkit import ConfigError, Constant, Cosine, LinearWarmup, OneCycle, Run
from annealkit.feedback import Plateau
from annealkit.keras import Feedback, LearningRateLogger, TableSchedule

SCHEDULES = keras.optimizers.schedules
BATCHES = 4  # in an epoch of `fit`


def the_output(_: Any, output: Any) -> Any:
    """A loss whose gradient is 1."""
    return output


def descending_model(optimizer: keras.Optimizer, **compiled: Any) -> keras.Model:
    """One weight, at 0, whose gradient is 1: with plain SGD it falls by the learning rate at every update."""
    inputs = keras.Input((1,))
    outputs = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")(inputs)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer, loss=the_output, **compiled)
    return model


def fit(model: keras.Model, epochs: int, callbacks: Sequence[keras.callbacks.Callback] = ()) -> dict[str, list[float]]:
    """`epochs` of four batches; the history."""
    ones = np.ones((2 * BATCHES, 1), np.float32)
    history: dict[str, list[float]] = model.fit(
        ones, ones, batch_size=2, epochs=epochs, verbose=0, callbacks=list(callbacks)
    ).history
    return history


def fallen(model: keras.Model) -> float:
    """How far the weight has fallen: the sum of the rates that were applied."""
    return -float(model.get_weights()[0].item())


class Scores(keras.callbacks.Callback):
    """Puts these scores, one an epoch, where a plateau rule looks for them."""

    def __init__(self, scores: Sequence[float]) -> None:
        super().__init__()
        self._scores = scores

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        assert logs is not None
        logs["score"] = self._scores[epoch]


class CrashError(Exception):
    """The end of a process."""


class CrashAt(keras.callbacks.Callback):
    """Ends the training in the middle of an epoch, counted from 0."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self._at = epoch
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if self._epoch == self._at and batch == 2:
            raise CrashError


# --- annealkit's schedules in `fit` ---


@pytest.mark.parametrize(
    ("compiled", "precision", "accumulate"),
    [
        ({"jit_compile": False}, "float32", 1),
        ({"jit_compile": True}, "float32", 1),
        ({"jit_compile": False, "steps_per_execution": 3}, "float32", 1),
        ({"jit_compile": False, "run_eagerly": True}, "float32", 1),
        ({"jit_compile": False}, "mixed_float16", 1),
        ({"jit_compile": True}, "mixed_bfloat16", 1),
        ({"jit_compile": False}, "float32", 2),
        ({"jit_compile": False, "steps_per_execution": 3}, "float32", 3),
    ],
)
def test_every_update_gets_its_rate_and_the_log_says_so(
    compiled: dict[str, Any], precision: str, accumulate: int, tmp_path: Path
) -> None:
    run = annealkit.keras.run(8, 2, epochs=3, gradient_accumulation_steps=accumulate)
    assert run.total_steps == 12 // accumulate
    rate = annealkit.keras.schedule(Cosine(), lr=0.1, run=run, gradient_accumulation_steps=accumulate)
    keras.config.set_dtype_policy(precision)
    try:
        accumulation = {} if accumulate == 1 else {"gradient_accumulation_steps": accumulate}
        model = descending_model(keras.optimizers.SGD(rate, **accumulation), **compiled)
    finally:
        keras.config.set_dtype_policy("float32")
    fit(model, 3, [LearningRateLogger(tmp_path / "logs")])
    expected = cosine(12 // accumulate, 0.1)
    assert fallen(model) == pytest.approx(expected.sum(), rel=1e-6)
    steps, rates = read_scalars(tmp_path / "logs", "learning_rate")
    assert steps == list(range(12 // accumulate))
    np.testing.assert_allclose(rates, expected, rtol=1e-6, atol=1e-9)


def test_a_batch_that_overflows_makes_no_update_and_takes_no_rate(tmp_path: Path) -> None:
    rate = annealkit.keras.schedule(Cosine(), lr=0.1, run=Run(12, 4))
    keras.config.set_dtype_policy("mixed_float16")
    try:
        # float16 ends at 65504: the first batches overflow, each halves the scale of the loss.
        scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(rate), initial_scale=2.0**20)
        model = descending_model(scaled, jit_compile=False)
    finally:
        keras.config.set_dtype_policy("float32")
    fit(model, 3, [LearningRateLogger(tmp_path)])
    steps, rates = read_scalars(tmp_path, "learning_rate")
    assert steps == list(range(int(model.optimizer.iterations)))
    assert 0 < len(steps) < 12
    expected = cosine(12, 0.1)[: len(steps)]
    np.testing.assert_allclose(rates, expected, rtol=1e-6)
    assert fallen(model) == pytest.approx(expected.sum(), rel=1e-6)


def test_the_last_rate_holds_past_the_end() -> None:
    rate = annealkit.keras.schedule(Cosine(), lr=0.1, run=Run(4, 4))
    assert [float(rate(step)) for step in (4, 5, 10**12)] == [float(rate(3))] * 3
    assert float(rate(3)) == pytest.approx(0.1 * (1 + math.cos(0.75 * math.pi)) / 2)


def test_a_schedule_by_name_takes_settings_and_a_warmup() -> None:
    rate = annealkit.keras.schedule("cosine", 0.1, Run(6, 6), LinearWarmup("2st"), floor=0.5)
    by_hand = [0.1 / 3, 0.2 / 3, *(0.05 + 0.05 * (1 + math.cos(math.pi * s / 4)) / 2 for s in range(4))]
    np.testing.assert_allclose([float(rate(s)) for s in range(6)], by_hand, rtol=1e-6)


def test_run_counts_what_fit_trains() -> None:
    assert annealkit.keras.run(images=50000, batch_size=128, epochs=10) == Run(3910, 391)
    assert annealkit.keras.run(images=128, batch_size=128, epochs=2) == Run(2, 1)
    # 391 batches an epoch; Keras goes on accumulating over its end: 3910 // 4 updates, 97.75 an epoch.
    assert annealkit.keras.run(50000, 128, 10, gradient_accumulation_steps=4) == Run(977, 98)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1, 1), r"run: images must lie in \[1, infinity\); got 0"),
        ((4, 2, 1, 3), r"at most the training's 2 batches.*got 3"),
    ],
)
def test_run_refuses_what_makes_no_update(arguments: tuple[int, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        annealkit.keras.run(*arguments)


def moved_by_momentum(rates: np.ndarray, momenta: np.ndarray) -> float:
    """How far a weight with gradient 1 falls under SGD with these rates and momenta, by its formula."""
    velocity = fallen = 0.0
    for rate, momentum in zip(rates, momenta, strict=True):
        velocity = momentum * velocity + rate
        fallen += velocity
    return fallen


def one_cycle(total: int) -> tuple[np.ndarray, np.ndarray]:
    """Rates and momenta of a cycle with straight lines, up to the middle and down, by hand."""
    middle = total // 2 - 1  # torch's convention: one update before half of them
    rates = np.interp(np.arange(total), [0, middle, total - 1], [0.04, 1, 4e-6])
    return rates, np.interp(np.arange(total), [0, middle, total - 1], [0.9, 0.5, 0.9])


@pytest.mark.parametrize(("accumulate", "compiled"), [(1, {}), (2, {}), (1, {"steps_per_execution": 3})])
def test_a_paired_optimizer_moves_its_momentum(accumulate: int, compiled: dict[str, Any]) -> None:
    run = annealkit.keras.run(2 * BATCHES, 2, 4, gradient_accumulation_steps=accumulate)
    rate = annealkit.keras.schedule(
        OneCycle("50%", momentum=[0.9, 0.5]), lr=1, run=run, gradient_accumulation_steps=accumulate
    )
    options = {"gradient_accumulation_steps": accumulate} if accumulate > 1 else {}
    optimizer = annealkit.keras.paired(keras.optimizers.SGD(rate, momentum=0.7, **options))
    model = descending_model(optimizer, jit_compile=False, **compiled)
    fit(model, 4)
    assert fallen(model) == pytest.approx(moved_by_momentum(*one_cycle(16 // accumulate)), rel=1e-5)


def test_the_momenta_are_saved_with_the_model_and_paired_again(tmp_path: Path) -> None:
    rate = annealkit.keras.schedule(OneCycle("50%", momentum=[0.9, 0.5]), lr=1, run=annealkit.keras.run(8, 2, 4))
    model = descending_model(annealkit.keras.paired(keras.optimizers.SGD(rate, momentum=0.7)), jit_compile=False)
    fit(model, 2)
    model.save(tmp_path / "model.keras")
    model = keras.saving.load_model(tmp_path / "model.keras", custom_objects={"the_output": the_output})
    assert model.optimizer.momentum == 0.7
    annealkit.keras.paired(model.optimizer)
    fit(model, 2)
    assert fallen(model) == pytest.approx(moved_by_momentum(*one_cycle(16)), rel=1e-5)


def test_a_momentum_that_does_not_follow_is_said_once() -> None:
    rate = annealkit.keras.schedule("one_cycle", lr=1, run=Run(16, 4))
    model = descending_model(keras.optimizers.SGD(rate, momentum=0.9))
    with pytest.warns(UserWarning, match=r"Try annealkit\.keras\.paired\(optimizer\), or momentum=None") as said:
        fit(model, 2)
    assert len([warning for warning in said if "momentum" in str(warning.message)]) == 1


@pytest.mark.parametrize(
    ("schedule", "optimizer", "message"),
    [
        (OneCycle(), keras.optimizers.Adagrad, "paired: this Adagrad has no momentum, or has it at 0"),
        (OneCycle(), keras.optimizers.SGD, "paired: this SGD has no momentum, or has it at 0. Try momentum=0.9"),
        (Cosine(), keras.optimizers.Adam, "paired: the learning rate of this Adam moves no momentum"),
    ],
)
def test_what_cannot_be_paired_is_refused(schedule: Any, optimizer: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        annealkit.keras.paired(optimizer(annealkit.keras.schedule(schedule, lr=1, run=Run(16, 4))))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"schedule": "cosin"}, "schedule=cosin: no such schedule. Did you mean cosine"),
        ({"schedule": "cosine", "flor": 0.1}, "flor"),
        ({"schedule": Cosine(), "floor": 0.1}, "floor can be set only on a schedule that is given by name"),
        ({"schedule": Cosine(), "gradient_accumulation_steps": 0}, "gradient_accumulation_steps must lie in"),
    ],
)
def test_schedule_refuses_in_words(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        annealkit.keras.schedule(**arguments, lr=0.1, run=Run(8, 4))


def test_saved_and_loaded_with_the_model_and_its_scale(tmp_path: Path) -> None:
    rate = annealkit.keras.schedule(Cosine(), 0.1, Run(8, 4))
    inputs = keras.Input((1,))
    model = keras.Model(inputs, keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")(inputs))
    model.compile(keras.optimizers.SGD(rate), "mean_absolute_error")
    ones = np.ones((8, 1), np.float32)
    model.fit(ones, 5 * ones, batch_size=2, verbose=0)  # The gradient is -1 throughout.
    rate.scale.assign(0.3)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    loaded.fit(ones, 5 * ones, batch_size=2, verbose=0)
    expected = cosine(8, 0.1)
    assert loaded.get_weights()[0].item() == pytest.approx(expected[:4].sum() + 0.3 * expected[4:].sum(), rel=1e-6)
    restored = loaded.optimizer._learning_rate
    assert isinstance(restored, TableSchedule)
    assert restored.scale.numpy() == np.float32(0.3)
    assert [float(restored(s)) for s in range(9)] == [float(rate(s)) for s in range(9)]


def test_a_long_table_is_saved_compactly(tmp_path: Path) -> None:
    rate = annealkit.keras.schedule(Cosine(), 0.1, Run(100_000, 1000), gradient_accumulation_steps=3)
    descending_model(keras.optimizers.SGD(rate)).save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert len(archive.read("config.json")) < 100_000 * 6
    config = json.loads(json.dumps(SCHEDULES.serialize(rate)))
    again = SCHEDULES.deserialize(config)
    steps = np.array([0, 2, 3, 150_000, 299_999])
    np.testing.assert_array_equal(again(steps).numpy(), rate(steps).numpy())
    # Three batches make an update.
    np.testing.assert_allclose(again(steps).numpy(), cosine(100_000, 0.1)[steps // 3], rtol=1e-5, atol=1e-9)


# --- the rate that was applied ---


@pytest.mark.parametrize("compiled", [{}, {"steps_per_execution": 3}])
def test_a_plain_rate_that_a_callback_sets(compiled: dict[str, Any], tmp_path: Path) -> None:
    model = descending_model(keras.optimizers.SGD(1.0), **compiled)
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.5**epoch)
    fit(model, 3, [halve, LearningRateLogger(tmp_path)])
    steps, rates = read_scalars(tmp_path, "learning_rate")
    assert steps == list(range(12))
    assert rates.tolist() == [1.0] * 4 + [0.5] * 4 + [0.25] * 4
    assert fallen(model) == 7.0


def test_a_plain_rate_that_falls_on_a_plateau(tmp_path: Path) -> None:
    model = descending_model(keras.optimizers.SGD(1.0))
    plateau = keras.callbacks.ReduceLROnPlateau("score", mode="min", factor=0.5, patience=1)
    fit(model, 3, [Scores([1, 1, 1]), plateau, LearningRateLogger(tmp_path)])
    assert read_scalars(tmp_path, "learning_rate")[1].tolist() == [1.0] * 8 + [0.5] * 4


def test_any_keras_schedule_with_accumulation_counts_updates(tmp_path: Path) -> None:
    schedule = SCHEDULES.CosineDecay(0.0, 6, warmup_target=1.0, warmup_steps=4)
    model = descending_model(
        keras.optimizers.SGD(schedule, gradient_accumulation_steps=2), steps_per_execution=3, jit_compile=False
    )
    fit(model, 2, [LearningRateLogger(tmp_path)])
    steps, rates = read_scalars(tmp_path, "learning_rate")
    assert steps == [0, 1, 2, 3]
    # Keras asks for the rate of a batch, and the second batch of two makes the update: 1, 3, 5, 7.
    by_hand = [0.25, 0.75, (1 + math.cos(math.pi / 6)) / 2, (1 + math.cos(math.pi / 2)) / 2]
    np.testing.assert_allclose(rates, by_hand, rtol=1e-6)
    assert fallen(model) == pytest.approx(sum(by_hand), rel=1e-6)


def test_a_second_fit_continues_the_count_in_a_file_of_its_own(tmp_path: Path) -> None:
    model = descending_model(keras.optimizers.SGD(annealkit.keras.schedule(Cosine(), 0.1, Run(8, 4))))
    logger = LearningRateLogger(tmp_path)
    fit(model, 1, [logger])
    fit(model, 1, [logger])
    assert len(list(tmp_path.iterdir())) == 2
    steps, rates = read_scalars(tmp_path, "learning_rate")
    assert steps == list(range(8))
    np.testing.assert_allclose(rates, cosine(8, 0.1), rtol=1e-6)
    # From here on TensorBoard drops what an earlier file may have.
    [start] = [event for event in read_events(tmp_path) if event.HasField("session_log")]
    assert start.step == 4


def test_a_log_dir_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"log_dir=.*file/logs cannot be made"):
        fit(descending_model(keras.optimizers.SGD(1.0)), 1, [LearningRateLogger(tmp_path / "file" / "logs")])


# --- feedback over a schedule ---

FALLING, SCORES = 0.5, [3.0, 2.0, 2.5, 2.5, 1.0, 1.0, 1.0]


def test_the_scale_is_that_of_reduce_lr_on_plateau(tmp_path: Path) -> None:
    reduce = keras.callbacks.ReduceLROnPlateau("score", mode="min", factor=FALLING, patience=2, cooldown=1)
    plain = fit(descending_model(keras.optimizers.SGD(1.0)), 7, [Scores(SCORES), reduce])

    rate = annealkit.keras.schedule(Cosine(), 1.0, Run(28, 4))
    feedback = Feedback(Plateau("score", mode="min", factor=FALLING, patience=2, cooldown=1))
    model = descending_model(keras.optimizers.SGD(rate), steps_per_execution=3)
    history = fit(model, 7, [Scores(SCORES), feedback, LearningRateLogger(tmp_path)])
    assert history["learning_rate_scale"] == plain["learning_rate"] == [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5]
    steps, rates = read_scalars(tmp_path, "learning_rate")
    assert steps == list(range(28))
    expected = cosine(28, 1.0) * np.repeat(history["learning_rate_scale"], 4)
    np.testing.assert_allclose(rates, expected, rtol=1e-6)
    assert fallen(model) == pytest.approx(expected.sum(), rel=1e-6)
    assert feedback.state == json.loads(json.dumps(feedback.state))
    assert feedback.state is not None and feedback.state["scale"] == 0.25


def rule() -> Plateau:
    """Falls after every epoch that is no better."""
    return Plateau("score", mode="min", factor=FALLING, patience=1)


def test_a_state_that_was_kept_goes_on() -> None:
    model = descending_model(keras.optimizers.SGD(annealkit.keras.schedule(Constant(), 1.0, Run(16, 4))))
    first = Feedback(rule())
    fit(model, 2, [Scores([1, 1]), first])
    assert first.state is not None and (first.state["scale"], first.state["best"]) == (0.5, 1)
    fresh = descending_model(keras.optimizers.SGD(annealkit.keras.schedule(Constant(), 1.0, Run(16, 4))))
    history = fit(fresh, 2, [Scores([1, 1]), Feedback(rule(), state=json.loads(json.dumps(first.state)))])
    assert history["learning_rate_scale"] == [0.5, 0.25]


def test_a_scale_that_was_saved_with_the_model_is_where_a_new_rule_begins() -> None:
    rate = annealkit.keras.schedule(Constant(), 1.0, Run(16, 4))
    rate.scale.assign(0.25)
    history = fit(descending_model(keras.optimizers.SGD(rate)), 3, [Scores([1, 1, 1]), Feedback(rule())])
    assert history["learning_rate_scale"] == [0.25, 0.25, 0.125]


def test_a_crash_goes_on_with_backup_and_restore_as_if_it_had_not_been(tmp_path: Path) -> None:
    scores = [1.0, 1.0, 0.5, 0.5, 0.5]

    def train(name: str, crash: int | None) -> tuple[keras.Model, dict[str, list[float]]]:
        model = descending_model(keras.optimizers.SGD(annealkit.keras.schedule(Cosine(), 1.0, Run(20, 4))))
        callbacks = [
            keras.callbacks.BackupAndRestore(tmp_path / name),
            Scores(scores),
            Feedback(rule(), backup=tmp_path / f"{name}.json"),
            LearningRateLogger(tmp_path / f"{name}-logs"),
        ]
        return model, fit(model, 5, [*callbacks, *([] if crash is None else [CrashAt(crash)])])

    whole, history = train("whole", None)
    assert history["learning_rate_scale"] == [1.0, 1.0, 0.5, 0.5, 0.25]
    with pytest.raises(CrashError):
        train("crashed", 3)
    resumed, rest = train("crashed", None)
    assert rest["learning_rate_scale"] == [0.5, 0.25]
    assert fallen(resumed) == fallen(whole)
    # The crash was after two updates of its epoch, which are trained again; TensorBoard is told where.
    [start] = [event for event in read_events(tmp_path / "crashed-logs") if event.HasField("session_log")]
    assert start.step == 12
    # A training that begins anew takes nothing from the old one's file.
    assert train("crashed", None)[1]["learning_rate_scale"] == history["learning_rate_scale"]


@pytest.mark.parametrize("rate", [0.1, SCHEDULES.CosineDecay(0.1, 10)])
def test_feedback_refuses_a_rate_that_it_cannot_scale(rate: Any) -> None:
    with pytest.raises(ConfigError, match=r"scales a schedule of annealkit; .* is a (Variable|CosineDecay)"):
        fit(descending_model(keras.optimizers.SGD(rate)), 1, [Feedback(Plateau("loss"))])


def test_several_optimizers_are_refused(tmp_path: Path) -> None:
    several = keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.1), {".*kernel": keras.optimizers.Adam(0.1)})
    model = descending_model(keras.optimizers.MultiOptimizer(several))
    with pytest.raises(ConfigError, match="has a MultiOptimizer, several optimizers"):
        fit(model, 1, [LearningRateLogger(tmp_path)])


def test_a_rule_that_wants_to_be_asked_within_an_epoch_is_refused() -> None:
    often = rule()
    often.every = "5st"  # as a rule of a plugin may have
    with pytest.raises(ConfigError, match="after each epoch; got every='5st'"):
        Feedback(often)


def test_annealkit_train_refuses_it_as_it_has_its_own(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"callbacks: Feedback sets the learning rate.*feedback=plateau"):
        annealkit.train([*TOY, f"outputs={tmp_path}"], callbacks=[Feedback(rule())])


def test_feedback_refuses_what_is_not_measured_and_a_broken_backup(tmp_path: Path) -> None:
    model = descending_model(keras.optimizers.SGD(annealkit.keras.schedule(Constant(), 1.0, Run(4, 4))))
    with pytest.raises(ConfigError, match=r"monitor=val_loss is not measured.* there are loss"):
        fit(model, 1, [Feedback(Plateau("val_loss"))])
    (tmp_path / "backup").write_text("{")
    with pytest.raises(ConfigError, match=r"backup=.* cannot be read"):
        fit(model, 1, [Feedback(rule(), backup=tmp_path / "backup")])
    with pytest.raises(ConfigError, match="state or backup, not both"):
        Feedback(rule(), state={"scale": 1.0}, backup=tmp_path / "backup")


def test_an_accumulation_that_the_schedule_does_not_know_of_is_refused(tmp_path: Path) -> None:
    rate = annealkit.keras.schedule(Constant(), 1.0, Run(4, 4))
    model = descending_model(keras.optimizers.SGD(rate, gradient_accumulation_steps=2))
    for callback in (Feedback(Plateau("loss")), LearningRateLogger(tmp_path)):
        with pytest.raises(ConfigError, match=r"gradient_accumulation_steps=2, its schedule was made for 1"):
            fit(model, 1, [callback])


# --- the page ---


def test_the_page_works_as_it_stands_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Path(annealkit.keras.__file__).with_name("README.md").read_text(encoding="utf-8")
    [code] = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    monkeypatch.chdir(tmp_path)
    x, y = np.zeros((300, 2), np.float32), np.zeros(300, np.int32)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="softmax")])
    exec(code, {"x": x, "y": y, "model": model})
    # Three batches an epoch, of which the warmup has one epoch.
    steps, rates = read_scalars(tmp_path / "logs", "learning_rate")
    assert steps == list(range(30))
    assert rates[3] == np.float32(0.1) == rates.max()
