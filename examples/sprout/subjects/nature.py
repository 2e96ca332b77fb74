"""Water and land forms."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pen import BROWN, RGB, SNOW, Pen, Point, blend, grown, shade
from subjects.base import Subject

REED: RGB = (84, 136, 62)
PAD: RGB = (96, 178, 82)


@dataclass(frozen=True)
class Basin:
    """The outline of a body of water: a rounded shape that flattens into a straight horizon as `power` grows."""

    x: float
    y: float
    rx: float
    ry: float
    power: float
    wobble: float
    phase: float

    def side(self, v: float, hand: int) -> Point:
        """The point of the edge at height v (-1 the far edge, 1 the near one) on the left (-1) or right (1)."""
        width = max(0.0, 1 - abs(v) ** self.power) ** (1 / self.power)
        return self.x + hand * self.rx * width * (1 + self.wobble * math.sin(4.6 * v + self.phase * hand)), self.y + v * self.ry

    def below(self, v: float) -> list[Point]:
        """The edge under height v, from the right over the foot to the left."""
        angles = np.linspace(math.asin(v), math.pi / 2, 32)
        return [self.side(float(math.sin(a)), 1) for a in angles] + [self.side(float(math.sin(a)), -1) for a in angles[::-1]]

    def wider(self, by: float, down: float) -> Basin:
        return Basin(self.x, self.y + down, self.rx + by, self.ry + by * 0.5, self.power, self.wobble, self.phase)


def basin(pen: Pen, x: float, y: float, s: float, phase: float) -> Basin:
    far = grown(pen.stage, (0.13 * s, 0.22 * s, 0.2, 0.272))
    near = grown(pen.stage, (-0.04 * s, -0.02 * s, -0.065, -0.6))
    return Basin(
        x,
        y - (far + near) / 2,
        grown(pen.stage, (0.27 * s, 0.28 * s, 0.6, 2.2)),
        (far - near) / 2,
        grown(pen.stage, (2, 2.1, 2.4, 7)),
        grown(pen.stage, (0.13, 0.07, 0.03, 0)),
        phase,
    )


def water(pen: Pen, x: float, y: float, s: float) -> None:
    """Puddle, pond, lake, sea: the edge moves outwards until it is the horizon; waves rise as it does."""
    rng, stage = pen.rng, pen.stage
    phase, hand = rng.uniform(0.4, 1.4), 1.0 if rng.random() < 0.5 else -1.0
    offsets, heights = rng.uniform(0, 1, 5), rng.uniform(0.8, 1.15, 7)
    color = pen.tint(pen.world.water)
    edge = basin(pen, x, y, s, phase)
    far_shore(pen, edge, grown(stage, (0, 0, 1, 0)), heights)
    reeds(pen, edge.x + hand * edge.rx * 0.74, edge.y - edge.ry * 0.5, grown(stage, (0, 1, 0, 0)) * s, hand)
    bank = blend(shade(pen.world.near, 0.8), (214, 190, 138), grown(stage, (0, 0, 0.6, 0.6)) * (1 - pen.world.snow))
    pen.polygon(edge.wider(grown(stage, (0.018 * s, 0.024 * s, 0.03, 0)), 0).below(-1), bank)
    pen.polygon(edge.below(-1), shade(color, 0.88))
    pen.polygon(edge.wider(grown(stage, (-0.012 * s, -0.014 * s, 0, 0)), grown(stage, (0.008 * s, 0.01 * s, 0, 0))).below(-1), color)
    waves(pen, edge, y, color, offsets)
    ripple(pen, edge, hand, color)
    lilies(pen, edge, hand, grown(stage, (0, 1, 0, 0)) * s)
    reeds(pen, edge.x - hand * edge.rx * 0.78, edge.y + edge.ry * 0.7, grown(stage, (0, 0.85, 0, 0)) * s, -hand)


def far_shore(pen: Pen, edge: Basin, size: float, heights: np.ndarray) -> None:
    """A wooded bank behind the water, highest at the sides."""
    top, wood = edge.y - edge.ry, blend(shade(pen.world.foliage, 0.72), SNOW, 0.45 * pen.world.snow)
    for i, h in enumerate(heights):
        u = i / 3 - 1
        pen.ellipse(edge.x + 0.54 * u, top + 0.02, 0.15, (0.075 + 0.07 * u * u) * float(h) * size, shade(wood, 1.1 if i % 2 else 1))


def waves(pen: Pen, edge: Basin, y: float, color: RGB, offsets: np.ndarray) -> None:
    """Rows that come nearer and higher, each with light or foam on its crests."""
    stage, top = pen.stage, edge.y - edge.ry
    lift, light, depth = grown(stage, (0, 0, 0.22, 1)), grown(stage, (0, 0, 0.75, 1)), grown(stage, (0, 0, 0.7, 1))
    foam = blend(shade(color, 1.45), (255, 255, 255), grown(stage, (0, 0, 0.25, 0.9)))
    for i, offset in enumerate(offsets):
        near = (i + 0.7) / len(offsets)
        line = top + (y + 0.12 - top) * near**1.35
        v = (line - edge.y) / edge.ry
        if v >= 0.97 or light <= 0:
            continue
        (x0, _), (x1, _) = edge.side(v, -1), edge.side(v, 1)
        xs = np.linspace(max(x0, -0.05), min(x1, 1.05), 90)
        peaks = (1 - np.abs(np.sin(math.pi * (xs / (0.12 + 0.26 * near) + offset)))) ** 1.3
        crest = line - (0.008 + 0.07 * near) * lift * peaks
        row = [(float(px), float(py)) for px, py in zip(xs, crest, strict=True)]
        pen.polygon(row + edge.below(v), shade(color, 1 + depth * (0.08 - 0.3 * near)))
        thick = (0.012 + 0.034 * near) * light * np.clip(peaks - grown(stage, (0.3, 0.3, 0.3, 0.12)), 0, 1)
        pen.polygon(row + [(float(px), float(py)) for px, py in zip(xs, crest + thick, strict=True)][::-1], foam)


def ripple(pen: Pen, edge: Basin, hand: float, color: RGB) -> None:
    """A bright reflection and rings on still water."""
    bright, deep = blend(shade(color, 1.5), (255, 255, 255), 0.35), shade(color, 0.8)
    size = grown(pen.stage, (1, 0.5, 0, 0)) * edge.ry / 0.085
    cx, cy = edge.x + hand * edge.rx * 0.26, edge.y + edge.ry * 0.24
    for r, tone in ((0.108, deep), (0.084, color), (0.06, bright), (0.038, color)):
        pen.ellipse(cx, cy, r * size, r * 0.4 * size, tone)
    gx, gy, g = edge.x - hand * edge.rx * 0.42, edge.y - edge.ry * 0.36, size * 0.1
    pen.blob([(gx - g, gy + 0.06 * g), (gx - 0.2 * g, gy - 0.24 * g), (gx + g, gy - 0.1 * g), (gx + 0.2 * g, gy + 0.24 * g)], bright)


def reeds(pen: Pen, x: float, y: float, size: float, hand: float) -> None:
    """Cattails and blades that lean outwards."""
    if size <= 0.01:
        return
    green = blend(blend(REED, pen.world.foliage, 0.4), SNOW, 0.25 * pen.world.snow)
    for dx, angle, length in ((-0.05, 1.9, 0.2), (0.06, 1.1, 0.22), (0.0, 1.35, 0.26)):
        pen.leaf(x + hand * dx * size, y, length * size, angle if hand > 0 else math.pi - angle, shade(green, 0.85), width=0.2)
    for dx, lean, height in ((-0.03, -0.02, 0.29), (0.03, 0.03, 0.36)):
        foot, head = (x + hand * dx * size, y), (x + hand * (dx + lean) * size, y - height * size)
        pen.line([foot, head], 0.016 * size, green)
        pen.line([head, (head[0], head[1] + 0.075 * size)], 0.042 * size, BROWN)


def lilies(pen: Pen, edge: Basin, hand: float, size: float) -> None:
    if size <= 0.01:
        return
    pad = blend(PAD, pen.world.foliage, 0.3)
    for u, v, r in ((-0.5, -0.38, 0.062), (-0.22, 0.42, 0.085), (0.58, -0.12, 0.07)):
        px, py = edge.x + hand * u * edge.rx, edge.y + v * edge.ry
        notch = np.linspace(0.5, 2 * math.pi - 0.25, 24)
        for dy, tone in ((0.012 * size, 0.62), (0.0, 1.0)):
            rim = [(px + r * size * math.cos(a), py + dy - 0.42 * r * size * math.sin(a)) for a in notch]
            pen.polygon([(px, py + dy), *rim], shade(pad, tone))
    fx, fy = edge.x - hand * 0.25 * edge.rx, edge.y + 0.36 * edge.ry
    for angle in (0.35, math.pi - 0.35, 0.95, math.pi - 0.95, math.pi / 2):
        pen.leaf(fx, fy, 0.085 * size, angle, (250, 158, 196), width=0.6)
    pen.ellipse(fx, fy - 0.012 * size, 0.026 * size, 0.02 * size, (255, 220, 96))


@dataclass(frozen=True)
class Slope:
    """A rise of land as its width at every height: t = 0 the foot, 1 the top."""

    x: float
    y: float
    s: float
    stage: float
    jag: tuple[float, ...]

    def half(self, t: float) -> float:
        rough = float(np.interp(t, np.linspace(0, 1, len(self.jag)), self.jag)) * grown(self.stage, (0, 0.022, 0.008))
        dome, peak = 0.22 * math.sqrt(1 - t * t) + 0.09 * (1 - t) ** 3, 0.31 * (1 - t)
        return (grown(self.stage, (dome, peak, 0.08 + 0.23 * (1 - t) ** 1.5)) + rough) * self.s

    def at(self, t: float, u: float) -> Point:
        """The point at height t, u = -1 on the left edge, 1 on the right one."""
        return self.x + u * self.half(t), self.y - t * grown(self.stage, (0.29, 0.53, 0.37)) * self.s


HEIGHTS = [math.sin(math.pi / 2 * i / 32) for i in range(33)]


def relief(pen: Pen, x: float, y: float, s: float) -> None:
    """Hill, mountain, volcano: the land steepens, then its top opens."""
    rng, stage, world = pen.rng, pen.stage, pen.world
    jag = (0.0, *(float(j) for j in rng.uniform(-1, 1, 5)), 0.0)
    hand, puff = 1.0 if rng.random() < 0.5 else -1.0, rng.uniform(0.85, 1.15, 4)
    meadow = blend(shade(world.foliage, 1.08), SNOW, 0.7 * world.snow)
    land = (meadow, (124, 120, 138), (104, 82, 82))
    rock = pen.tint((grown(stage, [c[0] for c in land]), grown(stage, [c[1] for c in land]), grown(stage, [c[2] for c in land])))
    slope, fire = Slope(x, y, s, stage, jag), grown(stage, (0, 0, 1))
    pen.shadow(x, y, 0.31 * s)
    smoke(pen, *slope.at(1, 0), fire * s, hand, puff)
    pen.polygon([slope.at(t, -1) for t in HEIGHTS] + [slope.at(t, 1) for t in HEIGHTS[::-1]], rock)
    pen.polygon([slope.at(t, pen.away * ridge(t, stage)) for t in HEIGHTS] + [slope.at(t, pen.away) for t in HEIGHTS[::-1]], shade(rock, 0.76))
    cap(pen, slope)
    meadow_flowers(pen, slope, grown(stage, (1, 0, 0)), hand)
    crater(pen, slope, fire, hand)
    bushes = blend(shade(world.foliage, 0.72), SNOW, 0.3 * world.snow)
    for u, r in ((-0.98, 0.052), (-0.72, 0.038), (0.92, 0.046)):
        size = r * grown(stage, (1, 0.9, 0)) * s
        pen.ellipse(x + hand * u * 0.27 * s, y - 0.4 * size, size, size * 0.85, bushes)


def ridge(t: float, stage: float) -> float:
    """Where the dark side begins: a soft bow on a hill, a broken edge on rock."""
    broken = float(np.interp(t, (0, 0.2, 0.4, 0.55, 0.75, 1), (0.32, 0.02, 0.26, -0.06, 0.2, 0)))
    return grown(stage, (0.3 + 0.45 * t, broken, 0.2 + 0.3 * broken))


def cap(pen: Pen, slope: Slope) -> None:
    """Snow that comes down from the top in teeth."""
    reach = grown(slope.stage, (0, 0.4, 0)) * (1 + 0.5 * pen.world.snow)
    if reach <= 0.01:
        return
    teeth = [(-1.0, 1.0), (-0.62, 0.62), (-0.3, 1.1), (0.06, 0.66), (0.4, 1.15), (0.7, 0.66), (1.0, 0.95)]
    lower = [slope.at(1 - reach * d, u) for u, d in teeth]
    sides = [1 - reach * k / 8 for k in range(8)]
    pen.polygon([*lower, *(slope.at(t, 1) for t in sides[::-1]), *(slope.at(t, -1) for t in sides)], SNOW)
    shaded = [slope.at(1 - reach * d, u * pen.away) for u, d in teeth if u > 0.1]
    start = slope.at(1 - reach * 0.66, pen.away * 0.06)
    pen.polygon([slope.at(1, 0), start, *shaded, *(slope.at(t, pen.away) for t in sides[::-1])], (190, 206, 228))


def meadow_flowers(pen: Pen, slope: Slope, size: float, hand: float) -> None:
    size *= 1 - pen.world.snow
    for t, u, color in ((0.3, -0.6, (255, 255, 255)), (0.62, -0.2, (255, 222, 84)), (0.2, 0.12, (255, 222, 84)), (0.42, 0.55, (255, 255, 255))):
        px, py = slope.at(t, hand * u)
        pen.ellipse(px, py, 0.018 * size * slope.s, 0.018 * size * slope.s, color)


def smoke(pen: Pen, x: float, y: float, size: float, hand: float, puff: np.ndarray) -> None:
    gray: RGB = (112, 108, 116)
    for i, (dx, dy, r) in enumerate(((0.0, 0.02, 0.06), (0.02, 0.075, 0.066), (0.075, 0.13, 0.078), (0.15, 0.17, 0.085))):
        px, py, pr = x + hand * dx * size, y - dy * size, r * float(puff[i]) * size
        tone = blend(gray, (236, 120, 60), (0.55, 0.2, 0, 0)[i])
        pen.ellipse(px, py, pr, pr, tone)
        pen.ellipse(px - pen.away * 0.25 * pr, py - 0.25 * pr, 0.62 * pr, 0.58 * pr, shade(tone, 1.22))


def crater(pen: Pen, slope: Slope, fire: float, hand: float) -> None:
    """The mouth of a volcano, and lava that runs out of it."""
    if fire <= 0.01:
        return
    hot, core = (232, 66, 22), (255, 206, 64)
    cx, cy = slope.at(1, 0)
    rx, ry = slope.half(1), 0.03 * fire * slope.s
    pen.ellipse(cx, cy, rx, ry, (70, 40, 42))
    for k, color in ((1.0, hot), (0.5, core)):
        for u, length, width in ((-0.55, 0.42, 0.03), (0.05, 0.72, 0.042), (0.62, 0.3, 0.028)):
            ts = [1 - length * fire * i / 9 * (0.92 if k < 1 else 1) for i in range(10)]
            wave = [slope.at(t, hand * (u * 0.9 + 0.07 * math.sin(9 * t))) for t in ts]
            thick = [width * k * fire * slope.s * (1.1 - 0.35 * i / 9) for i in range(10)]
            pen.polygon(
                [(p[0] - w, p[1]) for p, w in zip(wave, thick, strict=True)] + [(p[0] + w, p[1]) for p, w in zip(wave, thick, strict=True)][::-1],
                color,
                True,
            )
            pen.ellipse(*wave[-1], thick[-1], thick[-1] * 1.2, color, True)
        pen.ellipse(cx, cy + 0.003 * slope.s, rx * (0.86 if k == 1 else 0.66), ry * (0.8 if k == 1 else 0.5), color, True)


SUBJECTS: dict[str, Subject] = {
    "puddle": Subject(water, ("puddle", "puddle", "puddle of water"), ("puddles", "puddles", "puddles of water"), series="water", core=True),
    "pond": Subject(water, ("pond", "pond", "lily pond"), ("ponds", "ponds", "lily ponds"), series="water", stage=1, core=True),
    "lake": Subject(water, ("lake", "lake", "large lake"), ("",) * 3, series="water", stage=2, core=True),
    "sea": Subject(water, ("sea", "sea", "ocean"), ("",) * 3, series="water", stage=3, core=True),
    "hill": Subject(relief, ("hill", "hill", "green hill"), ("hills", "hills", "green hills"), series="relief", core=True),
    "mountain": Subject(relief, ("mountain", "mountain", "peak"), ("mountains", "mountains", "peaks"), series="relief", stage=1, core=True),
    "volcano": Subject(
        relief, ("volcano", "volcano", "erupting volcano"), ("volcanoes", "volcanoes", "erupting volcanoes"), series="relief", stage=2, core=True
    ),
}
