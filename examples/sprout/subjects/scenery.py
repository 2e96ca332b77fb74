"""Water that falls, what rises out of it, and what is in the sky."""

from __future__ import annotations

import math

from pen import BROWN, RGB, Pen, Point, blend, grown, shade
from subjects.base import Subject
from subjects.construction import Construction, turning
from subjects.figure import facing

ROCK: RGB = (124, 114, 116)
SAND: RGB = (246, 218, 148)
FOAM: RGB = (240, 250, 255)


def waterfall(pen: Pen, x: float, y: float, s: float) -> None:
    """Off a rock into a pool."""
    built, water = Construction(pen, x, y, s, facing(pen)), pen.tint(blend(pen.world.water, (120, 200, 240), 0.45))
    cliffs = (
        [(-0.3, 0.0), (-0.31, 0.2), (-0.285, 0.33), (-0.25, 0.44), (-0.16, 0.53), (-0.08, 0.52), (-0.06, 0.2), (-0.02, 0.0)],
        [(0.3, 0.0), (0.305, 0.15), (0.27, 0.27), (0.25, 0.37), (0.19, 0.43), (0.12, 0.445), (0.1, 0.2), (0.04, 0.0)],
    )
    moss = built.snowy(pen.world.foliage, 0.85)
    built.polygon([(-0.12, 0), (-0.12, 0.46), (0.16, 0.42), (0.16, 0)], shade(ROCK, 0.6))
    for cliff, tone in zip(cliffs, (1.0, 0.84) if built.away > 0 else (0.84, 1.0), strict=True):
        built.polygon(cliff, shade(ROCK, tone))
        middle = sum(u for u, _ in cliff) / len(cliff)
        built.polygon([(u * 0.55 + middle * 0.45 + 0.02, v * 0.52 + 0.05) for u, v in cliff], shade(ROCK, tone * 1.13))
    for u, v, r in (
        (-0.225, 0.475, 0.045),
        (-0.155, 0.535, 0.055),
        (-0.09, 0.52, 0.042),
        (0.145, 0.45, 0.045),
        (0.205, 0.425, 0.045),
        (-0.3, 0.3, 0.03),
    ):
        built.ball(u, v, r, 0.75 * r, moss)
    built.ellipse(0, 0.03, 0.31, 0.075, shade(water, 0.72))
    built.ellipse(0, 0.033, 0.285, 0.06, shade(water, 0.92))
    built.polygon([*turning(0.02, 0.42, 0.115, 0.06, math.pi, 0), (0.155, 0.3), (0.17, 0.05), (-0.13, 0.05), (-0.115, 0.3)], water)
    for u, low, high, width, tone in (
        (-0.075, 0.12, 0.42, 0.03, 1.35), (0.01, 0.16, 0.45, 0.036, 1.6), (0.1, 0.1, 0.4, 0.03, 1.35), (-0.035, 0.07, 0.28, 0.026, 0.8),
        (0.06, 0.09, 0.3, 0.026, 0.8),
    ):  # fmt: skip
        built.line([(u, high), (u * 1.15, low)], width, shade(water, tone))
    for u, v, r in ((-0.13, 0.055, 0.045), (0.17, 0.055, 0.045), (-0.06, 0.05, 0.055), (0.1, 0.05, 0.055), (0.02, 0.045, 0.06)):
        built.ellipse(u, v, r, 0.75 * r, FOAM)
    for u, v, half in ((-0.16, 0.0, 0.05), (0.12, -0.01, 0.07)):
        built.line([(u - half, v), (u + half, v)], 0.016, shade(water, 1.5))
    for u, r in ((-0.27, 0.05), (0.265, 0.06)):
        built.blob([(u - r, -0.02), (u - 0.6 * r, 0.7 * r), (u + 0.3 * r, 0.8 * r), (u + r, -0.02)], shade(ROCK, 0.72))


def island(pen: Pen, x: float, y: float, s: float) -> None:
    """Sand and one palm."""
    lean = pen.rng.uniform(0.06, 0.12)
    built, sand = Construction(pen, x, y, s, facing(pen)), pen.tint(SAND)
    built.ellipse(0, 0.0, 0.34, 0.06, shade(pen.world.water, 1.45))
    built.ellipse(0, 0.005, 0.31, 0.05, shade(pen.world.water, 0.78))
    hill = [
        (-0.3, 0.005),
        (-0.24, 0.07),
        (-0.12, 0.135),
        (0.02, 0.15),
        (0.16, 0.115),
        (0.25, 0.06),
        (0.3, 0.005),
        (0.15, -0.03),
        (0, -0.038),
        (-0.15, -0.03),
    ]
    built.blob(hill, shade(sand, 0.82))
    built.blob([(u * 0.93 - 0.018 * built.away, v * 0.93 + 0.01) for u, v in hill], built.snowy(sand, 0.3))
    for i in range(12):
        t = i / 11
        u, v = -0.06 + (lean + 0.02) * t * t, 0.11 + 0.31 * t
        built.ellipse(u, v, 0.034 - 0.012 * t, 0.018, shade(BROWN, 1.2 if i % 2 else 0.95))
    head = (-0.04 + lean, 0.42)
    leaves = blend(pen.world.foliage, (46, 150, 76), 0.4)
    for ends, tone in (
        ((-0.21, 0.03), 0.8),
        ((0.23, 0.04), 0.8),
        ((-0.24, -0.1), 1.0),
        ((0.25, -0.09), 1.0),
        ((-0.15, -0.18), 1.12),
        ((0.16, -0.18), 1.12),
    ):
        frond(built, head, ends, built.snowy(shade(leaves, tone), 0.2))
    for u, v in ((-0.035, -0.02), (0.03, -0.025), (0.0, -0.045)):
        built.ellipse(head[0] + u, head[1] + v, 0.03, 0.03, shade(BROWN, 0.8))


def frond(built: Construction, root: Point, end: Point, color: RGB) -> None:
    """A palm leaf that rises from its root and hangs down at its end."""
    top = (0.5 * end[0], max(0.1, end[1] + 0.15))

    def spine(t: float) -> Point:
        return 2 * t * (1 - t) * top[0] + t * t * end[0], 2 * t * (1 - t) * top[1] + t * t * end[1]

    ts = [i / 10 for i in range(11)]
    upper = [(spine(t)[0], spine(t)[1] + 0.022 * math.sin(math.pi * t)) for t in ts]
    under = [(spine(t)[0], spine(t)[1] - (0.062 if i % 2 else 0.036) * math.sin(math.pi * (0.15 + 0.85 * t))) for i, t in enumerate(ts[:-1])]
    built.polygon([(root[0] + u, root[1] + v) for u, v in [*upper, *under[::-1]]], color)


def iceberg(pen: Pen, x: float, y: float, s: float) -> None:
    """Its foot shows faintly under the water."""
    high = pen.rng.uniform(-0.03, 0.02)
    built, ice = Construction(pen, x, y, s, pen.away), pen.tint((228, 243, 252))
    water, peak = pen.world.water, (-0.05, 0.52 + high)
    built.polygon([(-0.3, 0.0), (-0.22, -0.08), (-0.06, -0.12), (0.12, -0.11), (0.25, -0.07), (0.31, 0.0)], blend(water, ice, 0.38))
    built.polygon(
        [(-0.3, 0.0), (-0.26, 0.16), (-0.19, 0.22), (-0.15, 0.36), peak, (0.04, 0.4), (0.1, 0.28), (0.17, 0.33), (0.25, 0.2), (0.31, 0.0)], ice
    )
    facets: tuple[tuple[list[Point], float], ...] = (
        ([peak, (0.04, 0.4), (0.1, 0.28), (0.06, 0.14), (0.1, 0.0), (-0.06, 0.0), (-0.02, 0.2)], 0.86),
        ([(0.1, 0.28), (0.06, 0.14), (0.1, 0.0), (0.2, 0.0), (0.16, 0.14)], 0.72),
        ([(0.17, 0.33), (0.16, 0.14), (0.2, 0.0), (0.31, 0.0), (0.25, 0.2)], 0.84),
        ([(-0.26, 0.16), (-0.19, 0.22), (-0.16, 0.1), (-0.2, 0.0), (-0.3, 0.0)], 1.3),
        ([(-0.15, 0.36), (-0.09, 0.27), (-0.12, 0.1), (-0.16, 0.1), (-0.19, 0.22)], 1.14),
    )
    for points, tone in facets:
        built.polygon(points, blend(shade(ice, tone), (148, 196, 236), 0.35 * (1 - pen.tinted) * (tone < 1)))
    for u, half in ((-0.1, 0.22), (0.24, 0.1)):
        built.line([(u - half, -0.005), (u + half, -0.005)], 0.018, shade(water, 1.5))


def cloud(pen: Pen, x: float, y: float, s: float) -> None:
    swell = pen.rng.uniform(0.94, 1.06, 4)
    built, white = Construction(pen, x, y - 0.17 * s, s, facing(pen)), pen.tint((252, 253, 255))
    puffs = [(-0.19, 0.095, 0.105), (-0.075, 0.185, 0.145), (0.085, 0.165, 0.125), (0.205, 0.085, 0.09)]
    puffs = [(u, v, r * float(k)) for (u, v, r), k in zip(puffs, swell, strict=True)]
    low = shade(white, 0.8) if pen.tinted else (168, 192, 222)
    for dv, shrink, tone in ((0.0, 1.0, low), (0.03, 0.9, white)):
        built.rounded(-0.29 * shrink, dv * 0.9, 0.29 * shrink, 0.13 + dv, 0.062, tone)
        for u, v, r in puffs:
            built.ellipse(u * (0.5 + 0.5 * shrink), v + dv * 0.8, r * shrink, r * shrink, tone)
    for u, v, r in puffs[1:3]:
        built.ellipse(u - 0.3 * r * built.away, v + 0.36 * r, 0.48 * r, 0.4 * r, shade(white, 1.1))


def rainbow(pen: Pen, x: float, y: float, s: float) -> None:
    """Its outer band is the widest, and takes the colour that is said; both ends stand on clouds."""
    built, outer = Construction(pen, x, y - 0.16 * s, s), pen.tint((230, 52, 56))
    bands: tuple[tuple[float, RGB], ...] = (
        (0.3, outer), (0.242, (248, 148, 40)), (0.211, (252, 218, 66)), (0.18, (86, 180, 84)), (0.149, (58, 128, 220)), (0.118, (134, 82, 190)),
    )  # fmt: skip
    for (r, color), inside in zip(bands, (*(r for r, _ in bands[1:]), 0.087), strict=True):
        built.polygon(turning(0, 0, r, 1.3 * r, 0, math.pi, 40) + turning(0, 0, inside, 1.3 * inside, math.pi, 0, 40), color)
    for side in (-1, 1):
        for tone, lift in (((196, 212, 232), 0.0), ((252, 253, 255), 0.016)):
            for u, v, r in ((-0.09, 0.0, 0.052), (0.0, 0.022, 0.075), (0.095, 0.002, 0.055)):
                built.ellipse(side * 0.2 + u, v + lift, r, 0.86 * r, tone)


CRATERS = ((-0.3, 0.42, 0.2), (0.32, 0.12, 0.24), (-0.2, -0.3, 0.17), (0.36, -0.5, 0.15), (0.18, 0.66, 0.12), (-0.66, 0.02, 0.13), (0.74, -0.12, 0.1))


def moon(pen: Pen, x: float, y: float, s: float) -> None:
    """Crescent, half, full: the border of its lit part moves over its face, which is always there, a little lighter than the sky."""
    built, r = Construction(pen, x, y - 0.34 * s, 0.225 * s, facing(pen)), 1.0
    lit = pen.tint((255, 240, 178))
    sky = blend(pen.world.sky_top, pen.world.sky_low, 0.55)
    faint = blend(sky, (255, 255, 255), 0.17)
    border = grown(pen.stage, (0.55, 0, -1))
    built.ellipse(0, 0, r, r, faint, True)
    spots = [turning(u, v, size, size, 0, 2 * math.pi, 32) for u, v, size in CRATERS]
    for spot in spots:
        built.polygon(spot, shade(faint, 0.93), True)
    built.polygon(turning(0, 0, r, r, -math.pi / 2, math.pi / 2, 40) + turning(0, 0, border * r, r, math.pi / 2, -math.pi / 2, 40), lit, True)

    def edge(v: float) -> float:
        return border * math.sqrt(max(0.0, r * r - v * v))

    for spot in spots:
        built.polygon([(max(u, edge(v)), v) for u, v in spot], shade(lit, 0.86), True)


def phase(stage: float, name: str, other: str) -> Subject:
    return Subject(moon, (name, name, other), (f"{name}s", f"{name}s", f"{other}s"), home="air", series="moon", stage=stage)


SUBJECTS: dict[str, Subject] = {
    "waterfall": Subject(waterfall, ("waterfall", "waterfall", "cascade"), ("waterfalls", "waterfalls", "cascades")),
    "island": Subject(island, ("island", "island", "tropical island"), ("islands", "islands", "tropical islands"), home="lake"),
    "iceberg": Subject(iceberg, ("iceberg",), ("icebergs",), home="lake"),
    "cloud": Subject(cloud, ("cloud", "cloud", "fluffy cloud"), ("clouds", "clouds", "fluffy clouds"), home="air"),
    "rainbow": Subject(rainbow, ("rainbow",), ("",), home="air"),
    "crescent moon": phase(0, "crescent moon", "sickle moon"),
    "half moon": phase(1, "half moon", "quarter moon"),
    "full moon": phase(2, "full moon", "round moon"),
}
