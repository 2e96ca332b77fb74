"""Expressions of time, such as "1 + 0.02*sin(2*pi*t/3)": arithmetic with a few names and functions.

A text is never run as Python. Python's parser reads it, and each node of the tree that is in the tables below becomes a small
function; any other node is refused. Knows nothing of what the value is for.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ..errors import did_you_mean

LONGEST = 500  # letters of an expression: nobody writes more, and Python's parser takes them in microseconds
DEEPEST = 250  # operations inside each other: a sum of 500 letters has no more, and Python's stack holds them

NAMES = {
    "t": "seconds",
    "f": "frame, from 0",
    "n": "frames of the film",
    "x": "share of the film: 0 at its first frame, 1 at its last, or where a cycle returns",
    "pi": "3.14159...",
}


def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _round(value: float) -> float:
    """To a whole number, halves up."""
    return math.floor(value + 0.5)


FUNCTIONS: dict[str, Callable[..., float]] = {
    "abs": abs,
    "ceil": math.ceil,
    "clip": _clip,
    "cos": math.cos,
    "exp": math.exp,
    "floor": math.floor,
    "log": math.log,
    "max": max,
    "min": min,
    "round": _round,
    "sin": math.sin,
    "sqrt": math.sqrt,
    "tan": math.tan,
}
OPERATORS: dict[type[ast.AST], Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: math.pow,  # of floats: a whole number could grow until memory is full
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
ALLOWED = f"numbers, + - * / // % **, comparisons, and, or, not, a if b else c, {', '.join(NAMES)}, {', '.join(FUNCTIONS)}"

Names = Mapping[str, float]
Evaluate = Callable[[Names], float]


def compiled(text: str) -> Evaluate:
    """A function from the values of NAMES to the value of the expression; it raises ArithmeticError, ValueError or TypeError.

    Raises ValueError if the text is anything but arithmetic.
    """
    if len(text) > LONGEST:
        raise ValueError(f"{len(text)} letters are too many, {LONGEST} at most")
    try:
        evaluate = _compiled(ast.parse(" ".join(text.split()), mode="eval").body)
    except SyntaxError as error:
        raise ValueError("cannot be read as a formula") from error
    except (RecursionError, MemoryError) as error:  # the parser has limits of its own
        raise ValueError("too deep") from error
    return lambda names: float(evaluate(names))


def _compiled(node: ast.AST, depth: int = 0) -> Evaluate:
    if depth == DEEPEST:
        raise ValueError("too deep")
    inner = partial(_compiled, depth=depth + 1)
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return lambda names: number
        case ast.Name(id=name):
            _check(name, NAMES)
            return lambda names: names[name]
        case ast.Call(func=ast.Name(id=name)):
            _check(name, FUNCTIONS)
            function, arguments = FUNCTIONS[name], [*map(inner, [*node.args, *node.keywords])]
            return lambda names: function(*[argument(names) for argument in arguments])
        case ast.UnaryOp() if type(node.op) in OPERATORS:
            operation, operand = OPERATORS[type(node.op)], inner(node.operand)
            return lambda names: operation(operand(names))
        case ast.BinOp() if type(node.op) in OPERATORS:
            operation, left, right = OPERATORS[type(node.op)], inner(node.left), inner(node.right)
            return lambda names: operation(left(names), right(names))
        case ast.BinOp(op=ast.BitXor()):
            raise ValueError("^ is no power, which is written **")
        case ast.Compare() if all(type(op) in OPERATORS for op in node.ops):
            return _comparison(inner(node.left), [(OPERATORS[type(op)], inner(side)) for op, side in zip(node.ops, node.comparators, strict=True)])
        case ast.BoolOp():
            return _first([*map(inner, node.values)], truth=isinstance(node.op, ast.Or))
        case ast.IfExp():
            test, yes, no = inner(node.test), inner(node.body), inner(node.orelse)
            return lambda names: yes(names) if test(names) else no(names)
    raise ValueError(f"{ast.unparse(node)} is no arithmetic")


def _comparison(first: Evaluate, others: Sequence[tuple[Callable[..., float], Evaluate]]) -> Evaluate:
    """As in 0 < f <= 2: each neighbouring pair must agree."""

    def evaluate(names: Names) -> float:
        right = first(names)
        for agree, other in others:
            left, right = right, other(names)
            if not agree(left, right):
                return False
        return True

    return evaluate


def _first(values: Sequence[Evaluate], truth: bool) -> Evaluate:
    """Of `or`, the first value that is true; of `and`, the first that is false; the last where there is none."""

    def evaluate(names: Names) -> float:
        for value in values:
            result = value(names)
            if bool(result) is truth:
                break
        return result

    return evaluate


def _check(word: str, known: Mapping[str, object]) -> None:
    if word in known:
        return
    if word in FUNCTIONS:
        raise ValueError(f"{word} is a function; write {word}(t)")
    if word in NAMES:
        raise ValueError(f"{word} is a number, no function; multiply with *")
    raise ValueError(f'"{word}" is not known{did_you_mean(word, known)}')
