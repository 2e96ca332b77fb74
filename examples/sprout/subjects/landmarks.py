"""What people build to work in, to cross, to pray and to meet at."""

from __future__ import annotations

import math

from pen import COLORS, RGB, Pen, Point, apart, blend, shade
from subjects.base import Subject
from subjects.buildings import CREAM, SLATE, STONE
from subjects.construction import WOOD, Construction, turning
from subjects.figure import facing


def jet(pen: Pen) -> RGB:
    """Water in the air, lighter than that in a basin."""
    return blend(pen.world.water, (190, 232, 252), 0.6)


def windmill(pen: Pen, x: float, y: float, s: float) -> None:
    turn = pen.rng.uniform(0.55, 0.95)
    built, color = Construction(pen, x, y, s), pen.tint(pen.natural(("white", "orange", "brown")))
    trim = apart(color, (150, 66, 50), SLATE)
    pen.shadow(x, y, 0.22 * s)
    built.sided([(0, 0), (0.17, 0), (0.105, 0.34), (0, 0.34), (-0.105, 0.34), (-0.17, 0)], color)
    built.sided([(0, 0.32), *turning(0, 0.32, 0.125, 0.115, 0, math.pi)], built.snowy(trim, 0.6))
    built.box(-0.125, 0.315, 0.125, 0.34, shade(trim, 0.72))
    built.arch(0, 0, 0.05, 0.14, shade(WOOD, 0.62))
    built.arch(0, 0.19, 0.032, 0.075, shade(trim, 0.6))
    built.arch(0, 0.195, 0.022, 0.06, pen.pane, pen.dark)
    for quarter in range(4):
        angle = turn + quarter * math.pi / 2
        ahead, across = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))

        def on(along: float, beside: float, ahead: Point = ahead, across: Point = across) -> Point:
            return along * ahead[0] + beside * across[0], 0.36 + along * ahead[1] + beside * across[1]

        built.polygon([on(0.07, -0.015), on(0.3, -0.015), on(0.3, 0.085), on(0.07, 0.085)], shade(WOOD, 0.62))
        for low, high in ((0.085, 0.178), (0.194, 0.287)):
            built.polygon([on(low, 0.008), on(high, 0.008), on(high, 0.072), on(low, 0.072)], CREAM)
        built.line([on(0, 0), on(0.29, 0)], 0.026, shade(WOOD, 0.62))
    built.ellipse(0, 0.36, 0.038, 0.038, shade(WOOD, 0.5))
    built.ellipse(0, 0.36, 0.018, 0.018, (236, 190, 92))


ARCHES = ((0.202, 0.046, 0.1), (0.0, 0.11, 0.185), (-0.202, 0.046, 0.1))  # middle, half width, height
DECK: list[Point] = [(u / 20, 0.238 + 0.062 * math.cos(math.pi * u / 6)) for u in range(-6, 7)]


def piers(slip: float) -> list[Point]:
    """Deck and feet of the bridge around its arches, which are moved by `slip`."""
    under = [(u + slip, v) for arch in ARCHES for u, v in turning(arch[0], 0, *arch[1:], 0, math.pi)]
    return [(-0.3, 0), *DECK, (0.3, 0), *under]


def bridge(pen: Pen, x: float, y: float, s: float) -> None:
    """Of stone, its middle arch over a stream that comes towards us."""
    built, color, water = Construction(pen, x, y, s), pen.tint(STONE), pen.world.water
    for by, tone in ((1.0, 0.8), (0.9, 1.0)):
        built.blob(
            [(-0.08, 0.1 * by), *((by * u, by * v) for u, v in turning(0, -0.01, 0.31, 0.065, math.pi, 2 * math.pi, 9)), (0.08, 0.1 * by)],
            shade(water, tone),
        )
    for u, v, half in ((-0.03, 0.02, 0.05), (0.1, -0.035, 0.08), (-0.14, -0.03, 0.05)):
        built.line([(u - half, v), (u + half, v)], 0.015, shade(water, 1.4))
    built.polygon(piers(-0.035 * built.away), shade(color, 0.5))
    built.polygon(piers(0), color)
    for middle, half, rise in ARCHES:
        built.line(turning(middle, 0, half + 0.012, rise + 0.012, 0, math.pi), 0.028, shade(color, 0.76))
    for drop, width, tone in ((0.04, 0.016, 0.76), (-0.005, 0.045, 1.22)):
        built.line([(u, v - drop) for u, v in DECK], width, built.snowy(shade(color, tone)) if drop < 0 else shade(color, tone))
    for side in (-1, 1):
        built.box(side * 0.335, -0.015, side * 0.275, 0.275, shade(color, 1.06 if side != built.away else 0.86))
        built.box(side * 0.35, 0.265, side * 0.26, 0.305, built.snowy(shade(color, 1.22)))


def barn(pen: Pen, x: float, y: float, s: float) -> None:
    """With a gambrel roof, big doors under white crosses, and a silo."""
    built, color = Construction(pen, x, y, s, facing(pen)), pen.tint(COLORS["red"])
    trim, roof = apart(color, CREAM, (92, 76, 84)), built.snowy(apart(color, (92, 76, 84), (190, 182, 178)), 0.6)
    steel: RGB = apart(color, (184, 192, 202), (104, 112, 128))
    pen.shadow(x, y, 0.3 * s)
    built.box(0.18, 0, 0.3, 0.42, steel)
    built.box(0.24, 0, 0.3 if built.away > 0 else 0.18, 0.42, shade(steel, 0.84))
    built.polygon(turning(0.24, 0.42, 0.065, 0.065, 0, math.pi), built.snowy(shade(steel, 0.7)))
    for v in (0.14, 0.28):
        built.box(0.18, v, 0.3, v + 0.014, shade(steel, 0.7))
    middle = -0.05
    front = [(-0.22, 0), (-0.22, 0.25), (-0.155, 0.39), (0, 0.485), (0.155, 0.39), (0.22, 0.25), (0.22, 0)]
    built.polygon([(middle + u, v) for u, v in front], color)
    built.polygon([(middle + max(0.0, u * built.away) * built.away, v) for u, v in front], shade(color, 0.88))
    eaves = [(-0.265, 0.21), (-0.185, 0.405), (0, 0.52), (0.185, 0.405), (0.265, 0.21)]
    inner = [(-0.22, 0.21), (-0.15, 0.375), (0, 0.465), (0.15, 0.375), (0.22, 0.21)]
    built.polygon([(middle + u, v) for u, v in eaves + inner[::-1]], roof)
    built.box(middle - 0.065, 0.29, middle + 0.065, 0.405, trim)
    built.box(middle - 0.042, 0.312, middle + 0.042, 0.383, blend((70, 46, 44), pen.pane, pen.world.lamps), pen.dark)
    for side in (-1, 1):
        near, far = middle + side * 0.008, middle + side * 0.155
        built.box(near, 0, far, 0.235, trim)
        built.box(near + side * 0.02, 0.022, far - side * 0.022, 0.213, shade(color, 0.8))
        for low, high in ((0.03, 0.205), (0.205, 0.03)):
            built.line([(near + side * 0.026, low), (far - side * 0.026, high)], 0.022, trim)


def igloo(pen: Pen, x: float, y: float, s: float) -> None:
    built, color = Construction(pen, x, y, s, facing(pen)), pen.tint((226, 240, 250))
    seam, deep = shade(color, 0.78), shade(color, 0.45)
    pen.shadow(x, y, 0.3 * s)
    dome = turning(0, 0, 0.29, 0.4, 0, math.pi, 40)
    built.polygon(dome, shade(color, 0.87))
    built.polygon([(u - (u + 0.29 * built.away) * 0.16, v * (1 - 0.03)) for u, v in dome], color)
    rows = (0.0, 0.11, 0.215, 0.31, 0.4)
    for i, low in enumerate(rows[:-1]):
        half = 0.29 * math.sqrt(1 - (low / 0.4) ** 2)
        high = min(0.395, rows[i + 1])
        upper = 0.29 * math.sqrt(1 - (high / 0.4) ** 2)
        if low:
            built.line([(u * half, low + 0.012 * (1 - u * u)) for u in (-0.99, -0.5, 0, 0.5, 0.99)], 0.014, seam)
        for k in (-0.66, -0.2, 0.26, 0.72) if i % 2 else (-0.86, -0.44, 0.03, 0.5):
            if i < 3:
                built.line([(k * half, low + 0.01), (k * upper, high + 0.01)], 0.014, seam)
    built.arch(0.1, 0, 0.145, 0.235, deep)
    built.arch(0.115, 0, 0.145, 0.235, shade(color, 1.3))
    built.arch(0.115, 0, 0.092, 0.17, blend(blend((36, 56, 92), deep, 0.2), (255, 196, 92), pen.world.lamps), pen.dark)


def church(pen: Pen, x: float, y: float, s: float) -> None:
    """A nave seen from its side and a tower with a pointed steeple."""
    built, color = Construction(pen, x, y, 0.94 * s, -facing(pen)), pen.tint(pen.natural(("white", "yellow", "orange")))
    color = color if pen.tinted else blend(color, CREAM, 0.45)
    tiles, spire = apart(color, (186, 84, 62), (96, 106, 130)), apart(color, (82, 96, 128), (190, 196, 206))
    frame = shade(color, 0.62)
    pen.shadow(x, y, 0.3 * s)
    built.box(-0.1, 0, 0.29, 0.2, shade(color, 0.93))
    built.polygon([(-0.1, 0.195), (0.31, 0.195), (0.265, 0.345), (-0.1, 0.345)], built.snowy(tiles, 0.65))
    built.box(-0.1, 0.185, 0.31, 0.205, built.snowy(shade(tiles, 0.7), 0.3))
    for u in (0.055, 0.145, 0.235):
        built.arch(u, 0.06, 0.026, 0.1, frame)
        built.arch(u, 0.066, 0.019, 0.086, pen.pane, pen.dark)
    left, middle, right = -0.27, -0.17, -0.07
    built.box(left, 0, right, 0.34, color)
    built.box(middle, 0, right if built.away > 0 else left, 0.34, shade(color, 0.86))
    built.polygon([(left - 0.025, 0.335), (middle, 0.575), (right + 0.025, 0.335)], built.snowy(spire, 0.55))
    built.polygon([(middle, 0.335), (middle, 0.575), (middle + built.away * 0.125, 0.335)], shade(built.snowy(spire, 0.55), 0.78))
    gold: RGB = (244, 196, 78)
    built.line([(middle, 0.56), (middle, 0.64)], 0.02, gold)
    built.line([(middle - 0.03, 0.61), (middle + 0.03, 0.61)], 0.02, gold)
    built.arch(middle, 0, 0.05, 0.14, (96, 58, 44))
    built.ellipse(middle, 0.255, 0.052, 0.052, gold)
    built.ellipse(middle, 0.255, 0.037, 0.037, blend((252, 250, 240), pen.pane, pen.world.lamps), pen.dark)
    built.line([(middle, 0.282), (middle, 0.255), (middle + 0.02, 0.255)], 0.012, (60, 52, 60))


def skyscraper(pen: Pen, x: float, y: float, s: float) -> None:
    """A tower in steps under a needle; in the dark most of its windows are lit."""
    awake = pen.rng.random(30) < 0.72
    built, color = Construction(pen, x, y, s), pen.tint(blend(pen.natural(("blue", "turquoise", "purple", "orange")), (120, 140, 168), 0.35))
    glass = apart(color, (190, 226, 246), (84, 122, 166))
    pen.shadow(x, y, 0.26 * s)
    built.line([(0, 0.56), (0, 0.61)], 0.02, apart(color, (96, 104, 122), (186, 192, 204)))
    for half, low, high in ((0.05, 0.5, 0.57), (0.105, 0.4, 0.52), (0.16, 0.0, 0.42), (0.24, 0.0, 0.12)):
        built.sided([(0, low), (half, low), (half, high), (0, high), (-half, high), (-half, low)], color)
        built.box(-half, high - 0.018, half, high, built.snowy(shade(color, 1.25)))
    lamp = iter(awake)

    def panes(v: float, columns: tuple[float, ...], high: float = 0.045) -> None:
        for u in columns:
            lit = pen.pane if next(lamp) else shade(color, 0.5)
            built.box(u - 0.024, v, u + 0.024, v + high, blend(glass, lit, pen.world.lamps), pen.dark)

    panes(0.435, (-0.05, 0.05))
    for i in range(4):
        panes(0.15 + 0.066 * i, (-0.112, -0.038, 0.038, 0.112))
    panes(0.04, (-0.18, -0.11, 0.11, 0.18))
    built.box(-0.05, 0, 0.05, 0.085, shade(color, 0.45))
    built.box(-0.036, 0, 0.036, 0.072, pen.pane, pen.dark)


def fountain(pen: Pen, x: float, y: float, s: float) -> None:
    """Two bowls; water springs up, falls into the upper one and from its rim into the lower."""
    rise = pen.rng.uniform(0.0, 0.03)
    built, color = Construction(pen, x, y, s), pen.tint(STONE)
    water, foam = jet(pen), (236, 248, 255)
    top = 0.52 + rise
    pen.shadow(x, y, 0.3 * s)
    built.ellipse(0, 0.1, 0.3, 0.06, shade(color, 1.2))
    built.ellipse(0, 0.1, 0.265, 0.045, shade(pen.world.water, 0.95))
    built.sided([(0, 0.09), (0.045, 0.09), (0.03, 0.27), (0, 0.27), (-0.03, 0.27), (-0.045, 0.09)], shade(color, 0.92))
    for side in (-1, 1):
        for reach, width, tone in ((0.215, 0.036, water), (0.15, 0.03, shade(water, 1.3))):
            fall = [(side * (0.13 + (reach - 0.13) * k), 0.31 - 0.21 * k * k + 0.03 * math.sin(math.pi * k)) for k in (0, 0.2, 0.4, 0.6, 0.8, 1)]
            built.line(fall, width, tone)
        built.ellipse(side * 0.2, 0.1, 0.05, 0.018, foam)
    built.sided([(0, 0.24), *turning(0, 0.31, 0.17, 0.075, -math.pi / 2, 0, 8), *turning(0, 0.31, 0.17, 0.075, math.pi, 1.5 * math.pi, 8)], color)
    built.ellipse(0, 0.312, 0.17, 0.028, shade(color, 1.2))
    built.ellipse(0, 0.312, 0.145, 0.019, shade(pen.world.water, 0.95))
    for side in (-1, 1):
        for reach, height, tone in ((0.115, top - 0.31, water), (0.055, top - 0.29, shade(water, 1.3))):
            arc = [
                (side * reach * k, 0.31 + height * (1 - (1.55 * k - 0.55) ** 2) + height * 0.3 * (k == 0))
                for k in (0.0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.0)
            ]
            built.line([(0, 0.31), *arc[1:]], 0.032, tone)
    built.line([(0, 0.31), (0, top)], 0.04, foam)
    for u in (-0.075, 0.075):
        built.ellipse(u, 0.315, 0.045, 0.018, foam)
    lower = turning(0, 0.1, 0.3, 0.06, math.pi, 2 * math.pi) + turning(0, 0.01, 0.26, 0.04, 2 * math.pi, math.pi)
    built.polygon(lower, color)
    built.polygon([(max(0.05, u * built.away) * built.away, v) for u, v in lower], shade(color, 0.84))


def well(pen: Pen, x: float, y: float, s: float) -> None:
    """A ring of stones under a roof on two posts, with a bucket on its rope."""
    built, tiles = Construction(pen, x, y, s, facing(pen)), pen.tint(pen.natural(("orange", "red", "brown")))
    stone, roof = blend(STONE, shade(tiles, 0.94), pen.tinted), built.snowy(tiles)
    pen.shadow(x, y, 0.22 * s)
    built.ellipse(0, 0.17, 0.19, 0.045, shade(stone, 1.22))
    built.ellipse(0, 0.168, 0.15, 0.03, (46, 50, 66))
    for side in (-1, 1):
        built.box(side * 0.165 - 0.02, 0.16, side * 0.165 + 0.02, 0.4, shade(WOOD, 0.72))
    built.line([(0, 0.35), (0, 0.26)], 0.014, (236, 214, 160))
    built.line([(-0.165, 0.35), (0.21, 0.35), (0.21, 0.3), (0.25, 0.3)], 0.026, shade(WOOD, 0.55))
    built.polygon([(-0.055, 0.265), (0.055, 0.265), (0.042, 0.165), (-0.042, 0.165)], WOOD)
    built.box(-0.062, 0.245, 0.062, 0.27, shade(WOOD, 0.6))
    ring = turning(0, 0.17, 0.19, 0.045, math.pi, 2 * math.pi) + turning(0, 0.0, 0.18, 0.035, 2 * math.pi, math.pi)
    built.polygon(ring, stone)
    built.polygon([(max(0.03, u * built.away) * built.away, v) for u, v in ring], shade(stone, 0.84))
    for row, blocks in ((0.045, (-0.11, 0.0, 0.11)), (0.1, (-0.06, 0.055))):
        for u in blocks:
            built.rounded(u - 0.036, row - 0.018, u + 0.036, row + 0.018, 0.012, shade(stone, 0.72))
    built.polygon([(-0.27, 0.36), (-0.16, 0.54), (0.16, 0.54), (0.27, 0.36)], roof)
    built.polygon([(0.27 * built.away, 0.36), (0.16 * built.away, 0.54), (0.02 * built.away, 0.54), (0.06 * built.away, 0.36)], shade(roof, 0.86))
    built.box(-0.28, 0.35, 0.28, 0.378, shade(roof, 0.68))


SUBJECTS: dict[str, Subject] = {
    "windmill": Subject(windmill, ("windmill", "windmill", "mill"), ("windmills", "windmills", "mills")),
    "bridge": Subject(bridge, ("bridge", "bridge", "stone bridge"), ("bridges", "bridges", "stone bridges")),
    "barn": Subject(barn, ("barn", "barn", "farm barn"), ("barns", "barns", "farm barns")),
    "igloo": Subject(igloo, ("igloo", "igloo", "snow house"), ("igloos", "igloos", "snow houses")),
    "church": Subject(church, ("church", "church", "chapel"), ("churches", "churches", "chapels")),
    "skyscraper": Subject(skyscraper, ("skyscraper", "skyscraper", "high-rise"), ("skyscrapers", "skyscrapers", "high-rises")),
    "fountain": Subject(fountain, ("fountain", "fountain", "water fountain"), ("fountains", "fountains", "water fountains")),
    "well": Subject(well, ("well", "well", "wishing well"), ("wells", "wells", "wishing wells")),
}
