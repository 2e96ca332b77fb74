"""Insects that do not grow out of anything here."""

from __future__ import annotations

import math

import numpy as np

from pen import INK, RGB, Pen, lerp, shade
from subjects.base import Subject
from subjects.figure import CREAM, Figure, against, facing

GAUZE: RGB = (240, 247, 252)


def wing(figure: Figure, u: float, v: float, angle: float, color: RGB) -> None:
    """Round at its end, with a rim that shows before a pale sky."""
    along, across = (math.cos(angle), math.sin(angle)), (math.sin(angle), -math.cos(angle))
    for size, tone in ((1.0, 0.8), (0.8, 1.0)):
        outline = ((0.0, -0.03), (0.12, -0.075), (0.2, -0.07), (0.235, 0.0), (0.2, 0.07), (0.12, 0.075), (0.0, 0.03))
        measured = [(lerp(0.13, forward, size), size * aside) for forward, aside in outline]
        figure.blob([(u + f * along[0] + a * across[0], v + f * along[1] + a * across[1]) for f, a in measured], shade(color, tone))


def bee(pen: Pen, x: float, y: float, s: float) -> None:
    figure = Figure(pen, x, y, s, facing(pen))
    beat = pen.rng.uniform(-0.12, 0.12)
    coat = pen.tint((250, 196, 40))
    stripe = against(coat, (58, 44, 40), (240, 200, 90))
    figure.polygon([(-0.23, 0.33), (-0.32, 0.28), (-0.22, 0.26)], (70, 54, 48))
    wing(figure, -0.02, 0.37, 2.5 + beat, shade(GAUZE, 0.88))
    figure.ball(-0.05, 0.3, 0.215, 0.148, coat)
    for middle in (-0.17, -0.06, 0.05):
        edge = [(u, 0.148 * math.sqrt(1 - ((u + 0.05) / 0.215) ** 2)) for u in np.linspace(middle - 0.026, middle + 0.026, 7)]
        figure.polygon([(u, 0.3 + v) for u, v in edge] + [(u, 0.3 - v) for u, v in edge[::-1]], stripe)
    wing(figure, 0.01, 0.37, 1.8 + beat, GAUZE)
    for u in (0.16, 0.24):
        figure.line([(u, 0.4), (u + 0.045, 0.5)], 0.02, INK)
        figure.ellipse(u + 0.05, 0.51, 0.024, 0.024, INK)
    figure.ball(0.18, 0.325, 0.12, 0.115, coat)
    figure.eye(0.215, 0.345, 0.036)
    figure.ellipse(0.16, 0.285, 0.026, 0.018, (240, 130, 110))


def ladybird(pen: Pen, x: float, y: float, s: float) -> None:
    """From before and above: the head below its round, parted back."""
    figure = Figure(pen, x, y, s)
    spread = pen.rng.uniform(-0.01, 0.02)
    shell = pen.tint((220, 44, 40))
    black: RGB = (44, 38, 44)
    mark = against(shell, black, CREAM)
    pen.shadow(x, y, 0.26 * s)
    for side in (-1, 1):
        for u, v in ((0.27, 0.17), (0.225, 0.08), (0.14, 0.015)):
            figure.line([(side * 0.1, v + 0.1), (side * (u + spread), v)], 0.046, black)
    figure.ball(0, 0.29, 0.25, 0.225, shell)
    figure.line([(0, 0.51), (0, 0.2)], 0.022, mark)
    for u, v, r in ((0.11, 0.41, 0.044), (0.17, 0.28, 0.048), (0.07, 0.29, 0.032)):
        for side in (-1, 1):
            figure.ellipse(side * u, v, r, r, mark)
    figure.ellipse(0, 0.115, 0.145, 0.11, black)
    for side in (-1, 1):
        figure.ellipse(side * 0.062, 0.13, 0.052, 0.052, (255, 255, 255))
        pen.eye(*figure.at(side * 0.058, 0.125), 0.034 * s)


SUBJECTS: dict[str, Subject] = {
    "bee": Subject(bee, ("bee", "bee", "bumblebee", "honeybee"), ("bees", "bees", "bumblebees", "honeybees"), home="air"),
    "ladybird": Subject(ladybird, ("ladybird", "ladybird", "ladybug"), ("ladybirds", "ladybirds", "ladybugs")),
}
