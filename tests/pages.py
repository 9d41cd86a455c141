"""What stands on the pages of the project, its README.md files: links, headings, commands, Python."""

import re
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("annealkit", "conf", "plugins", "tests")
# What begins a command; anything else in an indented block is output, a formula or a tree of files.
PROGRAMS = ("annealkit", "python", "python3", "pip", "tensorboard", "cd", "eval")

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.M | re.S)
_LINK = re.compile(r"\]\(([^)\s]+)\)|<img[^>]*\bsrc=\"([^\"]+)\"")
_PLACEHOLDER = re.compile(r"…|\b[A-Z]{3,}\b")
_ASSIGNMENT = re.compile(r"[A-Z][A-Z_]*=")


def pages() -> list[Path]:
    """Every page of the checkout; hidden folders, such as pytest's cache, have pages of others."""
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("README.md")]
    return [ROOT / "README.md", *sorted(path for path in found if not _is_hidden(path.relative_to(ROOT)))]


@dataclass(frozen=True)
class Page:
    """One page.

    Args:
        path: where it lies; links are relative to it.
        text: in Markdown.
    """

    path: Path
    text: str

    @classmethod
    def at(cls, path: Path) -> "Page":
        return cls(path, path.read_text(encoding="utf-8"))

    @cached_property
    def blocks(self) -> list[tuple[str, str]]:
        """(language, code) of every block that is fenced."""
        return [(language, code) for _, language, code in _FENCE.findall(self.text)]

    @cached_property
    def indented(self) -> list[list[str]]:
        """The lines of every block that is indented by four blanks or more."""
        found: list[list[str]] = [[]]
        for line in _FENCE.sub("", self.text).splitlines():
            if line.startswith("    "):
                found[-1].append(line.strip())
            elif found[-1]:
                found.append([])
        return [block for block in found if block]

    @cached_property
    def prose(self) -> str:
        """The page without blocks of code, and with what stands in backticks left out."""
        lines = [line for line in _FENCE.sub("", self.text).splitlines() if not line.startswith("    ")]
        return re.sub(r"`[^`\n]*`", "``", "\n".join(lines))

    @cached_property
    def links(self) -> list[str]:
        """Targets of links and pictures."""
        return [target or source for target, source in _LINK.findall(self.prose)]

    @cached_property
    def anchors(self) -> set[str]:
        """What can follow a # in a link to the page: GitHub's names of the headings."""
        found: dict[str, int] = {}
        for heading in re.findall(r"^#+ +(.+?)\s*$", _FENCE.sub("", self.text), re.M):
            words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading.replace("`", ""))
            name = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            found[name] = found.get(name, -1) + 1
        return {
            name if number == 0 else f"{name}-{number}" for name, last in found.items() for number in range(last + 1)
        }

    @cached_property
    def python(self) -> list[str]:
        """The code of every block of Python."""
        return [code for language, code in self.blocks if language == "python"]

    @cached_property
    def command_lines(self) -> list[str]:
        """The lines, as wide as they are shown, of every block of commands, and every command within a sentence."""
        found = [line for block in self._command_blocks for line in block] + [command for command, _ in self.shown]
        return found + [text for text in self._spans if _is_command(text)]

    @cached_property
    def commands(self) -> list[list[str]]:
        """The words of every command. Within a sentence, one that has … or NAME in it says only what it looks like."""
        found = [words for block in self._command_blocks for words in commands_of("\n".join(block))]
        for text in self._spans:
            if _is_command(text) and not _PLACEHOLDER.search(text):
                found += commands_of(text)
        return found

    @cached_property
    def shown(self) -> list[tuple[str, str]]:
        """(command, what it prints, in one line) of every block that begins with a $."""
        sessions = [block for block in self.indented if block[0].startswith("$ ")]
        return [(command.removeprefix("$ "), " ".join(output)) for command, *output in sessions]

    @property
    def _command_blocks(self) -> list[list[str]]:
        """Blocks of which a line is a command: all their lines are."""
        found = [code.splitlines() for language, code in self.blocks if language == "bash"]
        return found + [block for block in self.indented if any(map(_is_command, block))]

    @property
    def _spans(self) -> list[str]:
        lines = [line for line in _FENCE.sub("", self.text).splitlines() if not line.startswith("    ")]
        return [" ".join(text.split()) for text in re.findall(r"`([^`]+)`", "\n".join(lines))]


def commands_of(text: str) -> list[list[str]]:
    """The words of each command in lines of shell; a backslash joins two lines, && and a new line part commands."""
    found: list[list[str]] = []
    for line in text.replace("\\\n", "").splitlines():
        reader = shlex.shlex(line, posix=True, punctuation_chars="&|;")
        reader.whitespace_split = True
        words: list[str] = []
        for word in [*reader, ";"]:
            if word and not word.strip("&|;"):
                found += [words] if words else []
                words = []
            else:
                words.append(word)
    return found


def without_assignments(words: list[str]) -> list[str]:
    """The command itself, after `NAME=value` for its environment."""
    return words[1:] if words and _ASSIGNMENT.match(words[0]) else words


def _is_command(line: str) -> bool:
    words = without_assignments(line.split())
    return len(words) > 1 and words[0] in PROGRAMS


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
