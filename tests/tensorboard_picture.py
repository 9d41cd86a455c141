"""Draws a page of TensorBoard, as Chromium shows it, into a PNG file.

    python tests/tensorboard_picture.py OUTPUTS PAGE PICTURE.png

PAGE is what follows `#` in TensorBoard's address: `hparams`, `scalars` or, for the README,
`custom_scalars&_smoothingWeight=0`.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from board import Board

WIDTH, HEIGHT = 1400, 860
# Virtual time stands still while an answer is awaited, so this is what the page's own timers may take.
VIRTUAL_MILLISECONDS = 20_000


def main(outputs: Path, page: str, picture: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is not installed.")
    with tempfile.TemporaryDirectory() as scratch:
        board = Board(outputs, Path(scratch) / "log")
        try:
            board.wait_for(len(list(outputs.glob("*/run.json"))))
            subprocess.run(
                [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
                 f"--user-data-dir={scratch}/profile", f"--window-size={WIDTH},{HEIGHT}",
                 f"--virtual-time-budget={VIRTUAL_MILLISECONDS}", f"--screenshot={picture.absolute()}",
                 f"{board.address}/#{page}"],
                check=True, stderr=subprocess.DEVNULL, timeout=300,
            )  # fmt: skip
        finally:
            board.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
