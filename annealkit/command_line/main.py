"""The command line: `annealkit [COMMAND] [key=value …]`. Words without a command train; no word at all shows the usage.

Each command is imported when it is called, so that the light ones start at once.
"""

import importlib
import sys
from dataclasses import dataclass

from annealkit.errors import AnnealkitError, did_you_mean
from annealkit.version import __version__
from annealkit.writing.streams import make_streams_last


@dataclass(frozen=True)
class Command:
    """A command: a function of a module of this folder, and whether `--help` is one of its own words."""

    module: str
    function: str
    has_help: bool = False

    def __call__(self, arguments: list[str]) -> int:
        module = importlib.import_module(f"annealkit.{self.module}")
        code: int = getattr(module, self.function)(arguments)
        return code


# What has no help of its own shows, with `--help`, what the other words compose.
COMMANDS = {
    "train": Command("command_line.train", "train_with_hydra"),
    "preview": Command("command_line.preview", "preview_command"),
    "find-lr": Command("command_line.find_lr", "find_lr_command", has_help=True),
    "compare": Command("compare", "compare", has_help=True),
    "branch": Command("command_line.branch", "branch_command", has_help=True),
    "resume": Command("command_line.again", "resume_command", has_help=True),
    "again": Command("command_line.again", "again_command", has_help=True),
    "plugins": Command("command_line.plugins", "plugins_command"),
    "new": Command("command_line.new", "new", has_help=True),
    "check": Command("command_line.check", "check", has_help=True),
}
TRAIN = COMMANDS["train"]
HELP = Command("command_line.help", "show_help")
USAGE = Command("command_line.help", "show_usage")


def main() -> int:
    """Run the command that `sys.argv` names and return its exit code.

    0: done. 1: a run failed or diverged, a check failed, or none of the runs found can be compared. 2: the command or
    configuration cannot be. 130, 143: stopped by a signal.
    """
    make_streams_last()
    try:
        return _run(sys.argv[1:])
    except AnnealkitError as error:
        print(f"annealkit: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # Where there was something to keep, the trainer has written a checkpoint and said so.
        return 130


def _run(arguments: list[str]) -> int:
    if not arguments:
        return USAGE([])
    first = arguments[0]
    command = COMMANDS.get(first)
    if {"-h", "--help"} & set(arguments):
        if command is not None and command.has_help:
            return command(["--help"])
        words = [word for word in arguments if word not in ("-h", "--help")]
        return HELP(words)
    if command is not None:
        return command(arguments[1:])
    if arguments == ["--version"]:  # Hydra would give its own.
        print(f"annealkit {__version__}")
        return 0
    if not first.startswith(("-", "~", "+")) and "=" not in first:
        near = did_you_mean(first, COMMANDS)
        raise AnnealkitError(
            f"there is no command {first!r}.{near} Commands are {', '.join(COMMANDS)}; key=value alone trains, too."
        )
    return TRAIN(arguments)
