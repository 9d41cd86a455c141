"""Draws a page of TensorBoard, as a user of Chromium sees it, into a PNG file.

    python tests/tensorboard_picture.py OUTPUTS PAGE PICTURE.png

PAGE is `scalars` (time series of learning_rate and val/accuracy), `hparams` (the table, best final accuracy first) or
`custom_scalars` (our layout of charts). OUTPUTS is a folder of runs that have ended.
"""

import json
import sys
import tempfile
from pathlib import Path

from board import Board
from chromium import CHROMIUM, Chromium

WIDTH, HEIGHT = 1400, 860
PAGES = {
    "scalars": "?tagFilter=%5E(learning_rate%7Cval/accuracy)$&smoothing=0#timeseries",
    "hparams": "#hparams",
    "custom_scalars": "#custom_scalars&_smoothingWeight=0",
}
# TensorBoard keeps a user's choices here: the settings and the tables below charts are put away, charts are
# wide and hold every point.
SETTINGS = {
    "timeSeriesSettingsPaneOpened": False, "stepSelectorEnabled": False, "timeSeriesCardMinWidth": 735,
    "ignoreOutliers": False,
}  # fmt: skip
# TensorBoard builds its pages of elements with trees of their own, which `querySelectorAll` does not enter.
BEFORE = f"""
localStorage.setItem("_tb_global_settings", {json.dumps(json.dumps(SETTINGS))});
function everywhere(selector, root = document) {{
  const found = [...root.querySelectorAll(selector)];
  for (const element of root.querySelectorAll("*"))
    if (element.shadowRoot) found.push(...everywhere(selector, element.shadowRoot));
  return found;
}}
"""
# What a user does with a few clicks: the final accuracy beside what the sweep varies, and the best first.
SORT = """(() => {
  const [pane] = everywhere("tf-hparams-query-pane");
  pane._hparams.forEach((one, i) => pane.set(`_hparams.${i}.displayed`, Boolean(one.info.differs)));
  const tags = pane._metrics.map(one => one.info.name.tag);
  tags.forEach((tag, i) => pane.set(`_metrics.${i}.displayed`, tag === "test/accuracy"));
  pane._sortByIndex = pane._hparams.length + tags.indexOf("test/accuracy");
  pane._sortDirection = 1;
  pane._queryServer();
})()"""


def main(outputs: Path, page: str, picture: Path) -> None:
    if CHROMIUM is None:
        sys.exit("Chromium is not installed.")
    if page not in PAGES:
        sys.exit(f"There is no page {page}. There are: {', '.join(PAGES)}.")
    states = {path.parent: json.loads(path.read_text())["status"] for path in outputs.glob("*/run.json")}
    ended = [run for run, status in states.items() if status in ("finished", "diverged")]
    if not ended:
        sys.exit(f"{outputs}: no run in it has ended.")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        board = Board(outputs, Path(scratch) / "log")
        try:
            board.wait_for(len(ended))
            chromium = Chromium(Path(scratch) / "profile", WIDTH, HEIGHT)
            try:
                chromium.before_each_page(BEFORE)
                chromium.open(f"{board.address}/{PAGES[page]}")
                if page == "hparams":
                    chromium.wait_for('everywhere("tf-hparams-query-pane").some(pane => pane._metrics?.length)')
                    chromium.settled_picture()
                    chromium.value(SORT)
                else:
                    chromium.wait_for('everywhere("line-chart, vz-line-chart2").length > 0')
                picture.write_bytes(chromium.settled_picture())
            finally:
                chromium.close()
        finally:
            board.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
