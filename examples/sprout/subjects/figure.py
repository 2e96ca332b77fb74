"""An animal's own measure of the picture, and what the animals share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pen import RGB, Pen, Point, blend, lerp, shade

BEAK: RGB = (236, 124, 24)
CREAM: RGB = (252, 242, 218)
CRIMSON: RGB = (206, 34, 46)


@dataclass(frozen=True)
class Figure:
    """A pen that measures from the foot of one animal: u forwards, v up, in its own scale."""

    pen: Pen
    x: float
    y: float
    s: float
    turn: float = 1.0  # 1: it faces right; -1: left

    @property
    def away(self) -> float:
        return self.pen.away * self.turn

    def at(self, u: float, v: float) -> Point:
        return self.x + self.turn * self.s * u, self.y - self.s * v

    def ellipse(self, u: float, v: float, ru: float, rv: float, color: RGB) -> None:
        self.pen.ellipse(*self.at(u, v), ru * self.s, rv * self.s, color)

    def ball(self, u: float, v: float, ru: float, rv: float, color: RGB) -> None:
        """An ellipse with its far side in shade."""
        self.ellipse(u, v, ru, rv, shade(color, 0.82))
        self.ellipse(u - self.away * 0.13 * ru, v, 0.87 * ru, 0.92 * rv, color)

    def polygon(self, points: Sequence[Point], color: RGB) -> None:
        self.pen.polygon([self.at(u, v) for u, v in points], color)

    def blob(self, points: Sequence[Point], color: RGB) -> None:
        self.pen.blob([self.at(u, v) for u, v in points], color)

    def solid(self, points: Sequence[Point], color: RGB, rim: float = 0.03) -> None:
        """A blob with a rim in shade, below and on its far side."""
        self.blob(points, shade(color, 0.82))
        middle_u, middle_v = np.mean(points, axis=0)
        self.blob([(lerp(u, middle_u, rim * 3) - self.away * rim * 0.6, lerp(v, middle_v, rim * 2) + rim * 0.5) for u, v in points], color)

    def line(self, points: Sequence[Point], width: float, color: RGB) -> None:
        self.pen.line([self.at(u, v) for u, v in points], width * self.s, color)

    def tube(self, curve: Sequence[Point], root: float, tip: float, color: RGB, start: float = 0.0) -> None:
        """A tail, an arm, a trunk: from `start` to the end of a Bezier curve, `root` and `tip` are its radii."""
        along = bezier(curve)
        for t in np.linspace(start, 1, 50):
            r = lerp(root, tip, t)
            self.ellipse(*along(t), r, r, color)

    def leaf(self, u: float, v: float, length: float, angle: float, color: RGB, width: float = 0.5) -> None:
        self.pen.leaf(*self.at(u, v), length * self.s, angle if self.turn > 0 else math.pi - angle, color, width)

    def eye(self, u: float, v: float, r: float, around: RGB = (255, 255, 255)) -> None:
        """A dark eye in a pale one, so that it shows on a black coat, too."""
        self.ellipse(u, v, r * 1.4, r * 1.4, around)
        self.pen.eye(*self.at(u, v), r * self.s)


def facing(pen: Pen) -> float:
    """Mostly to the right: a habit is easier to learn than a coin toss."""
    return -1.0 if pen.rng.random() < 0.25 else 1.0


def one_of(pen: Pen, colors: Sequence[RGB]) -> RGB:
    return colors[int(pen.rng.integers(len(colors)))]


def against(ground: RGB, dark: RGB, pale: RGB) -> RGB:
    """`dark`, or `pale` where the ground is nearly black, so that a mark shows."""
    return blend(pale, dark, float(np.clip((max(ground) - 60) / 40, 0, 1)))


def on_any(ground: RGB, pale: RGB, dark: RGB) -> RGB:
    """`pale`, or `dark` where the ground is nearly white."""
    return blend(pale, dark, float(np.clip((min(ground) - 160) / 50, 0, 1)))


def bezier(p: Sequence[Point]) -> Callable[[float], Point]:
    """The curve from p[0] to p[3] that p[1] and p[2] pull at, as a function of 0..1."""

    def along(t: float) -> Point:
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
        return a * p[0][0] + b * p[1][0] + c * p[2][0] + d * p[3][0], a * p[0][1] + b * p[1][1] + c * p[2][1] + d * p[3][1]

    return along
