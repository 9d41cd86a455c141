"""A range test on the terminal: the smoothed loss over the rate, what each rule says, and what to use."""

import math
import shutil

import numpy as np

from annealkit.range_test.conclusion import RangeTest
from annealkit.range_test.rules import RULES
from annealkit.range_test.smoothing import smoothing_weight
from annealkit.writing.line_chart import can_print, chart, levels_between, place_labels, plot_columns
from annealkit.writing.text import counted, wrapped

_HEIGHT = 17


def show(test: RangeTest, title: str) -> None:
    """Print the test: what was ramped, the chart, the rules' rates, and what to use, ready to paste."""
    width = min(shutil.get_terminal_size().columns, 100)
    weight = smoothing_weight(test.rates, test.settings.smoothing)
    print(title)
    print(
        f"{counted(len(test.seeds), 'ramp')} of {counted(len(test.rates), 'weight update')} from {test.rates[0]:g} to "
        f"{test.rates[-1]:g}; the loss is smoothed with weight {weight:.3f}, mean over the seeds"
    )
    for seed, losses, why in zip(test.seeds, test.losses, test.stopped, strict=True):
        if why:
            at = f"at {test.rates[len(losses) - 1]:.2g} " if len(losses) else ""
            print(f"seed {seed} ended {at}after {counted(len(losses), 'update')}: {why}")
    if len(test.mean):
        print("\n" + draw(test, width, unicode=can_print("⣿┤└┬─")))
    print("\n" + _table(test))
    recommendation = test.recommendation
    if recommendation.rate is None:
        print(
            "",
            *wrapped(f"No rate can be recommended: {recommendation.reason} {recommendation.advice}", width),
            sep="\n",
        )
        return
    print("", *wrapped(f"Recommended: {recommendation.rate:g}, {recommendation.reason}", width), sep="\n")
    notes = {
        "any": "the highest rate of the schedule",
        "cyclical": f"from {recommendation.rate * (recommendation.floor or 0):.2g}, where the loss begins to fall",
    }
    lines = {schedule: " ".join(overrides) for schedule, overrides in recommendation.overrides.items()}
    longest = max(map(len, lines.values()))
    print()
    for schedule, line in lines.items():
        print(f"  {line:<{longest}}  # {notes[schedule]}")


def draw(test: RangeTest, width: int, unicode: bool) -> str:
    """The mean smoothed loss over the logarithm of the rate, and below it the number of each rule at its rate.

    What lies above where the loss stood before its lowest place is drawn at the upper edge.
    """
    mean = test.mean
    log_rates = np.log10(test.smoothed_rates[: len(mean)])
    values = np.minimum(mean, highest_shown(mean))
    levels, names = levels_between(float(values.min()), float(values.max()), (_HEIGHT - 4) // 2)
    columns = plot_columns(width, ["rate", *names])

    def column(log_rate: float) -> int:
        return round(float(np.interp(log_rate, log_rates, np.linspace(0, columns - 1, len(mean)))))

    decades = range(math.ceil(log_rates[0] - 1e-9), math.floor(log_rates[-1] + 1e-9) + 1)
    ticks, rows = place_labels([(column(decade), [f"1e{decade:+03d}"]) for decade in decades] or [(0, [""])], columns)
    marks = [" "] * columns
    for number, rule in enumerate(RULES, start=1):
        if rule in test.suggestions:
            place = column(math.log10(test.suggestions[rule].rate))
            free = [i for i in range(columns) if marks[i] == " "]
            marks[min((abs(i - place), i) for i in free)[1]] = str(number)
    under = [("rate", rows[0]), ("", "".join(marks))]
    return chart(values, levels, names, ticks, under, width, _HEIGHT, unicode)


def highest_shown(losses: np.ndarray) -> float:
    """The highest loss up to the lowest: what comes after may be many times as high, and would flatten the rest."""
    return float(losses[: int(losses.argmin()) + 1].max())


def _table(test: RangeTest) -> str:
    """A line for each rule: its number in the chart, median, and interval over the seeds."""
    lines = ["   rule        median   lowest … highest of the seeds"]
    for number, rule in enumerate(RULES, start=1):
        said = test.suggestions.get(rule)
        rate, span = ("none", "") if said is None else (f"{said.rate:.2g}", f"{said.low:.2g} … {said.high:.2g}")
        lines.append(f"{number}  {rule:<10}  {rate:<7}  {span}".rstrip())
    return "\n".join(lines)
