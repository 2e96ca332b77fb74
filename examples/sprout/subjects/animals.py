"""Animals, and two that turn into others: an egg into a hen, a caterpillar into a butterfly."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pen import BROWN, INK, RGB, Pen, Point, grown, lerp, shade
from subjects.base import Subject
from subjects.figure import BEAK, CREAM, CRIMSON, Figure, bezier, facing, on_any, one_of

HEN_COLORS: tuple[RGB, ...] = ((190, 98, 48), (190, 98, 48), (246, 240, 230))


def aged(stage: float, colors: Sequence[RGB]) -> RGB:
    r, g, b = (grown(stage, channel) for channel in zip(*colors, strict=True))
    return r, g, b


def morphed(stage: float, outlines: Sequence[Sequence[Point]]) -> list[Point]:
    return [(grown(stage, [p[0] for p in points]), grown(stage, [p[1] for p in points])) for points in zip(*outlines, strict=True)]


CRACK = 0.26  # height at which the egg breaks


def shell_piece(figure: Figure, cap: bool, foot: Point, width: float, height: float, color: RGB) -> None:
    """The egg above or below its zigzag crack, scaled about the middle of its foot, which then is moved by `foot`."""
    if width <= 0.01:
        return

    def half(v: float) -> float:
        cos = 1 - v / 0.25
        return 0.195 * math.sqrt(max(0.0, 1 - cos * cos)) * (1 + 0.16 * cos)

    teeth = [(u, CRACK + 0.028 * (4 * abs((u / 0.1) % 1 - 0.5) - 1)) for u in np.linspace(-0.19, 0.19, 77)]
    levels = CRACK + (0.24 if cap else -CRACK) * np.sin(np.linspace(0, math.pi / 2, 24))
    teeth = [(u, v) for u, v in teeth if abs(u) < half(v)]
    outline = [*teeth, *((half(v), v) for v in levels), *((-half(v), v) for v in levels[::-1])]
    for edge, tone in ((1.0, 0.84), (0.42, 1.0)):
        clipped = [(u if u * figure.away < edge * half(v) else figure.away * edge * half(v), v) for u, v in outline]
        figure.polygon([(foot[0] + u * width, foot[1] + v * height) for u, v in clipped], shade(color, tone))
    for u, v, r in ((-0.06, 0.38, 0.022), (0.07, 0.36, 0.018)) if cap else ((-0.1, 0.16, 0.026), (0.03, 0.2, 0.02), (0.05, 0.08, 0.024)):
        figure.ellipse(foot[0] + u * width, foot[1] + v * height, r * width, r * height, shade(color, 0.76))


CHICK = [(-0.22, 0.25), (-0.15, 0.28), (-0.1, 0.32), (-0.085, 0.4), (-0.03, 0.47), (0.055, 0.495), (0.14, 0.46), (0.18, 0.37), (0.165, 0.27)]
CHICK += [(0.185, 0.17), (0.11, 0.055), (-0.03, 0.03), (-0.16, 0.1)]
HEN = [(-0.27, 0.4), (-0.19, 0.33), (-0.08, 0.29), (0.03, 0.34), (0.08, 0.44), (0.14, 0.495), (0.2, 0.475), (0.215, 0.41), (0.2, 0.34)]
HEN += [(0.24, 0.22), (0.14, 0.085), (-0.05, 0.065), (-0.21, 0.18)]
HEN_WING = [(0.09, 0.26), (0.09, 0.17), (-0.03, 0.12), (-0.2, 0.24), (-0.07, 0.27)]
UNHATCHED = [(u * 0.6, 0.06 + v * 0.7) for u, v in CHICK]


def hatching(pen: Pen, x: float, y: float, s: float) -> None:
    """Egg, chick, hen: the chick lifts the top of the shell on its head, and the rest sinks about its feet."""
    figure, stage = Figure(pen, x, y, s, facing(pen)), pen.stage
    plumage = one_of(pen, HEN_COLORS)
    shell, coat = pen.tint((250, 232, 204)), pen.tint(aged(stage, ((250, 208, 60), (252, 210, 56), plumage)))
    pen.shadow(x, y, grown(stage, (0.17, 0.19, 0.22)) * s)
    for u, lean in ((-0.05, 0.0), (0.05, 0.02)):
        u = grown(stage, (0, u, u))
        figure.line([(u, 0.12), (u + lean, 0.01), (u + lean + 0.05, 0.005)], grown(stage, (0, 0.024, 0.026)), BEAK)
    for angle in (1.5, 1.9, 2.3):
        figure.leaf(-0.15, 0.25, grown(stage, (0, 0, 0.27)), angle, shade(coat, 0.7), 0.5)
    comb = grown(stage, (0, 0, 1))
    for u, v, r in ((0.095, 0.49, 0.036), (0.145, 0.525, 0.042), (0.195, 0.5, 0.034)):
        figure.ellipse(u, lerp(0.44, v, comb), r * comb, r * comb * 1.1, CRIMSON)
    head_u, head_v = grown(stage, (0.02, 0.07, 0.155)), grown(stage, (0.3, 0.4, 0.435))
    size = grown(stage, (0.5, 1, 0.82))
    figure.ellipse(head_u + 0.05, head_v - 0.085, 0.03 * comb, 0.05 * comb, CRIMSON)
    tip = head_u + grown(stage, (0.11, 0.165, 0.135))
    figure.polygon([(tip - 0.09, head_v + 0.035 * size), (tip, head_v - 0.02), (tip - 0.09, head_v - 0.055 * size)], BEAK)
    figure.solid(morphed(stage, (UNHATCHED, CHICK, HEN)), coat)
    wing = morphed(stage, ([(-0.05, 0.2)] * 5, [(0.0, 0.24), (0.03, 0.16), (-0.04, 0.1), (-0.15, 0.17), (-0.09, 0.22)], HEN_WING))
    figure.blob(wing, shade(coat, 0.76))
    figure.eye(head_u + 0.01, head_v, 0.034 * size)
    shell_color = shade(shell, grown(stage, (1, 1.5)))
    left = grown(stage, (1, 0))
    shell_piece(figure, False, (0, 0), math.sqrt(left), left, shell_color)
    brim = lerp(0.48, CRACK, left**3)  # of the cap: above the eye as soon as that is out
    shell_piece(figure, True, (grown(stage, (0, 0.06)), brim - CRACK * left), left, left, shell_color)


def twig(figure: Figure, height: float, foliage: RGB) -> None:
    along = bezier(((-0.2, 0), (-0.38, height * 0.75), (-0.2, height * 1.2), (0.27, height * 0.97)))
    figure.line([along(t) for t in np.linspace(0, 1, 16)], 0.034, BROWN)
    for t, length, angle in ((0.99, 0.13, 0.5), (0.9, 0.15, -0.8), (0.62, 0.14, -1.9), (0.42, 0.15, 2.5), (0.2, 0.13, 0.3)):
        figure.leaf(*along(t), length, angle, foliage, 0.62)


UPPER_WING = [(0.0, 0.29), (0.03, 0.4), (0.13, 0.53), (0.26, 0.56), (0.31, 0.48), (0.26, 0.35), (0.13, 0.27)]
LOWER_WING = [(0.0, 0.31), (0.12, 0.3), (0.23, 0.27), (0.25, 0.17), (0.18, 0.08), (0.09, 0.1), (0.03, 0.2)]


def wings(figure: Figure, spread: float, color: RGB) -> None:
    """Two pairs that unfold from the body at `spread` 0 to open ones at 1."""
    if spread <= 0:
        return
    tall = math.sqrt(spread)

    def placed(points: Sequence[Point], side: float, inset: float) -> list[Point]:
        middle_u, middle_v = np.mean(points, axis=0)
        inner = [(lerp(u, middle_u, inset), lerp(v, middle_v, inset)) for u, v in points]
        return [(side * u * spread, 0.3 + (v - 0.3) * tall) for u, v in inner]

    for side in (-1.0, 1.0):
        tone = shade(color, 0.88 if side == figure.away else 1.0)
        for outline, base in ((LOWER_WING, shade(tone, 0.9)), (UPPER_WING, tone)):
            figure.blob(placed(outline, side, 0), shade(color, 0.5))
            figure.blob(placed(outline, side, 0.2), base)
        for u, v, r in ((0.235, 0.47, 0.034), (0.16, 0.18, 0.036)):
            figure.ellipse(side * u * spread, 0.3 + (v - 0.3) * tall, r * spread, r * tall, CREAM)


CRAWLING = [
    (-0.25, 0.19, 0.06, 0.062),
    (-0.17, 0.24, 0.076, 0.08),
    (-0.08, 0.285, 0.082, 0.09),
    (0.01, 0.275, 0.082, 0.09),
    (0.095, 0.235, 0.08, 0.085),
]
CRAWLING += [(0.195, 0.29, 0.112, 0.112)]
HANGING = [(0.0, 0.4, 0.065, 0.07), (0.0, 0.34, 0.105, 0.095), (0.0, 0.27, 0.13, 0.105), (0.0, 0.205, 0.128, 0.1), (0.0, 0.145, 0.1, 0.085)]
HANGING += [(0.0, 0.095, 0.065, 0.07)]
FLYING = [
    (0.0, 0.41, 0.048, 0.048),
    (0.0, 0.35, 0.036, 0.05),
    (0.0, 0.3, 0.034, 0.05),
    (0.0, 0.24, 0.03, 0.05),
    (0.0, 0.19, 0.026, 0.05),
    (0.0, 0.14, 0.02, 0.05),
]


def metamorphosis(pen: Pen, x: float, y: float, s: float) -> None:
    """Caterpillar, cocoon, butterfly: the segments gather to hang from the twig, then are the body between the wings."""
    figure, stage = Figure(pen, x, y, s, facing(pen)), pen.stage
    wing = pen.natural(("orange", "blue", "purple", "red", "yellow"))
    coat = pen.tint(aged(stage, ((172, 214, 54), (222, 178, 104), wing)))
    pen.shadow(x, y, grown(stage, (0.24, 0.16, 0.22)) * s)
    height = grown(stage, (0.12, 0.5, 0.09))
    twig(figure, height, pen.world.foliage)
    hung = grown(stage, (0, 1, 0))
    figure.line([(0, height), (0, lerp(height, 0.42, hung))], 0.024 * hung, CREAM)
    wings(figure, grown(stage, (0, 0, 1)), coat)
    body = aged(stage, (coat, coat, (70, 50, 44)))
    feelers = grown(stage, (1, 0, 0))
    head_u, head_v = (grown(stage, [segments[-1][axis] for segments in (CRAWLING, HANGING, FLYING)]) for axis in (0, 1))
    for side in (-1, 1):
        root, tip = head_u + 0.045 * side * feelers, head_u + 0.08 * side * feelers
        figure.line([(root, head_v), (tip, head_v + 0.19 * feelers)], 0.02 * feelers, INK)
        figure.ellipse(tip, head_v + 0.2 * feelers, 0.024 * feelers, 0.024 * feelers, CRIMSON)
    grown_up = grown(stage, (0, 0, 1))
    for side in (-1, 1):
        figure.line(
            [(0, 0.42), (side * 0.05 * grown_up, 0.42 + 0.09 * grown_up), (side * 0.09 * grown_up, 0.42 + 0.12 * grown_up)], 0.018 * grown_up, INK
        )
    for i, parts in enumerate(zip(CRAWLING, HANGING, FLYING, strict=True)):
        u, v, ru, rv = (grown(stage, measure) for measure in zip(*parts, strict=True))
        figure.ball(u, v, ru, rv, shade(body, grown(stage, (0.8, 0.88, 1.0)) if i % 2 else 1.0) if i < 5 else shade(body, grown(stage, (1.15, 1.0))))
    for side in (-1, 1):
        figure.eye(head_u + (0.012 + 0.043 * side) * feelers, head_v + 0.015 * feelers, 0.028 * feelers)
    figure.ellipse(head_u + 0.02 * feelers, head_v - 0.05 * feelers, 0.03 * feelers, 0.014 * feelers, INK)


def fish(pen: Pen, x: float, y: float, s: float) -> None:
    figure = Figure(pen, x, y - 0.25 * s, s, facing(pen))
    wave = pen.rng.uniform(-0.025, 0.025)
    body = pen.tint(pen.natural(("orange", "orange", "yellow", "red")))
    fin = shade(body, 0.72)
    figure.blob(
        [(-0.12, 0.0), (-0.2, 0.07), (-0.3, 0.17 + wave), (-0.29, 0.07), (-0.25, 0), (-0.29, -0.07), (-0.3, -0.17 + wave), (-0.2, -0.07)], fin
    )
    figure.blob([(-0.12, 0.08), (-0.1, 0.19), (-0.02, 0.25), (0.06, 0.22), (0.14, 0.11)], fin)
    figure.blob([(-0.06, -0.1), (-0.1, -0.21), (0.0, -0.19), (0.08, -0.13)], fin)
    outline = [
        (-0.19, 0.0),
        (-0.1, 0.11),
        (0.03, 0.17),
        (0.17, 0.145),
        (0.26, 0.06),
        (0.285, -0.01),
        (0.25, -0.08),
        (0.15, -0.15),
        (0.02, -0.165),
        (-0.1, -0.11),
    ]
    figure.solid(outline, body, 0.02)
    stripe = [
        (0.02, 0.168),
        (0.075, 0.17),
        (0.055, 0.09),
        (0.05, 0.0),
        (0.055, -0.09),
        (0.07, -0.165),
        (0.015, -0.165),
        (-0.01, -0.09),
        (-0.02, 0),
        (-0.01, 0.09),
    ]
    figure.polygon(stripe, on_any(body, (255, 252, 244), shade(body, 0.6)))
    figure.blob([(0.0, -0.01), (-0.06, 0.035), (-0.14, 0.025), (-0.12, -0.03), (-0.13, -0.08), (-0.05, -0.07)], fin)
    figure.eye(0.165, 0.045, 0.036)
    figure.line([(0.25, -0.055), (0.215, -0.07), (0.19, -0.06)], 0.018, shade(body, 0.55))
    for u, v, r in ((0.3, 0.13, 0.022), (0.27, 0.21, 0.03)):
        figure.ellipse(u, v, r, r, shade(pen.world.water, 1.55))


def cat(pen: Pen, x: float, y: float, s: float) -> None:
    figure = Figure(pen, x, y, s, facing(pen))
    coat = pen.tint(pen.natural(("orange", "grey", "orange", "black", "white")))
    dark, pale = shade(coat, 0.72), shade(coat, 1.45)
    pen.shadow(x, y, 0.23 * s)
    for start, color in ((0.0, dark), (0.82, pale)):
        figure.tube(((0.06, 0.035), (0.42, 0.0), (0.13, 0.24), (0.25, 0.33)), 0.032, 0.032, color, start)
    figure.solid(
        [(0, 0.36), (0.1, 0.3), (0.155, 0.17), (0.17, 0.06), (0.11, 0.0), (0, -0.005), (-0.11, 0.0), (-0.17, 0.06), (-0.155, 0.17), (-0.1, 0.3)], coat
    )
    figure.ellipse(0, 0.18, 0.07, 0.11, pale)
    for side in (-1, 1):
        figure.ellipse(side * 0.058, 0.028, 0.052, 0.036, shade(coat, 1.2))
        figure.polygon([(side * 0.175, 0.34), (side * 0.165, 0.555), (side * 0.03, 0.45)], dark if side == figure.away else coat)
        figure.polygon([(side * 0.145, 0.42), (side * 0.142, 0.51), (side * 0.075, 0.45)], (240, 150, 160))
    figure.ball(0, 0.355, 0.19, 0.135, coat)
    for u, low in ((-0.045, 0.45), (0, 0.435), (0.045, 0.45)):
        figure.line([(u, 0.48), (u * 0.8, low)], 0.024, dark)
    figure.ellipse(0, 0.295, 0.085, 0.055, pale)
    for u in (-0.085, 0.085):
        figure.ellipse(u, 0.37, 0.05, 0.05, shade(dark, 0.8))
        figure.ellipse(u, 0.37, 0.043, 0.043, (190, 226, 84))
        pen.eye(*figure.at(u, 0.37), 0.031 * s)
    figure.polygon([(-0.028, 0.325), (0.028, 0.325), (0, 0.295)], (226, 96, 116))


def owl(pen: Pen, x: float, y: float, s: float) -> None:
    """On a stump; eyes and the discs around them are half of its front."""
    figure = Figure(pen, x, y, s)
    coat = pen.tint(pen.natural(("brown", "brown", "grey", "white")))
    dark, pale = shade(coat, 0.68), shade(coat, 1.5)
    pen.shadow(x, y, 0.2 * s)
    figure.polygon([(-0.17, 0.0), (-0.145, 0.085), (0.145, 0.085), (0.17, 0.0)], BROWN)
    figure.ellipse(0, 0.085, 0.145, 0.026, (206, 164, 112))
    figure.solid(
        [(0, 0.5), (0.15, 0.46), (0.2, 0.33), (0.19, 0.18), (0.1, 0.08), (0, 0.065), (-0.1, 0.08), (-0.19, 0.18), (-0.2, 0.33), (-0.15, 0.46)], coat
    )
    figure.ellipse(0, 0.19, 0.115, 0.115, pale)
    for u, v in ((-0.045, 0.21), (0.045, 0.21), (0, 0.16)):
        figure.ellipse(u, v, 0.024, 0.02, dark)
    for side in (-1, 1):
        figure.blob([(side * 0.19, 0.34), (side * 0.235, 0.22), (side * 0.2, 0.08), (side * 0.13, 0.13), (side * 0.12, 0.25)], dark)
        figure.ellipse(side * 0.055, 0.082, 0.04, 0.026, BEAK)
        figure.polygon([(side * 0.21, 0.4), (side * 0.225, 0.55), (side * 0.05, 0.46)], dark if side == pen.away else shade(coat, 0.86))
    for u in (-0.098, 0.098):
        figure.ellipse(u, 0.375, 0.122, 0.122, dark)
    for u in (-0.098, 0.098):
        figure.ellipse(u, 0.375, 0.1, 0.1, CREAM)
        figure.ellipse(u, 0.375, 0.078, 0.078, (250, 190, 30))
        pen.eye(*figure.at(u, 0.375), 0.054 * s)
    figure.polygon([(-0.036, 0.335), (0.036, 0.335), (0, 0.25)], BEAK)


SUBJECTS: dict[str, Subject] = {
    "egg": Subject(hatching, ("egg", "egg", "bird's egg"), ("eggs", "eggs", "bird's eggs"), series="hatching", stage=0, core=True),
    "chick": Subject(hatching, ("chick", "chick", "baby chicken"), ("chicks", "chicks", "baby chickens"), series="hatching", stage=1, core=True),
    "hen": Subject(hatching, ("hen", "hen", "chicken"), ("hens", "hens", "chickens"), series="hatching", stage=2, core=True),
    "caterpillar": Subject(
        metamorphosis, ("caterpillar", "caterpillar", "larva"), ("caterpillars", "caterpillars", "larvae"), series="metamorphosis", stage=0, core=True
    ),
    "cocoon": Subject(
        metamorphosis, ("cocoon", "cocoon", "chrysalis"), ("cocoons", "cocoons", "chrysalises"), series="metamorphosis", stage=1, core=True
    ),
    "butterfly": Subject(metamorphosis, ("butterfly",), ("butterflies",), series="metamorphosis", stage=2, core=True),
    "fish": Subject(fish, ("fish", "fish", "goldfish"), ("fish", "fish", "goldfish"), home="sea floor", core=True),
    "cat": Subject(cat, ("cat", "cat", "kitten", "kitty"), ("cats", "cats", "kittens", "kitties"), core=True),
    "owl": Subject(owl, ("owl",), ("owls",), core=True),
}
