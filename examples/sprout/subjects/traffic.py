"""More of what people ride in: on roads and rails, under water and above the ground."""

from __future__ import annotations

import math

from pen import COLORS, INK, RGB, Pen, apart, blend, shade
from subjects.base import Subject
from subjects.buildings import CREAM, SLATE
from subjects.construction import Construction, turning
from subjects.figure import facing
from subjects.vehicles import STEEL

LEATHER: RGB = (104, 62, 42)
CHROME: RGB = (206, 210, 216)
LAMP: RGB = (255, 240, 170)


def glass(built: Construction, color: RGB) -> RGB:
    return blend(apart(color, (176, 220, 240), (86, 138, 176)), built.pen.pane, built.pen.world.lamps)


def bicycle(pen: Pen, x: float, y: float, s: float) -> None:
    built, color = Construction(pen, x, y, s, facing(pen)), pen.tint(pen.natural(("red", "blue", "turquoise", "orange")))
    pen.shadow(x, y, 0.28 * s)
    rear, front, crank, seat, head = (-0.175, 0.145), (0.175, 0.145), (-0.02, 0.135), (-0.085, 0.36), (0.115, 0.38)
    for hub in (rear, front):
        for i in range(4):
            dx, dy = 0.13 * math.cos(0.4 + i * math.pi / 4), 0.13 * math.sin(0.4 + i * math.pi / 4)
            built.line([(hub[0] - dx, hub[1] - dy), (hub[0] + dx, hub[1] + dy)], 0.009, CHROME)
        built.line(turning(*hub, 0.128, 0.128, 0, 2 * math.pi, 40), 0.032, (58, 58, 68))
        built.line(turning(*hub, 0.108, 0.108, 0, 2 * math.pi, 40), 0.012, CHROME)
        built.line(turning(*hub, 0.147, 0.147, 0.35, math.pi - 0.25), 0.03, color)
    built.line([rear, seat], 0.03, shade(color, 0.82))
    built.line([rear, crank], 0.03, shade(color, 0.82))
    built.line([crank, (-0.1, 0.4)], 0.036, color)
    built.line([crank, (0.122, 0.34)], 0.04, color)
    built.line([(-0.083, 0.345), head], 0.04, color)
    built.line([(0.1, 0.44), head, (0.14, 0.28), front], 0.038, color)
    built.ellipse(*crank, 0.045, 0.045, shade(color, 0.6))
    built.line([(-0.04, 0.19), (0.0, 0.08)], 0.02, CHROME)
    for u, v in ((-0.04, 0.195), (0.0, 0.075)):
        built.line([(u - 0.03, v), (u + 0.03, v)], 0.026, INK)
    built.blob([(-0.185, 0.425), (-0.16, 0.445), (-0.03, 0.425), (-0.03, 0.41), (-0.14, 0.395)], LEATHER)
    built.line([(0.1, 0.45), (0.06, 0.47), (0.03, 0.46)], 0.034, LEATHER)
    built.polygon([(0.15, 0.46), (0.285, 0.46), (0.265, 0.36), (0.165, 0.36)], (206, 152, 88))
    built.box(0.145, 0.445, 0.29, 0.47, (164, 108, 58))
    built.ellipse(0.16, 0.33, 0.026, 0.026, LAMP, pen.dark)


def bus(pen: Pen, x: float, y: float, s: float) -> None:
    """A double-decker."""
    built, color = Construction(pen, x, y, s, facing(pen)), pen.tint(pen.natural(("red", "red", "yellow", "blue")))
    pane = glass(built, color)
    pen.shadow(x, y, 0.31 * s)
    built.rounded(-0.3, 0.055, 0.29, 0.51, 0.04, color)
    built.box(-0.28, 0.49, 0.27, 0.51, built.snowy(shade(color, 1.3)))
    built.box(-0.3, 0.055, 0.29, 0.12, shade(color, 0.76))
    built.box(-0.3, 0.265, 0.29, 0.31, apart(color, CREAM, (150, 164, 182)))
    for i in range(5):
        built.box(-0.272 + 0.112 * i, 0.34, -0.178 + 0.112 * i, 0.455, pane, pen.dark)
    for i in range(3):
        built.box(-0.272 + 0.112 * i, 0.15, -0.178 + 0.112 * i, 0.24, pane, pen.dark)
    built.box(0.064, 0.075, 0.17, 0.245, shade(color, 0.5))
    for u in (0.073, 0.122):
        built.box(u, 0.085, u + 0.041, 0.235, pane, pen.dark)
    built.polygon([(0.2, 0.15), (0.295, 0.15), (0.29, 0.245), (0.2, 0.245)], pane, pen.dark)
    built.ellipse(0.272, 0.1, 0.026, 0.026, LAMP, pen.dark)
    built.box(-0.302, 0.13, -0.282, 0.17, apart(color, (220, 40, 44), (255, 170, 70)))
    for u in (-0.18, 0.2):
        built.ellipse(u, 0.075, 0.088, 0.088, shade(color, 0.5))
        built.wheel(u, 0.07, 0.07, CHROME)


def train(pen: Pen, x: float, y: float, s: float) -> None:
    """A steam locomotive, its smoke blown back."""
    puffs = pen.rng.uniform(0.9, 1.12, 3)
    built, color = Construction(pen, x, y, s, facing(pen)), pen.tint(pen.natural(("green", "red", "blue", "black")))
    dark, brass, hub = (
        apart(color, (56, 56, 66), (120, 124, 136)),
        apart(color, (240, 196, 82), (206, 140, 40)),
        apart(color, (206, 58, 46), (240, 196, 82)),
    )
    for i, (u, v, r) in enumerate(((0.17, 0.5, 0.036), (0.085, 0.545, 0.055), (-0.035, 0.565, 0.07))):
        r *= float(puffs[i])
        built.ball(u, v, r * 1.15, r, (232, 232, 236))
    pen.shadow(x, y, 0.31 * s)
    built.box(-0.32, -0.015, 0.32, 0.008, STEEL)
    built.box(-0.29, 0.08, 0.25, 0.16, dark)
    built.polygon([(0.22, 0.14), (0.25, 0.14), (0.315, 0.02), (0.22, 0.02)], hub)
    built.box(0.17, 0.32, 0.225, 0.42, dark)
    built.polygon([(0.155, 0.455), (0.24, 0.455), (0.225, 0.4), (0.17, 0.4)], built.snowy(shade(dark, 0.8), 0.4))
    built.rounded(-0.06, 0.14, 0.27, 0.345, 0.03, color)
    built.rounded(-0.06, 0.14, 0.27, 0.205, 0.02, shade(color, 0.78))
    built.box(-0.05, 0.29, 0.2, 0.315, shade(color, 1.3))
    built.arch(0.055, 0.33, 0.045, 0.085, brass)
    for u in (0.0, 0.12):
        built.box(u, 0.14, u + 0.02, 0.345, brass)
    built.box(0.2, 0.14, 0.275, 0.345, dark)
    built.ellipse(0.275, 0.275, 0.03, 0.036, LAMP, pen.dark)
    built.box(-0.28, 0.14, -0.05, 0.42, color)
    built.box(-0.28, 0.14, -0.05, 0.205, shade(color, 0.78))
    built.box(-0.24, 0.27, -0.095, 0.395, brass)
    built.box(-0.222, 0.285, -0.113, 0.38, glass(built, brass), pen.dark)
    built.rounded(-0.31, 0.41, -0.02, 0.455, 0.02, built.snowy(dark))
    for u, r in ((-0.2, 0.092), (-0.01, 0.092), (0.165, 0.062)):
        built.wheel(u, r + 0.005, r, hub, 0.62)
    built.line([(-0.2, 0.06), (-0.01, 0.06), (0.14, 0.09)], 0.024, CHROME)


def truck(pen: Pen, x: float, y: float, s: float) -> None:
    built, color = Construction(pen, x, y, s, facing(pen)), pen.tint(pen.natural(("blue", "green", "orange", "red")))
    stripe = apart(color, CREAM, (150, 164, 182))
    pen.shadow(x, y, 0.31 * s)
    built.box(-0.3, 0.07, 0.28, 0.12, SLATE)
    built.rounded(-0.31, 0.11, 0.095, 0.47, 0.02, color)
    built.box(-0.31, 0.11, 0.095, 0.15, shade(color, 0.74))
    built.box(-0.3, 0.45, 0.085, 0.47, built.snowy(shade(color, 1.3)))
    built.polygon([(-0.31, 0.24), (0.095, 0.29), (0.095, 0.37), (-0.31, 0.32)], stripe)
    cab = [(0.125, 0.07), (0.125, 0.37), (0.15, 0.39), (0.22, 0.39), (0.245, 0.375), (0.285, 0.25), (0.315, 0.225), (0.315, 0.07)]
    built.polygon(cab, shade(color, 0.94))
    built.polygon([(0.125, 0.07), (0.125, 0.13), (0.315, 0.13), (0.315, 0.07)], shade(color, 0.7))
    built.box(0.14, 0.375, 0.235, 0.39, built.snowy(shade(color, 1.1)))
    built.polygon([(0.155, 0.25), (0.155, 0.35), (0.225, 0.35), (0.262, 0.25)], glass(built, color), pen.dark)
    built.line([(0.16, 0.205), (0.19, 0.205)], 0.018, shade(color, 0.5))
    built.ellipse(0.297, 0.16, 0.024, 0.03, LAMP, pen.dark)
    for u in (-0.215, -0.045, 0.215):
        built.ellipse(u, 0.08, 0.094, 0.094, shade(color, 0.5))
        built.wheel(u, 0.075, 0.076, CHROME)


def tractor(pen: Pen, x: float, y: float, s: float) -> None:
    built, color = Construction(pen, x, y, s, facing(pen)), pen.tint(pen.natural(("green", "red", "blue")))
    hub = apart(color, (250, 206, 70), (232, 90, 50))
    pen.shadow(x, y, 0.3 * s)
    built.line([(0.15, 0.3), (0.15, 0.44), (0.17, 0.46)], 0.03, STEEL)
    built.box(-0.15, 0.1, 0.24, 0.18, SLATE)
    built.polygon([(-0.2, 0.27), (-0.17, 0.47), (0.025, 0.47), (0.055, 0.27)], shade(color, 0.6))
    built.polygon([(-0.165, 0.28), (-0.145, 0.455), (-0.065, 0.455), (-0.065, 0.28)], glass(built, color), pen.dark)
    built.polygon([(-0.04, 0.28), (-0.04, 0.455), (0.005, 0.455), (0.028, 0.28)], glass(built, color), pen.dark)
    built.rounded(-0.21, 0.455, 0.06, 0.51, 0.02, built.snowy(color, 0.6))
    built.blob([(-0.02, 0.14), (-0.02, 0.3), (0.02, 0.325), (0.22, 0.3), (0.295, 0.27), (0.305, 0.2), (0.29, 0.14)], color)
    built.polygon([(0.0, 0.145), (0.0, 0.195), (0.3, 0.195), (0.288, 0.145)], shade(color, 0.76))
    for u in (0.09, 0.14, 0.19):
        built.line([(u, 0.225), (u, 0.275)], 0.02, shade(color, 0.55))
    built.ellipse(0.28, 0.235, 0.024, 0.03, LAMP, pen.dark)
    built.polygon([(-0.29, 0.22), *turning(-0.13, 0.175, 0.195, 0.195, math.pi * 0.88, 0.1), (0.08, 0.15)], shade(color, 0.86))
    for u, r in ((-0.13, 0.17), (0.215, 0.1)):
        for i in range(14 if r > 0.15 else 9):
            turn = 2 * math.pi * i / (14 if r > 0.15 else 9)
            built.ellipse(u + r * math.cos(turn), r + r * math.sin(turn), 0.021, 0.021, INK)
        built.wheel(u, r, r, hub, 0.52)


def submarine(pen: Pen, x: float, y: float, s: float) -> None:
    """It swims with its periscope up, seen from the side."""
    built, color = Construction(pen, x, y - 0.22 * s, s, facing(pen)), pen.tint(COLORS["yellow"])
    trim = apart(color, (224, 84, 52), (250, 206, 96))
    built.box(-0.285, -0.05, -0.265, 0.08, STEEL)
    for v in (-0.075, 0.085):
        built.ellipse(-0.275, v + 0.01, 0.026, 0.062, CHROME)
    built.polygon([(-0.12, 0.05), (-0.24, 0.17), (-0.29, 0.17), (-0.25, 0.0)], trim)
    built.polygon([(-0.12, -0.04), (-0.24, -0.14), (-0.29, -0.14), (-0.25, 0.0)], shade(trim, 0.78))
    built.line([(0.06, 0.2), (0.06, 0.33), (0.12, 0.33)], 0.032, STEEL)
    built.ellipse(0.125, 0.33, 0.018, 0.026, (170, 230, 250), True)
    built.polygon([(-0.085, 0.08), (-0.06, 0.235), (0.09, 0.235), (0.125, 0.08)], shade(color, 0.86))
    built.rounded(-0.08, 0.215, 0.11, 0.25, 0.015, trim)
    hull = [
        (-0.26, 0),
        (-0.19, 0.09),
        (-0.05, 0.135),
        (0.12, 0.13),
        (0.25, 0.075),
        (0.295, 0),
        (0.25, -0.075),
        (0.12, -0.13),
        (-0.05, -0.135),
        (-0.19, -0.09),
    ]
    built.blob(hull, shade(color, 0.76))
    built.blob([(u * 0.985, v * 0.76 + 0.028) for u, v in hull], color)
    for u in (-0.115, 0.005, 0.125):
        built.ellipse(u, 0.02, 0.05, 0.05, trim)
        built.ellipse(u, 0.02, 0.034, 0.034, (255, 240, 176) if pen.dark else (176, 232, 250), True)
    built.ellipse(0.25, 0.0, 0.026, 0.03, LAMP, True)


def helicopter(pen: Pen, x: float, y: float, s: float) -> None:
    blade = pen.rng.uniform(-0.03, 0.03)
    built, color = Construction(pen, x, y - 0.345 * s, 0.92 * s, facing(pen)), pen.tint(pen.natural(("red", "orange", "blue", "green")))
    built.polygon([(-0.04, 0.065), (-0.27, 0.075), (-0.3, 0.06), (-0.27, 0.025), (-0.02, -0.05)], shade(color, 0.84))
    built.polygon([(-0.24, 0.05), (-0.3, 0.16), (-0.335, 0.16), (-0.31, 0.03)], color)
    for i in range(3):
        turn = 0.5 + blade * 9 + i * 2 * math.pi / 3
        built.line([(-0.305, 0.08), (-0.305 + 0.075 * math.cos(turn), 0.08 + 0.075 * math.sin(turn))], 0.022, CHROME)
    built.ellipse(-0.305, 0.08, 0.02, 0.02, STEEL)
    for u in (0.0, 0.14):
        built.line([(u, -0.1), (u + 0.01, -0.17)], 0.022, STEEL)
    built.line([(-0.08, -0.17), (0.24, -0.17), (0.27, -0.15)], 0.026, STEEL)
    built.box(0.045, 0.1, 0.085, 0.2, STEEL)
    body = [(-0.11, 0.0), (-0.08, 0.1), (0.03, 0.135), (0.15, 0.115), (0.25, 0.02), (0.26, -0.06), (0.17, -0.115), (0.02, -0.12), (-0.08, -0.08)]
    built.blob(body, color)
    built.blob([(-0.1, -0.03), (0.06, -0.055), (0.262, -0.055), (0.17, -0.115), (0.02, -0.12), (-0.08, -0.08)], shade(color, 0.76))
    built.blob([(0.125, 0.095), (0.145, 0.095), (0.228, 0.015), (0.232, -0.025), (0.125, -0.025), (0.115, 0.03)], glass(built, color), pen.dark)
    built.rounded(-0.01, -0.02, 0.085, 0.085, 0.02, glass(built, color), pen.dark)
    for side in (-1, 1):
        built.polygon([(0.065, 0.2), (0.065 + side * 0.27, 0.215 + side * blade), (0.065 + side * 0.27, 0.19 + side * blade), (0.065, 0.185)], SLATE)
    built.ellipse(0.065, 0.197, 0.034, 0.024, SLATE)


def saucer(pen: Pen, x: float, y: float, s: float) -> None:
    """A flying saucer with its pilot, lamps around it and a beam of light under it."""
    tilt, lamps = pen.rng.uniform(-0.05, 0.05), pen.natural(("yellow", "turquoise", "pink"))
    built, metal = Construction(pen, x, y - 0.36 * s, s), pen.tint(pen.natural(("grey", "purple", "turquoise")))
    beam = blend(blend(pen.world.sky_low, pen.world.near, 0.25), (255, 250, 170), 0.62)
    built.polygon([(-0.07, -0.03), (0.07, -0.03), (0.16, -0.22), (-0.16, -0.22)], beam, True)
    built.ellipse(0, -0.22, 0.16, 0.028, beam, True)
    built.polygon(turning(0, 0.03, 0.145, 0.17, 0, math.pi), blend((150, 216, 238), (255, 255, 255), 0.15), pen.dark)
    built.ellipse(0, 0.095, 0.066, 0.07, (112, 192, 84), pen.dark)
    for side in (-1, 1):
        pen.eye(*built.at(side * 0.03, 0.1), 0.029 * s)

    def around(u: float, v: float) -> tuple[float, float]:
        return u, v + tilt * u

    for ru, rv, up, tone in ((0.15, 0.075, -0.05, 0.6), (0.3, 0.085, -0.005, 0.72), (0.3, 0.07, 0.012, 1.0), (0.155, 0.026, 0.05, 1.3)):
        built.polygon([around(u, v) for u, v in turning(0, up, ru, rv, 0, 2 * math.pi, 48)], shade(metal, tone))
    lamp = apart(metal, lamps, (255, 250, 220))
    for u, v in turning(0, 0.03, 0.235, 0.065, math.pi * 1.04, math.pi * 1.96, 5):
        built.ellipse(*around(u, v), 0.03, 0.026, lamp, True)


SUBJECTS: dict[str, Subject] = {
    "bicycle": Subject(bicycle, ("bicycle", "bicycle", "bike"), ("bicycles", "bicycles", "bikes")),
    "bus": Subject(bus, ("bus", "bus", "double-decker"), ("buses", "buses", "double-deckers")),
    "train": Subject(train, ("train", "train", "steam train", "locomotive"), ("trains", "trains", "steam trains", "locomotives")),
    "truck": Subject(truck, ("truck", "truck", "lorry"), ("trucks", "trucks", "lorries")),
    "tractor": Subject(tractor, ("tractor", "tractor", "farm tractor"), ("tractors", "tractors", "farm tractors")),
    "submarine": Subject(submarine, ("submarine", "submarine", "sub"), ("submarines", "submarines", "subs"), home="sea floor"),
    "helicopter": Subject(helicopter, ("helicopter", "helicopter", "chopper"), ("helicopters", "helicopters", "choppers"), home="air"),
    "flying saucer": Subject(saucer, ("flying saucer", "flying saucer", "UFO"), ("flying saucers", "flying saucers", "UFOs"), home="air"),
}
