"""The jobs of a sweep: listed, composed and checked before the first of them is trained."""

import copy
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from annealkit.configuration.composition import check_groups, compose, first_job, parse
from annealkit.configuration.hydra_app import (
    BASIC_SWEEPER,
    Hydra,
    compose_job,
    composed,
    each_combination,
    hydra_config,
    without_hydra,
)
from annealkit.configuration.identity import flat_settings, run_name
from annealkit.configuration.plan import Plan, make_plan
from annealkit.errors import AnnealkitError, ConfigError, DamagedRunError
from annealkit.groups import GROUPS
from annealkit.jobs.one_run import ended_run
from annealkit.plugin_system.registry import Registry
from annealkit.runs.result import Result

_OWN_DIR, _OWN_SUBDIR = "${outputs}", "${run_name:}"  # hydra.sweep.dir and hydra.sweep.subdir as they stand in conf/
_PLAIN_KEYS = ("seed", "rerun", "resume")
_MOST_FAULTS = 5


@dataclass
class Job:
    """One job of a sweep.

    Args:
        number: from 0, in the order in which Hydra lists them; `hydra.job.num`.
        overrides: everything that the command line says about it.
        label: only what the sweep varies.
        folder: its run folder, absolute.
        settings: what makes it another run than the others.
        threads: `trainer.threads`.
        ended: its result, if it has ended already and is not to be run again.
        plan: what will be trained, unless it has ended.
        same_as: the number of an earlier job that is the same run.
    """

    number: int
    overrides: list[str]
    label: str
    folder: Path
    settings: dict[str, Any]
    threads: int | None
    ended: Result | None
    plan: Plan | None
    same_as: int | None = None

    @property
    def to_be_trained(self) -> bool:
        """Whether there is something left to do."""
        return self.ended is None and self.same_as is None


def sweep_config(overrides: list[str], app: Hydra, registry: Registry) -> DictConfig:
    """Hydra's configuration of the sweep as a whole: launcher, sweeper, folders, log."""
    parsed = parse(overrides)
    check_groups(parsed, registry)
    # Settings of parts belong to the jobs: which part they are for may be what is swept.
    kept = [o.input_line or "" for o in parsed if o.is_sweep_override() or not _is_part_setting(o)]
    try:
        config = composed(app, kept, RunMode.MULTIRUN)
    except (HydraException, OmegaConfBaseException, AssertionError) as error:  # OmegaConf asserts what it is given.
        compose(first_job(parsed), registry)
        raise ConfigError(" ".join(str(error).split())) from None
    if config.hydra.sweeper._target_ != BASIC_SWEEPER:
        raise ConfigError(
            "hydra/sweeper: the jobs of a sweep are listed before the first is trained, which only hydra/sweeper=basic "
            f"does; got {config.hydra.sweeper._target_}. Leave hydra/sweeper out."
        )
    config.hydra.overrides.task = [o.input_line for o in parsed if not o.is_hydra_override()]
    return config


def list_jobs(config: DictConfig, app: Hydra, registry: Registry) -> list[Job]:
    """Every job, checked as far as it can be without an image.

    Raises:
        ConfigError: there are jobs that cannot be; it names them, and nothing has been trained.
    """
    all_overrides = _expand(config, app)
    labels = varying(all_overrides)
    composer = _Composer(config, app)
    jobs: list[Job] = []
    faults: dict[str, list[int]] = {}
    for number, overrides in enumerate(all_overrides):
        try:
            job_config, folder = composer.compose(number, overrides)
            jobs.append(_check(number, overrides, labels[number], job_config, folder, registry))
        except (HydraException, OmegaConfBaseException) as error:
            faults.setdefault(_in_words(overrides, registry, error), []).append(number)
        except AnnealkitError as error:
            faults.setdefault(str(error), []).append(number)
    if faults:
        raise ConfigError(_refusal(faults, labels))
    find_the_same(jobs)
    return jobs


def jobs_need_no_number(config: DictConfig) -> bool:
    """Whether nothing in a job can depend on its number or on the rest of Hydra's own configuration."""
    raw = OmegaConf.to_container(config.hydra.sweep, resolve=False)
    assert isinstance(raw, dict)
    folders = raw["subdir"] == _OWN_SUBDIR and (raw["dir"] == _OWN_DIR or "${" not in raw["dir"])
    return folders and not config.hydra.searchpath and not any("${" in text for text in _task_overrides(config))


def _task_overrides(config: DictConfig) -> list[str]:
    """The command line without what is for Hydra itself; an interpolation in it means something only within a job."""
    overrides = OmegaConf.to_container(config.hydra.overrides.task, resolve=False)
    assert isinstance(overrides, list)
    return overrides


def _expand(config: DictConfig, app: Hydra) -> list[list[str]]:
    """What Hydra's sweeper would make of the command line: the overrides of each job."""
    lines = [f"{key}={value}" for key, value in (config.hydra.sweeper.params or {}).items()]
    lines += _task_overrides(config)
    parser = OverridesParser.create(config_loader=app.config_loader)
    try:
        jobs = each_combination(parser.parse_overrides(lines))
    except HydraException as error:
        raise ConfigError(f"{' '.join(str(error).split())}. Try a list of values, or range(…).") from None
    if not jobs:
        raise ConfigError(f"{' '.join(lines)}: this makes no jobs: a list or glob(…) in it is empty.")
    return jobs


def varying(all_overrides: list[list[str]]) -> list[str]:
    """For each job what distinguishes it from the others; of a single one, everything."""
    varied = [len(set(column)) > 1 for column in zip(*all_overrides, strict=True)]
    if not any(varied):
        varied = [True] * len(varied)
    return [" ".join(o for o, varies in zip(job, varied, strict=True) if varies) for job in all_overrides]


class _Composer:
    """Composes the jobs of a sweep. Those with the same parts are composed once, and their numbers set in a copy."""

    def __init__(self, config: DictConfig, app: Hydra) -> None:
        self._sweep = config
        self._app = app
        self._may_copy = jobs_need_no_number(config)
        self._parse = functools.cache(lambda text: parse([text])[0])
        self._bases: dict[tuple[str, ...], tuple[DictConfig, Path]] = {}

    def compose(self, number: int, overrides: Sequence[str]) -> tuple[DictConfig, Path]:
        """The job's configuration without Hydra's part, and its run folder."""
        if not self._may_copy:
            return self._compose(number, overrides)
        parsed = [self._parse(text) for text in overrides]
        values = [o for o in parsed if _is_plain_value(o)]
        choices = tuple(o.input_line or "" for o in parsed if not _is_plain_value(o))
        if choices not in self._bases:
            self._bases[choices] = self._compose(number, choices)
        base, folder = self._bases[choices]
        config = copy.deepcopy(base)
        for value in values:
            OmegaConf.update(config, value.key_or_group, value.value(), merge=True)
        return config, folder.with_name(run_name(_root_=config))

    def _compose(self, number: int, overrides: Sequence[str]) -> tuple[DictConfig, Path]:
        config = compose_job(self._app, self._sweep, number, overrides)
        with hydra_config(config):
            folder = Path(str(config.hydra.sweep.dir), str(config.hydra.sweep.subdir)).absolute()
            job_config = without_hydra(config)
            if not self._may_copy:
                OmegaConf.resolve(job_config)  # While ${hydra:…} means this job.
        return job_config, folder


def _is_part_setting(override: Override) -> bool:
    """`schedule.drop=0.5` and the like."""
    return "." in override.key_or_group and override.key_or_group.split(".")[0] in (*GROUPS, "trainer")


def _is_plain_value(override: Override) -> bool:
    """An override that sets a value in what is composed, and has no part in what is composed."""
    plain = not (override.is_add() or override.is_force_add() or override.is_delete() or override.package)
    return plain and (_is_part_setting(override) or override.key_or_group in _PLAIN_KEYS)


def _check(number: int, overrides: list[str], label: str, config: DictConfig, folder: Path, registry: Registry) -> Job:
    try:
        ended = ended_run(config, folder)
    except DamagedRunError:
        ended = None  # That job will fail, and the others need not wait for it.
    plan = None if ended else make_plan(config, registry)
    return Job(number, overrides, label, folder, flat_settings(config), config.trainer.threads, ended, plan)


def _in_words(overrides: list[str], registry: Registry, error: Exception) -> str:
    """What Hydra could not compose, said as for a single run."""
    try:
        compose([text for text in overrides if not text.startswith("hydra.")], registry)
    except ConfigError as explained:
        return str(explained)
    return " ".join(str(error).split())


def _refusal(faults: dict[str, list[int]], labels: list[str]) -> str:
    wrong = sum(map(len, faults.values()))
    if len(labels) == 1:
        return next(iter(faults))
    lines = [f"{wrong} of {len(labels)} jobs cannot be, and nothing was trained."]
    for fault, numbers in list(faults.items())[:_MOST_FAULTS]:
        others = f" and {len(numbers) - 1} more like it" if len(numbers) > 1 else ""
        lines.append(f"  job {numbers[0] + 1}, {labels[numbers[0]]}{others}: {fault}")
    if len(faults) > _MOST_FAULTS:
        lines.append(f"  and {len(faults) - _MOST_FAULTS} more faults")
    if wrong < len(labels) and any("no such key" in fault for fault in faults):
        lines.append(
            "Values that go with only some of the choices need a sweep of their own, such as "
            "-m schedule=step schedule.drop=0.5,0.2 and then -m schedule=cosine."
        )
    return "\n".join(lines)


def find_the_same(jobs: list[Job]) -> None:
    """Mark jobs that are the same run as an earlier one. Raises ConfigError for different runs with one folder."""
    first: dict[Path, Job] = {}
    for job in jobs:
        other = first.setdefault(job.folder, job)
        if other is job:
            continue
        if other.settings != job.settings:
            raise ConfigError(
                f"hydra.sweep: job {other.number + 1}, {other.label}, and job {job.number + 1}, {job.label}, are "
                f"different runs with one folder, {job.folder}. Leave hydra.sweep.subdir out, which gives each run a "
                "folder of its own."
            )
        job.same_as = other.number
