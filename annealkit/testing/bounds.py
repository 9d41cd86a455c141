"""The line `Range: [floor, 1]` of a docstring: which values a curve can have, in terms of its fields."""

import ast
import math
import numbers
import operator
import re
from dataclasses import dataclass
from typing import Any

from annealkit.fields import prose_of
from annealkit.testing.subject import Settings, Subject

TOLERANCE = 1e-12

_OPERATORS: dict[type[ast.operator], Any] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
_FUNCTIONS = {"min": min, "max": max}


@dataclass(frozen=True)
class Bounds:
    """An interval.

    Args:
        low: its lower end.
        high: its upper end.
        brackets: whether each end belongs to it: `[]`, `(]`, `[)` or `()`.
        text: as it was written.
    """

    low: float
    high: float
    brackets: str
    text: str

    def hold(self, value: float) -> bool:
        """Whether the value lies in it. An end that belongs to it has a tolerance for rounding; another has none."""
        above = value >= self.low - TOLERANCE if self.brackets[0] == "[" else value > self.low
        below = value <= self.high + TOLERANCE if self.brackets[1] == "]" else value < self.high
        return above and below


def documented_bounds(subject: Subject, instance: Any, settings: Settings) -> Bounds:
    """The interval that the class's docstring gives for this instance."""
    cls = subject.part.cls
    found = re.search(r"^Range: *(.*)$", prose_of(cls), re.MULTILINE)
    usage = (
        "after `Args:` add a line such as `Range: [floor, 1]`. Its ends are numbers, inf, fields that are numbers, or "
        "min(), max(), +, -, * and / of them; ( and ) leave an end out."
    )
    if found is None:
        raise subject.failure(f"the docstring of {cls.__name__} has no line Range:", usage)
    try:
        brackets, text = _split(found[1])
        ends = ast.parse(f"({text})", mode="eval").body
        if not (isinstance(ends, ast.Tuple) and len(ends.elts) == 2):
            raise ValueError("it must have two ends with a comma between them")
        low, high = (_number(end, instance) for end in ends.elts)
    except (ValueError, SyntaxError, ArithmeticError, TypeError) as error:
        problem = "it is no formula" if isinstance(error, SyntaxError) else error
        raise subject.failure(f"`{found[0]}` cannot be used: {problem}", usage, settings) from None
    return Bounds(low, high, brackets, f"{brackets[0]}{text}{brackets[1]}")


def _split(text: str) -> tuple[str, str]:
    """The two brackets and what is between them; what follows the second is prose."""
    if not text.startswith(("[", "(")):
        raise ValueError("it must begin with [ or (")
    depth = 0
    for place, character in enumerate(text[1:], start=1):
        if depth == 0 and character in "])":
            return text[0] + character, text[1:place]
        depth += {"(": 1, ")": -1}.get(character, 0)
    raise ValueError("it must end with ] or )")


def _number(node: ast.expr, instance: Any) -> float:
    """The value of one end."""
    value = _value(node, instance)
    if isinstance(value, list):
        raise ValueError(f"{ast.unparse(node)} is a list; write min({ast.unparse(node)}) or max()")
    return float(value)


def _value(node: ast.expr, instance: Any) -> Any:
    """A number, or a field's list of numbers; names, numbers, min, max and the four operators are all there is."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(operand, instance)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_number(left, instance), _number(right, instance))
        case ast.Call(func=ast.Name(id="min" | "max" as name), args=arguments, keywords=[]) if arguments:
            values = [_value(argument, instance) for argument in arguments]
            flat = [number for value in values for number in (value if isinstance(value, list) else [value])]
            return _FUNCTIONS[name](flat)
        case ast.Name(id="inf"):
            return math.inf
        case ast.Name(id=name):
            value = getattr(instance, name, None)
            if isinstance(value, list) and value and all(map(_is_number, value)):
                return value
            if _is_number(value):
                return value
            raise ValueError(f"{name} is no field that is a number; it is {value!r}")
    raise ValueError(f"{ast.unparse(node)} is neither a number, a field, min() nor max()")


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
