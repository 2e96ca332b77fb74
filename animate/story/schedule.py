"""A value over time, as people write it: a number, numbers at places in time, or an expression of time; it becomes a number for every frame.

Pure arithmetic. Knows nothing of what the value is for, and never runs a text as Python: an expression is checked against the
few words below, and then counted by simpleeval.
"""

from __future__ import annotations

import ast
import difflib
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..errors import AnimateError
from .storyboard import place

Expression = float | str
Said = Expression | Mapping[int | str, Expression]

LONGEST = 500  # letters of an expression: nobody writes more, and Python's parser takes them in microseconds
SHOWN = 60  # letters of it that a message repeats


def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _round(value: float) -> float:
    """To a whole number, halves up."""
    return math.floor(value + 0.5)


NAMES = {
    "t": "seconds",
    "f": "frame, from 0",
    "n": "frames of the film",
    "x": "share of the film: 0 at its first frame, 1 at its last, or where a cycle returns",
    "pi": "3.14159...",
}
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
GRAMMAR = (ast.Expression, ast.Constant, ast.Name, ast.Load, ast.Call, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.And, ast.Or, ast.Compare, ast.IfExp)
ALLOWED = f"numbers, + - * / // % **, comparisons, and, or, not, a if b else c, {', '.join(NAMES)}, {', '.join(FUNCTIONS)}"


def values(name: str, said: Said, frames: int, fps: float, low: float, high: float, *, closed: bool = False) -> tuple[float, ...]:
    """One value per frame of a film of `frames` frames, each finite and from `low` to `high`.

    said: a number; an expression of time ("1 + 0.02*sin(2*pi*t/3)"); or a mapping of places in time ({0: 1, "50%": 1.05,
    "2.5s": "1 + x"}), where an expression counts at its own place, the value moves on a straight line between two places, and
    stays before the first and after the last. closed: the film is a cycle, where the last place leads on to the first; there,
    the place `frames` is frame 0 once more. Raises AnimateError, one line that begins with `name`.
    """
    track = _Track(name, frames, fps, low, high, closed)
    if isinstance(said, Mapping):
        return track.between(said)
    count = track.reader(said)
    return tuple(count(frame) for frame in range(frames))


@dataclass(frozen=True)
class _Track:
    """One value over the time of one film."""

    name: str
    frames: int
    fps: float
    low: float
    high: float
    closed: bool

    def between(self, said: Mapping[int | str, Expression]) -> tuple[float, ...]:
        import numpy as np  # here, so that the command starts at once

        keys = self._keys(said)
        line = np.interp(range(self.frames), [*keys], [*keys.values()], period=self.frames if self.closed else None)
        return tuple(line.clip(self.low, self.high).tolist())  # the last bit of a line may leave its ends

    def _keys(self, said: Mapping[int | str, Expression]) -> dict[int, float]:
        """Frame -> value, in order of time."""
        if not said:
            raise AnimateError(f"{self.name}: a mapping of no places; give one such as {{0: 1, 24: 1.05}}, or a number")
        keys: dict[int, int | str] = {}
        for key in said:
            frame = self._frame(key)
            if frame in keys:
                raise AnimateError(f"{self.name}: {keys[frame]} and {key} are both on frame {frame}; move one")
            keys[frame] = key
        return self._joined({frame: self.reader(said[keys[frame]])(frame) for frame in sorted(keys)})

    def _frame(self, key: int | str) -> int:
        last = self.frames - (not self.closed)
        try:  # the keys of TOML and JSON are always text
            frame = place(int(key) if isinstance(key, str) and re.fullmatch(r"\s*\d{1,9}\s*", key) else key, self.frames, self.fps)
        except ValueError as error:
            raise AnimateError(f"{self.name}: {' '.join(str(error).split())}") from error
        if frame < 0:
            raise AnimateError(f"{self.name}: {key} is before the first frame, 0")
        if frame > last:
            end = f"the end of a cycle of {last}" if self.closed else f"the last of {self.frames} frames, {last}"
            raise AnimateError(f"{self.name}: {key} is past {end}; move it, or ask for more frames")
        return frame

    def _joined(self, keys: dict[int, float]) -> dict[int, float]:
        """With the end of a cycle as its beginning."""
        end = keys.pop(self.frames, None)
        if end is None:
            return keys
        first = keys.get(0, end)
        if not math.isclose(first, end, rel_tol=1e-6, abs_tol=1e-9):
            raise AnimateError(f"{self.name}: {end:.9g} at {self.frames}, where the cycle is at frame 0 again with {first:.9g}; make them equal")
        return {0: first, **keys}

    def reader(self, said: Expression) -> Callable[[int], float]:
        """Frame -> value; the reading is done once."""
        try:
            count = _compiled(said) if isinstance(said, str) else lambda names: float(said)
        except (ValueError, RecursionError, MemoryError) as error:  # too deep for the parser
            raise AnimateError(f"{self.name} {_shown(said)}: {' '.join(str(error).split()) or 'too deep'}; allowed: {ALLOWED}") from error
        return lambda frame: self._checked(said, count, frame)

    def _checked(self, said: Expression, count: Callable[[dict[str, float]], float], frame: int) -> float:
        try:
            value = count(self._names(frame))
        except (ArithmeticError, ValueError, TypeError, RecursionError) as error:
            raise AnimateError(f"{self.name} {_shown(said)} at frame {frame}: {error}; mend it, as in 1/max(t, 0.1)") from error
        if not self.low <= value <= self.high:
            raise AnimateError(f"{self.name} at frame {frame} is {value:.9g}; allowed: {self.low:.9g} to {self.high:.9g}")
        return value

    def _names(self, frame: int) -> dict[str, float]:
        end = self.frames if self.closed else max(1, self.frames - 1)
        return {"t": frame / self.fps, "f": float(frame), "n": float(self.frames), "x": frame / end, "pi": math.pi}


def _shown(said: Expression) -> str:
    text = " ".join(said.split()) if isinstance(said, str) else ""
    return f'"{text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."}"'


def _compiled(text: str) -> Callable[[dict[str, float]], float]:
    """Names -> value. Raises ValueError if the text holds anything but arithmetic, and what Python's parser raises on too deep a text."""
    from simpleeval import SimpleEval

    if len(text) > LONGEST:
        raise ValueError(f"{len(text)} letters are too many, {LONGEST} at most")
    try:
        tree = ast.parse(" ".join(text.split()), mode="eval")
    except SyntaxError as error:
        raise ValueError(error.msg) from error
    _check(tree)
    evaluator = SimpleEval(operators=OPERATORS, functions=FUNCTIONS)

    def count(names: dict[str, float]) -> float:
        evaluator.names = names
        return float(evaluator.eval(text, tree.body))

    return count


def _check(tree: ast.AST) -> None:
    nodes = [*ast.walk(tree)]
    called = {node.func for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        if not _is_arithmetic(node):
            if isinstance(node, ast.BitXor):
                raise ValueError("^ is no power, which is written **")
            raise ValueError(f"{ast.unparse(node) or type(node).__name__} is no arithmetic")
        if isinstance(node, ast.Name) and node.id not in (FUNCTIONS if node in called else NAMES):
            raise ValueError(_unknown(node.id, FUNCTIONS if node in called else NAMES))


def _unknown(word: str, known: Mapping[str, object]) -> str:
    if word in FUNCTIONS:
        return f"{word} is a function; write {word}(t)"
    if word in NAMES:
        return f"{word} is a number, no function; multiply with *"
    close = difflib.get_close_matches(word, known, 1)
    return f'"{word}" is not known{f"; did you mean {close[0]}?" if close else ""}'


def _is_arithmetic(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return type(node.value) in (int, float)  # True is an int, too
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name)
    return isinstance(node, (*GRAMMAR, *OPERATORS))
