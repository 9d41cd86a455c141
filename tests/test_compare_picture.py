"""The SVG file of `annealkit compare`: what it holds, and in headless Chromium, where there is one, how it looks."""

import json
import re
import xml.etree.ElementTree as ElementTree
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from made_runs import make_run, make_sweep
from test_compare_page import CHROMIUM, HOSTILE, Elements, chromium

from annealkit.compare import compare

SVG = "{http://www.w3.org/2000/svg}"
SCHEDULES = ("cosine", "step", "one_cycle", "exponential", "cyclical")


def picture(outputs: Path, *arguments: str) -> ElementTree.Element:
    """The picture of the runs below a folder; a document that is no XML raises."""
    path = outputs.parent / "c.svg"
    compare([str(outputs), f"svg={path}", *arguments])
    return ElementTree.parse(path).getroot()


def texts(svg: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in svg.iter(f"{SVG}text")]


def points(svg: ElementTree.Element) -> list[tuple[float, str]]:
    """Place and colour of every seed."""
    return [(float(dot.attrib["cx"]), dot.attrib["fill"]) for dot in svg.iter(f"{SVG}circle")]


def paths(svg: ElementTree.Element, colour: str, width: int) -> list[str]:
    return [
        path.attrib["d"]
        for path in svg.iter(f"{SVG}path")
        if (path.get("stroke"), path.get("stroke-width")) == (colour, str(width))
    ]


def mixed(outputs: Path) -> None:
    """15 groups of three seeds with long labels, two of which are far below the others: at 20 and 30 %."""
    for group in range(15):
        accuracy = (0.2, 0.3)[group] if group < 2 else 0.73 + 0.005 * group
        for seed in range(3):
            make_run(
                outputs / f"{group}-{seed}", accuracy + 0.004 * (seed - 1), seed, optimizer__lr=0.01 * (group + 1),
                schedule=SCHEDULES[group % 5], warmup=("none", "linear", "exponential")[group // 5],
                optimizer=("sgd", "an_optimizer_with_a_name_of_many_words")[group % 2],
            )  # fmt: skip


def test_every_seed_mean_and_interval_stands_where_it_should(tmp_path: Path) -> None:
    make_sweep(tmp_path / "outputs", {"cosine": [0.71, 0.72, 0.73], "step": [0.60, 0.64, 0.62], "constant": [0.70]})
    svg = picture(tmp_path / "outputs")
    words = texts(svg)
    assert words[0] == "Test accuracy of 3 groups"
    about = "toy, mlp, 4 epochs, batches of 40, 1,000 training images, 100 weight updates; n = 1 to 3 seeds."
    assert about in " ".join(words)
    assert "test accuracy, %" in words and "mean ± 95 %" in words
    # Sorted by the mean, whatever n is. The half-widths are t(0.975; 2) = 4.302653 × 0.01 / √3 and twice that.
    rows = [word for word in words if word.startswith("schedule=") or re.match(r"\d\d\.\d\d", word)]
    assert rows == [
        "schedule=cosine", "72.00 ± 2.48", "schedule=constant", "70.00", "schedule=step", "62.00 ± 4.97"
    ]  # fmt: skip
    # A linear axis: the ticks give its scale, and every point and mean lies on it. Those of other charts come later.
    found = {element.text: float(element.attrib["x"]) for element in reversed(list(svg.iter(f"{SVG}text")))}
    scale = (found["70"] - found["60"]) / 10
    seeds = [60 + (x - found["60"]) / scale for x, _ in points(svg)]
    assert seeds == pytest.approx([71, 72, 73, 70, 60, 64, 62], abs=0.02)
    means = [60 + (float(re.findall(r"[\d.]+", path)[0]) - found["60"]) / scale for path in paths(svg, "#1c2126", 2)]
    assert means == pytest.approx([72, 70, 62], abs=0.02)
    intervals = [
        [60 + (float(x) - found["60"]) / scale for x in re.findall(r"([\d.]+) ", path.attrib["d"])]
        for path in svg.iter(f"{SVG}path")
        if path.get("stroke-opacity") == "0.6"
    ]
    assert len(intervals) == 2  # None where n = 1.
    assert intervals[0] == pytest.approx([69.516, 74.484], abs=0.02)
    assert intervals[1] == pytest.approx([57.032, 66.968], abs=0.02)


def test_rates_stand_above_accuracies(tmp_path: Path) -> None:
    make_sweep(tmp_path / "outputs", {"cosine": [0.71, 0.73], "step": [0.60, 0.64]})
    svg = picture(tmp_path / "outputs")
    found = {element.text: element.attrib for element in svg.iter(f"{SVG}text")}
    assert float(found["learning rate"]["y"]) < float(found["validation accuracy, %"]["y"])
    assert "weight updates" in found and "all groups." in " ".join(texts(svg))
    leader = points(svg)[0][1]
    rate, mean = (
        [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)] for path in paths(svg, leader, 2)[1:]
    )
    # The history has a rate of 0.1 throughout; accuracies rise by a quarter of 72 % at 25, 50, 75 and 100 updates.
    assert len({y for _, y in rate}) == 1
    across = (float(found["100"]["x"]) - float(found["0"]["x"])) / 100
    assert [x for x, _ in mean] == pytest.approx([float(found["0"]["x"]) + across * at for at in (25, 50, 75, 100)])
    rises = [before - after for (_, before), (_, after) in pairwise(mean)]
    assert rises == pytest.approx([rises[0]] * 3, abs=0.2) and rises[0] > 0


def test_rates_of_other_magnitudes_are_drawn_as_shares_and_those_known_by_epoch_as_stairs(tmp_path: Path) -> None:
    make_run(tmp_path / "outputs" / "a", 0.7, optimizer="sgd")
    adam = make_run(tmp_path / "outputs" / "b", 0.8, optimizer="adam")
    rows = (adam / "history.csv").read_text().splitlines()
    columns = [row.split(",") for row in rows]
    for row, rate in zip(columns[1:], ("0.002", "0.002", "0.001", "0.0005"), strict=True):
        row[2] = rate
    (adam / "history.csv").write_text("\n".join(",".join(row) for row in columns) + "\n")
    svg = picture(tmp_path / "outputs")
    found = {element.text: element.attrib for element in svg.iter(f"{SVG}text")}
    assert "learning rate, as a share of each one's highest" in found
    rate = [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", paths(svg, points(svg)[0][1], 2)[0])]
    left, end = float(found["0"]["x"]), float(found["100"]["x"])
    updates = [100 * (x - left) / (end - left) for x, _ in rate]
    assert updates == pytest.approx([0, 25, 25, 50, 50, 75, 75, 100], abs=0.1)
    # Ticks at a half and 1 give the scale; the text stands 4 below its line. At 0 there is one of the other axis too.
    half, high = (float(found[name]["y"]) - 4 for name in ("0.5", "1"))
    shares = [0.5 + 0.5 * (half - y) / (half - high) for _, y in rate]
    assert shares == pytest.approx([1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25], abs=0.01)


def test_colours_are_those_of_the_page(tmp_path: Path) -> None:
    for group in range(8):
        make_run(tmp_path / f"outputs/{group}", 0.3 + group / 100, 0, optimizer__lr=group)
    svg = picture(tmp_path / "outputs", f"html={tmp_path / 'c.html'}")
    css = (tmp_path / "c.html").read_text()
    light = css[: css.index("prefers-color-scheme")]
    colours = re.findall(r"--c\d: (#[0-9a-f]{6})", light)
    assert len(set(colours)) == 8 and [colour for _, colour in points(svg)] == colours


def test_the_best_are_enlarged_beside_the_whole_where_a_few_squeeze_them(tmp_path: Path) -> None:
    mixed(tmp_path / "outputs")
    svg = picture(tmp_path / "outputs")
    words = texts(svg)
    assert "all" in words and "the best 13, enlarged" in words and words.count("test accuracy, %") == 2
    assert "A triangle: there is more of the group beyond this edge." in " ".join(words)
    # Each of 45 seeds on the whole axis, 39 of them on the other; two groups are triangles there.
    assert len(points(svg)) == 45 + 39
    triangles = [path.attrib["d"] for path in svg.iter(f"{SVG}path") if path.attrib["d"].endswith("z")]
    assert len(triangles) == 2 and all("l7 " in path for path in triangles)  # They point to the left.
    assert "20.00 ± 0.99" in words  # 4.302653 × 0.4 / √3


def test_a_group_that_is_half_in_the_enlarged_part(tmp_path: Path) -> None:
    figures = {"a": [0.78, 0.79], "b": [0.77, 0.78], "c": [0.76, 0.77], "d": [0.50, 0.775], "e": [0.1, 0.11]}
    make_sweep(tmp_path / "outputs", figures)
    svg = picture(tmp_path / "outputs")
    assert "the best 3, enlarged" in texts(svg)
    ticks = [float(text.attrib["x"]) for text in svg.iter(f"{SVG}text") if text.text == "test accuracy, %"]
    right = [x for x, _ in points(svg) if x > sum(ticks) / 2]
    # The seed at 77.5 % is among those of the three; the one at 50 % is not, and lies nowhere between the two.
    assert len(right) == 7 and len(points(svg)) == 10 + 7
    colours = [colour for _, colour in points(svg)]
    shaded = next(rect for rect in svg.iter(f"{SVG}rect") if rect.get("fill") == "#eef1f4")
    left = [x for x, _ in points(svg) if x < sum(ticks) / 2]
    assert max(left) <= float(shaded.attrib["x"]) + float(shaded.attrib["width"])
    # Its interval, 63.75 ± 174.7, goes on at both ends of the enlarged part; there is more of e at the low end.
    found = [path.attrib for path in svg.iter(f"{SVG}path") if path.attrib["d"].endswith("z")]
    assert [(path["fill"], "l7 " in path["d"]) for path in found] == [
        (colours[-5], True), (colours[-5], False), (colours[-1], True)
    ]  # fmt: skip


def test_nothing_is_enlarged_where_nothing_is_squeezed(tmp_path: Path) -> None:
    make_sweep(tmp_path / "outputs", {"cosine": [0.7, 0.7], "step": [0.6, 0.6], "constant": [0.5, 0.5]})
    assert not [word for word in texts(picture(tmp_path / "outputs")) if "enlarged" in word or word == "all"]
    # One group that is far ahead: the others are not shown as if they were the best.
    make_sweep(tmp_path / "ahead", {"cosine": [0.9], "step": [0.20], "constant": [0.21], "one_cycle": [0.22]})
    assert not [word for word in texts(picture(tmp_path / "ahead")) if "enlarged" in word]
    make_sweep(tmp_path / "equal", {"cosine": [0.5], "step": [0.5], "constant": [0.5]})
    assert not [word for word in texts(picture(tmp_path / "equal")) if "enlarged" in word]


def test_a_loss_is_best_where_it_is_low(tmp_path: Path) -> None:
    for group, loss in enumerate((0.61, 0.62, 0.63, 2.3)):
        make_run(tmp_path / f"outputs/{group}", 0.5, 0, optimizer__lr=group, result={"test_loss": loss})
    svg = picture(tmp_path / "outputs", "metric=test_loss")
    assert [word for word in texts(svg) if word.startswith("optimizer.lr")] == [
        f"optimizer.lr={number}" for number in range(4)
    ]
    assert "the best 3, enlarged" in texts(svg) and "test loss" in texts(svg)
    [triangle] = [path.attrib["d"] for path in svg.iter(f"{SVG}path") if path.attrib["d"].endswith("z")]
    assert "l-7 " in triangle  # To the right.


def test_one_group_and_runs_without_a_history(tmp_path: Path) -> None:
    run = make_run(tmp_path / "outputs/one", 0.5, 0)
    (run / "history.csv").unlink()
    words = texts(picture(tmp_path / "outputs"))
    assert words[0] == "Test accuracy" and "learning rate" not in words
    assert "n = 1 seed in each group." in " ".join(words) and "interval" not in " ".join(words)


def test_the_largest_section_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_sweep(tmp_path / "outputs", {"cosine": [0.7, 0.7], "step": [0.6, 0.6]})
    make_run(tmp_path / "outputs/other", 0.9, 0, model="keras_cnn")
    svg = picture(tmp_path / "outputs")
    assert f"wrote {tmp_path / 'c.svg'}, of the first of 2 sections\n" in capsys.readouterr().out
    assert len(points(svg)) == 4 and not any("keras_cnn" in word for word in texts(svg))


def test_no_more_rows_than_a_reader_can_take(tmp_path: Path) -> None:
    for group in range(60):
        make_run(tmp_path / f"outputs/{group}", 0.3 + group / 100, 0, optimizer__lr=group)
    words = texts(picture(tmp_path / "outputs"))
    labels = [word for word in words if word.startswith("optimizer.lr=")]
    assert labels == [f"optimizer.lr={group}" for group in range(59, 19, -1)]
    assert "Shown are the best 40 of 60 groups." in " ".join(words)


def test_nothing_to_compare_is_said_in_the_picture(tmp_path: Path) -> None:
    make_run(tmp_path / "outputs/bad", 0.9, state={"status": "failed"})
    assert "No run can be compared." in texts(picture(tmp_path / "outputs"))


def test_nothing_is_obeyed_or_fetched(tmp_path: Path) -> None:
    make_run(tmp_path / "outputs/a", 0.5, 0, schedule=HOSTILE, model=HOSTILE)
    make_run(tmp_path / "outputs/b", 0.6, 0, schedule="\x00\ud800\ufffe&amp;", model=HOSTILE)
    svg = picture(tmp_path / "outputs")
    kinds = {element.tag.removeprefix(SVG) for element in svg.iter()}
    assert kinds <= {"svg", "title", "desc", "rect", "text", "path", "circle", "clipPath", "g"}
    names = {name for element in svg.iter() for name in element.attrib}
    assert not any(name.startswith("on") or "href" in name or name == "style" for name in names)
    source = (tmp_path / "c.svg").read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search("https?:|@import|<style|<script|<image", source)
    assert re.findall(r"url\(([^)]*)\)", source) == ["#accuracies"]
    said = "".join(texts(svg)).replace(" ", "")
    assert f"schedule={HOSTILE}".replace(" ", "") in said and "&amp;" in said


def contrast(first: str, second: str) -> float:
    """WCAG 2.1's contrast ratio of two colours #rrggbb."""
    lights = []
    for colour in (first, second):
        shares = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in shares)
        lights.append(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def test_colours_are_seen_on_its_own_background(tmp_path: Path) -> None:
    mixed(tmp_path / "outputs")
    svg = picture(tmp_path / "outputs")
    background = next(svg.iter(f"{SVG}rect"))
    assert background.attrib["fill"] == "#ffffff"
    assert float(background.attrib["width"]) >= float(svg.attrib["width"]) - 1
    # WCAG asks 4.5 of text and 3 of marks.
    assert all(contrast(text.attrib["fill"], "#ffffff") >= 4.5 for text in svg.iter(f"{SVG}text"))
    marks = {colour for _, colour in points(svg)}
    assert len(marks) == 9 and all(contrast(colour, "#ffffff") >= 3 for colour in marks)


@pytest.mark.parametrize("kind", ["mixed", "long", "loss"])
def test_no_label_is_cut_or_meets_another(kind: str, tmp_path: Path) -> None:
    arguments = []
    if kind == "mixed":
        mixed(tmp_path / "outputs")
    elif kind == "long":
        for number, name in enumerate(("x" * 150, "余弦退火" * 30, HOSTILE, '[{"name":"cosine","final":0.001},' * 8)):
            for seed in range(2):
                make_run(tmp_path / f"outputs/{number}-{seed}", 0.1 + 0.2 * number + seed / 50, seed, schedule=name,
                         model=HOSTILE * 3)  # fmt: skip
    else:
        arguments = ["metric=test_loss"]
        for number, loss in enumerate((0.62131, 0.62135, 0.62139, 12345.6, 1e30)):
            for seed in range(2):
                make_run(tmp_path / f"outputs/{number}-{seed}", 0.5, seed, optimizer__lr=number,
                         result={"test_loss": loss * (1 + seed / 1e6)}, steps=12_345_678)  # fmt: skip
    picture(tmp_path / "outputs", *arguments)
    if CHROMIUM is None:
        print("Chromium is not installed: labels are not measured.")
        return
    script = """
      const all = [...document.querySelectorAll("svg text")].map(text => {
        const box = text.getBBox();
        return [text.textContent, box.x, box.y, box.x + box.width, box.y + box.height];
      });
      document.body.setAttribute("data-boxes", JSON.stringify(all));
      const size = document.querySelector("svg").viewBox.baseVal;
      document.body.setAttribute("data-size", size.width + " " + size.height);
    """
    page = tmp_path / "page.html"
    source = (tmp_path / "c.svg").read_text(encoding="utf-8")
    page.write_text(f'<meta charset="utf-8"><body>{source}<script>{script}</script></body>', encoding="utf-8")
    body = Elements(chromium(page)).tags("body")[0]
    width, height = map(float, body["data-size"].split())
    boxes = json.loads(body["data-boxes"])
    assert len(boxes) > 20
    for text, left, top, right, bottom in boxes:
        assert left > 0 and right < width and top > 0 and bottom < height, text
    for (one, *a), (other, *b) in combinations(boxes, 2):
        # Lines may touch: a box is as high as the font's tallest letters.
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] + 2 or b[3] <= a[1] + 2, (one, other)
