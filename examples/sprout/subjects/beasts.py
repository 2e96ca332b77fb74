"""Animals that go on the ground, most of them on four feet."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pen import INK, RGB, Pen, shade
from subjects.base import Subject
from subjects.figure import CREAM, CRIMSON, Figure, against, facing, one_of

ROSE: RGB = (240, 150, 160)
TAN: RGB = (206, 148, 88)


def legs(figure: Figure, feet: Sequence[float], height: float, width: float, color: RGB) -> None:
    """Straight ones that end flat on the ground."""
    for u in feet:
        half = width / 2
        figure.polygon([(u - half, height), (u + half, height), (u + half, 0.0), (u - half, 0.0)], color)
        figure.ellipse(u + 0.1 * width, 0.012, half * 1.2, 0.026, color)


def dog(pen: Pen, x: float, y: float, s: float) -> None:
    figure = Figure(pen, x, y, s, facing(pen))
    wag = pen.rng.uniform(-0.04, 0.04)
    coat = pen.tint(one_of(pen, (TAN, TAN, (150, 96, 54), (240, 232, 220))))
    dark, pale = shade(coat, 0.66), shade(coat, 1.55)
    pen.shadow(x, y, 0.25 * s)
    legs(figure, (-0.1, 0.12), 0.2, 0.066, dark)
    figure.tube(((-0.18, 0.25), (-0.27, 0.27), (-0.28 + wag, 0.34), (-0.25 + wag, 0.43)), 0.034, 0.024, dark)
    figure.solid(
        [(-0.23, 0.24), (-0.17, 0.3), (0.0, 0.29), (0.13, 0.31), (0.18, 0.22), (0.12, 0.12), (-0.02, 0.13), (-0.16, 0.11), (-0.23, 0.16)], coat, 0.02
    )
    legs(figure, (-0.165, 0.07), 0.2, 0.07, coat)
    figure.blob([(0.0, 0.29), (0.05, 0.42), (0.2, 0.42), (0.2, 0.28), (0.1, 0.2)], coat)
    figure.line([(0.035, 0.3), (0.185, 0.265)], 0.04, CRIMSON)
    figure.ellipse(0.16, 0.235, 0.03, 0.032, (252, 206, 60))
    figure.ball(0.13, 0.41, 0.125, 0.115, coat)
    figure.ball(0.235, 0.37, 0.085, 0.062, pale)
    figure.ellipse(0.3, 0.395, 0.036, 0.03, INK)
    figure.blob([(0.09, 0.5), (0.0, 0.49), (-0.055, 0.38), (-0.035, 0.26), (0.03, 0.27), (0.075, 0.38)], dark)
    figure.eye(0.165, 0.435, 0.032)


def rabbit(pen: Pen, x: float, y: float, s: float) -> None:
    figure = Figure(pen, x, y, s, facing(pen))
    lean = pen.rng.uniform(-0.02, 0.02)
    coat = pen.tint(one_of(pen, ((176, 140, 108), (176, 140, 108), (238, 232, 226), (160, 156, 154))))
    dark, pale = shade(coat, 0.74), shade(coat, 1.5)
    pen.shadow(x, y, 0.23 * s)
    figure.ball(-0.22, 0.11, 0.065, 0.065, against(coat, (255, 252, 248), (255, 252, 248)))
    for u, tilt, color in ((0.055, -0.07, dark), (0.115, 0.0, coat)):
        top = u + tilt + lean
        figure.blob([(u - 0.035, 0.37), (top - 0.052, 0.5), (top - 0.005, 0.6), (top + 0.045, 0.5), (u + 0.04, 0.37)], color)
    figure.blob([(0.1, 0.39), (0.09 + lean, 0.49), (0.112 + lean, 0.555), (0.137 + lean, 0.49), (0.13, 0.39)], ROSE)
    figure.solid([(-0.22, 0.12), (-0.17, 0.25), (-0.04, 0.29), (0.08, 0.27), (0.16, 0.19), (0.15, 0.06), (0.05, 0.005), (-0.14, 0.005)], coat, 0.02)
    figure.blob([(0.1, 0.25), (0.19, 0.21), (0.18, 0.1), (0.11, 0.07)], pale)
    figure.ball(0.13, 0.315, 0.135, 0.108, coat)
    figure.ellipse(0.205, 0.28, 0.07, 0.055, pale)
    figure.ellipse(0.258, 0.305, 0.026, 0.022, (228, 100, 120))
    figure.eye(0.15, 0.34, 0.036)
    figure.ball(-0.1, 0.12, 0.105, 0.115, shade(coat, 0.9))
    figure.ellipse(-0.07, 0.026, 0.105, 0.034, shade(coat, 0.9))
    figure.ellipse(0.135, 0.026, 0.06, 0.03, coat)


def fox(pen: Pen, x: float, y: float, s: float) -> None:
    figure = Figure(pen, x, y, s, facing(pen))
    sway = pen.rng.uniform(-0.02, 0.02)
    coat = pen.tint((232, 112, 36))
    dark, white = shade(coat, 0.72), against(coat, (255, 248, 238), (214, 210, 212))
    sock = against(coat, (70, 44, 40), (150, 146, 150))
    pen.shadow(x, y, 0.24 * s)
    tail = [(-0.02, 0.03), (-0.18, 0.0), (-0.3, 0.12), (-0.3 + sway, 0.3), (-0.2 + sway, 0.47), (-0.145 + sway, 0.34), (-0.16, 0.22), (-0.08, 0.14)]
    figure.solid(tail, dark, 0.02)
    figure.blob(
        [(-0.305 + sway, 0.28), (-0.275 + sway, 0.38), (-0.2 + sway, 0.47), (-0.15 + sway, 0.38), (-0.155 + sway, 0.3), (-0.2, 0.33), (-0.24, 0.29)],
        white,
    )
    legs(figure, (0.13,), 0.2, 0.05, shade(sock, 0.8))
    figure.solid(
        [(-0.15, 0.1), (-0.11, 0.23), (-0.02, 0.37), (0.08, 0.41), (0.15, 0.35), (0.15, 0.2), (0.11, 0.04), (0.0, 0.0), (-0.11, 0.01)], coat, 0.02
    )
    figure.blob([(0.08, 0.37), (0.17, 0.35), (0.175, 0.24), (0.13, 0.14), (0.09, 0.24)], white)
    legs(figure, (0.085,), 0.13, 0.055, sock)
    figure.ellipse(0.085, 0.13, 0.0275, 0.03, sock)
    figure.ellipse(-0.03, 0.026, 0.09, 0.03, dark)
    for u, color in ((0.1, dark), (0.0, coat)):
        figure.polygon([(u - 0.045, 0.42), (u - 0.02, 0.6), (u + 0.1, 0.47)], color)
        figure.polygon([(u - 0.03, 0.53), (u - 0.02, 0.6), (u + 0.027, 0.551)], sock)
    figure.solid([(-0.045, 0.4), (0.0, 0.485), (0.1, 0.5), (0.18, 0.45), (0.3, 0.375), (0.29, 0.345), (0.17, 0.32), (0.05, 0.325)], coat, 0.015)
    figure.blob([(0.3, 0.36), (0.2, 0.385), (0.12, 0.36), (-0.01, 0.36), (0.03, 0.31), (0.16, 0.3), (0.29, 0.34)], white)
    figure.ellipse(0.3, 0.368, 0.03, 0.026, INK)
    figure.eye(0.135, 0.42, 0.03)


def bear(pen: Pen, x: float, y: float, s: float) -> None:
    """It sits and looks at you."""
    figure = Figure(pen, x, y, s)
    tilt = pen.rng.uniform(-0.012, 0.012)
    coat = pen.tint(one_of(pen, ((140, 88, 50), (140, 88, 50), (242, 238, 230))))
    dark, pale = shade(coat, 0.74), shade(coat, 1.45)
    pen.shadow(x, y, 0.26 * s)
    for side in (-1, 1):
        figure.tube(((side * 0.14, 0.27), (side * 0.24, 0.24), (side * 0.24, 0.16), (side * 0.2, 0.1)), 0.06, 0.055, dark)
    figure.ball(0, 0.16, 0.19, 0.165, coat)
    figure.ellipse(0, 0.16, 0.115, 0.115, pale)
    for side in (-1, 1):
        figure.ball(side * 0.155, 0.065, 0.085, 0.075, coat)
        figure.ellipse(side * 0.162, 0.06, 0.045, 0.04, pale)
        figure.ball(side * 0.135 + tilt, 0.485, 0.066, 0.066, coat)
        figure.ellipse(side * 0.135 + tilt, 0.485, 0.036, 0.036, dark)
    figure.ball(tilt, 0.39, 0.185, 0.145, coat)
    figure.ellipse(tilt, 0.345, 0.095, 0.075, pale)
    figure.ellipse(tilt, 0.375, 0.045, 0.033, INK)
    figure.line([(tilt, 0.36), (tilt, 0.31)], 0.018, INK)
    for u in (-0.085, 0.085):
        figure.eye(u + tilt, 0.425, 0.03)


def sheep(pen: Pen, x: float, y: float, s: float) -> None:
    figure = Figure(pen, x, y, s, facing(pen))
    nod = pen.rng.uniform(-0.02, 0.02)
    wool = pen.tint((248, 242, 230))
    face = against(wool, (72, 60, 66), (196, 180, 168))
    pen.shadow(x, y, 0.25 * s)
    legs(figure, (-0.1, 0.08), 0.15, 0.05, shade(face, 0.75))
    legs(figure, (-0.16, 0.02), 0.15, 0.055, face)
    for shift, color in ((0.0, shade(wool, 0.8)), (0.022, wool)):
        figure.ellipse(-0.06, 0.26 + shift, 0.2, 0.13, color)
        for angle in np.arange(0, 2 * math.pi, math.pi / 5):
            figure.ellipse(-0.06 + 0.175 * math.cos(angle), 0.26 + shift + 0.115 * math.sin(angle), 0.07 - shift * 0.4, 0.07 - shift * 0.4, color)
    figure.ball(0.185, 0.31 + nod, 0.085, 0.115, face)
    figure.leaf(0.12, 0.37 + nod, 0.14, math.pi * 1.1, shade(face, 0.85), 0.6)
    for u, v, r in ((0.12, 0.41, 0.055), (0.19, 0.43, 0.055), (0.155, 0.45, 0.05)):
        figure.ellipse(u, v + nod, r, r, shade(wool, 0.94))
    figure.eye(0.205, 0.345 + nod, 0.032)
    figure.ellipse(0.23, 0.25 + nod, 0.025, 0.018, ROSE)


def elephant(pen: Pen, x: float, y: float, s: float) -> None:
    side = facing(pen)
    figure = Figure(pen, x - 0.03 * side * s, y, s, side)
    swing = pen.rng.uniform(-0.02, 0.02)
    skin = pen.tint((140, 156, 176))
    dark = shade(skin, 0.74)
    pen.shadow(x, y, 0.27 * s)
    legs(figure, (-0.1, 0.1), 0.2, 0.095, dark)
    figure.tube(((-0.25, 0.32), (-0.3, 0.28), (-0.28, 0.2), (-0.3, 0.15)), 0.018, 0.018, dark)
    figure.solid([(-0.27, 0.25), (-0.24, 0.39), (-0.1, 0.45), (0.06, 0.43), (0.14, 0.3), (0.1, 0.15), (-0.06, 0.13), (-0.23, 0.12)], skin, 0.02)
    legs(figure, (-0.195, 0.03), 0.2, 0.1, skin)
    for u in (-0.215, -0.175, 0.01, 0.05):
        figure.ellipse(u, 0.014, 0.022, 0.018, CREAM)
    figure.tube(((0.2, 0.36), (0.22, 0.03), (0.37, 0.04), (0.335 + swing, 0.27)), 0.058, 0.028, skin)
    figure.ball(0.15, 0.38, 0.13, 0.125, skin)
    figure.tube(((0.15, 0.28), (0.155, 0.22), (0.18, 0.19), (0.22, 0.18)), 0.026, 0.012, CREAM)
    figure.solid([(0.09, 0.49), (-0.03, 0.53), (-0.13, 0.44), (-0.12, 0.3), (-0.03, 0.2), (0.06, 0.25), (0.1, 0.36)], shade(skin, 0.86), 0.03)
    figure.eye(0.185, 0.415, 0.032)


def turtle(pen: Pen, x: float, y: float, s: float) -> None:
    figure = Figure(pen, x, y, s, facing(pen))
    reach = pen.rng.uniform(-0.02, 0.02)
    shell = pen.tint(one_of(pen, ((62, 128, 84), (150, 100, 56))))
    skin: RGB = (174, 208, 88)
    pen.shadow(x, y, 0.27 * s)
    figure.polygon([(-0.2, 0.12), (-0.33, 0.05), (-0.18, 0.06)], shade(skin, 0.8))
    legs(figure, (-0.09, 0.15), 0.12, 0.075, shade(skin, 0.74))
    figure.tube(((0.13, 0.13), (0.21, 0.11), (0.2, 0.2), (0.225 + reach, 0.27)), 0.055, 0.055, skin)
    figure.ball(0.235 + reach, 0.3, 0.092, 0.08, skin)
    figure.eye(0.255 + reach, 0.325, 0.033)
    figure.line([(0.315 + reach, 0.28), (0.285 + reach, 0.262), (0.255 + reach, 0.27)], 0.018, shade(skin, 0.55))
    legs(figure, (-0.16, 0.08), 0.12, 0.085, skin)
    dome = [(u, 0.13 + 0.29 * math.sqrt(max(0.0, 1 - ((u + 0.05) / 0.22) ** 2))) for u in np.linspace(-0.27, 0.17, 40)]
    for tone, depth in ((0.8, 1.0), (1.0, 0.94)):
        figure.polygon([((u + 0.05) * depth - 0.05 - figure.away * 0.22 * (1 - depth), v) for u, v in dome], shade(shell, tone))
    plate = against(shell, shade(shell, 0.66), shade(shell, 1.3))
    for u, v, r in ((-0.05, 0.31, 0.07), (-0.18, 0.22, 0.052), (0.08, 0.22, 0.052)):
        figure.polygon([(u + r * math.cos(a), v + r * math.sin(a)) for a in np.arange(0, 2 * math.pi, math.pi / 3)], plate)
    figure.line([(-0.26, 0.125), (0.16, 0.125)], 0.05, shade(shell, 0.66))


def snail(pen: Pen, x: float, y: float, s: float) -> None:
    figure = Figure(pen, x, y, s, facing(pen))
    stretch = pen.rng.uniform(-0.02, 0.02)
    shell = pen.tint(pen.natural(("orange", "brown", "pink", "orange")))
    body: RGB = (244, 208, 150)
    pen.shadow(x, y, 0.28 * s)
    for u, v in ((0.29, 0.43), (0.2, 0.46)):
        figure.line([(0.22, 0.25), (u, v + stretch)], 0.03, shade(body, 0.86))
    figure.solid(
        [(-0.33, 0.012), (-0.2, 0.07), (0.0, 0.1), (0.1, 0.14), (0.13, 0.24), (0.2, 0.31), (0.28, 0.28), (0.29, 0.18), (0.25, 0.05), (0.18, 0.0)],
        body,
        0.02,
    )
    figure.ball(-0.06, 0.27, 0.205, 0.2, shell)
    turns = np.linspace(0.5, 13.6, 90)
    spiral = [(-0.06 + 0.0135 * a * math.cos(a + 1.2), 0.27 + 0.0132 * a * math.sin(a + 1.2)) for a in turns]
    figure.line(spiral, 0.03, against(shell, shade(shell, 0.62), shade(shell, 1.35)))
    for u, v in ((0.2, 0.46), (0.29, 0.43)):
        figure.eye(u, v + stretch, 0.034)
    figure.line([(0.275, 0.17), (0.245, 0.155), (0.22, 0.165)], 0.018, shade(body, 0.5))


def frog(pen: Pen, x: float, y: float, s: float) -> None:
    """It sits and looks at you: the widest mouth of all."""
    figure = Figure(pen, x, y, s)
    squint = pen.rng.uniform(-0.01, 0.01)
    skin = pen.tint((110, 190, 62))
    dark, pale = shade(skin, 0.72), shade(skin, 1.6)
    pen.shadow(x, y, 0.27 * s)
    for side in (-1, 1):
        figure.blob([(side * 0.1, 0.02), (side * 0.29, 0.0), (side * 0.285, 0.13), (side * 0.22, 0.22), (side * 0.12, 0.18)], dark)
        figure.ellipse(side * 0.23, 0.022, 0.095, 0.028, shade(skin, 0.85))
    figure.ball(0, 0.155, 0.18, 0.15, skin)
    figure.ellipse(0, 0.13, 0.115, 0.115, pale)
    for side in (-1, 1):
        figure.line([(side * 0.125, 0.17), (side * 0.095, 0.03)], 0.062, skin if side != figure.away else shade(skin, 0.84))
        figure.ellipse(side * 0.1, 0.024, 0.07, 0.03, skin)
        figure.ball(side * 0.135, 0.43, 0.095, 0.095, skin)
    figure.ball(0, 0.325, 0.25, 0.13, skin)
    for side in (-1, 1):
        figure.ellipse(side * 0.135, 0.44, 0.072, 0.072, (255, 255, 255))
        pen.eye(*figure.at(side * 0.13, 0.435 + squint), 0.046 * s)
        figure.ellipse(side * 0.035, 0.345, 0.013, 0.013, dark)
    figure.line(
        [(0.19 * math.sin(a), 0.345 - 0.075 * math.cos(a)) for a in np.linspace(-1.35, 1.35, 16)],
        0.024,
        against(skin, shade(skin, 0.45), shade(skin, 1.4)),
    )


def mouse(pen: Pen, x: float, y: float, s: float) -> None:
    figure = Figure(pen, x, y, s, facing(pen))
    curl = pen.rng.uniform(-0.03, 0.03)
    coat = pen.tint(one_of(pen, ((158, 154, 160), (158, 154, 160), (190, 156, 124), (244, 240, 236))))
    pen.shadow(x, y, 0.25 * s)
    figure.tube(((-0.14, 0.04), (-0.44, 0.02), (-0.2, 0.3), (-0.3, 0.42 + curl)), 0.024, 0.013, ROSE)
    figure.ball(0.155, 0.4, 0.1, 0.105, shade(coat, 0.74))
    body = [
        (-0.2, 0.1),
        (-0.16, 0.25),
        (-0.04, 0.32),
        (0.1, 0.32),
        (0.22, 0.23),
        (0.32, 0.13),
        (0.29, 0.08),
        (0.16, 0.03),
        (-0.02, 0.005),
        (-0.14, 0.01),
    ]
    figure.solid(body, coat, 0.02)
    figure.blob([(0.3, 0.1), (0.16, 0.025), (-0.05, 0.005), (0.03, 0.1), (0.18, 0.12)], shade(coat, 1.45))
    figure.ball(0.03, 0.385, 0.125, 0.125, shade(coat, 0.92))
    figure.ellipse(0.03, 0.38, 0.08, 0.08, ROSE)
    figure.ellipse(0.315, 0.115, 0.034, 0.032, (232, 92, 118))
    figure.eye(0.195, 0.2, 0.034)
    for u in (-0.06, 0.12):
        figure.ellipse(u, 0.018, 0.05, 0.024, ROSE)


SUBJECTS: dict[str, Subject] = {
    "dog": Subject(dog, ("dog", "dog", "puppy", "doggy"), ("dogs", "dogs", "puppies", "doggies")),
    "rabbit": Subject(rabbit, ("rabbit", "rabbit", "bunny"), ("rabbits", "rabbits", "bunnies")),
    "fox": Subject(fox, ("fox",), ("foxes",)),
    "bear": Subject(bear, ("bear", "bear", "teddy bear"), ("bears", "bears", "teddy bears")),
    "sheep": Subject(sheep, ("sheep", "sheep", "lamb"), ("sheep", "sheep", "lambs")),
    "elephant": Subject(elephant, ("elephant",), ("elephants",)),
    "turtle": Subject(turtle, ("turtle", "turtle", "tortoise"), ("turtles", "turtles", "tortoises")),
    "snail": Subject(snail, ("snail",), ("snails",)),
    "frog": Subject(frog, ("frog",), ("frogs",)),
    "mouse": Subject(mouse, ("mouse",), ("mice",)),
}
