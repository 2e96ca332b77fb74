"""Things that people make."""

from __future__ import annotations

import math
from itertools import pairwise

from pen import BROWN, COLORS, INK, RGB, SNOW, Pen, Point, against, shade
from subjects.base import Subject
from subjects.shapes import box

METAL: RGB = (112, 118, 130)


def ball(pen: Pen, x: float, y: float, r: float, color: RGB) -> None:
    """A round body, its lit side towards the sun."""
    pen.ellipse(x, y, r, r, shade(color, 0.84))
    pen.ellipse(x - pen.away * 0.09 * r, y - 0.05 * r, 0.91 * r, 0.94 * r, color)


def snowman(pen: Pen, x: float, y: float, s: float) -> None:
    hand = 1.0 if pen.rng.random() < 0.5 else -1.0
    wave, wool = pen.rng.uniform(0.0, 0.06), pen.natural(("red", "green", "blue", "purple"))
    body, scarf = pen.tint(SNOW), against(pen, wool)
    pen.shadow(x, y - 0.005 * s, 0.2 * s)
    for side, lift in ((hand, 0.12 + wave), (-hand, 0.02)):
        elbow, tip = (x + side * 0.2 * s, y - (0.21 + lift * 0.3) * s), (x + side * 0.28 * s, y - (0.24 + lift) * s)
        pen.line([(x + side * 0.1 * s, y - 0.2 * s), elbow, tip], 0.024 * s, BROWN)
        pen.line([elbow, (x + side * 0.29 * s, elbow[1] - 0.015 * s)], 0.02 * s, BROWN)
    ball(pen, x, y - 0.155 * s, 0.168 * s, body)
    for dy in (0.085, 0.165):
        dot(pen, x, y - dy * s, 0.021 * s, body)
    ball(pen, x, y - 0.38 * s, 0.118 * s, body)
    tail = x + hand * 0.085 * s
    pen.polygon([(tail - 0.032 * s, y - 0.29 * s), (tail + 0.032 * s, y - 0.29 * s), (tail + hand * 0.02 * s + 0.036 * s, y - 0.15 * s),
                 (tail + hand * 0.02 * s - 0.036 * s, y - 0.15 * s)], shade(scarf, 0.8))  # fmt: skip
    box(pen, x, y - 0.287 * s, 0.115 * s, 0.028 * s, 0.027 * s, scarf)
    for side in (-1, 1):
        dot(pen, x + side * 0.047 * s, y - 0.405 * s, 0.024 * s, body)
    nose = y - 0.365 * s
    pen.polygon(
        [(x - hand * 0.01 * s, nose - 0.03 * s), (x + hand * 0.15 * s, nose + 0.018 * s), (x - hand * 0.01 * s, nose + 0.028 * s)], (246, 130, 32)
    )
    pen.polygon(
        [(x - hand * 0.01 * s, nose + 0.004 * s), (x + hand * 0.15 * s, nose + 0.018 * s), (x - hand * 0.01 * s, nose + 0.03 * s)], (206, 92, 22)
    )
    hat(pen, x, y - 0.465 * s, s, scarf)


def dot(pen: Pen, x: float, y: float, r: float, body: RGB) -> None:
    """A lump of coal, with a rim that shows on dark bodies."""
    pen.ellipse(x, y, 1.45 * r, 1.45 * r, shade(body, 1.4))
    pen.ellipse(x, y, r, r, INK)


def hat(pen: Pen, x: float, y: float, s: float, ribbon: RGB) -> None:
    felt: RGB = (58, 54, 66)
    box(pen, x, y - 0.05 * s, 0.078 * s, 0.058 * s, 0.014 * s, felt)
    pen.rectangle(x - 0.078 * s, y - 0.04 * s, x + 0.078 * s, y - 0.005 * s, ribbon)
    box(pen, x, y + 0.006 * s, 0.12 * s, 0.017 * s, 0.016 * s, felt)
    pen.rectangle(x + pen.away * 0.045 * s, y - 0.1 * s, x + pen.away * 0.078 * s, y - 0.04 * s, shade(felt, 0.75))


def umbrella(pen: Pen, x: float, y: float, s: float) -> None:
    hand = 1.0 if pen.rng.random() < 0.5 else -1.0
    cloth = pen.tint(pen.natural(("red", "yellow", "blue", "purple", "pink")))
    low, rx, ry = y - 0.29 * s, 0.3 * s, 0.25 * s
    pen.shadow(x, y, 0.15 * s)
    pen.line([(x, low - ry - 0.035 * s), (x, low)], 0.024 * s, METAL)
    pen.ellipse(x, low - 0.005 * s, rx * 0.985, 0.06 * s, shade(cloth, 0.5))
    pen.line([(x, low - 0.05 * s), (x, y - 0.1 * s)], 0.026 * s, shade(METAL, 1.3))
    hook = [(x + hand * 0.055 * s * (1 - math.cos(a)), y - 0.07 * s + 0.055 * s * math.sin(a)) for a in [math.pi * i / 12 for i in range(13)]]
    pen.line([(x, y - 0.14 * s), *hook, (hook[-1][0], y - 0.085 * s)], 0.038 * s, (132, 82, 46))
    ribs = (-1.0, -0.64, -0.22, 0.22, 0.64, 1.0)
    for i, (left, right) in enumerate(pairwise(ribs)):
        tone = shade(cloth, 1.42 if i % 2 else 0.97)
        pen.polygon(panel(x, low, rx, ry, left, right), shade(tone, 0.84) if (i - 2) * pen.away > 0 else tone)


def panel(x: float, y: float, rx: float, ry: float, left: float, right: float) -> list[Point]:
    """The cloth between two ribs of an umbrella, bowed up at its lower edge."""
    turns = [math.pi / 2 * i / 14 for i in range(15)]
    up = [(x + left * rx * math.cos(a), y - ry * math.sin(a)) for a in turns]
    down = [(x + right * rx * math.cos(a), y - ry * math.sin(a)) for a in turns[::-1]]
    bow = [(x + rx * (right + (left - right) * i / 10), y - 0.13 * ry * math.sin(math.pi * i / 10)) for i in range(11)]
    return up + down + bow


def robot(pen: Pen, x: float, y: float, s: float) -> None:
    hand = 1.0 if pen.rng.random() < 0.5 else -1.0
    wave = pen.rng.uniform(0.0, 0.05)
    lamp = pen.natural(("red", "yellow", "green"))
    shell = pen.tint(pen.natural(("turquoise", "grey", "orange", "blue")))
    joint = against(pen, METAL) if pen.tinted else METAL
    pen.shadow(x, y, 0.2 * s)
    for side in (-1, 1):
        pen.rectangle(x + (side * 0.075 - 0.028) * s, y - 0.12 * s, x + (side * 0.075 + 0.028) * s, y - 0.03 * s, METAL)
        box(pen, x + side * 0.082 * s, y - 0.022 * s, 0.062 * s, 0.03 * s, 0.02 * s, shade(shell, 0.72))
    arm(pen, x + hand * 0.155 * s, y - 0.25 * s, (hand * 0.09 * s, -(0.1 + wave) * s), s, shell)
    arm(pen, x - hand * 0.155 * s, y - 0.25 * s, (-hand * 0.07 * s, 0.12 * s), s, shell)
    pen.rectangle(x - 0.045 * s, y - 0.34 * s, x + 0.045 * s, y - 0.28 * s, joint)
    shell_box(pen, x, y - 0.2 * s, 0.155 * s, 0.105 * s, s, shell)
    box(pen, x, y - 0.2 * s, 0.09 * s, 0.058 * s, 0.02 * s, shade(shell, 1.5))
    for i, name in enumerate(("red", "yellow", "green")):
        pen.ellipse(x + (i - 1) * 0.052 * s, y - 0.2 * s, 0.021 * s, 0.021 * s, COLORS[name], pen.dark)
    head(pen, x, y - 0.41 * s, s, shell, lamp)


def shell_box(pen: Pen, x: float, y: float, rx: float, ry: float, s: float, color: RGB) -> None:
    """A rounded box whose edge away from the sun is dark."""
    box(pen, x, y, rx, ry, 0.035 * s, shade(color, 0.78))
    box(pen, x - pen.away * 0.016 * s, y, rx - 0.016 * s, ry, 0.035 * s, color)


def head(pen: Pen, x: float, y: float, s: float, shell: RGB, lamp: RGB) -> None:
    pen.line([(x, y - 0.08 * s), (x, y - 0.145 * s)], 0.022 * s, METAL)
    pen.ellipse(x, y - 0.15 * s, 0.03 * s, 0.03 * s, lamp, True)
    for side in (-1, 1):
        box(pen, x + side * 0.15 * s, y, 0.024 * s, 0.042 * s, 0.012 * s, METAL)
    shell_box(pen, x, y, 0.145 * s, 0.098 * s, s, shell)
    box(pen, x, y + 0.002 * s, 0.112 * s, 0.068 * s, 0.03 * s, (34, 40, 58))
    for side in (-1, 1):
        pen.ellipse(x + side * 0.05 * s, y - 0.013 * s, 0.033 * s, 0.033 * s, (110, 236, 255), True)
        pen.ellipse(x + side * 0.05 * s, y - 0.013 * s, 0.016 * s, 0.016 * s, (240, 255, 255), True)
    smile = [(x + 0.036 * s * math.cos(a), y + 0.026 * s + 0.02 * s * math.sin(a)) for a in (0.0, 0.5, 1.0, 1.57, 2.14, 2.64, 3.14)]
    pen.line(smile, 0.015 * s, (110, 236, 255), True)


def arm(pen: Pen, x: float, y: float, reach: Point, s: float, shell: RGB) -> None:
    end = (x + reach[0], y + reach[1])
    pen.line([(x, y), (x + reach[0] * 0.75, y + reach[1] * 0.15), end], 0.042 * s, METAL)
    pen.ellipse(*end, 0.042 * s, 0.042 * s, shade(shell, 0.84))
    pen.ellipse(x, y, 0.038 * s, 0.038 * s, shade(shell, 0.7))


SUBJECTS: dict[str, Subject] = {
    "snowman": Subject(snowman, ("snowman", "snowman", "man of snow"), ("snowmen", "snowmen", "men of snow"), core=True),
    "umbrella": Subject(
        umbrella, ("umbrella", "umbrella", "parasol", "open umbrella"), ("umbrellas", "umbrellas", "parasols", "open umbrellas"), core=True
    ),
    "robot": Subject(robot, ("robot", "robot", "android"), ("robots", "robots", "androids"), core=True),
}
