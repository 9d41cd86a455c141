"""Which runs may be compared with each other, and what tells the groups apart.

Sections: runs that differ in their data, their model or their budget (epochs, batch size, training images, weight
updates), see `facets`, are not comparable, and never meet unless `by` names what they differ in.

Groups: within a section, runs that agree in every setting except the seed. Settings that change no result
(`trainer.threads`, checkpoints, progress) are not in `run.json` to begin with.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from annealkit.compare.facets import FACETS, IMAGES, RATES, dropped_facets, find_facets, own_settings
from annealkit.compare.labels import headings_of, shortest_labels
from annealkit.compare.runs import SEED, FoundRun, printable
from annealkit.compare.values import ABSENT, as_text, keys_of, readable, values_of
from annealkit.errors import ConfigError, did_you_mean
from annealkit.runs.result import FINISHED

_OPTIONAL = ("branch", "warmup", "feedback")


@dataclass
class Group:
    """Runs that differ in nothing but the seed, or with `by` in nothing that it names.

    Args:
        label: the settings that tell it from the other groups of its section.
        runs: those that are compared, by seed.
        left_out: status -> how many of its runs are left out; copies of runs that count are not among them.
        averaged: with `by`, settings that take several values within the group.
        other_settings: with `by`, for each run its seed and all settings that `by` does not name.
    """

    label: dict[str, Any]
    runs: list[FoundRun]
    left_out: Counter[str] = field(default_factory=Counter)
    averaged: list[str] = field(default_factory=list)
    other_settings: list[tuple[int, str]] = field(default_factory=list)

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
    find_facets(runs)
    usable = _without_duplicates([run for run in runs if not run.reason])
    dropped = dropped_facets(by, usable)
    kept = [name for name in keys_of(run.facets for run in runs) if name not in dropped]
    members: dict[str, list[FoundRun]] = defaultdict(list)
    for run in usable:
        members[as_text([run.facets.get(name, ABSENT) for name in kept])].append(run)
    told = dropped - ({"trainer.epochs", "total_steps", "images.train"} - set(by))  # These follow from the others.
    headings = headings_of([of_section[0].facets for of_section in members.values()], kept)
    sections = []
    for heading, of_section in zip(headings, members.values(), strict=True):
        facets = [run.facets for run in of_section]
        differing = {name: values for name in sorted(told) if len(values := values_of(facets, name)) > 1}
        sections.append(Section(heading, _groups(of_section, by), differing))
    _count_left_out(runs, sections, by, kept)
    return sorted(sections, key=_most_runs_first)


def _most_runs_first(section: Section) -> tuple[int, int]:
    """And of those with as many, the shortest runs first."""
    runs = [run for group in section.groups for run in group.runs]
    return -len(runs), runs[0].total_steps or 0


def _without_duplicates(runs: list[FoundRun]) -> list[FoundRun]:
    """One of each set of equal runs; none of those that should be equal and are not."""
    same: dict[str, list[FoundRun]] = defaultdict(list)
    for run in runs:
        same[as_text([run.facets, own_settings(run), run.seed])].append(run)
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


def _groups(runs: list[FoundRun], by: Sequence[str]) -> list[Group]:
    members: dict[str, list[FoundRun]] = defaultdict(list)
    for run in runs:
        members[_group_key(run, by)].append(run)
    firsts = [found[0] for found in members.values()]
    labels = [_by_label(run, by) for run in firsts] if by else shortest_labels([own_settings(run) for run in firsts])
    groups = [Group(label, found) for label, found in zip(labels, members.values(), strict=True)]
    for group in groups if by else []:
        own = [own_settings(run) | run.facets for run in group.runs]
        follows = (IMAGES, RATES, "images.train", "total_steps")
        varying = [key for key in keys_of(own) if key not in follows and len(values_of(own, key)) > 1]
        # A part's settings go without saying where the part itself varies.
        group.averaged = [key for key in varying if "." not in key or key.partition(".")[0] not in varying]
        group.other_settings = [(run.seed, _beside(run, by)) for run in group.runs]
    return sorted(groups, key=lambda group: group.name)


def _beside(run: FoundRun, by: Sequence[str]) -> str:
    """All settings but those that `by` names and, for a part that it names, that part's."""
    settings = own_settings(run)
    return as_text({
        key: value for key, value in settings.items() if key != RATES and not {key, key.partition(".")[0]} & set(by)
    })  # fmt: skip


def _group_key(run: FoundRun, by: Sequence[str]) -> str:
    return as_text(_by_label(run, by) if by else own_settings(run))


def _by_label(run: FoundRun, by: Sequence[str]) -> dict[str, Any]:
    known = {**run.settings, **run.facets}
    return {key: known.get(key, ABSENT) for key in by}


def _count_left_out(runs: list[FoundRun], sections: list[Section], by: Sequence[str], kept: list[str]) -> None:
    """Tell each group how many of its runs are missing, and why in a word: a mean without them may flatter it."""

    def place(run: FoundRun) -> str:
        # A run that failed or diverged has all its facets; one that was never begun has none, and finds no group.
        return as_text([[run.facets.get(name, ABSENT) for name in kept], _group_key(run, by)])

    groups = {place(group.runs[0]): group for section in sections for group in section.groups}
    for run in runs:
        if run.reason and run.settings and not run.copy_of and place(run) in groups:
            groups[place(run)].left_out["finished but not usable" if run.status == FINISHED else run.status] += 1
