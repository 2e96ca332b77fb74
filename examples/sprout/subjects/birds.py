"""Birds that are no hens."""

from __future__ import annotations

from pen import INK, RGB, Pen, shade
from subjects.base import Subject
from subjects.figure import BEAK, Figure, facing, on_any, one_of


def bird(pen: Pen, x: float, y: float, s: float) -> None:
    """A small songbird on the ground: a level back, a long tail, a pale breast."""
    figure = Figure(pen, x, y, s, facing(pen))
    flick = pen.rng.uniform(-0.03, 0.03)
    coat = pen.tint(pen.natural(("blue", "blue", "turquoise", "red", "yellow")))
    dark, leg = shade(coat, 0.66), (150, 84, 40)
    pen.shadow(x, y, 0.2 * s)
    for u in (-0.02, 0.06):
        figure.line([(u, 0.12), (u + 0.02, 0.015), (u + 0.06, 0.01)], 0.024, leg)
    tail = [(-0.08, 0.29), (-0.3, 0.27 + flick), (-0.35, 0.23 + flick), (-0.31, 0.215 + flick), (-0.34, 0.175 + flick), (-0.1, 0.17)]
    figure.polygon(tail, dark)
    figure.polygon([(0.19, 0.425), (0.31, 0.375), (0.2, 0.345)], (250, 178, 40))
    outline = [(-0.19, 0.24), (-0.09, 0.31), (0.0, 0.37), (0.05, 0.45), (0.14, 0.475), (0.22, 0.42), (0.23, 0.33), (0.21, 0.2)]
    figure.solid([*outline, (0.12, 0.09), (-0.03, 0.08), (-0.13, 0.14)], coat, 0.015)
    figure.blob([(0.215, 0.345), (0.21, 0.2), (0.12, 0.095), (-0.01, 0.085), (0.06, 0.16), (0.1, 0.27), (0.15, 0.34)], shade(coat, 1.65))
    figure.blob([(0.08, 0.3), (0.09, 0.21), (0.0, 0.155), (-0.22, 0.18), (-0.12, 0.26), (-0.02, 0.32)], dark)
    figure.blob([(0.03, 0.28), (0.04, 0.225), (-0.02, 0.19), (-0.14, 0.195), (-0.07, 0.25)], shade(coat, 0.84))
    figure.eye(0.15, 0.395, 0.034)


def duck(pen: Pen, x: float, y: float, s: float) -> None:
    """It swims."""
    figure = Figure(pen, x, y, 0.92 * s, facing(pen))
    nod = pen.rng.uniform(-0.015, 0.015)
    coat = pen.tint(one_of(pen, ((250, 246, 236), (250, 246, 236), (156, 112, 72))))
    water = pen.world.water
    figure.ellipse(-0.01, 0.015, 0.36, 0.05, shade(water, 1.3))
    figure.ellipse(-0.01, 0.02, 0.29, 0.034, shade(water, 0.85))
    figure.blob([(0.22, 0.45 + nod), (0.28, 0.41 + nod), (0.36, 0.405 + nod), (0.365, 0.345 + nod), (0.29, 0.325 + nod), (0.21, 0.35 + nod)], BEAK)
    body = [(-0.33, 0.28), (-0.22, 0.22), (-0.06, 0.23), (0.06, 0.26), (0.1, 0.33), (0.2, 0.32), (0.26, 0.2), (0.24, 0.08), (0.14, 0.015)]
    figure.solid([*body, (-0.14, 0.015), (-0.27, 0.1)], coat, 0.015)
    figure.ball(0.165, 0.415 + nod, 0.105, 0.1, coat)
    figure.blob([(0.1, 0.19), (0.08, 0.1), (-0.05, 0.06), (-0.18, 0.12), (-0.26, 0.21), (-0.12, 0.2), (0.0, 0.22)], shade(coat, 0.78))
    figure.line([(-0.22, 0.005), (0.2, 0.005)], 0.022, shade(water, 1.5))
    figure.eye(0.195, 0.44 + nod, 0.034)


def penguin(pen: Pen, x: float, y: float, s: float) -> None:
    figure = Figure(pen, x, y, s)
    wave = pen.rng.uniform(0.0, 0.07)
    coat = pen.tint((52, 58, 76))
    front = on_any(coat, (255, 252, 246), shade(coat, 0.84))
    pen.shadow(x, y, 0.2 * s)
    for side in (-1, 1):
        figure.ellipse(side * 0.085, 0.022, 0.085, 0.032, BEAK)
        lift = wave if side == figure.away else 0.0
        hand = side * (0.255 + lift)
        figure.blob(
            [(side * 0.13, 0.36), (side * (0.2 + lift), 0.3), (hand, 0.14 + 1.5 * lift), (hand - side * 0.045, 0.12 + lift), (side * 0.12, 0.2)],
            shade(coat, 0.78),
        )
    half = [(0.1, 0.535), (0.15, 0.44), (0.165, 0.32), (0.19, 0.17), (0.13, 0.03)]
    figure.solid([(0, 0.565), *half, (0, 0.015), *((-u, v) for u, v in half[::-1])], coat, 0.015)
    figure.ellipse(0, 0.185, 0.13, 0.155, front)
    for side in (-1, 1):
        figure.ellipse(side * 0.06, 0.415, 0.075, 0.085, front)
        pen.eye(*figure.at(side * 0.062, 0.435), 0.036 * s)
    figure.polygon([(-0.05, 0.4), (0.05, 0.4), (0, 0.33)], BEAK)


def flamingo(pen: Pen, x: float, y: float, s: float) -> None:
    figure = Figure(pen, x, y, s, facing(pen))
    bow = pen.rng.uniform(-0.015, 0.015)
    coat = pen.tint((248, 132, 160))
    leg: RGB = shade(coat, 0.72)
    pen.shadow(x, y, 0.16 * s)
    figure.line([(0.02, 0.3), (0.13, 0.18), (-0.01, 0.15)], 0.026, shade(leg, 0.85))
    figure.line([(-0.03, 0.3), (-0.03, 0.015), (0.045, 0.012)], 0.028, leg)
    figure.solid([(-0.3, 0.24), (-0.2, 0.34), (-0.05, 0.41), (0.1, 0.38), (0.16, 0.3), (0.09, 0.235), (-0.08, 0.215)], coat, 0.015)
    figure.tube(((0.1, 0.32), (0.42, 0.34), (0.0, 0.46), (0.13, 0.56 + bow)), 0.05, 0.032, coat)
    figure.ball(0.17, 0.56 + bow, 0.072, 0.058, coat)
    figure.blob([(0.215, 0.59 + bow), (0.285, 0.56 + bow), (0.29, 0.5 + bow), (0.25, 0.52 + bow), (0.215, 0.53 + bow)], (255, 238, 220))
    figure.blob([(0.265, 0.55 + bow), (0.3, 0.535 + bow), (0.285, 0.465 + bow), (0.255, 0.5 + bow)], INK)
    figure.blob([(0.06, 0.345), (0.05, 0.27), (-0.08, 0.245), (-0.28, 0.225), (-0.17, 0.31), (-0.04, 0.36)], shade(coat, 0.8))
    figure.eye(0.175, 0.57 + bow, 0.028)


SUBJECTS: dict[str, Subject] = {
    "bird": Subject(bird, ("bird", "bird", "songbird", "little bird"), ("birds", "birds", "songbirds", "little birds")),
    "duck": Subject(duck, ("duck",), ("ducks",), home="lake"),
    "penguin": Subject(penguin, ("penguin",), ("penguins",)),
    "flamingo": Subject(flamingo, ("flamingo",), ("flamingos",)),
}
