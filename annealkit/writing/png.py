"""Pictures of 1600 by 800 pixels, drawn by matplotlib, which is imported for nothing else."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from annealkit.errors import ConfigError
from annealkit.writing.files import write_file

BLUE = "#1f5fa8"


def check_matplotlib(key: str, path: str | Path, instead: str) -> None:
    """Refuse a picture where matplotlib is missing.

    Args:
        key: the setting that named the picture.
        path: the picture.
        instead: what to ask for instead, which needs nothing.

    Raises:
        ConfigError: it is not installed.
    """
    if find_spec("matplotlib") is None:
        raise _no_matplotlib(key, path, instead, "which is not installed")


def write_png(key: str, path: str | Path, name: str, instead: str, title: str, draw: Callable[[Any], None]) -> None:
    """Write a picture with one pair of axes.

    Args:
        key: the setting that named the picture.
        path: the picture.
        name: what such a file is usually called.
        instead: what to ask for where matplotlib is missing.
        title: above the picture.
        draw: draws into the axes.

    Raises:
        ConfigError: the file cannot be written, or matplotlib cannot be imported.
    """
    try:
        from matplotlib.figure import Figure  # Not pyplot: no global state, no window, always Agg.
    except ImportError as error:
        raise _no_matplotlib(key, path, instead, f"which cannot be imported ({error})") from None
    figure = Figure(figsize=(10, 5), dpi=160, layout="constrained")
    axes = figure.add_subplot()
    draw(axes)
    axes.set_title(title, loc="left", fontsize=12, pad=12, parse_math=False)
    axes.grid(color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    write_file(key, path, lambda file: figure.savefig(file, format="png"), name)


def _no_matplotlib(key: str, path: str | Path, instead: str, why: str) -> ConfigError:
    return ConfigError(
        f"{key}: {str(path)!r} needs matplotlib, {why}. "
        f'Try pip install "annealkit[plot]", or {instead}, which needs nothing.'
    )
