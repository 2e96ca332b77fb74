"""What the scenes are drawn with: colours that blend, the numbers of the world around a subject, and a pen.

Everything is numeric and blends linearly, so that a picture half-way between two scenes can really be drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from PIL import Image, ImageDraw

RGB = tuple[float, float, float]  # each 0..255
Point = tuple[float, float]
Rng = np.random.Generator

COLORS: dict[str, RGB] = {
    "red": (212, 48, 44),
    "orange": (242, 134, 34),
    "yellow": (248, 212, 58),
    "green": (70, 160, 66),
    "turquoise": (52, 190, 184),
    "blue": (48, 100, 208),
    "purple": (130, 70, 178),
    "pink": (242, 134, 176),
    "brown": (122, 78, 46),
    "black": (44, 44, 52),
    "grey": (142, 146, 152),
    "white": (246, 244, 240),
}

BROWN: RGB = (112, 74, 46)
SOIL: RGB = (122, 84, 56)
INK: RGB = (26, 26, 34)  # eyes, wheels
SNOW: RGB = (248, 250, 252)


def lerp(a: float, b: float, mix: float) -> float:
    return a + (b - a) * mix


def blend(a: RGB, b: RGB, mix: float) -> RGB:
    return (lerp(a[0], b[0], mix), lerp(a[1], b[1], mix), lerp(a[2], b[2], mix))


def shade(color: RGB, factor: float) -> RGB:
    """Darker (`factor` < 1) or lighter (> 1, towards white)."""
    return blend((0, 0, 0), color, factor) if factor <= 1 else blend(color, (255, 255, 255), min(1.0, factor - 1))


def apart(color: RGB, usual: RGB, other: RGB) -> RGB:
    """The usual colour of what lies on `color`; the other one where the usual one would not show."""
    distance = math.dist(color, usual)
    return blend(other, usual, min(1.0, max(0.0, (distance - 60) / 60)))


def grown(stage: float, at: Sequence[float]) -> float:
    """A measure known at stages 0, 1, 2, ..., read between them."""
    return float(np.interp(stage, range(len(at)), at))


@dataclass(frozen=True)
class World:
    """What is around a subject: colours, light, and how much of each thing stands there (0 none, 1 in full)."""

    sky_top: RGB
    sky_low: RGB
    far: RGB  # hills at the horizon
    near: RGB  # ground under the subject
    water: RGB
    foliage: RGB
    light: RGB = (1, 1, 1)  # factor per channel on everything lit, 1 = full daylight
    sun: RGB = (255, 238, 150)
    sun_height: float = 0.18  # 0 at the top of the picture, 1 at its foot
    stars: float = 0.0
    lamps: float = 0.0  # windows and lamps are lit
    trees: float = 0.0
    skyline: float = 0.0
    dunes: float = 0.0
    beach: float = 0.0
    craters: float = 0.0
    flood: float = 0.0  # the picture lies under water
    clouds: float = 0.5
    blossom: float = 0.0
    snow: float = 0.0
    rain: float = 0.0
    fog: float = 0.0


def between_worlds(a: World, b: World, mix: float) -> World:
    def value(name: str) -> RGB | float:
        x, y = getattr(a, name), getattr(b, name)
        return blend(x, y, mix) if isinstance(x, tuple) else lerp(x, y, mix)

    return World(**{field.name: value(field.name) for field in fields(World)})  # type: ignore[arg-type]


class Pen:
    """Shapes in a square of side 1 (y grows downwards), under the light of a world.

    A subject draws itself around (x, y), the middle of its foot, about 0.5 high and at most 0.6 wide at scale 1.
    """

    def __init__(self, image: Image.Image, world: World, rng: Rng, stage: float = 0.0, tint: RGB = (128, 128, 128), tinted: float = 0.0):
        self.unit = image.width
        self.canvas = ImageDraw.Draw(image)
        self.world, self.rng, self.stage = world, rng, stage
        self.tint_color, self.tinted = tint, tinted
        self.away = 1.0  # 1: the sun is on the left and shadows are on the right; -1: the other way round

    def lit(self, color: RGB) -> tuple[int, int, int]:
        r, g, b = (int(min(255, max(0, c * f))) for c, f in zip(color, self.world.light, strict=True))
        return r, g, b

    def ink(self, color: RGB, glows: bool) -> tuple[int, int, int]:
        return (int(color[0]), int(color[1]), int(color[2])) if glows else self.lit(color)

    def tint(self, natural: RGB) -> RGB:
        """The colour of the part that a colour word is about: the most of the subject."""
        return shade(blend(natural, self.tint_color, self.tinted), self.rng.uniform(0.94, 1.05))

    def natural(self, choices: Sequence[str]) -> RGB:
        """One of the colours that this subject has when no colour is said."""
        return COLORS[choices[int(self.rng.integers(len(choices)))]]

    def ellipse(self, x: float, y: float, rx: float, ry: float, color: RGB, glows: bool = False) -> None:
        if rx > 0 and ry > 0:
            u = self.unit
            self.canvas.ellipse(((x - rx) * u, (y - ry) * u, (x + rx) * u, (y + ry) * u), fill=self.ink(color, glows))

    def polygon(self, points: Sequence[Point], color: RGB, glows: bool = False) -> None:
        self.canvas.polygon([(x * self.unit, y * self.unit) for x, y in points], fill=self.ink(color, glows))

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, color: RGB, glows: bool = False) -> None:
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], color, glows)

    def blob(self, points: Sequence[Point], color: RGB, glows: bool = False) -> None:
        """A smooth closed shape through the points (a Catmull-Rom spline)."""
        p, ts = np.asarray(points, float), np.linspace(0, 1, 8, endpoint=False)[:, None]
        parts = []
        for i in range(len(p)):
            a, b, c, d = p[i - 1], p[i], p[(i + 1) % len(p)], p[(i + 2) % len(p)]
            parts.append(0.5 * (2 * b + (c - a) * ts + (2 * a - 5 * b + 4 * c - d) * ts**2 + (3 * b - a - 3 * c + d) * ts**3))
        self.polygon([(float(x), float(y)) for x, y in np.concatenate(parts)], color, glows)

    def line(self, points: Sequence[Point], width: float, color: RGB, glows: bool = False) -> None:
        """A stroke with round ends."""
        if width <= 0:
            return
        u = self.unit
        self.canvas.line([(x * u, y * u) for x, y in points], fill=self.ink(color, glows), width=max(1, round(width * u)), joint="curve")
        for x, y in (points[0], points[-1]):
            self.ellipse(x, y, width / 2, width / 2, color, glows)

    def leaf(self, x: float, y: float, length: float, angle: float, color: RGB, width: float = 0.42) -> None:
        """A pointed leaf growing from (x, y) towards `angle` (radians, 0 right, pi/2 up)."""
        if length <= 0.004:
            return
        along, across = (math.cos(angle), -math.sin(angle)), (math.sin(angle), math.cos(angle))
        upper, lower = [], []
        for i in range(9):
            t = i / 8
            bulge = width * length * math.sin(math.pi * t**0.8) * 0.5
            px, py = x + along[0] * length * t, y + along[1] * length * t
            upper.append((px + across[0] * bulge, py + across[1] * bulge))
            lower.append((px - across[0] * bulge, py - across[1] * bulge))
        self.polygon(upper + lower[::-1], color)
        self.polygon([*upper, (x + along[0] * length, y + along[1] * length), (x, y)], shade(color, 0.86))

    def shadow(self, x: float, y: float, rx: float) -> None:
        """What grounds a subject; it falls away from the sun."""
        self.ellipse(x + self.away * 0.25 * rx, y, rx, rx * 0.16, shade(self.world.near, 0.76))

    def eye(self, x: float, y: float, r: float) -> None:
        """A dark eye with a glint; draw it large, it is what makes an animal one."""
        self.ellipse(x, y, r, r, INK)
        self.ellipse(x - 0.3 * r, y - 0.35 * r, 0.35 * r, 0.35 * r, (255, 255, 255))

    @property
    def pane(self) -> RGB:
        """The colour of a window: sky by day, lamplight in the dark. Draw it with `glows=self.dark`."""
        return blend((170, 212, 236), (255, 222, 112), self.world.lamps)

    @property
    def dark(self) -> bool:
        return self.world.lamps > 0.5


def against(pen: Pen, natural: RGB) -> RGB:
    """`natural`, or what shows on the tint: light on dark colours, dark on light ones."""
    luma = 0.3 * pen.tint_color[0] + 0.59 * pen.tint_color[1] + 0.11 * pen.tint_color[2]
    return blend(natural, blend((248, 238, 214), (44, 58, 116), min(1, max(0, (luma - 135) / 40))), pen.tinted)
