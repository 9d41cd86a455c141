"""A curve from a file."""

import csv
import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from annealkit import Run, SettingError, checked_dataclass, duration, flag, hookimpl, setting


@checked_dataclass
class Table:
    """Follow the values of a CSV file: replay a published curve, or one drawn by hand.

    Formula: with row i at update i * `every` and t = s / every: factor(s) = values[floor(t)]; with `interpolate` the
    straight line between the rows on both sides of t. From the last row on its value holds.

    The file has one value a line, or two columns, a count of the rows (0, 1, 2, …) and the value; a first line of words
    is taken for a header and empty lines are passed over. The values are factors; to replay a file of learning rates,
    such as `preview.csv` writes, set optimizer.lr=1. The file is read once, when the schedule is made. A run is known
    by the path alone, so save a changed curve under another name, or the run of the old one is reported.

    Range: [0, inf), from the least to the greatest value in the file.
    Edges: the first update has the first value; rows beyond the run are not used; past the end the last update's value
    holds.

    Raises:
        ConfigError: there is no such file; or a line of it cannot be used, which is named with its value.

    Source: a rule of practice.

    Equals: `numpy.interp(s / every, range(len(values)), values)` with interpolate=true.
    """

    path: str = setting(meaning="the CSV file, UTF-8; relative to the working directory")
    every: str = duration("1st", "from one row to the next", hint="1st, or 1ep for one value per epoch")
    interpolate: bool = flag(False, "draw straight lines between rows instead of stairs")

    def __post_init__(self) -> None:
        self._values = np.array(self._read(), dtype=np.float64)

    @classmethod
    def examples(cls, folder: Path) -> list[dict[str, Any]]:
        """Settings to check it with; the file is written into the folder."""
        path = folder / "curve.csv"
        path.write_text("row,value\n0,1.0\n1,0.75\n2,0.25\n3,0.0\n", encoding="utf-8")
        return [{"path": str(path), "every": "20%"}, {"path": str(path), "every": "3ep", "interpolate": True}]

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        step = np.minimum(step, run.total_steps - 1)
        every, last = run.steps(self.every), len(self._values) - 1
        if self.interpolate:
            return np.interp(step / every, np.arange(last + 1), self._values)
        return self._values[np.minimum(step // every, last)]

    def _read(self) -> list[float]:
        """The values in the file. Raises SettingError, which names the file, the line and what is wrong in it."""
        try:
            with Path(os.path.expanduser(self.path)).open(encoding="utf-8-sig", newline="") as file:
                rows = csv.reader(file)
                lines = [(rows.line_num, [cell.strip() for cell in row]) for row in rows if any(map(str.strip, row))]
        except OSError as error:
            raise self._unusable(f" cannot be read: {error.strerror}", suggestion="FILE") from None
        except (UnicodeDecodeError, csv.Error) as error:
            raise self._unusable(f" is no CSV file: {error}") from None
        if lines and all(_number(cell) is None for cell in lines[0][1]):
            del lines[0]
        if not lines:
            raise self._unusable(" has no values. Write one number a line")
        values = []
        for index, (line, row) in enumerate(lines):
            if len(row) > 2 or len(row) != len(lines[0][1]):
                wrong = f"each line must be a value, or a count and a value; got {','.join(row)!r}"
                raise self._unusable(f", line {line}: {wrong}")
            if len(row) == 2 and _number(row[0]) != index:
                wrong = f"the first of two columns must count the rows 0, 1, 2, …; got {row[0]!r} for {index}"
                raise self._unusable(f", line {line}: {wrong}")
            value = _number(row[-1])
            if value is None or not (math.isfinite(value) and value >= 0):
                raise self._unusable(f", line {line}: a value must be a finite number of at least 0; got {row[-1]!r}")
            values.append(value)
        return values

    def _unusable(self, problem: str, suggestion: str = "") -> SettingError:
        return SettingError(self, "path", f"={self.path}{problem}", suggestion)


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"table": Table}
