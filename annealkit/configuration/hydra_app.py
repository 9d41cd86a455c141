"""Hydra as annealkit uses it. All that is needed of Hydra beyond its documented interface is here."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hydra
from hydra._internal.callbacks import Callbacks
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.hydra import Hydra
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.core.utils import configure_log, run_job
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from annealkit.configuration.identity import run_name
from annealkit.configuration.schema import Config, TrainerSettings
from annealkit.errors import ConfigError
from annealkit.plugin_system.registry import Registry

CONFIG_NAME = "config"
BASIC_SWEEPER = f"{BasicSweeper.__module__}.{BasicSweeper.__qualname__}"

_stored: list[Registry] = []


def conf_dir() -> Path:
    """The folder of the YAML files: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def register_run_name() -> None:
    """Let `${run_name:}` name the folder of a run."""
    OmegaConf.register_new_resolver("run_name", run_name, replace=True)


def store_schemas(registry: Registry) -> None:
    """Put every part into Hydra's store before composing, so that `schedule=NAME schedule.field=…` is typed.

    Built-ins also have a YAML file of the same name, which takes its schema from `<group>/schema/<name>`; a file
    and a stored node must not share one path, or the file would hide the node.
    """
    register_run_name()
    if _stored[-1:] == [registry]:
        return
    store = ConfigStore.instance()
    store.store(name="config_schema", node=Config)
    store.store(group="trainer/schema", name="default", node=TrainerSettings)
    for group, parts in registry.parts.items():
        for part in parts.values():
            has_file = (conf_dir() / group / f"{part.name}.yaml").is_file()
            store.store(group=f"{group}/schema" if has_file else group, name=part.name, node=_open(part.node))
    _stored[:] = [registry]


def _open(node: DictConfig) -> DictConfig:
    """The node, to whose dictionaries keys can be added: `schedule.arguments.decay_steps=1000`."""
    for name in node:
        if OmegaConf.get_type(node, str(name)) is dict:
            OmegaConf.set_struct(node[name], False)
    return node


@contextmanager
def initialized_hydra(registry: Registry) -> Iterator[Hydra]:
    """Hydra with our configuration; somebody's own, in a notebook or an application, is put back afterwards."""
    store_schemas(registry)
    current = GlobalHydra.instance()
    theirs, current.hydra = current.hydra, None
    try:
        with hydra.initialize_config_dir(version_base="1.3", config_dir=os.fspath(conf_dir())):
            assert current.hydra is not None
            yield current.hydra
    finally:
        current.hydra = theirs


def composed(app: Hydra, overrides: list[str], run_mode: RunMode = RunMode.RUN) -> DictConfig:
    """The configuration with Hydra's own part in `hydra`. Raises Hydra's and OmegaConf's errors."""
    return app.compose_config(CONFIG_NAME, overrides, run_mode=run_mode, from_shell=False)


def without_hydra(config: DictConfig) -> DictConfig:
    """The configuration without Hydra's own part, which is only for what runs the job."""
    own = config.copy()
    OmegaConf.set_readonly(own, False)
    OmegaConf.set_struct(own, False)
    del own["hydra"]
    OmegaConf.set_struct(own, True)
    return own


def run_dir(config: DictConfig) -> Path:
    """The folder that Hydra will run the job in. Raises ConfigError where it cannot be told."""
    try:
        with hydra_config(config):
            return Path(str(config.hydra.run.dir))
    except OmegaConfBaseException as error:
        raise ConfigError(f"hydra.run.dir: {' '.join(str(error).split())}. Leave it out.") from None


def run_one(app: Hydra, config: DictConfig, task: Callable[[DictConfig], Any]) -> None:
    """Call the task as Hydra's own `run` does: in the folder and with the log that a composed configuration names."""
    configure_log(config.hydra.hydra_logging, config.hydra.verbose)
    context = _context(app, config)
    context.callbacks.on_run_start(config=config, config_name=CONFIG_NAME)
    returned = run_job(task, config, job_dir_key="hydra.run.dir", job_subdir_key=None, hydra_context=context)
    context.callbacks.on_run_end(config=config, config_name=CONFIG_NAME, job_return=returned)
    _ = returned.return_value  # Raises what the task raised.


@contextmanager
def launching(app: Hydra, config: DictConfig) -> Iterator[Callable[[Callable[[DictConfig], Any]], Launcher]]:
    """While a sweep runs: a function from what each job calls to the launcher of the configuration."""
    context = _context(app, config)
    context.callbacks.on_multirun_start(config=config, config_name=CONFIG_NAME)
    yield lambda task: Plugins.instance().instantiate_launcher(context, task, config)
    context.callbacks.on_multirun_end(config=config, config_name=CONFIG_NAME)


def _context(app: Hydra, config: DictConfig) -> HydraContext:
    return HydraContext(config_loader=app.config_loader, callbacks=Callbacks(config))


def each_combination(overrides: list[Override]) -> list[list[str]]:
    """The overrides of each job that lists of values make. Raises HydraException for a list that cannot be."""
    [jobs] = BasicSweeper.split_arguments(overrides, None)
    return [list(job) for job in jobs]


def compose_job(app: Hydra, sweep: DictConfig, number: int, overrides: Sequence[str]) -> DictConfig:
    """The configuration of one job of a sweep, by Hydra as its launchers do it; slow."""
    config = app.config_loader.load_sweep_config(sweep, list(overrides))
    OmegaConf.set_struct(config, False)
    config.hydra.job.id = config.hydra.job.num = number
    OmegaConf.set_struct(config, True)
    return config


@contextmanager
def hydra_config(config: DictConfig) -> Iterator[None]:
    """While `${hydra:…}` means this configuration."""
    instance = HydraConfig.instance()
    before = instance.cfg
    instance.set_config(config)
    try:
        yield
    finally:
        instance.cfg = before
