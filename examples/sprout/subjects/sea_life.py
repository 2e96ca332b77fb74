"""Animals of the sea, all of them under water."""

from __future__ import annotations

import math

import numpy as np

from pen import RGB, Pen, shade
from subjects.base import Subject
from subjects.figure import Figure, against, facing, on_any, one_of

FOAM: RGB = (196, 232, 250)


def smile(figure: Figure, u: float, v: float, width: float, color: RGB) -> None:
    figure.line([(u + width * math.sin(a), v + width * (0.4 - 0.6 * math.cos(a))) for a in np.linspace(-1.2, 1.2, 9)], 0.02, color)


def whale(pen: Pen, x: float, y: float, s: float) -> None:
    figure = Figure(pen, x, y, s, facing(pen))
    flip = pen.rng.uniform(-0.02, 0.02)
    skin = pen.tint(one_of(pen, ((120, 150, 190), (104, 128, 166))))
    belly = against(skin, (240, 244, 248), (220, 226, 234))
    for side, height in ((-1, 0.52), (1, 0.56)):
        figure.tube(((0.1, 0.38), (0.1, 0.5), (0.1 + side * 0.02, height + 0.04), (0.1 + side * 0.11, height - 0.06)), 0.014, 0.03, FOAM)
    figure.blob([(-0.26, 0.34), (-0.33, 0.38 + flip), (-0.36, 0.5 + flip), (-0.27, 0.46 + flip), (-0.22, 0.42)], shade(skin, 0.72))
    figure.blob([(-0.26, 0.34), (-0.2, 0.42 + flip), (-0.12, 0.5 + flip), (-0.11, 0.42 + flip), (-0.19, 0.34)], shade(skin, 0.86))
    body = [
        (-0.26, 0.37),
        (-0.2, 0.38),
        (-0.14, 0.29),
        (-0.02, 0.36),
        (0.14, 0.39),
        (0.27, 0.33),
        (0.31, 0.2),
        (0.25, 0.08),
        (0.08, 0.03),
        (-0.12, 0.06),
    ]
    figure.solid([*body, (-0.24, 0.19)], skin, 0.012)
    figure.blob([(0.305, 0.19), (0.26, 0.085), (0.09, 0.035), (-0.1, 0.06), (-0.16, 0.1), (-0.02, 0.12), (0.12, 0.17), (0.22, 0.2)], belly)
    figure.blob([(0.03, 0.16), (0.05, 0.1), (-0.03, 0.01), (-0.1, -0.01), (-0.07, 0.1), (-0.02, 0.17)], shade(skin, 0.72))
    figure.eye(0.205, 0.245, 0.032)


def dolphin(pen: Pen, x: float, y: float, s: float) -> None:
    figure = Figure(pen, x, y, s, facing(pen))
    leap = pen.rng.uniform(-0.02, 0.02)
    skin = pen.tint(one_of(pen, ((150, 176, 204), (130, 152, 180))))
    dark, belly = shade(skin, 0.72), against(skin, (244, 246, 250), (212, 218, 226))
    low = 0.05 + leap
    fluke = (
        (-0.235, 0.09),
        (-0.31, 0.095),
        (-0.385, 0.03),
        (-0.3, 0.02),
        (-0.25, -0.015),
        (-0.215, -0.075),
        (-0.125, -0.08),
        (-0.155, -0.01),
        (-0.185, 0.06),
    )
    figure.blob([(u, low + v) for u, v in fluke], dark)
    figure.blob([(-0.07, 0.36), (-0.1, 0.44), (-0.17, 0.52), (-0.03, 0.49), (0.06, 0.4)], dark)
    back = [(-0.25, low), (-0.22, 0.22), (-0.11, 0.37), (0.04, 0.45), (0.16, 0.445), (0.235, 0.39), (0.262, 0.325), (0.325, 0.3), (0.33, 0.262)]
    figure.solid([*back, (0.24, 0.235), (0.12, 0.21), (-0.03, 0.2), (-0.14, 0.14), (-0.2, low + 0.02)], skin, 0.012)
    figure.blob([(0.325, 0.268), (0.23, 0.285), (0.1, 0.29), (-0.04, 0.26), (-0.14, 0.15), (-0.03, 0.2), (0.12, 0.21), (0.24, 0.235)], belly)
    figure.blob([(0.1, 0.29), (0.12, 0.25), (0.08, 0.14), (0.0, 0.08), (0.0, 0.17), (0.03, 0.27)], dark)
    figure.eye(0.175, 0.345, 0.03)
    for u, v, r in ((0.31, 0.44, 0.03), (0.27, 0.52, 0.022)):
        figure.ellipse(u, v, r, r, FOAM)


def octopus(pen: Pen, x: float, y: float, s: float) -> None:
    figure = Figure(pen, x, y, s)
    swirl = pen.rng.uniform(-0.02, 0.02)
    skin = pen.tint(pen.natural(("purple", "orange", "pink")))
    dark = shade(skin, 0.76)
    pen.shadow(x, y, 0.24 * s)
    for reach, tip, color in ((0.25, 0.2, dark), (0.3, 0.12, skin), (0.16, 0.07, dark)):
        for side in (-1, 1):
            u = reach + side * swirl
            figure.tube(((side * 0.08, 0.22), (side * 0.1, -0.06), (side * u * 1.1, -0.02), (side * u, tip)), 0.05, 0.024, color)
    for side in (-1, 1):
        figure.tube(((side * 0.04, 0.2), (side * 0.05, 0.02), (side * 0.04, 0.0), (side * 0.12, 0.03)), 0.048, 0.026, skin)
    figure.solid(
        [(0, 0.53), (0.13, 0.49), (0.19, 0.37), (0.14, 0.24), (0.1, 0.14), (0, 0.11), (-0.1, 0.14), (-0.14, 0.24), (-0.19, 0.37), (-0.13, 0.49)],
        skin,
        0.02,
    )
    for u, v, r in ((-0.1, 0.45, 0.026), (-0.04, 0.485, 0.02), (0.1, 0.46, 0.02)):
        figure.ellipse(u, v, r, r, shade(skin, 1.35))
    for u in (-0.07, 0.07):
        figure.ellipse(u, 0.32, 0.058, 0.062, (255, 255, 255))
        pen.eye(*figure.at(u, 0.315), 0.042 * s)
    smile(figure, 0, 0.21, 0.05, against(skin, shade(skin, 0.4), shade(skin, 1.4)))


def crab(pen: Pen, x: float, y: float, s: float) -> None:
    figure = Figure(pen, x, y, s)
    pinch = pen.rng.uniform(-0.02, 0.02)
    shell = pen.tint((226, 66, 40))
    dark = shade(shell, 0.72)
    pen.shadow(x, y, 0.26 * s)
    for side in (-1, 1):
        for root, knee, foot in ((0.2, 0.3, 0.28), (0.17, 0.25, 0.2), (0.12, 0.17, 0.12)):
            figure.line([(side * root * 0.8, 0.15), (side * knee, 0.12), (side * foot, 0.01)], 0.034, dark)
        figure.line([(side * 0.16, 0.2), (side * 0.27, 0.24), (side * 0.25, 0.34)], 0.05, dark)
        tip = 0.02 * side + side * pinch
        claw = [(side * 0.25, 0.31), (side * 0.335, 0.36), (side * 0.33, 0.46), (side * 0.25 + tip, 0.54), (side * 0.26 + tip, 0.44)]
        figure.solid([*claw, (side * 0.17 + tip, 0.5), (side * 0.165, 0.41), (side * 0.2, 0.34)], shell, 0.01)
        figure.line([(side * 0.07, 0.24), (side * 0.085, 0.37)], 0.034, dark)
    figure.solid(
        [(0, 0.31), (0.15, 0.29), (0.235, 0.22), (0.19, 0.1), (0.08, 0.05), (-0.08, 0.05), (-0.19, 0.1), (-0.235, 0.22), (-0.15, 0.29)], shell, 0.015
    )
    for u, v, r in ((-0.13, 0.245, 0.028), (0.0, 0.265, 0.024), (0.13, 0.245, 0.028)):
        figure.ellipse(u, v, r, r * 0.8, shade(shell, 1.3))
    for side in (-1, 1):
        figure.eye(side * 0.085, 0.41, 0.042)
    smile(figure, 0, 0.13, 0.07, against(shell, shade(shell, 0.42), shade(shell, 1.4)))


def jellyfish(pen: Pen, x: float, y: float, s: float) -> None:
    figure = Figure(pen, x, y, s)
    drift = pen.rng.uniform(-0.03, 0.03)
    bell = pen.tint(pen.natural(("pink", "pink", "orange", "yellow")))
    pale = shade(bell, 1.4)
    for i, u in enumerate((-0.16, -0.08, 0.0, 0.08, 0.16)):
        end = 0.02 if i % 2 else 0.07
        bend = 0.07 if i % 2 else -0.07
        curve = ((u, 0.3), (u + bend, 0.22), (u - bend + drift, 0.14), (u * 1.1 + drift, end))
        figure.tube(curve, 0.024 if i % 2 else 0.028, 0.012, shade(bell, 0.78) if i % 2 else pale)
    dome = [(0.23 * math.cos(a), 0.3 + 0.24 * math.sin(a)) for a in np.linspace(0, math.pi, 40)]
    figure.polygon(dome, shade(bell, 0.82))
    for i in range(5):
        figure.ellipse(-0.184 + 0.092 * i, 0.3, 0.048, 0.042, shade(bell, 0.82 if i % 2 == 0 else 0.72))
    figure.polygon([(u * 0.86 - figure.away * 0.03, 0.3 + (v - 0.3) * 0.94) for u, v in dome], bell)
    figure.blob([(-0.13, 0.4), (-0.06, 0.49), (0.0, 0.5), (-0.05, 0.45), (-0.1, 0.38)], pale)
    for u in (-0.08, 0.08):
        figure.eye(u, 0.36, 0.034)
    smile(figure, 0, 0.325, 0.035, against(bell, shade(bell, 0.4), pale))


def starfish(pen: Pen, x: float, y: float, s: float) -> None:
    figure = Figure(pen, x, y, s)
    lean = pen.rng.uniform(-0.12, 0.12)
    skin = pen.tint(pen.natural(("orange", "orange", "red", "yellow")))
    pen.shadow(x, y, 0.22 * s)
    star = []
    for i in range(5):
        middle = math.pi / 2 + lean + i * math.tau / 5
        for r, a in ((0.145, -0.5), (0.27, -0.14), (0.29, 0.0), (0.27, 0.14)):
            star.append((r * math.cos(middle + a), 0.265 + r * math.sin(middle + a)))
    figure.solid(star, skin, 0.02)
    for i in range(5):
        a = math.pi / 2 + lean + i * math.tau / 5
        for r, size in ((0.225, 0.02), (0.165, 0.026)):
            if i or r > 0.2:
                figure.ellipse(r * math.cos(a), 0.265 + r * math.sin(a), size, size, on_any(skin, shade(skin, 1.45), shade(skin, 0.8)))
    for u in (-0.06, 0.06):
        figure.eye(u, 0.3, 0.036)
    smile(figure, 0, 0.225, 0.055, against(skin, shade(skin, 0.4), shade(skin, 1.4)))


SUBJECTS: dict[str, Subject] = {
    "whale": Subject(whale, ("whale",), ("whales",), home="sea floor"),
    "dolphin": Subject(dolphin, ("dolphin",), ("dolphins",), home="sea floor"),
    "octopus": Subject(octopus, ("octopus",), ("octopuses",), home="sea floor"),
    "crab": Subject(crab, ("crab",), ("crabs",), home="sea floor"),
    "jellyfish": Subject(jellyfish, ("jellyfish",), ("jellyfish",), home="sea floor"),
    "starfish": Subject(starfish, ("starfish", "starfish", "sea star"), ("starfish", "starfish", "sea stars"), home="sea floor"),
}
