"""What stands about in a house and a child's room."""

from __future__ import annotations

import math

import numpy as np

from pen import BROWN, COLORS, INK, RGB, SNOW, Pen, Point, against, apart, blend, shade
from subjects.base import Subject
from subjects.shapes import Frame, arc, box, can, drop, hand, turned

BRASS: RGB = (222, 172, 70)
CREAM: RGB = (252, 244, 226)
RED: RGB = (214, 52, 50)
FIRE: tuple[RGB, RGB, RGB] = ((250, 126, 34), (255, 196, 60), (255, 244, 178))


def slab(pen: Pen, frame: Frame, low: float, high: float, below: float, above: float, color: RGB) -> None:
    """A part with straight sides between two heights, with half widths below and above; its side away from the sun is darker."""
    pen.polygon(frame.all([(-below, low), (below, low), (above, high), (-above, high)]), color)
    side = pen.away * frame.ahead
    pen.polygon(frame.all([(0.35 * side * below, low), (side * below, low), (side * above, high), (0.35 * side * above, high)]), shade(color, 0.8))


def burning(pen: Pen, x: float, y: float, half: float, height: float, colors: tuple[RGB, RGB, RGB] = FIRE) -> None:
    for share, color in zip((1.0, 0.7, 0.4), colors, strict=True):
        pen.polygon(drop(x, y, half * share, height * share), color, True)


def lantern(pen: Pen, x: float, y: float, s: float) -> None:
    lean = pen.rng.uniform(-0.02, 0.02)
    metal = pen.tint(pen.natural(("black", "red", "turquoise", "brown")))
    frame = Frame(x, y, s)
    pen.shadow(x, y, 0.2 * s)
    pen.line(frame.all([(px, -py) for px, py in arc(lean, -0.5, 0.075, 0.07, 0, 2 * math.pi)]), 0.028 * s, shade(metal, 0.8))
    pen.polygon(frame.all([(-0.15, 0.08), (0.15, 0.08), (0.15, 0.35), (-0.15, 0.35)]), blend((255, 226, 150), (255, 214, 110), pen.world.lamps), True)
    pen.ellipse(x, y - 0.18 * s, 0.11 * s, 0.1 * s, (255, 240, 186), True)
    pen.rectangle(x - 0.045 * s, y - 0.13 * s, x + 0.045 * s, y - 0.08 * s, CREAM)
    burning(pen, x, y - 0.125 * s, 0.048 * s, 0.16 * s)
    for side in (-1, 1):
        post = shade(metal, 0.82 if side == pen.away else 1.0)
        pen.rectangle(x + (side * 0.15 - 0.022) * s, y - 0.36 * s, x + (side * 0.15 + 0.022) * s, y - 0.07 * s, post)
    slab(pen, frame, 0.0, 0.05, 0.215, 0.205, metal)
    slab(pen, frame, 0.05, 0.09, 0.19, 0.18, shade(metal, 1.2))
    slab(pen, frame, 0.34, 0.375, 0.215, 0.215, shade(metal, 1.2))
    slab(pen, frame, 0.375, 0.46, 0.185, 0.075, metal)


def clock(pen: Pen, x: float, y: float, s: float) -> None:
    """A wind-up alarm clock with two bells."""
    hour = pen.rng.uniform(0, 12)
    case = pen.tint(pen.natural(("red", "turquoise", "yellow", "blue")))
    cy, steel = y - 0.235 * s, (104, 110, 124)
    pen.shadow(x, y, 0.2 * s)
    for side in (-1, 1):
        pen.line([(x + side * 0.12 * s, cy + 0.13 * s), (x + side * 0.165 * s, y - 0.02 * s)], 0.05 * s, shade(case, 0.7))
        frame = Frame(x, cy, s, angle=-side * 0.62)
        pen.line(frame.all([(0, 0.2), (0, 0.26)]), 0.03 * s, steel)
        pen.polygon(frame.all([(px, 0.235 - py) for px, py in arc(0, 0, 0.105, 0.09, 0, math.pi)]), shade(case, 0.84 if side == pen.away else 1.12))
    pen.line([(x, cy - 0.2 * s), (x, cy - 0.29 * s)], 0.024 * s, steel)
    pen.ellipse(x, cy - 0.3 * s, 0.034 * s, 0.026 * s, steel)
    pen.ellipse(x, cy, 0.22 * s, 0.22 * s, shade(case, 0.8))
    pen.ellipse(x - pen.away * 0.014 * s, cy - 0.006 * s, 0.206 * s, 0.212 * s, case)
    pen.ellipse(x, cy, 0.158 * s, 0.158 * s, shade(case, 0.6))
    pen.ellipse(x, cy + 0.006 * s, 0.148 * s, 0.148 * s, (255, 250, 238))
    for i in range(4):
        turn = math.pi / 2 * i
        pen.ellipse(x + 0.118 * s * math.sin(turn), cy - 0.118 * s * math.cos(turn), 0.014 * s, 0.014 * s, (150, 150, 160))
    for turn, length, width in ((hour / 12, 0.07, 0.034), (hour % 1, 0.115, 0.026)):
        angle = 2 * math.pi * turn
        pen.line([(x, cy), (x + length * s * math.sin(angle), cy - length * s * math.cos(angle))], width * s, INK)
    pen.ellipse(x, cy, 0.024 * s, 0.024 * s, RED)


def candle(pen: Pen, x: float, y: float, s: float) -> None:
    """A stout candle in a dish with a ring to hold it by."""
    way, high = hand(pen), pen.rng.uniform(0.28, 0.32)
    wax = pen.tint(pen.natural(("white", "white", "red", "yellow")))
    dish, top = apart(wax, BRASS, (112, 118, 138)), y - (0.05 + high) * s
    pen.shadow(x, y + 0.01 * s, 0.22 * s)
    pen.line(arc(x + way * 0.225 * s, y - 0.065 * s, 0.06 * s, 0.05 * s, 0, 2 * math.pi), 0.032 * s, shade(dish, 0.85))
    pen.polygon(arc(x, y - 0.055 * s, 0.22 * s, 0.065 * s, math.pi, 2 * math.pi), shade(dish, 0.8))
    pen.ellipse(x, y - 0.055 * s, 0.22 * s, 0.04 * s, dish)
    can(pen, x, y - 0.055 * s, 0.13 * s, 0.028 * s, high * s, wax, shade(wax, 1.3))
    for along, run in ((-0.085, 0.11), (-0.02, 0.06), (0.07, 0.16)):
        pen.line(
            [(x + way * along * s, top + 0.015 * s), (x + way * along * s, top + run * s)],
            0.044 * s,
            blend(wax, apart(wax, SNOW, INK), 0.2),
        )
    pen.ellipse(x, top - 0.004 * s, 0.13 * s, 0.03 * s, shade(wax, 1.3))
    pen.line([(x, top), (x, top - 0.04 * s)], 0.022 * s, INK)
    burning(pen, x, top - 0.025 * s, 0.06 * s, 0.19 * s)


def book(pen: Pen, x: float, y: float, s: float) -> None:
    """It stands open, its pages to the viewer, on the left or right of which there is a picture."""
    way, lines = hand(pen), pen.rng.uniform(0.6, 1.0, 4)
    cover = pen.tint(pen.natural(("red", "blue", "green", "purple")))
    pen.shadow(x, y + 0.005 * s, 0.27 * s)
    mark = apart(cover, RED, (250, 204, 70))

    def sheet(side: float, inner: float, outer: float, low: float, high: float) -> list[Point]:
        """A four-cornered piece of one half, by shares of its width and height; the outer edge is nearer and taller."""

        def at(u: float, v: float) -> Point:
            foot, tall = 0.055 * (1 - u), 0.36 + 0.08 * u
            return x + side * 0.3 * u * s, y - (foot + tall * v) * s

        return [at(inner, low), at(outer, low), at(outer, high), at(inner, high)]

    for side in (-1.0, 1.0):
        lit = 1.0 if side != pen.away else 0.86
        pen.polygon(sheet(side, 0, 1, 0, 1), shade(cover, 0.9 * lit))
        pen.polygon(sheet(side, 0, 0.84, 0.11, 0.91), shade(CREAM, 0.84 * lit))
        pen.polygon(sheet(side, 0, 0.8, 0.14, 0.91), shade(CREAM, lit))
        pen.polygon(sheet(side, 0, 0.13, 0.14, 0.91), shade(CREAM, 0.86 * lit))
        if side == way:
            pen.polygon(sheet(side, 0.2, 0.74, 0.22, 0.84), shade(cover, 1.2))
            hill = sheet(side, 0.2, 0.74, 0.22, 0.5)
            pen.polygon([hill[0], hill[1], hill[2], ((hill[2][0] + hill[3][0]) / 2, hill[3][1] - 0.06 * s)], shade(cover, 0.66))
            continue
        for i, length in enumerate(lines):
            low = 0.72 - 0.15 * i
            pen.polygon(sheet(side, 0.22, 0.22 + 0.5 * length, low, low + 0.065), apart(CREAM, cover, (170, 176, 190)))
    pen.polygon(
        [(x - 0.03 * s, y - 0.06 * s), (x + 0.03 * s, y - 0.06 * s), (x + 0.03 * s, y + 0.03 * s), (x, y), (x - 0.03 * s, y + 0.03 * s)], mark
    )


def chair(pen: Pen, x: float, y: float, s: float) -> None:
    """Seen from the front and a little from above."""
    slats = int(pen.rng.integers(2, 4))
    wood = pen.tint(pen.natural(("brown", "brown", "red", "turquoise", "yellow")))
    pen.shadow(x, y + 0.005 * s, 0.24 * s)
    for side in (-1, 1):
        lit = 1.0 if side != pen.away else 0.8
        pen.rectangle(x + (side * 0.13 - 0.022) * s, y - 0.22 * s, x + (side * 0.13 + 0.022) * s, y - 0.06 * s, shade(wood, 0.6))
        pen.rectangle(x + (side * 0.145 - 0.026) * s, y - 0.57 * s, x + (side * 0.145 + 0.026) * s, y - 0.2 * s, shade(wood, 0.9 * lit))
    pen.rectangle(x - 0.13 * s, y - 0.1 * s, x + 0.13 * s, y - 0.07 * s, shade(wood, 0.52))
    for i in range(slats):
        middle = y - (0.535 - 0.25 * i / slats) * s
        box(pen, x, middle, 0.17 * s if not i else 0.135 * s, 0.062 * s / slats + 0.008 * s, 0.015 * s, shade(wood, 1.12 if not i else 1.0))
    for side in (-1, 1):
        lit = 1.0 if side != pen.away else 0.78
        pen.rectangle(x + (side * 0.185 - 0.028) * s, y - 0.2 * s, x + (side * 0.185 + 0.028) * s, y, shade(wood, lit))
    pen.polygon(
        [(x - 0.16 * s, y - 0.29 * s), (x + 0.16 * s, y - 0.29 * s), (x + 0.235 * s, y - 0.2 * s), (x - 0.235 * s, y - 0.2 * s)], shade(wood, 1.25)
    )
    pen.rectangle(x - 0.235 * s, y - 0.205 * s, x + 0.235 * s, y - 0.15 * s, shade(wood, 0.92))


def bell(pen: Pen, x: float, y: float, s: float) -> None:
    """It swings on a ring, its clapper aside."""
    way = hand(pen)
    swing = pen.rng.uniform(0.1, 0.2) * way
    metal = pen.tint((244, 190, 52))
    frame = Frame(x - 0.045 * way * s, y - 0.01 * s, s, angle=-swing)
    pen.shadow(x, y + 0.005 * s, 0.2 * s)
    pen.line(frame.all([(px, -py) for px, py in arc(0, -0.525, 0.045, 0.045, 0, 2 * math.pi)]), 0.03 * s, shade(metal, 0.7))
    pen.ellipse(*frame.at(-0.05 * way, 0.055), 0.055 * s, 0.055 * s, against(pen, (120, 84, 44)))
    body = ((0, 0.5), (0.06, 0.49), (0.12, 0.43), (0.145, 0.33), (0.16, 0.23), (0.2, 0.15), (0.255, 0.1), (0.26, 0.075), (0, 0.06))
    turned(pen, frame, body, metal, 0.8, 1.4)
    for low, high, tone in ((0.075, 0.125, 1.15), (0.2, 0.235, 0.72)):
        wide = 0.265 if low < 0.1 else 0.182
        edge = [(wide * t, low - 0.02 * (1 - t * t)) for t in np.linspace(-1, 1, 13).tolist()]
        rim = [(0.94 * along, up + high - low) for along, up in edge[::-1]]
        pen.polygon(frame.all(edge + rim), shade(metal, tone))


def drum(pen: Pen, x: float, y: float, s: float) -> None:
    """With cords in a zigzag and two sticks on it."""
    way, turn = hand(pen), pen.rng.uniform(-0.06, 0.06)
    shell = pen.tint(pen.natural(("red", "blue", "red", "green")))
    trim, rx, ry, high = apart(shell, (250, 204, 84), (92, 84, 130)), 0.25 * s, 0.06 * s, 0.27 * s
    pen.shadow(x, y, 0.24 * s)
    foot = y - 0.06 * s
    can(pen, x, foot, rx, ry, high, shell, CREAM)

    def on(t: float, up: float) -> Point:
        return x + rx * t, foot + ry * math.sqrt(1 - t * t) - up * high

    corners = [on(t, up) for t, up in ((-0.98, 0.85), (-0.68, 0.12), (-0.34, 0.85), (0, 0.12), (0.34, 0.85), (0.68, 0.12), (0.98, 0.85))]
    pen.line(corners, 0.022 * s, trim)
    for low, rise in ((0.0, 0.17), (0.83, 0.17)):
        ts = np.linspace(-1, 1, 25).tolist()
        pen.polygon([on(t, low) for t in ts] + [on(t, low + rise) for t in ts[::-1]], trim)
        right = [t for t in ts if t * pen.away > 0.35]
        pen.polygon([on(t, low) for t in right] + [on(t, low + rise) for t in right[::-1]], shade(trim, 0.82))
    pen.ellipse(x, foot - high, rx, ry, shade(trim, 0.86))
    pen.ellipse(x, foot - high + 0.004 * s, 0.9 * rx, 0.84 * ry, CREAM)
    for side, lift in ((way, 0.86), (-way, 0.7)):
        tip = (x - side * 0.05 * s, foot - high - 0.005 * s)
        end = (tip[0] + side * 0.26 * s * math.cos(lift + turn), tip[1] - 0.26 * s * math.sin(lift + turn))
        pen.line([tip, end], 0.03 * s, shade(BROWN, 1.1))
        pen.ellipse(*tip, 0.034 * s, 0.03 * s, (206, 148, 92))


def guitar(pen: Pen, x: float, y: float, s: float) -> None:
    way = hand(pen)
    lean = way * pen.rng.uniform(0.22, 0.36)
    wood = pen.tint((218, 136, 62))
    frame = Frame(x - 0.02 * way * s, y, s, angle=-lean)
    pen.shadow(x, y, 0.18 * s)
    neck: RGB = (96, 58, 40)
    body = ((0, 0.37), (0.07, 0.37), (0.125, 0.33), (0.128, 0.27), (0.1, 0.225), (0.14, 0.18), (0.185, 0.115), (0.17, 0.04), (0.1, 0.0), (0, -0.005))
    low = Frame(frame.x + way * 0.02 * s, frame.y + 0.005 * s, s, angle=-lean)
    turned(pen, low, body, shade(wood, 0.6), 1.0)
    turned(pen, frame, body, wood, 0.86)
    pen.ellipse(*frame.at(0, 0.215), 0.062 * s, 0.062 * s, shade(wood, 1.45))
    pen.ellipse(*frame.at(0, 0.215), 0.048 * s, 0.048 * s, (48, 32, 34))
    pen.polygon(frame.all([(-0.024, 0.26), (0.024, 0.26), (0.02, 0.56), (-0.02, 0.56)]), neck)
    pen.polygon(frame.all([(-0.03, 0.55), (0.03, 0.55), (0.042, 0.66), (-0.042, 0.66)]), shade(neck, 0.7))
    for side in (-1, 1):
        for up in (0.585, 0.635):
            pen.ellipse(*frame.at(side * 0.05, up), 0.017 * s, 0.017 * s, (214, 214, 222))
    pen.polygon(frame.all([(-0.065, 0.075), (0.065, 0.075), (0.065, 0.105), (-0.065, 0.105)]), neck)
    pen.line(frame.all([(0, 0.1), (0, 0.56)]), 0.014 * s, (232, 214, 180))


def ball(pen: Pen, x: float, y: float, s: float) -> None:
    """A beach ball: six lunes that meet at a pole tilted towards the viewer."""
    turn = pen.rng.uniform(0, math.pi / 3)
    first = pen.tint(pen.natural(("red", "blue", "turquoise", "orange")))
    r, cy, other = 0.225 * s, y - 0.22 * s, apart(first, CREAM, (250, 206, 84))
    pen.shadow(x, y, 0.19 * s)
    pole = np.array([-0.45 * pen.away, 0.62, 0.0])
    pole[2] = math.sqrt(1 - pole @ pole)
    east = np.cross(pole, (0, 0, 1))
    east /= np.linalg.norm(east)
    north = np.cross(east, pole)

    def meridian(longitude: float) -> list[np.ndarray]:
        """From the pole to the edge of what is seen."""
        outward = math.cos(longitude) * east + math.sin(longitude) * north
        last = math.atan2(pole[2], -outward[2]) % math.pi
        return [math.cos(a) * pole + math.sin(a) * outward for a in np.linspace(0, last, 14)]

    for i in range(6):
        lune = [meridian(turn + math.pi / 3 * (i + t))[-1] for t in np.linspace(0, 1, 9)]
        shape = [*meridian(turn + math.pi / 3 * i), *lune, *meridian(turn + math.pi / 3 * (i + 1))[::-1]]
        side = float(np.mean([p[0] for p in shape])) * pen.away
        color = first if i % 2 == 0 else other
        pen.polygon([(x + r * float(p[0]), cy - r * float(p[1])) for p in shape], shade(color, 0.82 if side > 0.2 else 1.0))
    pen.ellipse(x + r * float(pole[0]), cy - r * float(pole[1]), 0.035 * s, 0.03 * s, shade(other, 0.9))


def gift(pen: Pen, x: float, y: float, s: float) -> None:
    wide, turn = pen.rng.uniform(0.2, 0.23), pen.rng.uniform(-0.1, 0.1)
    paper = pen.tint(pen.natural(("red", "blue", "purple", "turquoise", "pink")))
    ribbon = apart(paper, (252, 208, 72), (206, 58, 84))
    frame = Frame(x, y, s)
    pen.shadow(x, y, 0.23 * s)
    top = y - 0.36 * s
    slab(pen, frame, 0.0, 0.28, wide, wide, paper)
    pen.rectangle(x - 0.038 * s, y - 0.28 * s, x + 0.038 * s, y, shade(ribbon, 0.92))
    slab(pen, frame, 0.265, 0.365, wide + 0.03, wide + 0.03, shade(paper, 1.18))
    pen.rectangle(x - wide * s, y - 0.265 * s, x + wide * s, y - 0.245 * s, shade(paper, 0.66))
    pen.rectangle(x - 0.038 * s, top - 0.005 * s, x + 0.038 * s, y - 0.265 * s, ribbon)
    for side in (-1, 1):
        bow = Frame(x, top, s, ahead=side, angle=0.5 + side * turn)
        lit = 1.0 if side != pen.away else 0.86
        loop = [(0.0, 0.0), (0.08, 0.075), (0.18, 0.075), (0.205, 0.0), (0.17, -0.06), (0.08, -0.045)]
        pen.blob(bow.all(loop), shade(ribbon, lit))
        pen.blob(bow.all([(0.05, 0.005), (0.1, 0.038), (0.16, 0.035), (0.165, 0.0), (0.14, -0.025), (0.09, -0.02)]), shade(ribbon, 0.68))
    pen.ellipse(x, top - 0.012 * s, 0.042 * s, 0.036 * s, shade(ribbon, 1.2))


def kite(pen: Pen, x: float, y: float, s: float) -> None:
    way = hand(pen)
    lean = pen.rng.uniform(0.3, 0.5)
    cloth = pen.tint(pen.natural(("red", "orange", "yellow", "purple")))
    bows = apart(cloth, COLORS["blue"], (250, 196, 62))
    frame = Frame(x - 0.02 * way * s, y - 0.2 * s, s, way, -lean)
    top, foot, right, left = (0.0, 0.43), (0.0, 0.0), (0.2, 0.26), (-0.2, 0.26)
    tail = [(-0.03 * math.sin(8 * t) - 0.05 * t, -0.2 * t) for t in np.linspace(0, 1, 16).tolist()]
    level = Frame(*frame.at(0, 0), s, way)
    pen.line(level.all(tail), 0.018 * s, shade(bows, 0.7))
    for t in (5, 10, 15):
        along, up = tail[t]
        for side in (-1, 1):
            pen.polygon(
                level.all([(along, up), (along + side * 0.058, up + 0.04), (along + side * 0.058, up - 0.03)]), shade(bows, 1.0 if side > 0 else 1.2)
            )
    middle = (0.0, 0.26)
    for corner, a, b in ((top, left, 0.92), (top, right, 1.22), (foot, left, 1.22), (foot, right, 0.92)):
        tone = b * (0.84 if a[0] * way * pen.away > 0 else 1.0)
        pen.polygon(frame.all([corner, a, middle]), shade(cloth, tone))


def campfire(pen: Pen, x: float, y: float, s: float) -> None:
    """Flames over crossed logs in a ring of stones."""
    sway = pen.rng.uniform(-0.03, 0.03)
    heat = pen.tint((248, 108, 34))
    pen.shadow(x, y + 0.01 * s, 0.26 * s)
    for i, share in enumerate((1.0, 0.68, 0.38)):
        color = heat if not i else blend(shade(heat, 1.15 + 0.3 * i), FIRE[i], 0.75 * (1 - pen.tinted) + 0.1)
        for along, wide, tall in ((-0.115, 0.1, 0.34), (0.12, 0.095, 0.3), (0.0, 0.14, 0.52)):
            bend = sway + along * 0.2
            shape = drop(0, 0, wide * share, tall * share * (1 - 0.1 * i))
            pen.polygon(
                [(x + (along * (0.6 + 0.4 * share) + px - bend * (py / 0.3) * share) * s, y + (py - 0.04) * s) for px, py in shape], color, True
            )
    for side in (-pen.away, pen.away):
        ends = [(x - side * 0.21 * s, y - 0.035 * s), (x + side * 0.2 * s, y - 0.125 * s)]
        pen.line(ends, 0.085 * s, shade(BROWN, 1.05 if side == pen.away else 0.85))
        pen.ellipse(ends[1][0] + side * 0.012 * s, ends[1][1], 0.034 * s, 0.042 * s, (214, 164, 104))
    for i in range(5):
        along = (i - 2) * 0.115
        r = 0.06 + 0.008 * ((i * 2) % 3)
        pen.ellipse(
            x + along * s,
            y - (0.005 - 0.05 * along * along) * s,
            r * s,
            0.62 * r * s,
            shade((150, 148, 156), 0.86 if along * pen.away > 0.1 else 1.0),
        )
        pen.ellipse(x + along * s, y - 0.018 * s, 0.7 * r * s, 0.34 * r * s, blend((178, 176, 184), SNOW, pen.world.snow))


def key(pen: Pen, x: float, y: float, s: float) -> None:
    """An old one with a trefoil handle, upright."""
    way = hand(pen)
    lean = pen.rng.uniform(-0.08, 0.08)
    metal = pen.tint((244, 190, 52))
    frame = Frame(x - 0.03 * way * s, y, s, way, lean)
    away = way * pen.away
    pen.shadow(x, y, 0.13 * s)

    def ring(along: float, up: float, r: float, hole: float, color: RGB) -> None:
        """A ring that lets see through it."""
        for start, tone in ((math.pi / 2, 1.0), (-math.pi / 2, 0.82)):
            tone = tone if away > 0 else 1.82 - tone
            band = arc(along, -up, r, r, start, start + math.pi) + arc(along, -up, hole, hole, start + math.pi, start)
            pen.polygon(frame.all([(px, -py) for px, py in band]), shade(color, tone))

    for low, high, wide in ((0.0, 0.07, 0.17), (0.11, 0.165, 0.13)):
        pen.polygon(frame.all([(0, low), (wide, low), (wide, high), (0, high)]), shade(metal, 0.9))
    pen.polygon(frame.all([(0.0, 0.0), (0.09, 0.0), (0.09, 0.165), (0.0, 0.165)]), shade(metal, 0.9))
    pen.polygon(frame.all([(-0.036, -0.005), (0.036, -0.005), (0.036, 0.33), (-0.036, 0.33)]), metal)
    pen.polygon(frame.all([(0, -0.005), (0.036 * away, -0.005), (0.036 * away, 0.33), (0, 0.33)]), shade(metal, 0.8))
    for along, up in ((-0.105, 0.415), (0.105, 0.415), (0, 0.51)):
        ring(along, up, 0.09, 0.042, metal)
    pen.ellipse(*frame.at(0, 0.425), 0.06 * s, 0.06 * s, metal)
    pen.polygon(frame.all([(-0.065, 0.31), (0.065, 0.31), (0.055, 0.345), (-0.055, 0.345)]), shade(metal, 1.25))


SUBJECTS: dict[str, Subject] = {
    "lantern": Subject(lantern, ("lantern", "lantern", "lamp"), ("lanterns", "lanterns", "lamps")),
    "clock": Subject(clock, ("clock", "clock", "alarm clock"), ("clocks", "clocks", "alarm clocks")),
    "candle": Subject(candle, ("candle",), ("candles",)),
    "book": Subject(book, ("book", "book", "open book"), ("books", "books", "open books")),
    "chair": Subject(chair, ("chair", "chair", "wooden chair"), ("chairs", "chairs", "wooden chairs")),
    "bell": Subject(bell, ("bell",), ("bells",)),
    "drum": Subject(drum, ("drum",), ("drums",)),
    "guitar": Subject(guitar, ("guitar",), ("guitars",)),
    "ball": Subject(ball, ("ball", "ball", "beach ball"), ("balls", "balls", "beach balls")),
    "gift": Subject(gift, ("gift", "gift", "present", "gift box"), ("gifts", "gifts", "presents", "gift boxes")),
    "kite": Subject(kite, ("kite",), ("kites",), home="air"),
    "campfire": Subject(campfire, ("campfire", "campfire", "bonfire", "fire"), ("campfires", "campfires", "bonfires", "fires")),
    "key": Subject(key, ("key",), ("keys",)),
}
