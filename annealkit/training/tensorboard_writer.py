"""Writes what TensorBoard shows. One step axis for every tag: the 0-based count of weight updates."""

import math
import os
import time
from pathlib import Path
from typing import Any

from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.custom_scalar import summary as custom_scalar
from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams import summary as hparams
from tensorboard.plugins.text import summary_v2 as text

from annealkit.runs.event_file import PATTERN, EventFile, cut_to
from annealkit.training.loop import Steps

_END_STATUS = {
    "finished": api_pb2.STATUS_SUCCESS,
    "diverged": api_pb2.STATUS_FAILURE,
    "failed": api_pb2.STATUS_FAILURE,
}


class TensorBoardWriter:
    """The event files of one run.

    A resumed run gets a further file. What an earlier process wrote past the checkpoint is cut off, and the new file
    begins with `SessionLog.START`, so that a TensorBoard that has already read it drops it too.

    Args:
        folder: the run's folder.
        extents: of each event file at the checkpoint, by name; empty at the start of a run.
        step: weight updates made so far.

    Attributes:
        lost: what an earlier process wrote and is not whole any more, each file in words.
    """

    def __init__(self, folder: Path, extents: dict[str, Any], step: int) -> None:
        self._folder = folder
        before = [path.name for path in folder.glob(PATTERN)]  # One that is removed may be what TensorBoard has open.
        for path in folder.glob(PATTERN):
            if path.name not in extents:
                path.unlink()
        problems = {name: cut_to(folder / name, extent) for name, extent in extents.items()}
        self.lost = [f"event file {name} {problem}" for name, problem in problems.items() if problem]
        self._extents = {name: extent for name, extent in extents.items() if not problems[name]}
        self._file = EventFile(folder, [*before, *extents])
        if step:
            start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
            self._file.add(event_pb2.Event(wall_time=time.time(), step=step, session_log=start))

    def describe(self, config_text: str, settings: dict[str, Any]) -> None:
        """Once at the start of a run: the configuration as text, its settings as HParams, the layout of charts.

        HParams become columns of one table of all runs. How a branch's trunk was trained would add twenty to it that
        no other run has: of that, only the schedule is there, and all in the text.
        """
        columns = {key: value for key, value in settings.items() if not key.startswith("branch.trunk.")}
        if "branch.trunk.schedule" in settings:
            columns["branch.trunk.schedule"] = settings["branch.trunk.schedule"]
        self._add(0, text.text_pb("config", f"```yaml\n{config_text}\n```"))
        # No value rather than "None": where a column has words and numbers, TensorBoard can neither sort nor filter.
        known = {key: _hparam(value) for key, value in columns.items() if value is not None}
        self._add(0, hparams.session_start_pb(known))
        # Training figures are of single batches, too restless to be in one chart with those of validation.
        charts = {
            "learning rate": "learning_rate",
            "validation accuracy": "val/accuracy",
            "validation loss": "val/loss",
            "training accuracy, of each batch": "train/accuracy",
            "training loss, of each batch": "train/loss",
        }
        self._add(
            0,
            custom_scalar.pb(
                layout_pb2.Layout(
                    category=[
                        layout_pb2.Category(
                            title="Annealing",
                            chart=[
                                layout_pb2.Chart(title=title, multiline=layout_pb2.MultilineChartContent(tag=[tag]))
                                for title, tag in charts.items()
                            ],
                        )
                    ]
                )
            ),
        )

    def steps(self, first: int, steps: Steps) -> None:
        """What the loop handed back of every weight update from `first` on."""
        now = time.time()
        columns = {
            "learning_rate": steps.rates,
            "train/loss": steps.losses,
            "train/accuracy": steps.correct / steps.sizes,
        }
        if steps.momenta is not None:
            columns["momentum"] = steps.momenta
        for i, values in enumerate(zip(*columns.values(), strict=True)):
            self._scalars(first + i, now, dict(zip(columns, values, strict=True)))

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Figures that were measured after the weight update with this count."""
        self._scalars(step, time.time(), values)

    def flush(self) -> dict[str, Any]:
        """Bring everything to the disk; the extent of each event file, which a checkpoint keeps."""
        self._file.flush()
        extents = {}
        for path in self._folder.glob(PATTERN):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
                size = os.fstat(descriptor).st_size
            finally:
                os.close(descriptor)
            # Other programs may write into the folder; how much is all that is known of their files.
            extents[path.name] = self._extents.get(path.name, size)
        return extents | {self._file.name: self._file.extent}

    def close(self, status: str) -> None:
        """Write the end status, unless the run will go on later, and close the file."""
        if status in _END_STATUS:
            self._add(0, hparams.session_end_pb(_END_STATUS[status]))
        self._file.close()

    def _scalars(self, step: int, wall_time: float, values: dict[str, float]) -> None:
        # One event for all tags of a step, as `simple_value`: an order of magnitude cheaper than tf.summary.scalar.
        # A loss that is not a number stands as infinite: one NaN, and the HParams table sorts by it in no order.
        summary = summary_pb2.Summary(
            value=[
                summary_pb2.Summary.Value(tag=tag, simple_value=math.inf if math.isnan(value) else float(value))
                for tag, value in values.items()
            ]
        )
        self._file.add(event_pb2.Event(wall_time=wall_time, step=step, summary=summary))

    def _add(self, step: int, summary: Any) -> None:
        # Beside TensorFlow, TensorBoard's plugins build TensorFlow's own Summary class; the writer wants TensorBoard's.
        own = summary_pb2.Summary.FromString(summary.SerializeToString())
        self._file.add(event_pb2.Event(wall_time=time.time(), step=step, summary=own))


def _hparam(value: Any) -> bool | float | str:
    return value if isinstance(value, bool | int | float | str) else str(value)
