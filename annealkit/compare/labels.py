"""What groups and sections are called: no more than tells them apart."""

from collections import defaultdict
from typing import Any

from annealkit.compare.facets import IMAGES, RATES
from annealkit.compare.values import ABSENT, as_text, keys_of, readable, values_of
from annealkit.groups import SHOWN

PARTS = ("branch", *SHOWN)
_SENTENCES = {
    "data": "{}",
    "model": "{}",
    "trainer.epochs": "{} epochs",
    "trainer.batch_size": "batches of {}",
    "images.train": "{} training images",
    "total_steps": "{} weight updates",
}


def shortest_labels(settings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each group's settings the fewest that tell it apart.

    A part's name is in the label if it varies; a part's setting only if it varies among groups with that part, for
    what varies just because the part does (the settings of cosine and of step) follows from its name.
    """
    labels: list[dict[str, Any]] = [{} for _ in settings]
    for key in sorted(keys_of(settings), key=_order):
        part = key.partition(".")[0] if "." in key and key.partition(".")[0] in PARTS else None
        alike: dict[str, list[int]] = defaultdict(list)
        for place, own in enumerate(settings):
            alike[as_text(own.get(part) if part else None)].append(place)
        for places in alike.values():
            if len(values_of([settings[place] for place in places], key)) > 1 and (key != RATES):
                for place in places:
                    labels[place][key] = settings[place].get(key, ABSENT)
    # Rates follow from all the rest; where they differ all the same, a file or a plugin was changed between the runs.
    by_label: dict[str, list[int]] = defaultdict(list)
    for place, label in enumerate(labels):
        by_label[as_text(label)].append(place)
    for places in by_label.values():
        for place in places if len(places) > 1 else []:
            labels[place][RATES] = str(settings[place][RATES]).removeprefix("sha256:")[:8]
    if len(settings) == 1:
        labels[0] = {key: settings[0][key] for key in ("branch", "schedule", "optimizer") if key in settings[0]}
    return labels


def headings_of(sections: list[dict[str, Any]], kept: list[str]) -> list[str]:
    """What each section's runs share; settings of the model and such only where sections differ in them.

    Args:
        sections: the facets of one run of each.
        kept: those that tell sections apart.
    """
    headings = []
    for first in sections:
        words = []
        for name in kept:
            value = first.get(name, ABSENT)
            if name in _SENTENCES and value not in (None, ABSENT):
                words.append(_SENTENCES[name].format(f"{value:,}" if isinstance(value, int) else readable(value)))
            elif len(values_of(sections, name)) > 1 and value != ABSENT:
                words.append(f"{'images' if name == IMAGES else name}: {readable(value)}")
        headings.append(", ".join(words) or "all runs")
    return headings


def _order(key: str) -> tuple[int, int, str]:
    """Parts' names first, in their usual order, then settings."""
    group = key.partition(".")[0]
    return "." in key, PARTS.index(group) if group in PARTS else len(PARTS), key
