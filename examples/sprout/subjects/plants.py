"""What grows: the series from seed to tree, the series from bud to flower, and plants that stand for themselves."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from pen import BROWN, RGB, SNOW, SOIL, Pen, Point, blend, grown, lerp, shade
from subjects.base import Subject
from subjects.shapes import Frame, arc, hand, petal, smooth

STEM: RGB = (76, 148, 66)


# --- seed, sprout, sapling, tree ------------------------------------------------------------------------------------------

HULL: RGB = (206, 138, 70)
FRESH: RGB = (132, 196, 66)
TWIGS = ((0.34, 0.17, 0.2), (0.44, 0.2, 0.25), (0.56, 0.2, 0.4), (0.67, 0.19, 0.45), (0.79, 0.17, 0.6), (0.9, 0.15, 0.65))
CLUMPS = (
    (-0.17, -0.05, 0.125),
    (0.17, -0.05, 0.125),
    (0.0, -0.06, 0.13),
    (-0.12, 0.09, 0.125),
    (0.13, 0.08, 0.12),
    (0.0, 0.12, 0.12),
    (0.0, 0.02, 0.15),
)


def plant(pen: Pen, x: float, y: float, s: float) -> None:
    """One plant at every age: the seed sinks into the soil, a sprout rises from its tip, puts out twigs, and a crown fills around them."""
    stage, world, rng = pen.stage, pen.world, pen.rng
    lean, flip = rng.uniform(-0.03, 0.03) * s, 1.0 if rng.random() < 0.5 else -1.0
    jitter = rng.uniform(-1, 1, len(TWIGS) + 3 * len(CLUMPS))
    hull = pen.tint(HULL)
    leaves = pen.tint(blend(FRESH, world.foliage, grown(stage, (0.3, 0.3, 0.6, 1))))
    soil = blend(blend(SOIL, SNOW, 0.3 * world.snow), world.near, grown(stage, (0, 0, 0.1, 0.45)))
    mound, girth = grown(stage, (0.29, 0.28, 0.22, 0.14)) * s, grown(stage, (0, 0.018, 0.021, 0.055)) * s
    pen.shadow(x, y + 0.03 * s, grown(stage, (0.3, 0.29, 0.25, 0.3)) * s)
    pen.ellipse(x, y, mound, 0.2 * mound, soil)
    pen.ellipse(x, y - 0.01 * s, 0.76 * mound, 0.09 * mound, shade(soil, 0.68))
    top = (x + lean, y - grown(stage, (0.28, 0.26, 0.43, 0.36)) * s)
    trunk(pen, (x, y), top, girth, blend(STEM, BROWN, grown(stage, (0, 0, 0.85, 1))))
    twigs = grown(stage, (0, 0, 1, 0)) * s
    for i, (share, length, angle) in enumerate(TWIGS):
        side = flip * (-1) ** i
        at, rise = (lerp(x, top[0], share), lerp(y, top[1], share)), angle + 0.08 * jitter[i]
        pen.leaf(*at, twigs * length, rise if side > 0 else math.pi - rise, shade(leaves, 1.08 if side * pen.away < 0 else 0.92), 0.55)
    pair, rise = grown(stage, (0, 0.29, 0.18, 0)) * s, grown(stage, (1.3, 0.5, 1.0, 1.0))
    for side in (1.0, -1.0):
        pen.leaf(*top, pair, rise if side > 0 else math.pi - rise, shade(leaves, 1.12 if side * pen.away < 0 else 0.96), 0.58)
    crown(pen, (x + lean, y - grown(stage, (0.3, 0.3, 0.32, 0.375)) * s), s, leaves, jitter[len(TWIGS) :])
    seed(pen, x, y, s, lean, hull)
    pen.polygon(arc(x, y, mound, 0.2 * mound, math.pi, 2 * math.pi) + arc(x, y - 0.01 * s, 0.76 * mound, 0.09 * mound, 0, -math.pi), soil)


def trunk(pen: Pen, foot: Point, top: Point, girth: float, color: RGB) -> None:
    """A stem that widens at the foot as it thickens, darker away from the sun."""
    (x, y), flare = foot, 1 + 14 * girth
    middle = (lerp(x, top[0], 0.4), lerp(y, top[1], 0.4))

    def side(sign: float) -> list[Point]:
        return [
            (x + sign * girth * flare, y),
            (lerp(x, middle[0], 0.4) + sign * girth * 1.05, lerp(y, middle[1], 0.4)),
            (top[0] + sign * girth * 0.7, top[1]),
        ]

    pen.polygon(side(-1) + side(1)[::-1], color)
    pen.polygon([(x, y), top, *side(pen.away)[::-1]], shade(color, 0.82))


def seed(pen: Pen, x: float, y: float, s: float, lean: float, hull: RGB) -> None:
    """A drop, point up, as far as it is above the soil; it sinks by stage 1."""
    size, cy = grown(pen.stage, (1, 0.7)) * s, y - grown(pen.stage, (0.15, -0.16)) * s

    def drop(angles: np.ndarray, wide: float) -> list[Point]:
        px, py = 0.205 * wide * np.sin(angles) * np.sin(angles / 2) * size, cy - 0.185 * np.cos(angles) * size
        return [(x + a + lean * (cy - b) / (0.185 * s), min(y + 0.012 * s, b)) for a, b in zip(px, py, strict=True)]

    if cy - 0.185 * size < y:
        pen.polygon(drop(np.linspace(0, 2 * math.pi, 40), 1), hull)
        pen.polygon([*drop(np.linspace(0, math.pi, 24), pen.away), *drop(np.linspace(math.pi, 0, 24), 0.1 * pen.away)], shade(hull, 0.78))
        pen.polygon([*drop(np.linspace(0.7, 2.3, 16), -0.72 * pen.away), *drop(np.linspace(2.3, 0.7, 16), -0.4 * pen.away)], shade(hull, 1.4))


def crown(pen: Pen, middle: Point, s: float, leaves: RGB, jitter: np.ndarray) -> None:
    """Clumps of foliage that swell around the twigs after stage 2; their lit sides make one lighter cloud on a darker one."""
    age = min(1.0, max(0.0, pen.stage - 2))
    apart, size = lerp(0.35, 1, age), age**0.6
    clumps = [
        (middle[0] + (dx + 0.012 * a) * apart * s, middle[1] - (dy + 0.012 * b) * apart * s, r * (1 + 0.06 * c) * size * s)
        for (dx, dy, r), (a, b, c) in zip(CLUMPS, jitter.reshape(-1, 3), strict=True)
    ]
    for cx, cy, r in clumps:
        pen.ellipse(cx, cy, r, r, shade(leaves, 0.76))
    for cx, cy, r in clumps:
        pen.ellipse(cx - pen.away * 0.2 * r, cy - 0.22 * r, 0.84 * r, 0.8 * r, leaves)
    snow = pen.world.snow
    for i, (cx, cy, r) in enumerate(clumps[:6]):
        patch = r * lerp(0.52 if i > 2 else 0, 0.72, snow)
        pen.ellipse(cx - pen.away * 0.3 * r, cy - 0.46 * r, patch, 0.72 * patch, blend(shade(leaves, 1.2), SNOW, 0.95 * snow))


# --- bud, flower ----------------------------------------------------------------------------------------------------------


def bloom(pen: Pen, x: float, y: float, s: float) -> None:
    """The petals stand together in a green bud, fan out, and at stage 1 go all the way round."""
    stage, rng = pen.stage, pen.rng
    count, lean, flip = int(rng.integers(6, 9)), rng.uniform(-0.03, 0.03) * s, 1.0 if rng.random() < 0.5 else -1.0
    color = pen.tint(pen.natural(("red", "yellow", "pink", "purple", "orange")))
    head = (x + lean, y - grown(stage, (0.3, 0.36)) * s)
    pen.shadow(x, y + 0.01 * s, 0.16 * s)
    trunk(pen, (x, y), head, 0.018 * s, STEM)
    pen.leaf(x, y - 0.03 * s, 0.25 * s, math.pi / 2 - flip * 0.95, shade(STEM, 1.1), 0.5)
    pen.leaf(x, y - 0.06 * s, 0.21 * s, math.pi / 2 + flip * 1.0, shade(STEM, 0.92), 0.5)
    spread, length, width = grown(stage, (0.08, 1)), grown(stage, (0.29, 0.215)) * s, grown(stage, (0.085, 0.485 / count)) * s
    for tone, reach, shift in ((0.74, 0.94, 0.0), (1.0, 1.0, 0.5)):
        for i in sorted(range(count), key=lambda i: -abs(i + shift - count / 2)):
            aside = (i + shift) / count - 0.5
            turn = 2 * math.pi * spread * aside
            sized = length * reach * (1 - 0.6 * abs(aside) * (1 - stage))
            petal(pen, head, sized, width, math.pi / 2 - turn, shade(color, tone * (0.9 if aside * pen.away > 0 else 1.0)))
    heart = 0.08 * stage**2 * s
    pen.ellipse(*head, heart, heart, (164, 88, 30))
    pen.ellipse(head[0] - pen.away * 0.1 * heart, head[1] - 0.14 * heart, 0.8 * heart, 0.78 * heart, (254, 208, 64))
    calyx = max(0.0, 1 - 1.25 * stage) * s
    pen.ellipse(head[0], head[1] - 0.01 * s, 0.1 * calyx, 0.07 * calyx, shade(STEM, 0.9))
    for turn, tone, reach in ((0.46, 0.8, 0.21), (-0.46, 1.12, 0.21), (0.0, 0.98, 0.16)):
        pen.leaf(head[0], head[1] + 0.02 * calyx, reach * calyx, math.pi / 2 - pen.away * turn * (1 + 3 * stage), shade(STEM, tone), 0.62)


# --- pine tree, cactus, mushroom ------------------------------------------------------------------------------------------


def pine(pen: Pen, x: float, y: float, s: float) -> None:
    """Tiers with hanging hems, the lit half lighter; snow spreads down each from its peak."""
    breadth = pen.rng.uniform(0.9, 1.06) * s
    needle = pen.tint(blend((34, 112, 80), pen.world.foliage, 0.12))
    pen.shadow(x, y + 0.01 * s, 0.26 * s)
    trunk(pen, (x, y + 0.01 * s), (x, y - 0.2 * s), 0.04 * s, BROWN)

    def skirt(width: float, foot: float, peak: float, left: float, right: float) -> list[Point]:
        """The part of a tier between two shares (-1..1) of its width."""
        hem = [(x + width * t, y - (foot + 0.045 * (1 - t * t)) * s + 0.06 * s) for t in np.linspace(left, right, 13)]
        return [(x, y - peak * s), *hem]

    for i, (width, foot, peak) in enumerate(((0.27, 0.12, 0.36), (0.225, 0.245, 0.455), (0.175, 0.365, 0.545), (0.12, 0.475, 0.63))):
        width *= breadth
        dark = (0.0, 1.0) if pen.away > 0 else (-1.0, 0.0)
        if i:
            pen.polygon(skirt(0.92 * width, foot - 0.035, peak, -1, 1), shade(needle, 0.55))
        pen.polygon(skirt(width, foot, peak, -1, 1), shade(needle, 1 + 0.05 * i))
        pen.polygon(skirt(width, foot, peak, *dark), shade(needle, 0.72 + 0.04 * i))
        reach = (0.74 if i < 3 else 0.6) * pen.world.snow
        low = lerp(peak, foot - 0.06, reach)
        hem = [(x + width * reach * t, y - (low + 0.035 * reach * abs(math.sin(2 * math.pi * t))) * s) for t in np.linspace(-1, 1, 25)]
        pen.polygon([(x, y - peak * s), *hem], SNOW)


def cactus(pen: Pen, x: float, y: float, s: float) -> None:
    """A ribbed column with two raised arms and a flower on its head."""
    flip = 1.0 if pen.rng.random() < 0.5 else -1.0
    rise, height = pen.rng.uniform(-0.025, 0.025, 2), pen.rng.uniform(0.46, 0.5)
    green = pen.tint((62, 150, 96))
    pen.shadow(x, y + 0.01 * s, 0.22 * s)

    def limb(path: list[Point], r: float, tone: float) -> None:
        for at in path:
            pen.ellipse(*at, r, r, shade(green, tone))
        pen.line(path, 2 * r, shade(green, tone))

    for side, low, high in ((flip, 0.2 + rise[0], 0.4 + rise[0]), (-flip, 0.13 + rise[1], 0.29 + rise[1])):
        away = side * pen.away > 0
        bend = arc(x + side * 0.12 * s, y - (low + 0.08) * s, side * 0.09 * s, 0.08 * s, -math.pi / 2, 0, 10)
        limb([(x, y - low * s), *bend, (x + side * 0.21 * s, y - high * s)], 0.058 * s, 0.72 if away else 1.0)
        pen.line(
            [(px - pen.away * 0.016 * s, py) for px, py in (bend[-1], (x + side * 0.21 * s, y - high * s))],
            0.024 * s,
            shade(green, 0.92 if away else 1.3),
        )
    crest = arc(x, y - (height - 0.09) * s, 0.09 * s, 0.09 * s, 0, math.pi)
    pen.polygon([(x + 0.09 * s, y + 0.01 * s), *crest, (x - 0.09 * s, y + 0.01 * s)], green)
    dark = [(px, py) for px, py in crest if (px - x) * pen.away > 0.012 * s]
    pen.polygon([*dark, (dark[-1][0], y + 0.01 * s), (dark[0][0], y + 0.01 * s)], shade(green, 0.76))
    pen.line([(x - pen.away * 0.04 * s, y - 0.05 * s), (x - pen.away * 0.04 * s, y - (height - 0.09) * s)], 0.026 * s, shade(green, 1.3))
    for angle in (0.5, math.pi - 0.5, math.pi / 2):
        petal(pen, (x, y - (height - 0.015) * s), 0.085 * s, 0.036 * s, angle, blend((250, 112, 160), SNOW, 0.6 * pen.world.snow))
    pen.ellipse(x, y - (height + 0.005) * s, 0.024 * s, 0.02 * s, (254, 214, 84))


def mushroom(pen: Pen, x: float, y: float, s: float) -> None:
    """A spotted cap on a stout stem."""
    lean, breadth = pen.rng.uniform(-0.03, 0.03) * s, pen.rng.uniform(0.93, 1.05)
    cap = pen.tint(pen.natural(("red", "red", "red", "orange")))
    stem: RGB = (246, 232, 206)
    rx, ry, cx, cy = 0.28 * breadth * s, 0.29 * s, x + lean, y - 0.23 * s
    pen.shadow(x, y + 0.01 * s, 0.2 * s)
    profile = [(0.068 + 0.05 * (1 - t) ** 3, 0.04 + 0.22 * t) for t in np.linspace(1, 0, 12)]
    profile += [(0.118 * math.cos(a), 0.04 - 0.055 * math.sin(a)) for a in np.linspace(0, math.pi / 2, 12)]

    def stalk(left: float, right: float) -> list[Point]:
        """The part of the stem between two shares (-1..1) of its half width."""
        sides = [[(x + k * dx * s + lean * dy / 0.26, y - dy * s) for dx, dy in profile] for k in (left, right)]
        return sides[0] + sides[1][::-1]

    pen.polygon(stalk(-1, 1), stem)
    pen.polygon(stalk(0.25 * pen.away, pen.away), shade(stem, 0.82))
    pen.ellipse(cx, cy, rx, 0.06 * s, shade(cap, 0.62))
    pen.ellipse(cx, cy + 0.008 * s, 0.8 * rx, 0.042 * s, shade(stem, 0.74))
    pen.polygon(arc(cx, cy, rx, ry, 0, math.pi) + arc(cx, cy, rx, 0.03 * s, math.pi, 2 * math.pi)[1:], cap)
    edge = arc(cx, cy, rx, ry, 0, math.pi / 2), arc(cx, cy, 0.5 * rx, ry, math.pi / 2, 0), arc(cx, cy, rx, 0.03 * s, -math.pi / 3, 0)
    pen.polygon([(cx + pen.away * (px - cx), py) for px, py in edge[0] + edge[1] + edge[2]], shade(cap, 0.82))
    spot = blend((255, 250, 240), (214, 70, 62), min(1.0, max(0.0, (min(cap) - 170) / 50)))
    for dx, dy, r, squeeze in (
        (-0.6, 0.4, 0.17, 0.8),
        (0.03, 0.6, 0.21, 1.0),
        (0.64, 0.36, 0.16, 0.75),
        (-0.2, 0.18, 0.11, 1.0),
        (0.28, 0.16, 0.12, 1.0),
    ):
        pen.ellipse(cx + dx * rx, cy - dy * ry, r * rx * squeeze, r * ry * 0.9, spot)
    snow = pen.world.snow
    if snow > 0:
        ends = math.pi / 2 - 1.05 * snow, math.pi / 2 + 1.05 * snow
        hem = [
            (px, py + 0.03 * s * snow * abs(math.cos(7 * (px - cx) / rx))) for px, py in arc(cx, cy, 1.02 * rx, (1.04 - 0.2 * snow) * ry, *ends[::-1])
        ]
        pen.polygon(arc(cx, cy, 1.02 * rx, 1.04 * ry, *ends) + hem, SNOW)


# --- sunflower, tulip, palm tree ------------------------------------------------------------------------------------------


def sunflower(pen: Pen, x: float, y: float, s: float) -> None:
    """Pointed petals in two rings around a wide dark disc of seeds."""
    way, count = hand(pen), int(pen.rng.integers(12, 15))
    rays = pen.tint((252, 196, 36))
    head = (x + 0.02 * way * s, y - 0.385 * s)
    pen.shadow(x, y + 0.01 * s, 0.16 * s)
    trunk(pen, (x, y), head, 0.02 * s, STEM)
    for side, up, rise, tone in ((way, 0.05, 0.5, 1.08), (-way, 0.1, 0.42, 0.9)):
        pen.leaf(x, y - up * s, 0.25 * s, rise if side > 0 else math.pi - rise, shade(STEM, tone), 0.62)
    for shift, reach, tone in ((0.5, 0.222, 0.74), (0.0, 0.222, 1.0)):
        for i in range(count):
            turn = 2 * math.pi * (i + shift) / count
            ray = ((-0.03, 0.09), (-0.038, 0.13), (-0.03, 0.17), (0, reach), (0.03, 0.17), (0.038, 0.13), (0.03, 0.09))
            pen.polygon(Frame(*head, s, angle=turn).all(ray), shade(rays, tone * (0.9 if math.sin(turn) * pen.away < -0.2 else 1.0)))
    for r, shift, color in ((0.118, 0.0, (72, 42, 28)), (0.1, 0.012, (112, 66, 36)), (0.054, 0.012, (160, 102, 48))):
        pen.ellipse(head[0] - pen.away * shift * s, head[1] - shift * s, r * s, r * s, color)


def tulip(pen: Pen, x: float, y: float, s: float) -> None:
    """A cup of pointed petals between two long leaves."""
    way, lean = hand(pen), pen.rng.uniform(-0.05, 0.05)
    color = pen.tint(pen.natural(("red", "yellow", "pink", "purple")))
    frame = Frame(x, y, s, way, lean)
    pen.shadow(x, y + 0.01 * s, 0.15 * s)
    trunk(pen, (x, y), frame.at(0, 0.34), 0.018 * s, STEM)
    for side, high, tone in ((1, 0.36, 0.74), (-1, 0.3, 0.95)):
        outer = [(0.012, 0.0), (0.1, 0.1), (0.155, 0.22), (0.19, high)]
        inner = [(0.08, 0.2), (0.02, 0.09)]
        pen.blob(frame.all([(side * along, up) for along, up in outer + inner]), shade(STEM, tone))
    for side in (1, -1):
        back = [(0.0, 0.34), (side * 0.09, 0.36), (side * 0.1, 0.47), (side * 0.062, 0.575), (side * 0.015, 0.5)]
        pen.polygon(frame.all(back), shade(color, 0.7))
    for side in (1, -1):
        away = side * way * pen.away > 0
        outside = [(0.0, 0.285), (0.075, 0.295), (0.135, 0.35), (0.15, 0.43), (0.142, 0.565)]
        inside = [(0.075, 0.5), (0.0, 0.4)]
        pen.polygon(frame.all(smooth([(side * along, up) for along, up in outside]) + [(side * along, up) for along, up in inside]),
                    shade(color, 0.82 if away else 1.0))  # fmt: skip
    middle = smooth([(0.0, 0.55), (0.062, 0.48), (0.078, 0.4), (0.05, 0.315), (0.0, 0.285)])
    pen.polygon(frame.all(middle + [(-along, up) for along, up in middle[::-1]]), shade(color, 1.2))


def frond(pen: Pen, crown: Point, length: float, angle: float, color: RGB) -> None:
    """A feathered leaf that bows under its weight: a smooth ridge and a fringe below it."""
    ts, way = np.linspace(0, 1, 13), 1 if math.cos(angle) > 0 else -1
    spine = [(crown[0] + length * math.cos(angle) * t, crown[1] - length * (math.sin(angle) * t - 0.75 * t * t)) for t in ts]
    fringe = []
    for i, (px, py) in enumerate(spine):
        deep = length * 0.38 * math.sin(math.pi * min(1.0, 0.06 + 0.94 * ts[i]) ** 0.75) * (1.0 if i % 3 else 0.45)
        fringe.append((px - way * 0.25 * deep, py + deep))
    snow = pen.world.snow
    pen.polygon(spine + fringe[::-1], color)
    lifted = [(px, py - 0.16 * length * math.sin(math.pi * t**0.8)) for (px, py), t in zip(spine, ts, strict=True)]
    pen.polygon(lifted + spine[::-1], blend(shade(color, 1.18), SNOW, 0.9 * snow))


def palm(pen: Pen, x: float, y: float, s: float) -> None:
    """A bowed, ringed trunk under a star of hanging fronds."""
    way, bow = hand(pen), pen.rng.uniform(0.1, 0.15)
    leaves = pen.tint(blend((56, 156, 78), pen.world.foliage, 0.25))
    pen.shadow(x - way * 0.05 * s, y + 0.01 * s, 0.2 * s)
    bark: RGB = (170, 122, 78)
    path = [(x + way * (-0.09 + bow * t * t) * s, y - 0.44 * t * s) for t in np.linspace(0, 1, 8).tolist()]
    for i, ((ax, ay), (bx, by)) in enumerate(pairwise(path)):
        low, high = (0.05 - 0.004 * i) * s, (0.036 - 0.003 * i) * s
        pen.polygon([(ax - high, ay), (ax + high, ay), (bx + low, by), (bx - low, by)], bark)
        pen.polygon([(ax + pen.away * 0.2 * high, ay), (ax + pen.away * high, ay), (bx + pen.away * low, by), (bx + pen.away * 0.2 * low, by)],
                    shade(bark, 0.76))  # fmt: skip
    crown = path[-1]
    for angle, length, tone in (
        (1.95, 0.24, 0.7), (1.15, 0.24, 0.7), (0.1, 0.26, 0.82), (math.pi - 0.1, 0.26, 0.82), (0.72, 0.34, 1.0), (math.pi - 0.72, 0.34, 1.0),
    ):  # fmt: skip
        frond(pen, crown, length * s, angle, shade(leaves, tone * (0.9 if math.cos(angle) * pen.away > 0 else 1.0)))
    for along, down in ((-0.038, 0.03), (0.038, 0.035), (0.0, 0.055)):
        pen.ellipse(crown[0] + along * s, crown[1] + down * s, 0.034 * s, 0.034 * s, (104, 66, 42))


SUBJECTS: dict[str, Subject] = {
    "seed": Subject(plant, ("seed", "seed", "plant seed"), ("seeds", "seeds", "plant seeds"), series="plant", stage=0, core=True),
    "sprout": Subject(plant, ("sprout", "sprout", "seedling"), ("sprouts", "sprouts", "seedlings"), series="plant", stage=1, core=True),
    "sapling": Subject(plant, ("sapling", "sapling", "young tree"), ("saplings", "saplings", "young trees"), series="plant", stage=2, core=True),
    "tree": Subject(
        plant,
        ("tree", "tree", "tree", "big tree", "leafy tree"),
        ("trees", "trees", "trees", "big trees", "leafy trees"),
        series="plant",
        stage=3,
        core=True,
    ),
    "bud": Subject(bloom, ("bud", "bud", "flower bud"), ("buds", "buds", "flower buds"), series="bloom", stage=0, core=True),
    "flower": Subject(bloom, ("flower", "flower", "blossom"), ("flowers", "flowers", "blossoms"), series="bloom", stage=1, core=True),
    "pine tree": Subject(pine, ("pine tree", "pine tree", "pine", "fir tree"), ("pine trees", "pine trees", "pines", "fir trees"), core=True),
    "cactus": Subject(cactus, ("cactus",), ("cactuses",), core=True),
    "mushroom": Subject(mushroom, ("mushroom", "mushroom", "toadstool"), ("mushrooms", "mushrooms", "toadstools"), core=True),
    "sunflower": Subject(sunflower, ("sunflower",), ("sunflowers",)),
    "tulip": Subject(tulip, ("tulip",), ("tulips",)),
    "palm tree": Subject(palm, ("palm tree", "palm tree", "palm", "coconut palm"), ("palm trees", "palm trees", "palms", "coconut palms")),
}
