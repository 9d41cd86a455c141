"""The HTML file of `annealkit compare`, in headless Chromium where there is one, else as text.

What Chromium shows is read from the document that it leaves behind. Where it is not installed, the same checks of
marks, words and escaping run on the file itself; what needs a browser (hover, width, requests) then comes down to
what the file holds for it, and the test prints that it was so.
"""

import base64
import hashlib
import json
import re
import socket
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from chromium import CHROMIUM, FLAGS
from helpers import environment
from made_runs import make_run, make_sweep

from annealkit.compare import compare

HOSTILE = '"><img src=x onerror=alert(1)></script><script>document.title="owned"</script>'


class Elements(HTMLParser):
    """Every element of a document: its tag and attributes; and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, {name: value or "" for name, value in attributes}))

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)

    def handle_data(self, data: str) -> None:
        self.words += data

    def of_class(self, name: str) -> list[dict[str, str]]:
        return [attributes for _, attributes in self.all if name in attributes.get("class", "").split()]

    def tags(self, name: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.all if tag == name]


def chromium(page: Path, *flags: str, width: int = 1000) -> str:
    """The document as Chromium has it after scripts have run."""
    assert CHROMIUM is not None
    profile = page.parent / f"profile-{len(list(page.parent.iterdir()))}"
    done = subprocess.run(
        [CHROMIUM, *FLAGS, "--virtual-time-budget=3000", f"--user-data-dir={profile}", f"--window-size={width},800",
         *flags, "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=120, env=environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def with_script(page: Path, script: str) -> Path:
    """A copy of the page with one more script, which its security policy is told of."""
    script = f"{{ {script} }}"  # Its names are its own.
    text = page.read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert text.count("script-src 'sha256-") == 1
    text = text.replace("script-src ", f"script-src 'sha256-{digest}' ")
    copy = page.with_name("copy.html")
    copy.write_text(text.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    return copy


def shown(page: Path, *flags: str) -> Elements:
    """The document as a reader gets it."""
    if CHROMIUM is None:
        print("Chromium is not installed: the file is checked as text.")
        return Elements(page.read_text(encoding="utf-8"))
    return Elements(chromium(page, *flags))


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Three schedules with three seeds, one with one; a hostile one; one run left out."""
    outputs = tmp_path / "outputs"
    make_sweep(outputs, {"cosine": [0.71, 0.72, 0.73], "step": [0.60, 0.64, 0.62], "constant": [0.72, 0.70, 0.73]})
    make_run(outputs / "<script>alert(1)<script>", 0.5, 0, schedule=HOSTILE)
    make_run(outputs / "<b>left</b>".replace("/", "_"), 0.5, 9, state={"status": "failed", "message": HOSTILE})
    compare([str(outputs), f"html={tmp_path / 'compare.html'}"])
    return tmp_path / "compare.html"


def test_every_mark_is_drawn(page: Path) -> None:
    found = shown(page)
    assert len(found.of_class("dot")) == 10  # one for each seed of each group
    assert len(found.of_class("interval")) == 3  # none where n = 1
    assert len(found.of_class("middle")) == 4
    assert len(found.of_class("mean")) == len(found.of_class("rate")) == 4
    assert len(found.of_class("thin")) == 9  # each run of a group of several
    # The mean of the last epoch of the leader, 0.72 as is that of 0.71, 0.72 and 0.73, is higher up than its first.
    heights = [float(y) for y in re.findall(r" ([\d.]+)(?=L|$)", found.of_class("mean")[0]["d"])]
    assert len(heights) == 4 and heights == sorted(heights, reverse=True) and all(0 <= y <= 1000 for y in heights)
    # Epochs end at a quarter, a half, three quarters and the end of the axis.
    assert [float(x) for x in re.findall(r"[ML]([\d.]+) ", found.of_class("mean")[0]["d"])] == [250, 500, 750, 1000]
    assert len(found.tags("tr")) == 1 + 4 + 1 + 1
    assert "schedule=cosine leads with test accuracy 72.00 % ± 2.48 (n = 3)." in found.words
    assert "step is worse by 10.00 points (p = 0.03, corrected for 3 comparisons)." in re.sub(
        "schedule=", "", found.words
    )


def test_nothing_in_names_or_settings_is_obeyed(page: Path) -> None:
    found = shown(page)
    assert len(found.tags("script")) == 1 and found.tags("img") == [] and found.tags("b") == []
    assert not any(name.startswith("on") for _, attributes in found.all for name in attributes)
    assert f"schedule={HOSTILE}" in found.words and "<b>left<_b>" in found.words
    title = re.search("<title>(.*?)</title>", page.read_text())
    assert title is not None and title[1] == "annealkit compare: test accuracy"
    if CHROMIUM is not None:
        assert "<title>annealkit compare: test accuracy</title>" in chromium(page)


def test_hover_shows_values(page: Path) -> None:
    tips = [mark["data-tip"] for mark in shown(page).of_class("dot")]
    assert "schedule=cosine, seed 2: 73.00 %" in tips
    curves = json.loads(shown(page).of_class("curves")[0]["data-curves"])
    assert curves["end"] == 100 and curves["groups"][0]["x"] == [25, 50, 75, 100]
    assert curves["groups"][0]["accuracy"] == pytest.approx([0.18, 0.36, 0.54, 0.72])
    if CHROMIUM is None:
        return
    script = """
      const say = (name, value) => document.body.setAttribute("data-" + name, value);
      const at = (mark, share) => {
        const box = mark.getBoundingClientRect();
        return {clientX: box.left + share * box.width, clientY: box.top + box.height / 2, bubbles: true};
      };
      const tip = document.getElementById("tip");
      say("before", getComputedStyle(tip).display);
      const dot = document.querySelector(".dot");
      dot.scrollIntoView({block: "center"});
      dot.dispatchEvent(new PointerEvent("pointerover", at(dot, 0.5)));
      say("dot", tip.textContent);
      const box = tip.getBoundingClientRect();
      say("inside", box.width > 0 && box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight + 1);
      dot.dispatchEvent(new PointerEvent("pointerleave", {}));
      say("after", getComputedStyle(tip).display);
      const area = document.querySelectorAll(".curves .area")[1];
      area.dispatchEvent(new PointerEvent("pointermove", at(area, 0.52)));
      say("curve", tip.textContent);
      say("cross", [...document.querySelectorAll(".cross")].map(line => line.style.left).join());
    """
    body = Elements(chromium(with_script(page, script))).tags("body")[0]
    assert (body["data-before"], body["data-after"], body["data-inside"]) == ("none", "none", "true")
    assert body["data-dot"] == "schedule=cosine, seed 0: 71.00 %"
    lines = body["data-curve"].split("\n")
    assert lines[:2] == ["weight update 50", "schedule=cosine: 36.00 %, rate 0.1"] and len(lines) == 5
    assert len(set(body["data-cross"].split(","))) == 1 and body["data-cross"].startswith("52")


@pytest.mark.parametrize("width", [360, 1000])
def test_no_width_makes_the_page_scroll_sideways(width: int, page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert text.count('<div class="scroll"><table>') == text.count("<table>")
    if CHROMIUM is None:
        print("Chromium is not installed: widths are not measured.")
        return
    # In a frame of that width, since a window cannot be made as narrow as a phone on every system.
    script = f"""
      const frame = document.createElement("iframe");
      frame.style.width = "{width}px"; frame.style.height = "700px"; frame.style.border = "0";
      const inner = document.documentElement.outerHTML.replace(/<script>[^]*?<.script>/g, "");
      document.body.append(frame);
      frame.contentDocument.open(); frame.contentDocument.write(inner); frame.contentDocument.close();
      const root = frame.contentDocument.documentElement, box = frame.contentDocument.querySelector(".scroll");
      document.body.setAttribute("data-page", root.scrollWidth);
      document.body.setAttribute("data-shown", frame.contentWindow.innerWidth);
      document.body.setAttribute("data-table", box.scrollWidth > box.clientWidth);
      const charts = [...frame.contentDocument.querySelectorAll("svg")].map(svg => svg.getBoundingClientRect().width);
      document.body.setAttribute("data-charts", Math.min(...charts) + " " + Math.max(...charts));
    """
    body = Elements(chromium(with_script(page, script), width=1200)).tags("body")[0]
    assert int(body["data-shown"]) == width and int(body["data-page"]) <= width
    assert body["data-table"] == "true"  # It is wider than a phone, and scrolls within its box.
    least, most = map(float, body["data-charts"].split())
    assert 0.5 * width < least <= most < width


def test_dark_mode_turns_the_page_dark(page: Path) -> None:
    assert "@media (prefers-color-scheme: dark)" in page.read_text(encoding="utf-8")
    if CHROMIUM is None:
        print("Chromium is not installed: colours are not measured.")
        return
    script = 'document.body.setAttribute("data-back", getComputedStyle(document.body).backgroundColor)'
    copy = with_script(page, script)
    light, dark = (
        Elements(chromium(copy, f"--blink-settings=preferredColorScheme={scheme}")).tags("body")[0]["data-back"]
        for scheme in (1, 0)
    )
    assert light == "rgb(255, 255, 255)"
    assert all(int(part) < 60 for part in re.findall(r"\d+", dark))


def test_nothing_is_fetched(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"https?:|//[a-z]|@import|url\(|\bsrc=|\bhref=", text.replace(HOSTILE, "").replace(
        "img src=x", ""))  # fmt: skip
    assert "default-src 'none'" in text
    if CHROMIUM is None:
        print("Chromium is not installed: requests are not watched.")
        return
    assert _requests(page, tmp_path) == []
    # The watch does see what a page asks for, once its policy lets it.
    asking = page.with_name("asking.html")
    asking.write_text(
        re.sub("<meta http-equiv=.*>", "", text).replace("</body>", '<img src="http://127.0.0.1:9/x.png"></body>'),
        encoding="utf-8",
    )
    assert _requests(asking, tmp_path) == ["http://127.0.0.1:9/x.png"]


def _requests(page: Path, folder: Path) -> list[str]:
    """What Chromium asked the network for while it showed the page, but for its own errands to its maker."""
    log = folder / f"{page.stem}.net.json"
    with socket.socket() as closed:  # Bound and never listening, so that whatever goes there is refused.
        closed.bind(("127.0.0.1", 0))
        proxy = f"--proxy-server=127.0.0.1:{closed.getsockname()[1]}"
        assert "</html>" in chromium(page, proxy, "--proxy-bypass-list=<-loopback>", f"--log-net-log={log}")
    urls = re.findall(r'"url":"([^"]+)"', log.read_text(encoding="utf-8"))
    return sorted({url for url in urls if re.match("(https?|wss?|ftp):", url) and ".google" not in url})


def test_a_hundred_groups_and_long_runs_stay_small(tmp_path: Path) -> None:
    accuracies = [0.5 + epoch / 10_000 for epoch in range(400)]
    for group in range(100):
        for seed in range(2):
            make_run(tmp_path / f"outputs/{group}-{seed}", 0.5 + group / 1000 + seed / 100, seed,
                     accuracies=accuracies, optimizer__lr=group)  # fmt: skip
    compare([str(tmp_path / "outputs"), f"html={tmp_path / 'compare.html'}"])
    text = (tmp_path / "compare.html").read_text(encoding="utf-8")
    assert len(text) < 1_000_000
    found = Elements(text)
    assert len(found.of_class("dot")) == 200 and len(found.of_class("mean")) == 8
    assert "Drawn are the first 8 of 100 groups." in found.words
