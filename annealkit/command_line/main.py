"""The command line: `annealkit [COMMAND] [key=value …]`. Without a command it trains.

Each command imports what it needs when it is called, so that the light ones start at once.
"""

import os
import sys
from collections.abc import Callable

from annealkit.errors import AnnealkitError, did_you_mean
from annealkit.version import __version__

USAGE = """\
annealkit: which learning-rate annealing should this model be trained with?

  python -m annealkit schedule=cyclical optimizer=sgd     train one run
  python -m annealkit -m schedule=step,cosine seed=0,1    train a sweep
  python -m annealkit preview schedule=cyclical           draw the learning-rate curve; preview.png=… preview.csv=…
  python -m annealkit find-lr optimizer=adam              a learning-rate range test: which optimizer.lr to begin with
  python -m annealkit compare outputs                     who leads, and is it certain? by=… metric=… html=… svg=…
  python -m annealkit branch RUN at=80% schedule=linear   continue a run from there, with another schedule or for longer
  python -m annealkit plugins                             everything that can be named, and where it comes from
  python -m annealkit plugins schedule=cosine             what one of them is, and what can be set on it
  python -m annealkit new schedule ripple                 write a plugin of your own that works, to change
  python -m annealkit check schedule=ripple               whether it keeps to what all schedules do; --all: everything
  tensorboard --logdir outputs                            look at the runs
"""


def main() -> int:
    """Run the command that `sys.argv` names and return its exit code.

    0: done. 1: a run failed or diverged, a check failed, or none of the runs found can be compared. 2: the command or
    configuration cannot be. 130, 143: stopped by a signal.
    """
    arguments = sys.argv[1:]
    try:
        if {"-h", "--help"} & set(arguments):
            if arguments[0] in WITH_HELP:
                return _print(COMMANDS[arguments[0]], ["--help"])
            return _print(show_help, [word for word in arguments if word not in ("-h", "--help")])
        if arguments and arguments[0] in COMMANDS:
            return _print(COMMANDS[arguments[0]], arguments[1:])
        if arguments == ["--version"]:  # Hydra would give its own.
            print(f"annealkit {__version__}")
            return 0
        if arguments and not arguments[0].startswith(("-", "~", "+")) and "=" not in arguments[0]:
            near = did_you_mean(arguments[0], COMMANDS)
            commands = ", ".join(COMMANDS)
            raise AnnealkitError(
                f"there is no command {arguments[0]!r}.{near} Commands are {commands}; to train, give key=value."
            )
        return train(arguments)
    except AnnealkitError as error:
        print(f"annealkit: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # Where there was something to keep, the trainer has written a checkpoint and said so.
        return 130


def train(arguments: list[str]) -> int:
    """Train one run, or with `-m` a sweep, through Hydra."""
    from annealkit.command_line.train import train_with_hydra

    return train_with_hydra(arguments)


def preview(arguments: list[str]) -> int:
    """Draw the learning-rate curve that the given configuration would be trained with."""
    from omegaconf import OmegaConf

    from annealkit.configuration.composition import compose
    from annealkit.configuration.plan import build_parts, plan_momenta, plan_rates, plan_run, settings_without_effect
    from annealkit.curve.span import Run
    from annealkit.plugin_system.registry import load_registry
    from annealkit.preview import PreviewSettings, show, warnings

    registry = load_registry()
    config = compose(arguments, registry)
    parts = build_parts(config, registry)
    settings = OmegaConf.to_object(config.preview)
    assert isinstance(settings, PreviewSettings)
    if settings.steps_per_epoch is None:
        run = plan_run(parts, parts.data.train_size())
    else:
        run = Run(settings.steps_per_epoch * parts.trainer.epochs, settings.steps_per_epoch)
    rates = plan_rates(parts, run)
    warmup = "" if parts.warmup is None else f" after {config.warmup.name} warmup"
    title = f"{config.schedule.name}{warmup}, optimizer {config.optimizer.name}"
    unmeant = warnings(rates, run, parts.schedule, parts.warmup, parts.optimizer.lr)
    unmeant += settings_without_effect(parts, run)
    show(rates, run, settings, title, plan_momenta(parts, run), unmeant)
    return 0


def find_lr(arguments: list[str]) -> int:
    """Run a learning-rate range test with the given configuration."""
    from annealkit.command_line.find_lr import find_lr_command

    return find_lr_command(arguments)


def compare(arguments: list[str]) -> int:
    """Compare finished runs: figures, tests, a verdict in words, files."""
    from annealkit.compare import compare

    return compare(arguments)


def branch(arguments: list[str]) -> int:
    """Continue checkpoints of runs into new runs, with another schedule or for longer."""
    from annealkit.command_line.branch import branch_command

    return branch_command(arguments)


def plugins(arguments: list[str]) -> int:
    """Print everything that can be named, and what was skipped; or what the named parts are."""
    from annealkit.command_line.plugin_table import print_plugins
    from annealkit.plugin_system.registry import discover, load_registry

    if not arguments:
        print_plugins(discover())
        return 0
    from annealkit.command_line.part_details import details
    from annealkit.plugin_system.named_parts import named_parts

    print("\n\n\n".join(map(details, named_parts("plugins", arguments, load_registry()))))
    return 0


def new(arguments: list[str]) -> int:
    """Write a distribution with a part of one's own."""
    from annealkit.command_line.new import new

    return new(arguments)


def check(arguments: list[str]) -> int:
    """Check that parts keep to what every part of their kind keeps to."""
    from annealkit.command_line.check import check

    return check(arguments)


def show_help(arguments: list[str]) -> int:
    """Print the usage, every name of every group, and the configuration that the given overrides compose."""
    from omegaconf import OmegaConf

    from annealkit.configuration.composition import compose, help_groups
    from annealkit.plugin_system.registry import load_registry

    registry = load_registry()
    config = compose([word for word in arguments if "=" in word], registry)
    print(USAGE)
    print("Groups (choose with group=name):\n" + help_groups(registry))
    print(
        "\nSettings, as composed now. Override them with key=value.\n"
        "`annealkit plugins schedule=cosine` explains those of a part; the files of conf/ have comments on all.\n"
    )
    print(OmegaConf.to_yaml(config))
    print('Hydra\'s own flags: --hydra-help. Completion: eval "$(annealkit -sc install=bash)"')
    return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "preview": preview,
    "find-lr": find_lr,
    "compare": compare,
    "branch": branch,
    "plugins": plugins,
    "new": new,
    "check": check,
}
WITH_HELP = (
    "branch",
    "check",
    "compare",
    "find-lr",
    "new",
)  # Their own; with the others, --help shows what the words compose.


def _print(command: Callable[[list[str]], int], arguments: list[str]) -> int:
    """Run a command that only prints; a reader that has had enough, as in `annealkit plugins | head`, is no fault."""
    try:
        code = command(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # So that the flush at exit does not fail again.
        return 0
    return code
