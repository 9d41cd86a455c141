"""The comparison for machines: JSON with everything, CSV with a line for each group.

JSON keys (numbers are not rounded; null is "not known", "not tested" or "never reached"):

    version                 of this format, 1
    metric, higher_is_better, level, by
    sections[]              what may be compared with each other
      heading, verdict[], notes[]
      comparisons           pairs that p values are corrected for
      target, target_by     accuracy to be reached, and `val_accuracy` or `accuracy` by which
      groups[]              the leader first, then by their means
        label, settings     in one line, and as key -> value
        standing            leader, worse, better on the shared seeds, cannot be told apart, not tested
        n, seeds[], values[], mean, half_width, min, max, best_seed
        leader_ahead_by     mean of leader - group (loss: group - leader); of the shared seeds where test is paired
        interval_low, interval_high   of that, of this pair by itself
        test, shared_seeds, p, p_holm
        seeds_needed        about so many each would decide
        reached, runs_with_history, updates_to_target, seconds_to_target      medians over the runs
    runs[]                  every run found
      folder, status, compared (true or false), reason, section, group (labels; null if not compared), seed, value

The CSV has a group's keys as columns, except `settings`, with the section's `heading` as `section` before them; `seeds`
and `values` are joined by blanks. A text that begins as a formula does (= @ + -) has an apostrophe before it.
"""

import csv
import io
import json
import math
from typing import Any

from annealkit.compare.figures import GroupFigures, SectionFigures
from annealkit.compare.options import Options
from annealkit.compare.runs import FoundRun
from annealkit.compare.words import verdict

VERSION = 1
_FORMULA = ("=", "@", "+", "-", "\t", "\r", "\n")


def to_json(sections: list[SectionFigures], runs: list[FoundRun], options: Options) -> str:
    """The whole comparison."""
    homes = {
        id(run): (section.heading, group.group.name)
        for section in sections
        for group in section.groups
        for run in group.group.runs
    }
    document = {
        "version": VERSION,
        "metric": options.metric.key,
        "higher_is_better": options.metric.higher_is_better,
        "level": options.level,
        "by": options.by,
        "sections": [
            {
                "heading": section.heading,
                "verdict": verdict(section, options.metric, options.level),
                "notes": section.notes,
                "comparisons": section.comparisons,
                "target": _known(section.target),
                "target_by": section.column,
                "groups": [_group(group) for group in section.groups],
            }
            for section in sections
        ],
        "runs": [
            {
                "folder": run.folder,
                "status": run.status,
                "compared": not run.reason,
                "reason": run.reason,
                "section": homes.get(id(run), (None, None))[0],
                "group": homes.get(id(run), (None, None))[1],
                "seed": run.seed,
                "value": _known(run.value),
            }
            for run in runs
        ],
    }
    # Settings may hold NaN or infinity, which JSON has not: they become texts.
    return json.dumps(json.loads(json.dumps(document), parse_constant=str), indent=2, allow_nan=False) + "\n"


def to_csv(sections: list[SectionFigures]) -> str:
    """A line for each group of each section."""
    rows = []
    for section in sections:
        for group in section.groups:
            row = {"section": section.heading, **_group(group)}
            del row["settings"]
            row["seeds"] = " ".join(map(str, row["seeds"]))
            row["values"] = " ".join(map(repr, row["values"]))
            rows.append(row)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["section"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: cell(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def cell(value: Any) -> Any:
    """The value as a spreadsheet shows it: a text that it would run as a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) and not _is_number(value) else value


def _is_number(text: str) -> bool:
    try:
        return all(math.isfinite(float(word)) for word in text.split())
    except ValueError:
        return False


def _group(group: GroupFigures) -> dict[str, Any]:
    pair = group.pair
    interval = None if pair is None else pair.interval
    return {
        "label": group.group.name,
        "settings": group.group.label,
        "standing": group.standing,
        "n": group.n,
        "seeds": group.seeds,
        "values": group.values.tolist(),
        "mean": group.mean,
        "half_width": group.half_width,
        "min": float(group.values.min()),
        "max": float(group.values.max()),
        "best_seed": group.best_seed,
        "leader_ahead_by": None if pair is None else pair.difference,
        "interval_low": None if interval is None else interval.low,
        "interval_high": None if interval is None else interval.high,
        "test": None if pair is None else pair.test,
        "shared_seeds": None if pair is None else pair.shared,
        "p": None if pair is None else pair.p,
        "p_holm": None if pair is None else pair.p_holm,
        "seeds_needed": group.seeds_needed,
        "reached": group.reached,
        "runs_with_history": group.with_history,
        "updates_to_target": _known(group.updates_to_target),
        "seconds_to_target": _known(group.seconds_to_target),
    }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
