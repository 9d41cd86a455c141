"""Which runs may be compared with each other, and what tells the groups apart.

Sections: runs that differ in their data, their model or their budget (epochs, batch size, training images, weight
updates) are not comparable, and never meet unless `by` names what they differ in.

Data are the same if their name is, if the fingerprints of their images agree for each seed (the seed draws the
validation images, so fingerprints of different seeds may differ), and if their origin is. Origins that are worded
differently are taken as one where a seed has the same fingerprint under both, or where one says no more than
the other plus how it was fetched (`<address>, cached in <folder>` and, from then on, `cached in <folder>`).

Groups: within a section, runs that agree in every setting except the seed. Settings that change no result
(`trainer.threads`, checkpoints, progress) are not in `run.json` to begin with.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from annealkit.compare.runs import SEED, FoundRun, printable
from annealkit.errors import ConfigError, did_you_mean
from annealkit.groups import SHOWN
from annealkit.runs.result import FINISHED

PARTS = ("branch", *SHOWN)
RATES = "learning rates"
IMAGES = "images"
BUDGET = ("trainer.epochs", "trainer.batch_size", "data.limit", "data.validation", "images.train", "total_steps")
FACETS = ("data", IMAGES, "model", *BUDGET)

# Options that change how an image is presented, not which images there are.
_SAME_IMAGES = ("data.normalize", "data.flip", "data.crop", "data.cutout")
_OPTIONAL = ("branch", "warmup", "feedback")
_ABSENT = "absent"


@dataclass
class Group:
    """Runs that differ in nothing but the seed, or with `by` in nothing that it names.

    Args:
        label: the settings that tell it from the other groups of its section.
        runs: those that are compared, by seed.
        left_out: status -> how many of its runs are left out; copies of runs that count are not among them.
        averaged: with `by`, settings that take several values within the group.
        made_of: with `by`, for each run its seed and all settings that `by` does not name.
    """

    label: dict[str, Any]
    runs: list[FoundRun]
    left_out: Counter[str] = field(default_factory=Counter)
    averaged: list[str] = field(default_factory=list)
    made_of: list[tuple[int, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The label in one line: `schedule=cosine optimizer=sgd`.

        `warmup=none` and `feedback=none` are not said, unless nothing else would be: what a run has not, goes without.
        """
        said = {key: value for key, value in self.label.items() if key not in _OPTIONAL or value != "none"}
        return " ".join(f"{printable(key)}={readable(value)}" for key, value in (said or self.label).items())

    @property
    def by_seed(self) -> dict[int, list[FoundRun]]:
        """Seed -> its runs; more than one only with `by`."""
        found: dict[int, list[FoundRun]] = {}
        for run in sorted(self.runs, key=lambda run: run.seed):
            found.setdefault(run.seed, []).append(run)
        return found


@dataclass
class Section:
    """Groups that may be compared.

    Args:
        heading: data, model and budget that all its runs have.
        groups: in the order of their names.
        differing: what is normally never mixed, and differs between these runs since `by` names it.
    """

    heading: str
    groups: list[Group]
    differing: dict[str, list[Any]]


def readable(value: Any) -> str:
    """A setting's value as it is typed: `0.01`, `null`, `[9,9]`, `cosine`."""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return printable(text)


def check_by(by: Sequence[str], runs: Iterable[FoundRun]) -> None:
    """Refuse keys to group by that no run has. Raises ConfigError."""
    known = {key for run in runs for key in run.settings} - {SEED} | set(FACETS) - {IMAGES}
    for key in by:
        if key in ("seed", SEED):
            raise ConfigError(
                f"compare: by={','.join(by)}: seeds are what a group is made of, so {key} cannot tell groups apart. "
                "Try by=schedule."
            )
        if key not in known:
            near = did_you_mean(key, known)
            raise ConfigError(f"compare: by={','.join(by)}: no run has a setting {key!r}.{near} Try by=schedule.")


def make_sections(runs: list[FoundRun], by: Sequence[str]) -> list[Section]:
    """The comparable runs as sections of groups, the largest section first.

    Duplicates, the same run found twice, are settled here: `reason` of those that are left out says why.
    """
    facets = _facets(runs)
    usable = _without_duplicates([run for run in runs if not run.reason], facets)
    dropped = _dropped(by, usable)
    kept = [name for name in _names(facets.values()) if name not in dropped]
    members: dict[str, list[FoundRun]] = defaultdict(list)
    for run in usable:
        members[_text([facets[id(run)].get(name, _ABSENT) for name in kept])].append(run)
    sections = []
    headings = _headings(list(members.values()), facets, kept)
    for heading, group_runs in zip(headings, members.values(), strict=True):
        of_section = [facets[id(run)] for run in group_runs]
        told = dropped - ({"trainer.epochs", "total_steps", "images.train"} - set(by))  # These follow from the others.
        differing = {name: values for name in sorted(told) if len(values := _values(of_section, name)) > 1}
        groups = _groups(group_runs, by, facets)
        sections.append(Section(heading, groups, differing))
    _count_left_out(runs, sections, by, facets, kept)
    return sorted(sections, key=_most_runs_first)


def _most_runs_first(section: Section) -> tuple[int, int]:
    """And of those with as many, the shortest runs first."""
    runs = [run for group in section.groups for run in group.runs]
    return -len(runs), runs[0].total_steps or 0


def _facets(runs: list[FoundRun]) -> dict[int, dict[str, Any]]:
    """Run -> everything that must be the same for a comparison."""
    facets = {}
    for run in runs:
        model = {key: value for key, value in run.settings.items() if key.partition(".")[0] == "model"}
        facets[id(run)] = {
            "data": run.data,
            **model,
            **{key: run.settings.get(key, _ABSENT) for key in BUDGET[:4]},
            "images.train": run.train_images,
            "total_steps": run.total_steps,
        }
    alike: dict[str, list[FoundRun]] = defaultdict(list)
    for run in runs:
        of_run = facets[id(run)]
        alike[_text([of_run[key] for key in ("data", "data.limit", "data.validation", "images.train")])].append(run)
    for same in alike.values():
        for run, images in zip(same, _told_apart(same), strict=True):
            facets[id(run)][IMAGES] = images
    return facets


def _told_apart(runs: list[FoundRun]) -> list[str]:
    """For runs whose data have one name and size: what their images are called, different if they may differ."""
    prints: dict[str, dict[Any, set[str]]] = defaultdict(lambda: defaultdict(set))
    for run in runs:
        prints[run.origin][run.seed].add(run.fingerprint)
    sets: list[tuple[list[str], dict[Any, set[str]]]] = []
    for origin in sorted(prints):
        for origins, seen in sets:
            shared = seen.keys() & prints[origin].keys()
            agree = all(seen[seed] == prints[origin][seed] and len(seen[seed]) == 1 for seed in shared)
            vouched = any(seen[seed] != {""} for seed in shared) or any(
                _one_more_step(origin, other) for other in origins
            )
            if agree and vouched:
                origins.append(origin)
                for seed, found in prints[origin].items():
                    seen.setdefault(seed, set()).update(found)
                break
        else:
            sets.append(([origin], {seed: set(found) for seed, found in prints[origin].items()}))
    names = {}
    for origins, seen in sets:
        torn = any(len(found) > 1 for found in seen.values())
        for origin in origins:
            names[origin] = (origins[0], torn)
    return [f"{names[run.origin][0]}{f', {run.fingerprint}' if names[run.origin][1] else ''}" for run in runs]


def _one_more_step(left: str, right: str) -> bool:
    """Whether the longer of two origins is the shorter one and how it was fetched."""
    short, long = sorted((left, right), key=len)
    return bool(short) and (long.startswith(f"{short}, ") or long.endswith(f", {short}"))


def _without_duplicates(runs: list[FoundRun], facets: dict[int, dict[str, Any]]) -> list[FoundRun]:
    """One of each set of equal runs; none of those that should be equal and are not."""
    same: dict[str, list[FoundRun]] = defaultdict(list)
    for run in runs:
        same[_text([facets[id(run)], _own_settings(run), run.seed])].append(run)
    kept = []
    for copies in same.values():
        first, *others = copies
        if len({run.value for run in copies}) == 1:
            kept.append(first)
            for run in others:
                run.copy_of = first.folder
                run.reason = f"it is the same run as {first.folder}, with the same result, and counts once"
            continue
        changed = sorted({
            key for run in others for key in {**first.environment, **run.environment}
            if first.environment.get(key) != run.environment.get(key)
        })  # fmt: skip
        cause = f"; these differ: {printable(', '.join(changed))}" if changed else ""
        for run in copies:
            rivals = ", ".join(f"{other.folder} ({other.value:.6g})" for other in copies if other is not run)
            run.reason = (
                f"it has the same settings and seed as {rivals} and another result ({run.value:.6g}){cause}; "
                "which of them counts cannot be known"
            )
            run.value = float("nan")
    return kept


def _own_settings(run: FoundRun) -> dict[str, Any]:
    """What groups are made of: everything but the seed, the facets and the name under which the data were asked for.

    The fingerprint of the learning rates is one of them: a schedule may have read a file that was changed since.
    """
    facets = {"data", "data.limit", "data.validation", "trainer.epochs", "trainer.batch_size", SEED}
    settings = {
        key: value for key, value in run.settings.items() if key not in facets and key.partition(".")[0] != "model"
    }
    return {**settings, RATES: run.environment.get(RATES, _ABSENT)}


def _dropped(by: Sequence[str], runs: list[FoundRun]) -> set[str]:
    """The facets that no longer tell sections apart: those that `by` names, and those that follow from them."""
    dropped = set(by)
    for key in by:
        if key == "model":
            dropped |= {name for run in runs for name in run.settings if name.startswith("model.")}
        if key.partition(".")[0] == "data" and key not in _SAME_IMAGES:
            dropped |= {IMAGES, "images.train", "total_steps"}
        if key in ("trainer.epochs", "trainer.batch_size", "images.train", "optimizer.gradient_accumulation_steps"):
            dropped |= {"total_steps"}
        if key == "total_steps":  # A branch's epochs are counted from its weight updates.
            dropped |= {"trainer.epochs"}
        if key == "images.train":
            dropped |= {IMAGES, "data.limit", "data.validation"}
    return dropped


def _groups(runs: list[FoundRun], by: Sequence[str], facets: dict[int, dict[str, Any]]) -> list[Group]:
    members: dict[str, list[FoundRun]] = defaultdict(list)
    for run in runs:
        members[_group_key(run, by, facets[id(run)])].append(run)
    if by:
        groups = [Group(_by_label(found[0], by, facets[id(found[0])]), found) for found in members.values()]
        for group in groups:
            own = [_own_settings(run) | facets[id(run)] for run in group.runs]
            follows = (IMAGES, RATES, "images.train", "total_steps")
            varying = [key for key in _names(own) if key not in follows and len(_values(own, key)) > 1]
            # A part's settings go without saying where the part itself varies.
            group.averaged = [key for key in varying if "." not in key or key.partition(".")[0] not in varying]
            group.made_of = [(run.seed, _beside(run, by)) for run in group.runs]
    else:
        groups = _labelled(list(members.values()))
    return sorted(groups, key=lambda group: group.name)


def _beside(run: FoundRun, by: Sequence[str]) -> str:
    """All settings but those that `by` names and, for a part that it names, that part's."""
    settings = _own_settings(run)
    return _text({
        key: value for key, value in settings.items() if key != RATES and not {key, key.partition(".")[0]} & set(by)
    })  # fmt: skip


def _group_key(run: FoundRun, by: Sequence[str], facets: dict[str, Any]) -> str:
    return _text(_by_label(run, by, facets) if by else _own_settings(run))


def _by_label(run: FoundRun, by: Sequence[str], facets: dict[str, Any]) -> dict[str, Any]:
    known = {**run.settings, **facets}
    return {key: known.get(key, _ABSENT) for key in by}


def _labelled(members: list[list[FoundRun]]) -> list[Group]:
    """Groups with the shortest labels that tell them apart.

    A part's name is in the label if it varies; a part's setting only if it varies among groups with that part, for
    what varies just because the part does (the settings of cosine and of step) follows from its name.
    """
    settings = [_own_settings(runs[0]) for runs in members]
    keys = _names(settings)
    labels: list[dict[str, Any]] = [{} for _ in members]
    for key in sorted(keys, key=_order):
        part = key.partition(".")[0] if "." in key and key.partition(".")[0] in PARTS else None
        alike: dict[str, list[int]] = defaultdict(list)
        for place, own in enumerate(settings):
            alike[_text(own.get(part) if part else None)].append(place)
        for places in alike.values():
            if len(_values([settings[place] for place in places], key)) > 1 and (key != RATES):
                for place in places:
                    labels[place][key] = settings[place].get(key, _ABSENT)
    # Rates follow from all the rest; where they differ all the same, a file or a plugin was changed between the runs.
    by_label: dict[str, list[int]] = defaultdict(list)
    for place, label in enumerate(labels):
        by_label[_text(label)].append(place)
    for places in by_label.values():
        for place in places if len(places) > 1 else []:
            labels[place][RATES] = str(settings[place][RATES]).removeprefix("sha256:")[:8]
    if len(members) == 1:
        labels[0] = {key: settings[0][key] for key in ("branch", "schedule", "optimizer") if key in settings[0]}
    return [Group(label, runs) for label, runs in zip(labels, members, strict=True)]


def _order(key: str) -> tuple[int, int, str]:
    """Parts' names first, in their usual order, then settings."""
    group = key.partition(".")[0]
    return "." in key, PARTS.index(group) if group in PARTS else len(PARTS), key


def _headings(sections: list[list[FoundRun]], facets: dict[int, dict[str, Any]], kept: list[str]) -> list[str]:
    """What each section's runs share; settings of the model and such only where sections differ in them."""
    firsts = [facets[id(runs[0])] for runs in sections]
    headings = []
    for first in firsts:
        words = []
        for name in kept:
            value = first.get(name, _ABSENT)
            if name in _SENTENCES and value not in (None, _ABSENT):
                words.append(_SENTENCES[name].format(f"{value:,}" if isinstance(value, int) else readable(value)))
            elif len(_values(firsts, name)) > 1 and value != _ABSENT:
                words.append(f"{'images' if name == IMAGES else name}: {readable(value)}")
        headings.append(", ".join(words) or "all runs")
    return headings


_SENTENCES = {
    "data": "{}",
    "model": "{}",
    "trainer.epochs": "{} epochs",
    "trainer.batch_size": "batches of {}",
    "images.train": "{} training images",
    "total_steps": "{} weight updates",
}


def _count_left_out(
    runs: list[FoundRun],
    sections: list[Section],
    by: Sequence[str],
    facets: dict[int, dict[str, Any]],
    kept: list[str],
) -> None:
    """Tell each group how many of its runs are missing, and why in a word: a mean without them may flatter it."""

    def place(run: FoundRun) -> str:
        of_run = facets[id(run)]
        # A run that failed or diverged has all its facets; one that was never begun has none, and finds no group.
        return _text([[of_run.get(name, _ABSENT) for name in kept], _group_key(run, by, of_run)])

    groups = {place(group.runs[0]): group for section in sections for group in section.groups}
    for run in runs:
        if run.reason and run.settings and not run.copy_of and place(run) in groups:
            groups[place(run)].left_out["finished but not usable" if run.status == FINISHED else run.status] += 1


def _names(dictionaries: Iterable[dict[str, Any]]) -> list[str]:
    """Every key, in the order of first appearance."""
    return list(dict.fromkeys(key for values in dictionaries for key in values))


def _values(dictionaries: Iterable[dict[str, Any]], key: str) -> list[Any]:
    """The different values of a key."""
    found = {_text(values.get(key, _ABSENT)): values.get(key, _ABSENT) for values in dictionaries}
    return [found[text] for text in sorted(found)]


def _text(value: Any) -> str:
    """Equal for equal values of JSON, whatever they hold."""
    return json.dumps(value, sort_keys=True)
