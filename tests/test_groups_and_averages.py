"""Rates and decay by groups of variables, and averaged weights: by hand, from the same run without them."""

from pathlib import Path

import keras
import numpy as np
import pytest
from helpers import TOY, assert_same_bits, interrupted, model_arrays, only_run

import annealkit
from annealkit import ConfigError
from annealkit.optimizers import Adam, Ftrl, Sgd, VariableGroup
from annealkit.training.variable_groups import set_groups

# One weight update: all 1,000 points in one batch.
ONE_UPDATE = ("data=toy", "model=mlp", "trainer.epochs=1", "trainer.batch_size=1000", "trainer.progress=false")


class Weights(keras.callbacks.Callback):
    """Keeps the weights before training and at the end of each epoch, as callbacks see them, by path."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[dict[str, np.ndarray]] = []

    def _keep(self) -> None:
        self._kept.append({variable.path: variable.numpy() for variable in self.model.trainable_variables})

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self._keep()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._keep()

    @property
    def kept(self) -> list[dict[str, np.ndarray]]:
        return self._kept


def moves(tmp_path: Path, name: str, *options: str) -> dict[str, np.ndarray]:
    """How far one weight update moves each variable."""
    weights = Weights()
    annealkit.train([*ONE_UPDATE, *options, f"outputs={tmp_path / name}"], [weights])
    before, after = weights.kept
    return {path: after[path].astype(np.float64) - before[path] for path in before}


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop", "nadam", "adafactor", "muon"])
def test_a_group_moves_by_its_own_rate(optimizer: str, tmp_path: Path) -> None:
    """Ten times as far, also where the optimizer divides by the size of the gradient."""
    alone = moves(tmp_path, "alone", f"optimizer={optimizer}")
    groups = "optimizer.groups=[{layer:head,lr_scale:10},{match:bias,lr_scale:0}]"
    grouped = moves(tmp_path, "grouped", f"optimizer={optimizer}", groups)
    for path, move in grouped.items():
        factor = 10 if "head" in path else 0 if path.endswith("bias") else 1  # the first group that fits counts
        np.testing.assert_allclose(move, factor * alone[path], rtol=2e-2, atol=2e-6, err_msg=path)
    assert any("head/bias" in path and np.abs(move).max() > 0 for path, move in grouped.items())


def test_a_group_decays_by_its_own_decay(tmp_path: Path) -> None:
    """Decay moves by -rate * decay * weight, the rate being the group's; what has one axis has none unless told."""
    weights = Weights()
    options = ["optimizer=sgd", "optimizer.lr=0.1", "schedule=constant"]
    annealkit.train([*ONE_UPDATE, *options, f"outputs={tmp_path / 'begin'}"], [weights])
    begin = weights.kept[0]
    alone = moves(tmp_path, "alone", *options)
    scale = "optimizer.groups=[{layer:head,lr_scale:2}]"
    scaled = moves(tmp_path, "scaled", *options, scale)
    groups = "optimizer.groups=[{layer:head,lr_scale:2,weight_decay:0.5},{match:dense_1,weight_decay:0}]"
    decayed = moves(tmp_path, "decayed", *options, "optimizer.weight_decay=0.1", groups)
    for path, move in decayed.items():
        if "head" in path:
            expected = scaled[path] - 0.1 * 2 * 0.5 * begin[path]
        elif "dense_1" in path or path.endswith("bias"):
            expected = alone[path]
        else:
            expected = alone[path] - 0.1 * 0.1 * begin[path]
        np.testing.assert_allclose(move, expected, rtol=1e-3, atol=1e-6, err_msg=path)


@pytest.mark.parametrize(
    ("group", "message"),
    [
        ("{layer:hed}", r"optimizer.groups: no variable fits layer=hed. Did you mean head\? The model's variables are"),
        ("{match:gamma}", "optimizer.groups: no variable fits match=gamma. The model's variables are mlp/dense/kernel"),
    ],
)
def test_a_group_that_fits_nothing_is_refused(group: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        annealkit.train([*ONE_UPDATE, f"optimizer.groups=[{group}]", f"outputs={tmp_path}"])


def test_wrong_groups_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"optimizer.groups: a group needs layer or match. Try"):
        VariableGroup(lr_scale=2)
    with pytest.raises(ConfigError, match=r"optimizer.groups: match=\( is no regular expression: .* Try match=bias."):
        VariableGroup(match="(")
    with pytest.raises(ConfigError, match=r"optimizer.groups: lr_scale must lie in \[0, infinity\); got -1"):
        VariableGroup(layer="head", lr_scale=-1)
    with pytest.raises(ConfigError, match=r"Ftrl: groups: lr_scale=0 cannot be: this optimizer divides by the rate."):
        Ftrl(groups=[VariableGroup(layer="head", lr_scale=0)])
    with pytest.raises(ConfigError, match=r"Sgd: ema_momentum=null leaves no average for ema_overwrite_frequency=5."):
        Sgd(ema_overwrite_frequency=5)
    with pytest.raises(ConfigError, match=r"Adam: ema_momentum must lie in \[0, 1\); got 1"):
        Adam(ema_momentum=1)


def test_the_average_is_what_is_validated_tested_and_saved(tmp_path: Path) -> None:
    """average_1 = weights_1, then average = 0.8 average + 0.2 weights; training goes on from the weights."""
    options = ["data=toy", "data.validation=200", "model=mlp", "trainer.batch_size=800", "trainer.epochs=5"]
    plain, averaged = Weights(), Weights()
    annealkit.train([*options, f"outputs={tmp_path / 'plain'}"], [plain])
    result = annealkit.train([*options, "optimizer.ema_momentum=0.8", f"outputs={tmp_path / 'average'}"], [averaged])
    expected = plain.kept[1]
    for weights, seen in zip(plain.kept[1:], averaged.kept[1:], strict=True):
        expected = {path: 0.8 * expected[path] + 0.2 * weights[path] for path in weights}
        for path, value in seen.items():
            np.testing.assert_allclose(value, expected[path], rtol=1e-4, atol=1e-6, err_msg=path)
    saved = keras.saving.load_model(result.folder / "model.keras")
    for variable, value in zip(saved.trainable_variables, expected.values(), strict=True):
        np.testing.assert_allclose(variable.numpy(), value, rtol=1e-4, atol=1e-6)
    toy = annealkit.datasets.Toy().load()
    answers = saved.predict(toy.test_images, verbose=0).argmax(axis=1)
    assert result.test_accuracy == pytest.approx((answers == toy.test_labels).mean(), abs=1e-6)


def test_early_stopping_ends_with_the_best_average(tmp_path: Path) -> None:
    """The weights that were measured to be best are those that are kept, and not the averages of the end."""
    weights = Weights()
    options = ["data=toy", "data.validation=200", "model=mlp", "trainer.epochs=30", "optimizer.lr=0.5"]
    stopping = ["trainer.early_stopping.patience=2", "trainer.early_stopping.monitor=val_loss"]
    outputs = f"outputs={tmp_path}"
    result = annealkit.train([*options, *stopping, "optimizer.ema_momentum=0.5", outputs], [weights])
    losses = [row["val_loss"] for row in result.history]
    best = int(np.argmin(losses))
    assert best < len(losses) - 1
    saved = keras.saving.load_model(result.folder / "model.keras")
    for variable, value in zip(saved.trainable_variables, weights.kept[best + 1].values(), strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


class Halve(keras.callbacks.Callback):
    """Halves the weights at the end of each epoch."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.model.set_weights([array / 2 for array in self.model.get_weights()])


def test_weights_that_a_callback_sets_stay(tmp_path: Path) -> None:
    """With a rate of 0 nothing else changes them: after three epochs they are an eighth."""
    weights = Weights()
    options = [*ONE_UPDATE, "trainer.epochs=3", "optimizer.lr=0", f"outputs={tmp_path}"]
    result = annealkit.train(options, [weights, Halve()])
    saved = keras.saving.load_model(result.folder / "model.keras")
    for variable, first in zip(saved.trainable_variables, weights.kept[0].values(), strict=True):
        np.testing.assert_array_equal(variable.numpy(), first / 8)


def test_weights_that_a_callback_sets_in_place_of_the_average_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="callbacks: one of them has changed the weights at the end of an epoch"):
        annealkit.train([*TOY, "optimizer.ema_momentum=0.9", f"outputs={tmp_path}"], [Halve()])
    with pytest.raises(ConfigError, match="callbacks: SwapEMAWeights puts the averaged weights in place"):
        annealkit.train([*TOY, f"outputs={tmp_path}"], [keras.callbacks.SwapEMAWeights()])


class OwnDecay(keras.optimizers.SGD):
    """Would decay in its update."""

    def _apply_weight_decay(self, variables: list[keras.Variable]) -> None:
        pass


def test_groups_do_not_decay_beside_an_optimizer_that_does_it_itself() -> None:
    variables = [keras.Variable(np.ones((2, 2), np.float32), name="kernel")]
    optimizer = OwnDecay(0.1, weight_decay=0.1)
    optimizer.build(variables)
    with pytest.raises(ConfigError, match=r"optimizer.groups: OwnDecay decays weights in a way of its own"):
        set_groups(optimizer, [VariableGroup(match="kernel")], variables)
    optimizer = OwnDecay(0.1)
    optimizer.build(variables)
    set_groups(optimizer, [VariableGroup(match="kernel", lr_scale=2)], variables)
    optimizer.apply([np.ones((2, 2), np.float32)], variables)
    np.testing.assert_allclose(variables[0].numpy(), 0.8, rtol=1e-6)


def test_the_average_takes_over_at_its_frequency(tmp_path: Path) -> None:
    """With a frequency of 1 every update begins at the average: with plain SGD the weights move a fifth as far."""
    options = ["optimizer=sgd", "optimizer.momentum=0", "optimizer.nesterov=false", "trainer.epochs=2"]
    plain, taken = Weights(), Weights()
    ema = ["optimizer.ema_momentum=0.8", "optimizer.ema_overwrite_frequency=1"]
    annealkit.train([*ONE_UPDATE, *options, f"outputs={tmp_path / 'plain'}"], [plain])
    annealkit.train([*ONE_UPDATE, *options, *ema, f"outputs={tmp_path / 'taken'}"], [taken])
    for path, first in plain.kept[1].items():
        np.testing.assert_allclose(taken.kept[1][path], first, rtol=1e-6)
        move = plain.kept[2][path] - first
        np.testing.assert_allclose(taken.kept[2][path] - first, 0.2 * move, rtol=1e-2, atol=1e-6)


def test_averages_groups_and_momentum_survive_a_resume(tmp_path: Path) -> None:
    arguments = [
        *TOY, "schedule=one_cycle", "optimizer=adam", "optimizer.ema_momentum=0.9", "trainer.progress=false",
        "optimizer.groups=[{layer:head,lr_scale:3,weight_decay:0.1}]",
    ]  # fmt: skip
    whole = annealkit.train([*arguments, f"outputs={tmp_path / 'whole'}"])
    interrupted([*arguments, f"outputs={tmp_path / 'cut'}"], 2)
    annealkit.train([*arguments, f"outputs={tmp_path / 'cut'}"])
    cut = only_run(tmp_path / "cut")
    assert_same_bits(model_arrays(cut / "model.keras"), model_arrays(whole.folder / "model.keras"))


def test_an_average_longer_than_the_run_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """0.999^60 is 94 %: what is saved would hardly be trained. The proposal forgets the first weights to 1 %."""
    annealkit.train([*TOY, "optimizer.ema_momentum=0.999", f"outputs={tmp_path}"])
    assert "averages over some 1,000 weight updates and the run has 60: what is measured" in caplog.text
    assert "Try optimizer.ema_momentum=0.926, or less." in caplog.text
    forgotten = 0.926**60
    assert forgotten == pytest.approx(0.01, rel=0.05)
