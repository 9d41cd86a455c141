"""`annealkit --help`: the usage, every name of every group, and the configuration that the given words compose."""

from omegaconf import OmegaConf

from annealkit.configuration.commented_yaml import commented
from annealkit.configuration.composition import compose, help_groups
from annealkit.configuration.schema import SETTINGS, Config
from annealkit.groups import GROUPS
from annealkit.plugin_system.registry import load_registry

USAGE = """\
annealkit: which learning-rate annealing should this model be trained with?

  python -m annealkit schedule=cyclical optimizer=sgd     train one run; with the defaults alone: annealkit train
  python -m annealkit -m schedule=step,cosine seed=0,1    train a sweep
  python -m annealkit preview schedule=cyclical           draw the learning-rate curve; preview.png=… preview.csv=…
  python -m annealkit find-lr optimizer=adam              a learning-rate range test: which optimizer.lr to begin with
  python -m annealkit compare outputs                     who leads, and is it certain? by=… metric=… html=… svg=…
  python -m annealkit branch RUN at=80% schedule=linear   continue a run from there, with another schedule or for longer
  python -m annealkit resume RUN                          go on with a run that was stopped, by its folder alone
  python -m annealkit again RUN seed=1                    train what a run was, with some of it otherwise
  python -m annealkit plugins                             everything that can be named, and where it comes from
  python -m annealkit plugins schedule=cosine             what one of them is, and what can be set on it
  python -m annealkit new schedule ripple                 write a plugin of your own that works, to change
  python -m annealkit check schedule=ripple               whether it keeps to what all schedules do; --all: everything
  tensorboard --logdir outputs                            look at the runs
"""


def show_usage(arguments: list[str]) -> int:
    """Print what there is to do; for who has typed nothing else."""
    print(USAGE)
    print("annealkit --help lists every name and setting; with a command before it, what the command takes.")
    return 0


def show_help(arguments: list[str]) -> int:
    """Print it all."""
    registry = load_registry()
    config = compose([word for word in arguments if "=" in word], registry)
    print(USAGE)
    print("Groups (choose with group=name):\n" + help_groups(registry))
    print(
        "\nSettings, as composed now. Override them with key=value.\n"
        "`annealkit plugins schedule=cosine` explains a part, `annealkit plugins trainer` the trainer's settings.\n"
    )
    values = OmegaConf.to_container(config)
    assert isinstance(values, dict)
    chosen = {group: registry.get(group, config[group].name).cls for group in GROUPS}
    print(commented(Config, {str(key): value for key, value in values.items()}, {**chosen, **SETTINGS}))
    print('Hydra\'s own flags: --hydra-help. Completion: eval "$(annealkit -sc install=bash)"')
    return 0
