"""A value over time: a number, an expression of time, or either at moments of the film, becomes a number for every frame.

Pure arithmetic. Knows nothing of what the value is for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..errors import AnimateError, one_line
from .expression import ALLOWED, Evaluate, compiled
from .moments import frame_at

Expression = float | str
OverTime = Expression | Mapping[int | str, Expression]

SHOWN = 60  # letters of an expression that a message repeats


@dataclass(frozen=True)
class Track:
    """Evaluates a setting that changes with time at every frame of a film, and checks its range."""

    name: str  # of the value, for messages
    frames: int
    fps: float
    low: float
    high: float
    closed: bool = False  # the film is a cycle, where the last moment leads on to the first

    def values(self, value: OverTime) -> tuple[float, ...]:
        """One value per frame, each finite and from `low` to `high`.

        value: a number; an expression of time ("1 + 0.02*sin(2*pi*t/3)"); or a mapping of moments ({0: 1, "50%": 1.05,
        "2.5s": "1 + x"}), where an expression counts at its own moment, the value moves on a straight line between two
        moments, and stays before the first and after the last. The moment `frames` is where the last frame ends, in a cycle frame 0
        once more.
        Raises AnimateError, one line that begins with `name`.
        """
        if isinstance(value, Mapping):
            return self._interpolated(value)
        at = self._reader(value)
        return tuple(at(frame) for frame in range(self.frames))

    def _interpolated(self, values: Mapping[int | str, Expression]) -> tuple[float, ...]:
        import numpy as np  # here, so that the command starts at once

        points = self._points(values)
        line = np.interp(range(self.frames), [*points], [*points.values()], period=self.frames if self.closed else None)
        return tuple(line.tolist())

    def _points(self, values: Mapping[int | str, Expression]) -> dict[int, float]:
        """Frame -> value, in order of time."""
        if not values:
            raise AnimateError(f"{self.name}: a mapping of no places; give one such as {{0: 1, 24: 1.05}}, or a number")
        moments: dict[int, int | str] = {}
        for moment in values:
            frame = self.frame(moment)
            if frame in moments:
                raise AnimateError(f"{self.name}: {moments[frame]} and {moment} are both on frame {frame}; move one")
            moments[frame] = moment
        return self._joined({frame: self._reader(values[moments[frame]])(frame) for frame in sorted(moments)})

    def frame(self, moment: int | str) -> int:
        """The frame of a moment, from 0 to `frames`. Raises AnimateError."""
        if isinstance(moment, str) and re.fullmatch(r"\s*\d{1,9}\s*", moment):
            moment = int(moment)  # the keys of TOML and JSON are always text
        try:
            frame = frame_at(moment, self.frames, self.fps, self.closed)
        except ValueError as error:
            raise AnimateError(f"{self.name}: {one_line(error)}") from error
        if frame < 0:
            raise AnimateError(f"{self.name}: {moment} is before the first frame, 0")
        if frame > self.frames:
            raise AnimateError(f"{self.name}: {moment} is past the end of {self.frames} frames; move it, or ask for more frames")
        return frame

    def _joined(self, points: dict[int, float]) -> dict[int, float]:
        """With the end of a cycle as its beginning."""
        end = points.pop(self.frames, None) if self.closed else None
        if end is None:
            return points
        first = points.get(0, end)
        if not math.isclose(first, end, rel_tol=1e-6, abs_tol=1e-9):
            raise AnimateError(f"{self.name}: {end:.9g} at {self.frames}, where the cycle is at frame 0 again with {first:.9g}; make them equal")
        return {0: first, **points}

    def _reader(self, value: Expression) -> Callable[[int], float]:
        """Frame -> value; an expression is read once."""
        try:
            evaluate: Evaluate = compiled(value) if isinstance(value, str) else lambda names: float(value)
        except ValueError as error:
            raise AnimateError(f"{self.name} {_quoted(value)}: {one_line(error)}; allowed: {ALLOWED}") from error
        return lambda frame: self._checked(value, evaluate, frame)

    def _checked(self, value: Expression, evaluate: Evaluate, frame: int) -> float:
        try:
            result = evaluate(self._names(frame))
        except (ArithmeticError, ValueError, TypeError) as error:
            raise AnimateError(f"{self.name} {_quoted(value)} at frame {frame}: {error}; mend it, as in 1/max(t, 0.1)") from error
        if not self.low <= result <= self.high:
            raise AnimateError(f"{self.name} at frame {frame} is {result:.9g}; allowed: {self.low:.9g} to {self.high:.9g}")
        return result

    def _names(self, frame: int) -> dict[str, float]:
        end = self.frames if self.closed else max(1, self.frames - 1)
        return {"t": frame / self.fps, "f": float(frame), "n": float(self.frames), "x": frame / end, "pi": math.pi}


def _quoted(value: Expression) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return f'"{text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."}"'
