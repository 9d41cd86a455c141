"""Starts TensorFlow quietly and with a fixed number of threads."""

import gc
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from annealkit.errors import RunError

log = logging.getLogger("annealkit")

# What TensorFlow writes to stderr from C++ on every start, before any log level counts. Everything else is passed on.
_KNOWN_NOISE = re.compile(
    "|".join(
        (
            r"oneDNN custom operations are on",
            r"This TensorFlow binary is optimized to use available CPU instructions",
            r"To enable the following instructions",
            r"All log messages before absl::InitializeLog",
            r"[Cc]ould not find cuda drivers",
            r"Unable to register cu\w+ factory",
            r"computation placer already registered",
            r"failed call to cuInit",
            r"TF-TRT Warning",
            r"MLIR V1 optimization pass",
            r"Local rendezvous is aborting",
            r"XNNPACK delegate",
        )
    )
)


def available_threads() -> int:
    """Processor threads that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def keras_home() -> Path:
    """Where Keras keeps its settings and what it downloads."""
    home = os.path.expanduser("~")
    # A user id without a name, as containers run with, has no home. Keras then goes to /tmp.
    default = os.path.join(home if os.path.isabs(home) else "/tmp", ".keras")
    return Path(os.path.expanduser(os.environ.get("KERAS_HOME") or default))


def check_temporary_folder() -> None:
    """Raises RunError where no folder for temporary files can be written: TensorFlow cannot be imported then."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        raise RunError(
            f"there is no folder for temporary files, which TensorFlow needs ({error.strerror}). Set the environment "
            "variable TMPDIR to a folder that can be written."
        ) from None


def start_tensorflow(threads: int | None) -> None:
    """Import TensorFlow and Keras with `threads` processor threads (None: all available).

    Raises:
        RunError: there is no folder for temporary files; TensorFlow is running already in this process with another
            number of threads, which it cannot change; or Keras runs on another backend.
    """
    wanted = threads or available_threads()
    check_temporary_folder()
    # "tensorflow" is what the training loop is written in; Keras reads this once, when it is imported.
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if not os.path.isabs(os.path.expanduser("~")):  # TensorFlow's old Keras would make a folder named ~ where one works
        os.environ.setdefault("KERAS_HOME", str(keras_home()))
    with _known_noise_dropped(), _garbage_left_alone():
        import keras
        import tensorflow as tf

        if keras.backend.backend() != "tensorflow":
            raise RunError(
                f"annealkit trains with Keras on TensorFlow; KERAS_BACKEND is {keras.backend.backend()!r}. Unset it."
            )
        if keras.config.floatx() != "float32" or keras.config.image_data_format() != "channels_last":
            raise RunError(
                "annealkit needs Keras' floatx float32 and image_data_format channels_last; keras.json or this program "
                f"set {keras.config.floatx()} and {keras.config.image_data_format()}."
            )
        try:
            tf.config.threading.set_intra_op_parallelism_threads(wanted)
            tf.config.threading.set_inter_op_parallelism_threads(wanted)
        except RuntimeError:
            pass  # Already running: whether the number fits is seen next.
        # 0 is TensorFlow's default: all that this process may use.
        running = tf.config.threading.get_intra_op_parallelism_threads() or available_threads()
        if running != wanted:
            raise RunError(
                f"trainer.threads={wanted} cannot be set: TensorFlow already runs in this process with "
                f"{running} threads. Start another process, or leave trainer.threads as it was."
            )
        tf.constant(0) + 1  # The first operation starts the runtime, which prints as well.


@contextmanager
def _garbage_left_alone() -> Iterator[None]:
    """Search for no garbage while TensorFlow is imported, and not among what it is made of afterwards.

    It is 300,000 objects that stay; Keras searches all of them whenever a run begins and ends, for a third of a second.
    """
    if "tensorflow" in sys.modules or not gc.isenabled():
        yield
        return
    gc.collect()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


@contextmanager
def _known_noise_dropped() -> Iterator[None]:
    """Hold back what is written to file descriptor 2 meanwhile; pass on every line but the known ones."""
    sys.stderr.flush()
    original = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(original, 2)
            os.close(original)
            held.seek(0)
            for line in held.read().decode(errors="replace").splitlines():
                if line.strip() and not _KNOWN_NOISE.search(line):
                    print(line, file=sys.stderr)
