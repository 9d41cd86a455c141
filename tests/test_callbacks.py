"""Callbacks that cannot be, or would do nothing, are refused by name before there is a folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
from helpers import QUIET, TOY, interrupt_after

import annealkit
from annealkit import ConfigError
from annealkit.training.callbacks import check_callbacks

K = keras.callbacks


class AtBatches(K.Callback):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        raise AssertionError("never called")


class EpochsOnly(AtBatches):
    epochs_only = True


class SetsRate(K.Callback):
    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.model.optimizer.learning_rate = 0.1


class SetsRateByAnotherName(K.Callback):
    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        optimizer = self.model.optimizer
        optimizer.learning_rate = 0.1


class AssignsRate(K.Callback):
    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.model.optimizer.learning_rate.assign(0.1)


class SwapsRate(K.Callback):
    def on_train_begin(self, logs: Any = None) -> None:
        vars(self.model.optimizer)["_learning_rate"] = 0.1


class OwnRate(K.Callback):
    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.learning_rate = self.lr = float(self.model.optimizer.learning_rate)


class Fails(K.Callback):
    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        raise LookupError("nothing here")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            AtBatches,
            "AtBatches has on_train_batch_end, and callbacks are called here at the beginning and end of training",
        ),
        (lambda: K.LambdaCallback(on_train_batch_begin=print), "LambdaCallback has on_train_batch_begin, and"),
        (
            lambda: K.ModelCheckpoint("a.keras", save_freq=7),
            "ModelCheckpoint has save_freq=7, and callbacks are called",
        ),
        (lambda: K.TensorBoard("logs", update_freq=5), "TensorBoard has update_freq=5, and callbacks are called"),
        (K.TerminateOnNaN, "TerminateOnNaN looks at each batch; a run ends here anyway"),
        (lambda: K.BackupAndRestore("backup"), "BackupAndRestore is for model.fit; here the same command continues"),
        (K.ProgbarLogger, "ProgbarLogger is for model.fit; here trainer.progress=true"),
        (
            lambda: K.LearningRateScheduler(lambda epoch: 0.1),
            "LearningRateScheduler sets the learning rate, which here",
        ),
        (K.ReduceLROnPlateau, "ReduceLROnPlateau sets the learning rate, which here the schedule does. Try schedule=…"),
        (SetsRate, "SetsRate sets the learning rate, which here the schedule does. Try schedule=…"),
    ],
)
def test_it_is_refused_by_name_before_there_is_a_folder(make: Callable[[], Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        annealkit.train([*TOY, f"outputs={tmp_path / 'outputs'}"], [make()])
    assert str(refused.value).startswith(f"callbacks: {said}")
    assert not (tmp_path / "outputs").exists()


def test_what_is_no_list_of_callbacks_is_refused() -> None:
    with pytest.raises(ConfigError, match="callbacks must be a list of Keras callbacks; got EarlyStopping"):
        annealkit.train(TOY, K.EarlyStopping())
    with pytest.raises(ConfigError, match="callbacks must be Keras callbacks; got the class EarlyStopping"):
        annealkit.train(TOY, [K.EarlyStopping])
    with pytest.raises(ConfigError, match="callbacks must be Keras callbacks; got str"):
        annealkit.train(TOY, ["early"])


def test_what_works_at_the_ends_of_epochs_is_taken() -> None:
    check_callbacks(
        [EpochsOnly(), OwnRate(), K.ModelCheckpoint("a.keras"), K.TensorBoard("logs"), K.CSVLogger("a.csv"),
         K.EarlyStopping("loss"), K.LambdaCallback(on_epoch_end=print), interrupt_after(1)]
    )  # fmt: skip


@pytest.mark.parametrize("callback", [SetsRateByAnotherName, AssignsRate, SwapsRate])
def test_one_that_sets_the_rate_unseen_is_named_when_it_does(callback: type[K.Callback], tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        annealkit.train([*TOY, QUIET, f"outputs={tmp_path}"], [OwnRate(), callback()])
    assert str(refused.value).startswith(f"callbacks: {callback.__name__} sets the learning rate, which here")


def test_whose_error_it_is_stands_below_it(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="nothing here") as raised:
        annealkit.train([*TOY, QUIET, f"outputs={tmp_path}"], [EpochsOnly(), Fails()])
    assert raised.value.__notes__ == ["It was raised by on_epoch_end of the callback Fails."]
