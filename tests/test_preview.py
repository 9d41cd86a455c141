"""What a preview draws, says and writes. Expected values are worked out by hand."""

import csv
import io
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

import annealkit
from annealkit.curve.span import Run
from annealkit.errors import ConfigError
from annealkit.preview import PreviewSettings, describe, draw, show, warnings, write_csv, write_png

unhurried = settings(deadline=None)  # a busy machine may take its time
TEN_EPOCHS = Run(total_steps=1000, steps_per_epoch=100)


def triangle(half_cycles: float, steps: int = 1000, floor: float = 0.0) -> np.ndarray:
    """A rate that swings between floor and 1, beginning at the floor, with so many half cycles in all."""
    position = np.arange(steps) * half_cycles / steps % 2
    return floor + (1 - floor) * (1 - np.abs(position - 1))


# --- draw ---


def test_a_falling_line_in_plain_ascii() -> None:
    # Eleven rates 10, 9 ... 0 on a plot of 11 rows and 11 columns: one star in each, joined to the star before it.
    text = draw(np.arange(10.0, -1, -1), Run(11, 11), width=30, height=14, unicode=False)
    lines = text.splitlines()
    assert lines[0].split() == ["10", "+**"]  # 21 columns for 11 updates: the first one has two
    assert lines[10].split()[0] == "0"
    assert lines[10].endswith("**")
    assert [line.split("|")[-1].split("+")[-1].count("*") >= 2 for line in lines[:11]] == [True] * 11


def test_rates_stand_in_the_row_of_their_label() -> None:
    rates = np.repeat([0.1, 0.04, 0.0], 10)
    lines = draw(rates, Run(30, 10), width=60, height=14, unicode=False).splitlines()
    rows = {label.strip(): plot for label, _, plot in (line.partition("+") for line in lines) if label.strip()}
    rows = {label: plot for label, plot in rows.items() if "|" not in label and label[0].isdigit()}
    assert list(rows) == ["0.10", "0.08", "0.06", "0.04", "0.02", "0"]
    assert rows["0.10"].count("*") > 10  # the first third, and the edge down
    assert rows["0.08"].count("*") == 1  # only the edge
    assert rows["0.04"].count("*") > 10
    assert rows["0.02"].count("*") == 1
    assert rows["0"].rstrip().endswith("*")


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("peak", [0, 1, 61_234, 99_999])
def test_a_peak_of_one_update_among_100000_is_seen(peak: int, unicode: bool) -> None:
    rates = np.full(100_000, 0.001)
    rates[peak] = 0.1
    top = draw(rates, Run(100_000, 1000), width=80, height=15, unicode=unicode).splitlines()[0]
    label, _, plot = top.replace("┤", "+").partition(" +")
    assert label.strip() == "0.10"
    assert len(plot.strip()) == 1  # in the top row there is this peak and nothing else
    assert plot.index(plot.strip()) == pytest.approx(peak / 100_000 * 71, abs=1)  # 80 - 7 for labels - 2 for the axis


def test_braille_dots_of_two_updates() -> None:
    # Two updates at 1 and 0: on the left a line at the top (dots 1 and 4), on the right one at the bottom (7 and 8).
    lines = draw(np.array([1.0, 0.0]), Run(2, 1), width=30, height=6, unicode=True).splitlines()
    plot = lines[0].split("┤")[1]
    assert plot[:10] == "⠉" * 10
    assert lines[2].split("┤")[1].rstrip()[-10:] == "⣀" * 10


@pytest.mark.parametrize(
    ("peak", "labels"),
    [
        (0.05, ["0.05", "0.04", "0.03", "0.02", "0.01", "0"]),
        (0.1, ["0.10", "0.08", "0.06", "0.04", "0.02", "0"]),
        (1.0, ["1.0", "0.8", "0.6", "0.4", "0.2", "0"]),
        (3e-4, ["3.0e-04", "2.5e-04", "2.0e-04", "1.5e-04", "1.0e-04", "5.0e-05", "0"]),
        (4e-4, ["4e-04", "3e-04", "2e-04", "1e-04", "0"]),
        (0.0, ["1", "0"]),
    ],
)
def test_labels_of_the_y_axis_are_round_numbers(peak: float, labels: list[str]) -> None:
    lines = draw(np.linspace(peak, 0, 50), Run(50, 10), width=80, height=15, unicode=True).splitlines()
    assert [line.split("┤")[0].strip() for line in lines if "┤" in line] == labels


def test_labels_of_the_x_axis_name_ends_of_epochs_in_both_units() -> None:
    lines = draw(np.ones(3910), Run(3910, 391), width=90, height=15, unicode=True).splitlines()
    assert lines[-2].split() == ["epochs", "0", "2", "4", "6", "8", "10"]
    assert lines[-1].split() == ["updates", "0", "782", "1,564", "2,346", "3,128", "3,910"]


def test_a_run_of_less_than_two_epochs_is_labelled_by_updates() -> None:
    lines = draw(np.ones(8), Run(8, 10), width=80, height=15, unicode=True).splitlines()
    assert lines[-2].split() == ["epochs", "0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8"]
    assert lines[-1].split() == ["updates", "0", "1", "2", "3", "4", "5", "6", "7", "8"]


@unhurried
@given(steps=st.integers(1, 5000), width=st.integers(1, 120), height=st.integers(1, 50), unicode=st.booleans())
@example(steps=1, width=1, height=1, unicode=True)
@example(steps=5000, width=100, height=40, unicode=False)
def test_never_wider_or_higher_than_asked(steps: int, width: int, height: int, unicode: bool) -> None:
    text = draw(np.geomspace(0.1, 1e-5, steps), Run(steps, 3), width, height, unicode)
    assert max(map(len, text.splitlines())) <= max(width, 30)
    assert len(text.splitlines()) <= max(height, 6)
    assert unicode or text.isascii()


# --- describe ---


def test_describe() -> None:
    points = describe(np.array([0.2, 0.5, 0.5, 0.1, 0.1, 0.3]))
    assert points == {"first": (0.2, 0), "peak": (0.5, 1), "lowest": (0.1, 3), "last": (0.3, 5)}


# --- warnings ---


@dataclass
class Timed:
    """A stand-in with the fields that warnings look at."""

    floor: float = 0.0
    half_cycle: str = "12.5%"
    down: str | None = None

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        return np.ones(len(step))


def only(found: list[str]) -> str:
    assert len(found) == 1, found
    return found[0]


def test_warns_of_a_curve_that_ends_at_its_peak() -> None:
    text = only(warnings(triangle(3), TEN_EPOCHS))
    assert text.startswith("The curve ends at its peak, 0.997; ")
    assert "Try a schedule that ends low" in text
    # 100 / 34 = 2.9 half cycles: of the even numbers two is the nearest.
    text = only(warnings(triangle(3), TEN_EPOCHS, Timed(half_cycle="34%")))
    assert text.endswith("Try schedule.half_cycle=50%, which makes one whole cycle.")


def test_warns_of_a_curve_that_only_rises() -> None:
    assert only(warnings(np.linspace(0, 1, 1000), TEN_EPOCHS)).startswith("The curve ends at its peak, 1;")


def test_an_early_rise_that_holds_is_meant() -> None:
    assert warnings(np.concatenate([np.linspace(0, 1, 100), np.ones(900)]), TEN_EPOCHS) == []


def test_warns_of_a_period_longer_than_the_run() -> None:
    text = only(warnings(triangle(0.5), TEN_EPOCHS, Timed(half_cycle="20ep")))
    assert text.startswith("schedule.half_cycle=20ep is 2,000 updates and the schedule has only 1,000, ")
    assert text.endswith("Try schedule.half_cycle=12.5%.")
    step = annealkit.Step(every="1000st")
    rates = annealkit.learning_rates(step, 0.1, TEN_EPOCHS)
    assert only(warnings(rates, TEN_EPOCHS, step)).startswith("schedule.every=1000st is 1,000 updates and the schedule")


def test_warns_of_a_floor_that_is_not_reached() -> None:
    # 2.5 half cycles of 400 updates: at the end on the way up again, at 0.5 less one update of 1/400.
    text = only(warnings(triangle(2.5), TEN_EPOCHS, Timed(half_cycle="400st")))
    assert text.startswith("The curve ends at 0.498, well above its floor of 0: ")
    assert text.endswith("Try schedule.half_cycle=50%, which makes one whole cycle.")
    cosine = annealkit.Cosine(length="200%", floor=0.1)
    rates = annealkit.learning_rates(cosine, 0.1, TEN_EPOCHS)
    text = only(warnings(rates, TEN_EPOCHS, cosine))
    assert text.startswith("The curve ends at 0.0551, well above its floor of 0.01: ")  # 0.1 (0.1 + 0.9 / 2) and a bit
    assert text.endswith("Try schedule.length=100%.")


@unhurried
@given(steps=st.one_of(st.sampled_from([40, 77, 100, 391, 3910]), st.integers(40, 4000)), percent=st.integers(7, 60))
def test_the_half_cycle_that_is_proposed_ends_the_warning(steps: int, percent: int) -> None:
    run, cyclical = Run(steps, 20), annealkit.Cyclical(half_cycle=f"{percent}%")
    for text in warnings(annealkit.learning_rates(cyclical, 0.1, run), run, cyclical):
        proposal = text.rpartition("schedule.half_cycle=")[2].split(",")[0]
        better = annealkit.Cyclical(half_cycle=proposal)
        assert warnings(annealkit.learning_rates(better, 0.1, run), run, better) == [], (text, proposal)


def test_warns_of_a_rate_of_zero() -> None:
    rates = np.concatenate([np.linspace(1, 0, 500, endpoint=False), np.zeros(500)])
    text = only(warnings(rates, TEN_EPOCHS))
    assert text.startswith("The rate is exactly 0 at 500 of 1,000 updates, first at update 500: ")
    polynomial = annealkit.Polynomial(length="50%")
    rates = annealkit.learning_rates(polynomial, 0.1, TEN_EPOCHS)
    assert only(warnings(rates, TEN_EPOCHS, polynomial)).endswith("Try schedule.floor=0.01 or schedule.length=100%.")


def test_warns_of_one_sudden_zero_but_not_of_a_valley_that_touches_it() -> None:
    rates = np.linspace(1, 0.5, 1000)
    rates[200] = 0
    assert only(warnings(rates, TEN_EPOCHS)).startswith("The rate is exactly 0 once, at update 200: ")
    assert 0 in triangle(8)
    assert warnings(triangle(8), TEN_EPOCHS) == []


def test_warns_of_no_rate_at_all() -> None:
    assert only(warnings(np.zeros(10), Run(10, 10))).startswith("The rate is 0 throughout")


def test_warns_of_a_leap_but_neither_of_a_restart_nor_of_a_tenfold_stair() -> None:
    leap = np.concatenate([np.full(100, 0.001), np.linspace(0.1, 0.001, 900)])
    assert only(warnings(leap, TEN_EPOCHS)).startswith("The rate leaps from 0.001 to 0.1 at update 100, ")
    teeth = np.tile(np.linspace(1, 0.001, 250), 4)
    assert warnings(teeth, TEN_EPOCHS) == []
    tenfold = np.concatenate([np.full(100, 0.01), np.linspace(0.1, 0.001, 900)])
    assert warnings(tenfold, TEN_EPOCHS) == []


def test_warns_of_a_run_that_is_mostly_over_but_not_of_a_staircase() -> None:
    # 0.98^s is under 1e-4 from s = 456 on: ln(1e-4) / ln(0.98) = 455.9.
    text = only(warnings(0.98 ** np.arange(1000), TEN_EPOCHS))
    assert text.startswith("From update 456 of 1,000 on the rate is under 1/10,000 of its peak")
    assert warnings(0.1 ** (np.arange(1000) // 250), TEN_EPOCHS) == []  # 1, 0.1, 0.01, 0.001


SANE = [
    annealkit.Constant(), annealkit.Step(), annealkit.Exponential(), annealkit.InverseTime(),
    annealkit.Polynomial(), annealkit.Cosine(), annealkit.Cyclical(), annealkit.OneCycle(),
    annealkit.MultiStep(), annealkit.Piecewise(), annealkit.CosineRestarts(), annealkit.Trapezoid(),
    annealkit.InverseSqrt(), annealkit.Rex(), annealkit.Tanh(),
]  # fmt: skip
WARMUPS = [
    None, annealkit.LinearWarmup(), annealkit.ExponentialWarmup(), annealkit.CosineWarmup(),
    annealkit.PolynomialWarmup(), annealkit.LinearWarmup(length="1ep"),
]  # fmt: skip


RUNS = st.one_of(
    st.sampled_from([Run(200, 20), Run(2816, 352), Run(3910, 391), Run(35190, 391)]),
    st.builds(lambda epochs, steps: Run(epochs * steps, steps), st.integers(8, 90), st.integers(20, 400)),
)


@pytest.mark.parametrize("schedule", SANE, ids=lambda schedule: type(schedule).__name__)
@unhurried
@given(warmup=st.sampled_from(WARMUPS), run=RUNS)
def test_no_default_is_warned_of(schedule: annealkit.Cosine, warmup: annealkit.LinearWarmup | None, run: Run) -> None:
    rates = annealkit.learning_rates(schedule, 0.1, run, warmup)
    assert warnings(rates, run, schedule, warmup) == []


def test_half_cycles_of_whole_updates_that_do_not_add_up_to_a_short_run() -> None:
    # 12.5% of 20 updates are 2.5, so 3: update 19 is 19 - 18 = 1 into a rise of 3, at 0.01 + 0.99 / 3 = 0.34.
    cyclical = annealkit.Cyclical()
    text = only(warnings(annealkit.learning_rates(cyclical, 1.0, Run(20, 20)), Run(20, 20), cyclical))
    assert text.startswith("The curve ends at 0.34, well above its floor of 0.01: ")
    assert text.endswith("Try schedule.half_cycle=10%, which makes 5 whole cycles.")  # 10 halves of 2 updates are 20


# --- files ---


def test_csv_reads_back_exactly(tmp_path: Path) -> None:
    rates = np.random.default_rng(0).random(1000) * 10.0 ** np.arange(-500, 500).clip(-300, 300)
    write_csv(tmp_path / "rates.csv", rates)
    with (tmp_path / "rates.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["step", "learning_rate"]
    assert [int(step) for step, _ in rows[1:]] == list(range(1000))
    assert [float(rate) for _, rate in rows[1:]] == rates.tolist()
    assert (tmp_path / "rates.csv").read_text().startswith("step,learning_rate\n0,")


def test_csv_of_known_numbers(tmp_path: Path) -> None:
    write_csv(tmp_path / "rates.csv", np.array([0.1, 1 / 3, 1e-20]))
    assert (tmp_path / "rates.csv").read_bytes() == b"step,learning_rate\n0,0.1\n1,0.3333333333333333\n2,1e-20\n"


def test_files_are_replaced_whole_and_leave_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("old" * 1000)
    (tmp_path / "link.csv").symlink_to("real.csv")
    write_csv(tmp_path / "link.csv", np.array([0.5]))
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == "step,learning_rate\n0,0.5\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.csv", "real.csv"]


def test_what_is_no_ordinary_file_is_written_to_and_not_replaced() -> None:
    write_csv("/dev/null", np.array([0.5]))
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("steps", [60, 20_000])
def test_png_shows_the_curve(tmp_path: Path, steps: int) -> None:
    # The left half at 1, the right half at 0.5: the blue line is high on the left and lower on the right.
    rates = np.repeat([1.0, 0.5], steps // 2)
    write_png(tmp_path / "curve", rates, Run(steps, 10), "costs $5, not $6")
    with Image.open(tmp_path / "curve") as image:
        assert image.format == "PNG"
        assert image.size == (1600, 800)
        red, green, blue = np.moveaxis(np.asarray(image.convert("RGB")).astype(int), 2, 0)
    line = (blue > 140) & (red < 60) & (green < 120)
    quarter, three_quarters = np.flatnonzero(line[:, 500]), np.flatnonzero(line[:, 1200])
    assert len(quarter) and len(three_quarters)
    # The axis ends at 1.05, so the two heights are 0.05 / 1.05 and 0.55 / 1.05 of the axes' height below its top.
    assert quarter.max() < 250 < three_quarters.min()
    assert np.ptp(quarter) < 10 and np.ptp(three_quarters) < 10


@pytest.mark.parametrize("key", ["csv", "png"])
def test_a_missing_folder_is_named_with_the_way_out(tmp_path: Path, key: str) -> None:
    path = str(tmp_path / "nowhere" / f"a.{key}")
    settings = PreviewSettings(csv=path) if key == "csv" else PreviewSettings(png=path)
    with pytest.raises(
        ConfigError, match=rf"^preview\.{key}: cannot write '.*a\.{key}': there is no folder .*mkdir -p"
    ):
        show(np.ones(4), Run(4, 2), settings, "title")


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"that is a folder. Try preview\.csv=.*rates\.csv\."):
        write_csv(tmp_path, np.ones(4))
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ConfigError, match=r'^preview\.png: .* Try pip install "annealkit\[plot\]"'):
        write_png(tmp_path / "a.png", np.ones(4), Run(4, 2), "title")


def test_settings_refuse_no_steps_per_epoch() -> None:
    with pytest.raises(ConfigError, match=r"preview: steps_per_epoch must lie in \[1, infinity\); got 0"):
        PreviewSettings(steps_per_epoch=0)


def test_rates_in_the_place_of_factors_are_warned_of() -> None:
    rates = np.full(1000, 0.003)
    assert only(warnings(rates, TEN_EPOCHS, lr=0.03)).startswith(
        "The highest rate is 0.003, and optimizer.lr is 0.03: "
    )
    assert warnings(rates, TEN_EPOCHS, lr=0.003) == []


def test_show_says_how_the_momentum_moves(capsys: pytest.CaptureFixture[str]) -> None:
    show(np.ones(4), Run(4, 2), PreviewSettings(), "title", np.array([0.95, 0.9, np.nan, 0.95]))
    assert "momentum of the optimizer, if it has one: 0.9 to 0.95, against the rate" in capsys.readouterr().out


# --- show ---


def test_show_prints_everything_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = PreviewSettings(csv=str(tmp_path / "a.csv"), png=str(tmp_path / "a.png"))
    show(triangle(3), TEN_EPOCHS, settings, "three half cycles", warnings=warnings(triangle(3), TEN_EPOCHS))
    text = capsys.readouterr().out
    expected = [
        "three half cycles", "1,000 weight updates in 10 epochs of 100", "┤", "first   0 ", "peak    0.999",
        "lowest  0 ", "last    0.997 ", f"wrote {tmp_path}/a.csv", f"wrote {tmp_path}/a.png", "warning: The curve",
    ]  # fmt: skip
    places = [text.index(part) for part in expected]
    assert places == sorted(places)
    assert (tmp_path / "a.csv").is_file() and (tmp_path / "a.png").is_file()


def test_show_falls_back_to_ascii_where_the_output_knows_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    output = io.TextIOWrapper(written, encoding="ascii")
    monkeypatch.setattr(sys, "stdout", output)
    show(triangle(2), TEN_EPOCHS, PreviewSettings(), "one cycle")
    output.flush()
    assert b"*" in written.getvalue()


def test_importing_brings_neither_tensorflow_nor_matplotlib_nor_rich() -> None:
    code = "import sys, annealkit.preview; print({'tensorflow', 'keras', 'matplotlib', 'rich'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
