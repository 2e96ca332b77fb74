"""Fruit, vegetables and treats."""

from __future__ import annotations

import math

import numpy as np

from pen import BROWN, COLORS, INK, RGB, SNOW, Pen, Point, apart, blend, shade
from subjects.base import Subject
from subjects.shapes import Frame, arc, can, drop, hand, turned

LEAF: RGB = (84, 158, 66)
CREAM: RGB = (255, 246, 228)
RED: RGB = (220, 46, 56)


def stalk(pen: Pen, frame: Frame, low: float, high: float, aside: float) -> None:
    """A short stem with a leaf."""
    pen.line(frame.all([(0, low), (0.1 * aside, (low + high) / 2), (0.32 * aside, high)]), 0.034 * frame.s, BROWN)
    leaf = frame.at(0.05 * aside, (low + high) / 2 - 0.01)
    pen.leaf(*leaf, 0.21 * frame.s, math.pi / 2 - aside * 9.5, LEAF, 0.5)


def apple(pen: Pen, x: float, y: float, s: float) -> None:
    aside = 0.1 * hand(pen)
    skin = pen.tint(pen.natural(("red", "red", "red", "green")))
    frame = Frame(x, y, s)
    pen.shadow(x, y, 0.2 * s)
    body = ((0, 0.37), (0.05, 0.4), (0.13, 0.425), (0.215, 0.385), (0.255, 0.29), (0.235, 0.16), (0.17, 0.04), (0.1, 0.0), (0.04, 0.005), (0, 0.025))
    turned(pen, frame, body, skin, 0.78, 1.35)
    pen.ellipse(x, y - 0.393 * s, 0.075 * s, 0.02 * s, shade(skin, 0.6))
    stalk(pen, frame, 0.385, 0.51, aside)


def pear(pen: Pen, x: float, y: float, s: float) -> None:
    way = hand(pen)
    lean = way * pen.rng.uniform(0.05, 0.14)
    skin = pen.tint((186, 204, 66))
    frame = Frame(x, y, s, 1.0, lean)
    pen.shadow(x, y, 0.19 * s)
    body = ((0, 0.475), (0.05, 0.465), (0.085, 0.41), (0.105, 0.33), (0.165, 0.25), (0.21, 0.16), (0.195, 0.06), (0.12, 0.0), (0.05, -0.005), (0, 0))
    turned(pen, frame, body, skin, 0.8, 1.4)
    stalk(pen, frame, 0.46, 0.565, -0.1 * way)


def strawberry(pen: Pen, x: float, y: float, s: float) -> None:
    skin = pen.tint(RED)
    turn = pen.rng.uniform(-0.1, 0.1)
    seed = apart(skin, (252, 206, 84), (196, 70, 60))
    frame = Frame(x, y, s, 1.0, turn)
    pen.shadow(x, y, 0.13 * s)
    turned(pen, frame, ((0, 0.4), (0.12, 0.415), (0.22, 0.36), (0.235, 0.27), (0.18, 0.14), (0.08, 0.02), (0, 0.0)), skin, 0.8)
    for along, up in ((-0.155, 0.26), (0.155, 0.26), (-0.075, 0.19), (0.075, 0.19), (0.0, 0.1)):
        pen.ellipse(*frame.at(along, up), 0.016 * s, 0.024 * s, seed)
    top = frame.at(0, 0.4)
    pen.line([top, frame.at(0.02, 0.5)], 0.036 * s, shade(LEAF, 0.8))
    for angle, length in ((0.2, 0.18), (math.pi - 0.2, 0.18), (-0.5, 0.19), (math.pi + 0.5, 0.19), (-math.pi / 2, 0.13)):
        pen.leaf(*top, length * s, angle + turn, shade(LEAF, 0.85 if math.cos(angle) * pen.away > 0.1 else 1.0), 0.55)


def carrot(pen: Pen, x: float, y: float, s: float) -> None:
    way = hand(pen)
    skin = pen.tint(COLORS["orange"])
    frame = Frame(x - 0.15 * way * s, y - 0.01 * s, 1.12 * s, 1.0, -0.5 * way)
    pen.shadow(x - 0.1 * way * s, y, 0.14 * s)
    crown = frame.at(0, 0.38)
    for angle, length, tone in ((0.75, 0.2, 0.8), (-0.75, 0.2, 0.8), (0.4, 0.25, 0.94), (-0.4, 0.25, 0.94), (0.0, 0.26, 1.1)):
        pen.leaf(*crown, length * s, math.pi / 2 + angle - 0.5 * way, shade(LEAF, tone), 0.42)
    turned(pen, frame, ((0, 0.4), (0.09, 0.395), (0.14, 0.34), (0.125, 0.23), (0.07, 0.09), (0.025, 0.01), (0, 0)), skin, 0.8)
    for left, right, up in ((-0.115, -0.045, 0.31), (0.02, 0.095, 0.235), (-0.075, -0.015, 0.165)):
        pen.line(frame.all([(left, up), (right, up - 0.008)]), 0.022 * s, shade(skin, 0.66))


def banana(pen: Pen, x: float, y: float, s: float) -> None:
    """A crescent of three facets, standing on its back."""
    way = hand(pen)
    lean = pen.rng.uniform(0.24, 0.36)
    skin = pen.tint((252, 212, 56))
    frame = Frame(x + 0.075 * way * s, y - 0.005 * s, 0.92 * s, way, lean)
    pen.shadow(x, y, 0.2 * s)
    turns = np.linspace(math.pi * 1.03, math.pi * 1.97, 25)

    def edge(share: float) -> list[Point]:
        """A line from end to end, from the inner edge (0) to the outer one (1)."""
        points = []
        for a in turns:
            swell = 0.028 + 0.155 * math.sin((a - math.pi) * 1.0) ** 0.8
            r = 0.235 + swell * (share - 0.25)
            points.append((1.08 * r * math.cos(a), 0.345 + r * math.sin(a)))
        return points

    for low, high, tone in ((0.0, 0.36, 1.28), (0.3, 0.72, 1.0), (0.68, 1.0, 0.8)):
        pen.polygon(frame.all(edge(low) + edge(high)[::-1]), shade(skin, tone))
    tip, stem = edge(0.5)[0], edge(0.5)[-1]
    pen.line(frame.all([(stem[0], stem[1] - 0.01), (stem[0] - 0.012, stem[1] + 0.09)]), 0.05 * s, shade(skin, 0.8))
    pen.line(frame.all([(stem[0] - 0.012, stem[1] + 0.085), (stem[0] - 0.014, stem[1] + 0.1)]), 0.056 * s, BROWN)
    pen.ellipse(*frame.at(tip[0], tip[1] + 0.005), 0.032 * s, 0.032 * s, BROWN)


def pumpkin(pen: Pen, x: float, y: float, s: float) -> None:
    way, squat = hand(pen), pen.rng.uniform(0.94, 1.04)
    skin, high = pen.tint(COLORS["orange"]), 0.195 * squat * s
    pen.shadow(x, y - 0.005 * s, 0.25 * s)
    for dx, rx, tall, tone in ((0.195, 0.1, 0.86, 0.86), (0.115, 0.12, 0.96, 0.95), (0.0, 0.105, 1.0, 1.06)):
        for side in (-pen.away, pen.away):
            lit = tone if side != pen.away or not dx else tone * 0.84
            pen.ellipse(x + side * dx * s, y - 0.2 * squat * s, rx * s, high * tall, shade(skin, lit))
    pen.ellipse(x, y - 0.2 * squat * s - 0.93 * high, 0.1 * s, 0.022 * s, shade(skin, 0.62))
    foot = y - 0.2 * squat * s - 0.9 * high
    bent = [
        (x - 0.055 * s, foot),
        (x + 0.055 * s, foot),
        (x + (0.03 + 0.06 * way) * s, foot - 0.13 * s),
        (x + (-0.035 + 0.06 * way) * s, foot - 0.14 * s),
    ]
    pen.polygon(bent, (104, 128, 58))
    pen.leaf(x + way * 0.02 * s, foot - 0.01 * s, 0.22 * s, math.pi / 2 + way * 1.15, LEAF, 0.62)


def watermelon(pen: Pen, x: float, y: float, s: float) -> None:
    lean = pen.rng.uniform(0.08, 0.2) * hand(pen)
    flesh = pen.tint((236, 66, 76))
    frame = Frame(x, y, s, 1.0, lean)
    pen.shadow(x, y, 0.18 * s)

    def half(rx: float, ry: float, start: float = math.pi, end: float = 0.0) -> list[Point]:
        return arc(0, 0.4, rx, ry, start, end, 32)

    for rx, ry, color in ((0.31, 0.4, (44, 128, 62)), (0.277, 0.362, (216, 236, 178)), (0.252, 0.332, flesh)):
        pen.polygon(frame.all(half(rx, ry)), color)
    dark = half(0.252, 0.332, math.pi / 2, 0 if pen.away > 0 else math.pi) + half(0.06, 0.332, 0 if pen.away > 0 else math.pi, math.pi / 2)
    pen.polygon(frame.all(dark), shade(flesh, 0.84))
    seed = apart(flesh, (58, 32, 36), (240, 214, 170))
    for along, up in ((-0.155, 0.34), (-0.052, 0.33), (0.052, 0.33), (0.155, 0.34), (-0.1, 0.235), (0.0, 0.225), (0.1, 0.235), (0.0, 0.13)):
        pen.ellipse(*frame.at(along, up), 0.018 * s, 0.027 * s, seed)


def icing(pen: Pen, x: float, y: float, rx: float, ry: float, color: RGB) -> None:
    """What covers the top of a tier and drips down its side."""
    turns = np.linspace(-1, 1, 41)
    hem = [(x + rx * t, y + ry * math.sqrt(1 - t * t) + rx * (0.17 + 0.13 * math.sin(10.4 * t + 0.6))) for t in turns]
    pen.polygon([(x - rx, y), *hem, (x + rx, y)], shade(color, 0.9))
    pen.ellipse(x, y, rx, ry, color)


def cake(pen: Pen, x: float, y: float, s: float) -> None:
    """Two iced tiers on a plate, with candles."""
    count = int(pen.rng.integers(1, 4))
    paste = pen.tint(pen.natural(("pink", "brown", "turquoise", "pink")))
    cream, wax = apart(paste, CREAM, (240, 150, 178)), apart(paste, RED, (92, 142, 230))
    pen.shadow(x, y + 0.01 * s, 0.26 * s)
    pen.ellipse(x, y - 0.012 * s, 0.3 * s, 0.05 * s, (176, 188, 204))
    pen.ellipse(x, y - 0.026 * s, 0.3 * s, 0.046 * s, (232, 238, 246))
    for rx, foot, tall in ((0.245, 0.035, 0.18), (0.155, 0.22, 0.14)):
        can(pen, x, y - foot * s, rx * s, 0.17 * rx * s, tall * s, paste, paste)
        icing(pen, x, y - (foot + tall) * s, rx * s, 0.17 * rx * s, cream)
    for i in range(count):
        cx, foot = x + (i - (count - 1) / 2) * 0.09 * s, y - 0.355 * s
        pen.rectangle(cx - 0.018 * s, foot - 0.1 * s, cx + 0.018 * s, foot, wax)
        pen.polygon(drop(cx, foot - 0.1 * s, 0.026 * s, 0.09 * s), (255, 176, 44), True)
        pen.polygon(drop(cx, foot - 0.1 * s, 0.014 * s, 0.055 * s), (255, 240, 160), True)


def ice_cream(pen: Pen, x: float, y: float, s: float) -> None:
    lean = pen.rng.uniform(-0.06, 0.06)
    scoop = pen.tint(pen.natural(("pink", "pink", "turquoise", "yellow")))
    wafer: RGB = (222, 162, 86)
    frame = Frame(x, y, s, 1.0, lean)
    pen.shadow(x, y, 0.12 * s)
    pen.polygon(frame.all([(0, 0), (0.13, 0.3), (-0.13, 0.3)]), wafer)
    pen.polygon(frame.all([(0, 0), (0.13 * pen.away, 0.3), (0.03 * pen.away, 0.3)]), shade(wafer, 0.84))
    for side in (-1, 1):
        for left, right, high in ((-0.1, 0.025, 0.26), (-0.08, 0.0, 0.15)):
            pen.line(frame.all([(side * left, high - 0.02), (side * right, high - 0.14)]), 0.014 * s, shade(wafer, 0.7))
    for along, run in ((-0.1, 0.07), (-0.035, 0.045), (0.035, 0.085), (0.1, 0.05)):
        pen.line(frame.all([(along, 0.34), (along, 0.34 - run)]), 0.075 * s, shade(scoop, 0.74 if along * pen.away > 0 else 0.9))
    for up, r, tone in ((0.375, 0.15, 0.92), (0.485, 0.112, 1.12)):
        cx, cy = frame.at(0, up)
        pen.ellipse(cx, cy, r * s, 0.9 * r * s, shade(scoop, tone * 0.8))
        pen.ellipse(cx - pen.away * 0.1 * r * s, cy - 0.03 * r * s, 0.9 * r * s, 0.87 * r * s, shade(scoop, tone))
    cherry = apart(scoop, RED, (255, 214, 90))
    pen.ellipse(*frame.at(0, 0.585), 0.042 * s, 0.042 * s, cherry)


def cup(pen: Pen, x: float, y: float, s: float) -> None:
    """A cup of tea on its saucer."""
    way = hand(pen)
    glaze = pen.tint(pen.natural(("white", "red", "blue", "turquoise", "yellow")))
    dots, cx = apart(glaze, CREAM, RED), x - way * 0.035 * s
    pen.shadow(x, y + 0.012 * s, 0.26 * s)
    pen.ellipse(x, y - 0.01 * s, 0.3 * s, 0.052 * s, shade(glaze, 0.66))
    pen.ellipse(x, y - 0.028 * s, 0.3 * s, 0.05 * s, shade(glaze, 0.92))
    pen.ellipse(cx, y - 0.024 * s, 0.14 * s, 0.024 * s, shade(glaze, 0.7))
    ring = [(px, py) for px, py in arc(cx + way * 0.19 * s, y - 0.225 * s, 0.115 * s, 0.09 * s, 0, 2 * math.pi)]
    pen.line(ring, 0.045 * s, shade(glaze, 0.86))
    bowl = ((0.205, 0.345), (0.203, 0.27), (0.185, 0.16), (0.13, 0.075), (0.09, 0.05), (0.085, 0.03), (0, 0.022))
    turned(pen, Frame(cx, y, s), bowl, glaze, 0.82)
    pen.ellipse(cx, y - 0.345 * s, 0.205 * s, 0.05 * s, blend(glaze, apart(glaze, SNOW, INK), 0.2))
    pen.ellipse(cx, y - 0.338 * s, 0.168 * s, 0.034 * s, (146, 82, 42))
    for along in (-0.115, 0.0, 0.115):
        pen.ellipse(cx + along * s, y - (0.195 - 0.2 * along * along) * s, 0.034 * s * (1 - abs(along)), 0.036 * s, dots)
    steam = blend(pen.world.sky_low, SNOW, 0.75)
    for along, low in ((-0.06, 0.4), (0.06, 0.42)):
        wisp = [(cx + (along + 0.02 * math.sin(t * 2 * math.pi)) * s, y - (low + 0.15 * t) * s) for t in np.linspace(0, 1, 12)]
        pen.line(wisp, 0.032 * s, steam)


SUBJECTS: dict[str, Subject] = {
    "apple": Subject(apple, ("apple",), ("apples",)),
    "pear": Subject(pear, ("pear",), ("pears",)),
    "strawberry": Subject(strawberry, ("strawberry",), ("strawberries",)),
    "carrot": Subject(carrot, ("carrot",), ("carrots",)),
    "banana": Subject(banana, ("banana",), ("bananas",)),
    "pumpkin": Subject(pumpkin, ("pumpkin", "pumpkin", "squash"), ("pumpkins", "pumpkins", "squashes")),
    "watermelon": Subject(watermelon, ("watermelon", "watermelon", "slice of watermelon"), ("watermelons", "watermelons", "slices of watermelon")),
    "cake": Subject(cake, ("cake", "cake", "birthday cake"), ("cakes", "cakes", "birthday cakes")),
    "ice cream": Subject(ice_cream, ("ice cream", "ice cream", "ice cream cone"), ("ice creams", "ice creams", "ice cream cones")),
    "cup": Subject(cup, ("cup", "cup", "teacup", "cup of tea"), ("cups", "cups", "teacups", "cups of tea")),
}
