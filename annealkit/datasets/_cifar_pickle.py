"""A pickled CIFAR-10 batch, read without the machine that can run what a pickle names.

A pickle is a program for a stack machine. This one knows the few instructions that such a batch is written with, makes
nothing but numbers, texts, lists, tuples, dictionaries and arrays of bytes, and calls nothing: the two calls that an
array is pickled as are recognised by their names. So a file can be wrong, and cannot do anything.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


class PickleError(ValueError):
    """A pickle that is damaged or holds what no CIFAR-10 batch needs."""


@dataclass
class _Name:
    """Something outside the file, which stays a name."""

    text: str


@dataclass
class _Type:
    """The type of an array's elements, as `numpy.dtype` is pickled."""

    name: str


@dataclass
class _Array:
    """An array as it is pickled: first an empty one, then its state."""

    values: np.ndarray | None = None


# NumPy's function that begins an array has moved between NumPy 1 and 2.
_BEGIN_ARRAY = ("numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct")
_KNOWN_NAMES = {"numpy ndarray", "numpy dtype", *_BEGIN_ARRAY}
_BYTES = ("u1", "uint8", "|u1")

_MARK = object()


def read_pickled_batch(content: bytes) -> dict[Any, Any]:
    """The dictionary in a pickled batch. Texts of Python 2 become bytes.

    Raises:
        PickleError: it is damaged, no dictionary, or has an instruction, a name or an array that no batch needs.
    """
    machine = _Machine()
    try:
        for instruction, argument, _ in pickletools.genops(content):
            if instruction.name not in _INSTRUCTIONS:
                raise PickleError(f"it has the instruction {instruction.name}, which no CIFAR-10 batch needs")
            _INSTRUCTIONS[instruction.name](machine, argument)
        [batch] = machine.stack
    except PickleError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        raise PickleError(f"it is damaged: {type(error).__name__}: {error}") from error
    if not isinstance(batch, dict):
        raise PickleError(f"it holds a {type(batch).__name__} and no dictionary")
    return {key: value.values if isinstance(value, _Array) else value for key, value in batch.items()}


class _Machine:
    """The stack and the memory of the program, and what its instructions do."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memory: dict[int, Any] = {}

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def since_mark(self) -> list[Any]:
        """Take what lies above the last mark, and the mark."""
        place = len(self.stack) - 1
        while self.stack[place] is not _MARK:
            place -= 1
            if place < 0:
                raise PickleError("it is damaged: a mark is missing")
        values = self.stack[place + 1 :]
        del self.stack[place:]
        return values

    def tuple_of(self, count: int) -> None:
        if len(self.stack) < count:
            raise PickleError("it is damaged: a tuple lacks values")
        self.stack[-count:] = [tuple(self.stack[-count:])]

    def append(self, values: list[Any]) -> None:
        _expect(self.stack[-1], list).extend(values)

    def set_items(self, values: list[Any]) -> None:
        target = _expect(self.stack[-1], dict)
        for key, value in zip(values[::2], values[1::2], strict=True):
            # Only texts: to hash what lies deep within other things could exhaust the stack of the process.
            target[_expect(key, str, bytes)] = value

    def name(self, text: str) -> None:
        if text not in _KNOWN_NAMES:
            raise PickleError(f"it names {text.replace(' ', '.')}, which no CIFAR-10 batch needs")
        self.push(_Name(text))

    def call(self) -> None:
        """The two calls that there are in a batch: to begin an array, and the type of its elements."""
        arguments, called = _expect(self.stack.pop(), tuple), _expect(self.stack.pop(), _Name).text
        if called == "numpy dtype":
            kind = _text(arguments[0])
            if kind not in _BYTES:
                raise PickleError(f"it has an array of {kind!r}; that of a CIFAR-10 batch is of bytes")
            self.push(_Type(kind))
        elif called in _BEGIN_ARRAY and isinstance(arguments[0], _Name) and arguments[0].text == "numpy ndarray":
            self.push(_Array())
        else:
            raise PickleError(f"it calls {called.replace(' ', '.')}, which no CIFAR-10 batch needs")

    def build(self) -> None:
        """Give an array its state. That of a type of one byte says nothing."""
        state = _expect(self.stack.pop(), tuple)
        target = _expect(self.stack[-1], _Array, _Type)
        if isinstance(target, _Type):
            return
        _, shape, kind, by_column, content = state
        _expect(kind, _Type)
        values = np.frombuffer(_expect(content, bytes), np.uint8)
        if not all(type(side) is int and 0 <= side <= len(values) for side in _expect(shape, tuple)):
            raise PickleError("it is damaged: an array's shape does not fit its content")
        target.values = values.reshape(shape, order="F" if by_column else "C")


def _expect(value: Any, *kinds: type) -> Any:
    if not isinstance(value, kinds):
        wanted = " or ".join(kind.__name__.strip("_").lower() for kind in kinds)
        raise PickleError(f"it is damaged: {type(value).__name__.strip('_').lower()} in place of {wanted}")
    return value


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(_expect(value, str))


def _push(machine: _Machine, value: Any) -> None:
    machine.push(value)


def _push_python_2(machine: _Machine, value: str) -> None:
    machine.push(value.encode("latin-1"))  # what `pickletools` decoded it from


def _nothing(machine: _Machine, value: Any) -> None:
    pass


def _remember(machine: _Machine, place: int | None) -> None:
    machine.memory[len(machine.memory) if place is None else place] = machine.stack[-1]


_INSTRUCTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    **dict.fromkeys(("PROTO", "FRAME", "STOP"), _nothing),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1"), _push),
    **dict.fromkeys(("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BINUNICODE", "SHORT_BINUNICODE"), _push),
    **dict.fromkeys(("BINSTRING", "SHORT_BINSTRING"), _push_python_2),
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "MARK": lambda machine, _: machine.push(_MARK),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.since_mark())),
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "APPEND": lambda machine, _: machine.append([machine.stack.pop()]),
    "APPENDS": lambda machine, _: machine.append(machine.since_mark()),
    "SETITEM": lambda machine, _: machine.set_items([machine.stack.pop(-2), machine.stack.pop()]),
    "SETITEMS": lambda machine, _: machine.set_items(machine.since_mark()),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT", "MEMOIZE"), _remember),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda machine, place: machine.push(machine.memory[place])),
    "GLOBAL": lambda machine, text: machine.name(text),
    "STACK_GLOBAL": lambda machine, _: machine.name(f"{_text(machine.stack.pop(-2))} {_text(machine.stack.pop())}"),
    "REDUCE": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.build(),
}
