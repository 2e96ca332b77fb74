"""Shapes that several families draw with."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pen import RGB, Pen, Point, shade


def hand(pen: Pen) -> float:
    """Left (-1) or right (1), by chance."""
    return 1.0 if pen.rng.random() < 0.5 else -1.0


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float, steps: int = 24) -> list[Point]:
    """Points on an ellipse, by angle (0 right, pi/2 up)."""
    return [(x + rx * math.cos(a), y - ry * math.sin(a)) for a in np.linspace(start, end, steps)]


def petal(pen: Pen, at: Point, length: float, width: float, angle: float, color: RGB) -> None:
    """A drop from `at` towards `angle` (0 right, pi/2 up), widest near its round end."""
    along, across = (math.cos(angle), -math.sin(angle)), (math.sin(angle), math.cos(angle))
    shape = ((0, 0.3), (0.4, 0.72), (0.72, 1), (0.93, 0.7), (1, 0), (0.93, -0.7), (0.72, -1), (0.4, -0.72), (0, -0.3))
    pen.blob([tuple(at[k] + along[k] * length * u + across[k] * width * v for k in (0, 1)) for u, v in shape], color)  # type: ignore[misc]


def box(pen: Pen, x: float, y: float, rx: float, ry: float, corner: float, color: RGB, glows: bool = False) -> None:
    """A rectangle with round corners around (x, y)."""
    points = []
    for quarter, (sx, sy) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        for i in range(6):
            a = math.pi / 2 * (quarter + i / 5)
            points.append((x + sx * (rx - corner) + corner * math.cos(a), y + sy * (ry - corner) + corner * math.sin(a)))
    pen.polygon(points, color, glows)


class Frame:
    """Coordinates of a subject: along to where it faces (`ahead` 1: right), up from its foot, turned by `angle`, in units of the scale."""

    def __init__(self, x: float, y: float, s: float, ahead: float = 1.0, angle: float = 0.0):
        self.x, self.y, self.s, self.ahead = x, y, s, ahead
        self.cos, self.sin = math.cos(angle), math.sin(angle)

    def at(self, along: float, up: float) -> Point:
        return (
            self.x + self.ahead * self.s * (along * self.cos - up * self.sin),
            self.y - self.s * (along * self.sin + up * self.cos),
        )

    def all(self, points: Sequence[Point]) -> list[Point]:
        return [self.at(*point) for point in points]


def smooth(points: Sequence[Point], steps: int = 6) -> list[Point]:
    """A curve through the points (a Catmull-Rom spline)."""
    p, ts = np.asarray([points[0], *points, points[-1]], float), np.linspace(0, 1, steps, endpoint=False)[:, None]
    parts = [
        0.5 * (2 * b + (c - a) * ts + (2 * a - 5 * b + 4 * c - d) * ts**2 + (3 * b - a - 3 * c + d) * ts**3)
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return [(float(x), float(y)) for x, y in np.concatenate([*parts, p[-1:]])]


def turned(pen: Pen, frame: Frame, profile: Sequence[Point], color: RGB, dark: float = 0.8, gleam: float = 0.0) -> None:
    """A body as from a lathe, by its half widths at heights from the top down; darker away from the sun, with a gleam towards it."""
    edge, away = smooth(profile), pen.away * frame.ahead

    def part(left: float, right: float, among: list[Point]) -> list[Point]:
        return frame.all([(left * wide, up) for wide, up in among] + [(right * wide, up) for wide, up in among[::-1]])

    pen.polygon(part(-1, 1, edge), color)
    pen.polygon(part(0.3 * away, away, edge), shade(color, dark))
    if gleam:
        pen.polygon(part(-0.78 * away, -0.5 * away, edge[len(edge) // 4 : len(edge) // 2 + 1]), shade(color, gleam))


def can(pen: Pen, x: float, y: float, rx: float, ry: float, height: float, color: RGB, lid: RGB) -> None:
    """An upright cylinder seen a little from above."""
    pen.polygon([(x - rx, y - height), *arc(x, y, rx, ry, math.pi, 2 * math.pi), (x + rx, y - height)], color)
    shaded = [(px, py) for px, py in arc(x, y, rx, ry, math.pi, 2 * math.pi, 48) if (px - x) * pen.away > 0.35 * rx]
    pen.polygon([(shaded[0][0], y - height), *shaded, (shaded[-1][0], y - height)], shade(color, 0.82))
    pen.ellipse(x, y - height, rx, ry, lid)


def drop(x: float, y: float, half: float, height: float) -> list[Point]:
    """A drop, point up, that stands on (x, y)."""
    turns = np.linspace(0, 2 * math.pi, 25)
    return [(x + half * 1.3 * math.sin(a) * math.sin(a / 2), y - height * (1 + math.cos(a)) / 2) for a in turns]
