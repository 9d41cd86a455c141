"""The Keras callbacks of a run: the one that the settings ask for, those that cannot be, and how they are called."""

import dis
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import keras
from keras import callbacks as of_keras

from annealkit.configuration.schema import TrainerSettings
from annealkit.errors import ConfigError, words_of
from annealkit.keras.feedback import Feedback
from annealkit.keras.learning_rate_logger import LearningRateLogger

# What a callback that can do without sets to True, for the methods in BATCH_LEVEL are never called here.
EPOCHS_ONLY = "epochs_only"
BATCH_LEVEL = (
    "on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end", "on_test_batch_begin",
    "on_test_batch_end",
)  # fmt: skip

_SETS_RATE = "sets the learning rate, which here the schedule does. Try schedule=…, or feedback=plateau."
# What of Keras and of ours would do harm or nothing, and what to use instead.
_REFUSED: list[tuple[tuple[type, ...], str]] = [
    ((of_keras.LearningRateScheduler, of_keras.ReduceLROnPlateau, Feedback), _SETS_RATE),
    (
        (of_keras.SwapEMAWeights,),
        "puts the averaged weights in place to measure them, as optimizer.ema_momentum does here by itself. "
        "Leave it out.",
    ),
    ((LearningRateLogger,), "is for model.fit; here the applied rate is in TensorBoard anyway. Leave it out."),
    (
        (of_keras.TerminateOnNaN,),
        "looks at each batch; a run ends here anyway at the first loss that is no finite number, with the status "
        "diverged. Leave it out.",
    ),
    (
        (of_keras.BackupAndRestore,),
        "is for model.fit; here the same command continues a run that was stopped, at the very weight update. Try "
        "trainer.checkpoint_steps=100 or trainer.checkpoint_minutes=1 for how often, and leave it out.",
    ),
    ((of_keras.ProgbarLogger,), "is for model.fit; here trainer.progress=true shows a bar. Leave it out."),
]


def check_callbacks(callbacks: Sequence[keras.callbacks.Callback]) -> None:
    """Refuse at once what Keras would refuse in the middle of the run, and what would do nothing."""
    if not isinstance(callbacks, Sequence):
        raise ConfigError(f"callbacks must be a list of Keras callbacks; got {type(callbacks).__name__}. Try [it].")
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            got = f"the class {callback.__name__}" if isinstance(callback, type) else type(callback).__name__
            raise ConfigError(f"callbacks must be Keras callbacks; got {got}. Try one such as EarlyStopping().")
        problem = _problem(callback)
        if problem:
            raise ConfigError(f"callbacks: {type(callback).__name__} {problem}")


def _problem(callback: keras.callbacks.Callback) -> str:
    """Why it cannot be, and what to use instead; empty where it can."""
    for classes, problem in _REFUSED:
        if isinstance(callback, classes):
            return problem
    save_freq = getattr(callback, "save_freq", None)  # of ModelCheckpoint and those like it
    if save_freq == "epoch":
        return ""
    if isinstance(save_freq, int):
        return (
            f"has save_freq={save_freq}, and callbacks are called here at the ends of epochs. Try "
            'save_freq="epoch"; trainer.checkpoint_steps and trainer.keep_at keep the run itself at weight updates.'
        )
    if isinstance(callback, of_keras.TensorBoard):
        if callback.update_freq == "epoch":
            return ""
        return (
            f"has update_freq={callback.update_freq!r}, and callbacks are called here at the ends of epochs. Every "
            'weight update is in the event files of the run anyway. Try update_freq="epoch", or leave it out.'
        )
    if any(_stores_rate(method) for method in _methods(callback)):
        return _SETS_RATE
    at_batches = [name for name in BATCH_LEVEL if _overrides(callback, name)]
    if at_batches and not getattr(callback, EPOCHS_ONLY, False):
        return (
            f"has {' and '.join(at_batches)}, and callbacks are called here at the beginning and end of training and "
            f"of each epoch. Try on_epoch_end; or set its attribute {EPOCHS_ONLY} = True if it does without."
        )
    return ""


def _overrides(callback: keras.callbacks.Callback, name: str) -> bool:
    """Whether it has a method of its own of that name, in its class or, as LambdaCallback does, in itself."""
    return name in vars(callback) or getattr(type(callback), name) is not getattr(keras.callbacks.Callback, name)


def _methods(callback: keras.callbacks.Callback) -> Iterator[Callable[..., Any]]:
    """Its functions that are not Keras' own."""
    found = [vars(cls) for cls in type(callback).__mro__ if not cls.__module__.startswith(("keras.", "builtins"))]
    for values in [vars(callback), *found]:
        yield from (value for value in values.values() if hasattr(value, "__code__"))


def _stores_rate(method: Callable[..., Any]) -> bool:
    """Whether it has a line like `self.model.optimizer.learning_rate = …`."""
    before = None
    for instruction in dis.get_instructions(method.__code__):
        stores = instruction.opname == "STORE_ATTR" and instruction.argval in ("learning_rate", "lr")
        if stores and before == "optimizer":
            return True
        before = instruction.argval
    return False


class Callbacks(keras.callbacks.CallbackList):
    """Keras' list, which says which of them sets the learning rate where nothing but running it could tell."""

    def _told(self, method: str, *arguments: Any) -> None:
        for callback in self.callbacks:
            with _naming(callback, method, self._model):
                getattr(callback, method)(*arguments)

    def on_train_begin(self, logs: Any = None) -> None:
        self._told("on_train_begin", logs or {})

    def on_train_end(self, logs: Any = None) -> None:
        self._told("on_train_end", logs or {})

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._told("on_epoch_begin", epoch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._told("on_epoch_end", epoch, logs or {})


@contextmanager
def _naming(callback: keras.callbacks.Callback, method: str, model: keras.Model) -> Iterator[None]:
    rate = model.optimizer._learning_rate
    try:
        yield
    except (TypeError, AttributeError) as error:
        said = words_of(error)
        if "learning rate is not settable" in said or "no attribute 'assign'" in said:
            raise ConfigError(f"callbacks: {type(callback).__name__} {_SETS_RATE}") from error
        raise
    except Exception as error:
        error.add_note(f"It was raised by {method} of the callback {type(callback).__name__}.")
        raise
    if model.optimizer._learning_rate is not rate:
        raise ConfigError(f"callbacks: {type(callback).__name__} {_SETS_RATE}")


def early_stopping(trainer: TrainerSettings) -> list[keras.callbacks.EarlyStopping]:
    """Keras' EarlyStopping as the settings have it, or none."""
    settings = asdict(trainer.early_stopping)
    return [keras.callbacks.EarlyStopping(**settings)] if settings["patience"] is not None else []
