"""What people ride in, on water, on land and in the air."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pen import COLORS, INK, RGB, SNOW, Pen, Point, apart, blend, grown, shade
from subjects.base import Subject
from subjects.shapes import Frame

WOOD: RGB = (166, 108, 60)
OAK: RGB = (116, 66, 44)
CLOTH: RGB = (252, 246, 232)
STEEL: RGB = (92, 100, 114)


def shifting(stage: float, shapes: Sequence[Sequence[Point]]) -> list[Point]:
    """A shape of so many corners, known at stages 0, 1, 2, ..., read between them."""
    return [(grown(stage, [c[0] for c in corner]), grown(stage, [c[1] for c in corner])) for corner in zip(*shapes, strict=True)]


# --- vessels ----------------------------------------------------------------------------------------------------------------


def strake(stage: float, share: float) -> list[Point]:
    """A seam of the hull from stern to bow, at `share` of the way from its upper edge to its keel."""
    half = grown(stage, (0.27, 0.29 - 0.1 * share, 0.28 - 0.1 * share, 0.28 - 0.07 * share))
    top, keel = grown(stage, (0.13, 0.11, 0.11, 0.16)), grown(stage, (-0.05, -0.05, -0.06, -0.06))
    stern, bow = grown(stage, (0, 0.06, 0.02, 0.11)) * (1 - share), grown(stage, (0, 0.08, 0.08, 0.06)) * (1 - share)
    skew = grown(stage, (0.03, 0, 0, 0)) * (1 - 2 * share)
    level = top + (keel - top) * share
    return [(half * u + skew, level + (bow if u > 0 else stern) * abs(u) ** 2.2) for u in np.linspace(-1, 1, 17).tolist()]


def hull(pen: Pen, frame: Frame, color: RGB) -> None:
    """Logs side by side, which bend into the planks of a hull."""
    stage, count = pen.stage, 4
    inside = grown(stage, (0, 0.05, 0.01, 0))
    rim = strake(stage, 0)
    far = [(a, u + inside * (1 - (a / 0.29) ** 2)) for a, u in rim]
    pen.polygon(frame.all(far + rim[::-1]), shade(color, 0.55))
    contrast, cap = grown(stage, (1, 0.55, 0.25, 0.35)), grown(stage, (0.022, 0, 0, 0)) * frame.s
    for i in range(count):
        upper, lower = strake(stage, i / count), strake(stage, (i + 1) / count)
        tone = shade(color, 1 - contrast * (0.0, 0.2, 0.06, 0.3)[i] - 0.22 * grown(stage, (0, 0.3, 1, 1)) * (i > 2))
        for end in (0, -1):
            middle = frame.at((upper[end][0] + lower[end][0]) / 2, (upper[end][1] + lower[end][1]) / 2)
            pen.ellipse(*middle, cap, cap, tone if end == 0 else shade(color, 1.45))
        pen.polygon(frame.all(upper + lower[::-1]), tone)
    band = grown(stage, (0, 0.016, 0.026, 0.03))
    light = blend(shade(color, 1.4), apart(color, (250, 206, 96), OAK), grown(stage, (0, 0, 0, 1)))
    pen.polygon(frame.all(rim + [(a, u - band) for a, u in rim][::-1]), light)
    rope = grown(stage, (0.03, 0, 0, 0)) * frame.s
    for along in (-0.17, 0.17):
        pen.line(frame.all([(along + 0.03, 0.125), (along - 0.03, -0.045)]), rope, (236, 214, 160))
    port = grown(stage, (0, 0, 0, 0.021)) * frame.s
    for along in (-0.16, -0.05, 0.06, 0.17):
        pen.ellipse(*frame.at(along, 0.075), port, port, blend(INK, pen.pane, pen.world.lamps), pen.dark)


def oars(pen: Pen, frame: Frame, near: bool) -> None:
    """The pole that stands on the raft swings down and is the near oar; the far one comes out behind it."""
    stage, wood = pen.stage, (214, 164, 104)
    middles = [(-0.08, 0.26), (-0.055, 0.085), (0, 0.1), (0, 0.1)] if near else [(0.1, 0.12), (0.16, 0.21), (0, 0.1), (0, 0.1)]
    ((along, up),) = shifting(stage, [[middle] for middle in middles])
    half = grown(stage, (0.16, 0.177, 0, 0) if near else (0, 0.1, 0, 0))
    angle = math.radians(grown(stage, (90, 230, 230, 230) if near else (53, 53, 53, 53)))
    if half < 0.005:
        return
    dx, dy, width = math.cos(angle), math.sin(angle), min(1.0, half / 0.1)
    inner, outer = (along - half * dx, up - half * dy), (along + half * dx, up + half * dy)
    pen.line(frame.all([inner, outer]), 0.02 * width * frame.s, wood)
    blade = [(0.0, 0.0), (0.03, 0.034), (0.1, 0.034), (0.12, 0.0), (0.1, -0.034), (0.03, -0.034)]
    pen.polygon(frame.all([(outer[0] + width * (a * dx - b * dy), outer[1] + width * (a * dy + b * dx)) for a, b in blade]), wood)


def square_sails(pen: Pen, frame: Frame, along: float, foot: float, height: float, width: float, cloth: RGB) -> None:
    """A mast with two square sails, the lower one larger."""
    if height <= 0.01:
        return
    pen.line(frame.all([(along, foot), (along, foot + height)]), 0.02 * frame.s, shade(OAK, 0.7))
    for low, high, wide, narrow in ((0.1, 0.52, 1.0, 0.86), (0.57, 0.92, 0.84, 0.6)):
        a, b, belly = foot + low * height, foot + high * height, 0.12 * width
        points = [
            (-narrow * width, b),
            (narrow * width, b),
            (wide * width + belly, (a + b) / 2),
            (wide * width, a),
            (0, a + belly),
            (-wide * width, a),
        ]
        pen.polygon(frame.all([(along + dx, up) for dx, up in points]), shade(cloth, 0.94 if low < 0.5 else 1))


def rig(pen: Pen, frame: Frame, color: RGB) -> None:
    """One mast with a main sail and a jib, then three with square sails; the main sail's slanted edge becomes upright."""
    stage = pen.stage
    ship = max(0.0, stage - 2)
    cloth = blend(apart(color, CLOTH, (214, 226, 240)), CLOTH, ship)
    mast = grown(stage, (0, 0, 0.44, 0.42))
    if mast > 0.005:
        pen.line(frame.all([(0.02, 0.05), (0.02, 0.1 + mast)]), grown(stage, (0, 0.01, 0.022, 0.022)) * frame.s, shade(OAK, 0.7))
    flag, peak = 0.09 * ship, 0.12 + mast
    if flag > 0:
        pen.polygon(frame.all([(0.02, peak), (0.02 - flag, peak - 0.35 * flag), (0.02, peak - 0.7 * flag)]), COLORS["red"])
    square_sails(pen, frame, -0.17, 0.15, 0.34 * ship, 0.075 * ship, cloth)
    jib = shifting(
        stage, [[(0.04, 0.1)] * 3, [(0.04, 0.1)] * 3, [(0.045, 0.48), (0.25, 0.17), (0.045, 0.17)], [(0.19, 0.46), (0.36, 0.25), (0.22, 0.25)]]
    )
    if stage > 1:
        pen.polygon(frame.all(jib), blend(shade(color, 1.05), shade(cloth, 0.86), ship))
    sprit = 0.1 * ship
    pen.line(frame.all([(0.25, 0.19), (0.25 + sprit, 0.19 + 0.5 * sprit)]), 0.022 * frame.s * min(1.0, ship * 4), shade(OAK, 0.7))
    main_sail(pen, frame, cloth, ship)
    square_sails(pen, frame, 0.19, 0.15, 0.32 * ship, 0.07 * ship, cloth)


def main_sail(pen: Pen, frame: Frame, cloth: RGB, ship: float) -> None:
    """A triangle behind the mast, whose halves part and become two square sails before it."""
    hoisted = grown(pen.stage, (0, 0, 1, 1))
    if hoisted <= 0.01:
        return
    for low, high in ((0.0, 0.5), (0.5, 1.0)):
        gap = 0.01 * ship
        corners = []
        for share, side in ((low, -1), (high, -1), (high, 1), (low, 1)):
            slant = -0.23 * (1 - share) if side < 0 else 0.0
            square = side * (0.1 - 0.03 * share) + 0.025
            up = 0.15 + 0.035 * ship + (0.36 - 0.03 * ship) * hoisted * share + gap * (1 if share == low else -1)
            corners.append((0.005 + hoisted * (slant * (1 - ship) + square * ship), up))
        pen.polygon(frame.all(corners), cloth if low else shade(cloth, 1 - 0.06 * ship))


def vessel(pen: Pen, x: float, y: float, s: float) -> None:
    """Raft, rowing boat, sailing boat, ship."""
    stage = pen.stage
    frame = Frame(x, y, s, -1.0 if pen.rng.random() < 0.5 else 1.0)
    paint, rowing = pen.natural(("red", "blue", "green", "red")), pen.natural(("orange", "turquoise", "green", "brown"))
    steps = (WOOD, blend(rowing, WOOD, 0.25), paint, OAK)
    low = min(2, int(stage))
    color = pen.tint(blend(steps[low], steps[low + 1], stage - low))
    pen.ellipse(x, y + 0.05 * s, 0.3 * s, 0.03 * s, shade(pen.world.water, 0.78))
    oars(pen, frame, near=False)
    rig(pen, frame, color)
    hull(pen, frame, color)
    oars(pen, frame, near=True)
    for along, half in ((-0.17, 0.1), (0.16, 0.12)):
        pen.line([(x + (along - half) * s, y + 0.07 * s), (x + (along + half) * s, y + 0.07 * s)], 0.016 * s, shade(pen.world.water, 1.35))


# --- what flies -------------------------------------------------------------------------------------------------------------

STATIONS = (-1, -0.8, -0.5, 0, 0.4, 0.7, 0.88, 0.97, 1)
BACKS = (
    (0, 0, 0, 0, 0, 0, 0, 0, 0),
    (0.055, 0.062, 0.07, 0.074, 0.074, 0.07, 0.052, 0.028, -0.01),
    (0.07, 0.09, 0.108, 0.115, 0.105, 0.075, 0.04, 0.014, 0),
)
BELLIES = (
    (-0.14, -0.126, -0.105, -0.07, -0.042, -0.021, -0.008, -0.002, 0),
    (0.02, -0.03, -0.062, -0.074, -0.074, -0.07, -0.058, -0.038, -0.012),
    (-0.07, -0.09, -0.108, -0.115, -0.105, -0.075, -0.04, -0.014, 0),
)


def fuselage(stage: float, tail: float) -> list[Point]:
    """The outline of the body from its nose back to `tail` (-1: all of it, 1: nothing)."""
    ks = np.linspace(tail, 1, 25).tolist()
    back, belly = ([grown(stage, column) for column in zip(*rows, strict=True)] for rows in (BACKS, BELLIES))
    half = grown(stage, (0.3, 0.3, 0.23))
    return [(half * k, float(np.interp(k, STATIONS, back))) for k in ks] + [(half * k, float(np.interp(k, STATIONS, belly))) for k in reversed(ks)]


def flight(pen: Pen, x: float, y: float, s: float) -> None:
    """Paper plane, aeroplane, rocket: its folds open into a body with wings, which rears up and stands on its flame."""
    stage, upright = pen.stage, max(0.0, pen.stage - 1)
    tilt = pen.rng.uniform(-0.06, 0.06)
    frame = Frame(x, y - 0.33 * s, s, 1.0, grown(stage, (0.3 + tilt, 0.12 + tilt, math.pi / 2)))
    livery = pen.natural(("red", "blue", "orange"))
    color = pen.tint((244, 246, 250))
    accent = apart(color, livery, (250, 226, 130))
    fins = blend(color, accent, grown(stage, (0, 0.9, 1)))

    exhaust(pen, frame, upright)
    far = shifting(
        stage, [[(0.3, 0), (-0.21, 0.2), (-0.23, 0.19), (-0.19, 0)], [(0.07, 0.05), (-0.09, 0.17), (-0.14, 0.17), (-0.07, 0.05)], [(0.0, 0)] * 4]
    )
    pen.polygon(frame.all(far), shade(color, grown(stage, (0.88, 0.78, 0.78))))
    fin = shifting(
        stage,
        [[(-0.2, 0)] * 4, [(-0.14, 0.06), (-0.26, 0.21), (-0.33, 0.21), (-0.29, 0.04)], [(-0.0, 0.1), (-0.17, 0.21), (-0.27, 0.21), (-0.19, 0.07)]],
    )
    pen.polygon(frame.all(fin), fins)
    wing = shifting(
        stage,
        [
            [(0.3, 0), (-0.3, 0.1), (-0.3, 0.09), (-0.2, -0.01)],
            [(0.09, -0.025), (-0.13, -0.2), (-0.2, -0.2), (-0.08, -0.02)],
            [(-0.0, -0.1), (-0.17, -0.21), (-0.27, -0.21), (-0.19, -0.07)],
        ],
    )
    body(pen, frame, color, accent)
    pen.polygon(frame.all(wing), blend(blend(color, shade(color, 0.72), min(1.0, stage)), fins, upright))
    windows(pen, frame, color, accent)


def exhaust(pen: Pen, frame: Frame, grow: float) -> None:
    if grow <= 0:
        return
    for size, tone in ((1.0, (246, 128, 40)), (0.6, (255, 222, 96))):
        k = grow * size
        sides = [(-0.18, 0.06 * k), (-0.22 - 0.08 * k, 0.05 * k), (-0.22 - 0.2 * k, 0), (-0.22 - 0.08 * k, -0.05 * k), (-0.18, -0.06 * k)]
        pen.blob(frame.all(sides), tone, True)
    pen.polygon(frame.all([(-0.18, 0.05 * grow), (-0.25, 0.06 * grow), (-0.25, -0.06 * grow), (-0.18, -0.05 * grow)]), STEEL)


def body(pen: Pen, frame: Frame, color: RGB, accent: RGB) -> None:
    stage = pen.stage
    whole = fuselage(stage, -1)
    pen.polygon(frame.all(whole), blend(shade(color, 0.68), color, min(1.0, stage)))
    back, belly = whole[: len(whole) // 2], whole[: len(whole) // 2 - 1 : -1]
    edge = grown(stage, (-0.2, -0.03, -0.03))
    pen.polygon(frame.all([(a, max(low, min(up, edge))) for (a, up), (_, low) in zip(back, belly, strict=True)] + belly[::-1]), shade(color, 0.82))
    cap = grown(stage, (1, 1, 0.42))
    if cap < 0.99:
        pen.polygon(frame.all(fuselage(stage, cap)), accent)


def windows(pen: Pen, frame: Frame, color: RGB, accent: RGB) -> None:
    """A row along the cabin and one for the pilot; the middle one widens to the porthole."""
    stage, s = pen.stage, frame.s
    small = grown(stage, (0, 0.02, 0)) * s
    glass = pen.pane if pen.dark else apart(color, (62, 122, 186), (206, 232, 250))
    for i in range(5):
        if i != 3:
            pen.ellipse(*frame.at(-0.17 + 0.08 * i, 0.02), small, small, glass, pen.dark)
    porthole = grown(stage, (0, 0.02, 0.056)) * s
    along, up = grown(stage, (0.0, 0.07, 0.02)), grown(stage, (0, 0.02, 0))
    rim = grown(stage, (0, 0, 0.018)) * s
    pen.ellipse(*frame.at(along, up), porthole + rim, porthole + rim, accent)
    pen.ellipse(*frame.at(along, up), porthole, porthole, glass, pen.dark)
    pilot = shifting(stage, [[(0.25, 0.0)] * 4, [(0.2, 0.064), (0.25, 0.052), (0.272, 0.02), (0.2, 0.02)], [(0.2, 0.0)] * 4])
    pen.polygon(frame.all(pilot), glass, pen.dark)


def balloon(pen: Pen, x: float, y: float, s: float) -> None:
    """Hot air balloon: gores in two tones, a basket, and the burner that lights up in the dark."""
    skin = pen.tint(pen.natural(("red", "orange", "yellow", "purple")))
    other, r, cy, side = apart(skin, CLOTH, (170, 184, 204)), 0.215 * s, y - 0.4 * s, pen.away
    angles = np.linspace(-0.78 * math.pi, 0.78 * math.pi, 41).tolist()
    half = [(math.sin(a), -math.cos(a) if abs(a) < math.pi / 2 else -1.15 * math.cos(a)) for a in angles]

    def gore(width: float, color: RGB) -> None:
        pen.polygon([(x + width * r * u, cy + r * (v if v < 0 else v * 1.1)) for u, v in half], color)

    for width, color in ((1.0, skin), (0.76, other), (0.5, skin), (0.2, other)):
        gore(width, color)
        shaded = [(x + side * width * r * u, cy + r * (v if v < 0 else v * 1.1)) for u, v in half if u >= 0]
        pen.polygon([(x, cy - r), *shaded, (x, cy + r * 0.85)], shade(color, 0.88))
    for way in (-1, 1):
        pen.line([(x + way * 0.1 * s, cy + 0.19 * s), (x + way * 0.05 * s, y - 0.13 * s)], 0.014 * s, OAK)
    pen.ellipse(x, cy + 0.215 * s, 0.026 * s, 0.036 * s, (255, 176, 60), True)
    pen.polygon([(x - 0.068 * s, y - 0.14 * s), (x + 0.068 * s, y - 0.14 * s), (x + 0.052 * s, y - 0.04 * s), (x - 0.052 * s, y - 0.04 * s)], WOOD)
    pen.rectangle(x - 0.076 * s, y - 0.15 * s, x + 0.076 * s, y - 0.12 * s, shade(WOOD, 0.7))


def car(pen: Pen, x: float, y: float, s: float) -> None:
    color = pen.tint(pen.natural(("red", "blue", "yellow", "green")))
    frame = Frame(x, y, s, -1.0 if pen.rng.random() < 0.5 else 1.0)
    pen.shadow(x, y, 0.3 * s)
    roof = [(-0.23, 0.2), (-0.19, 0.33), (-0.13, 0.37), (0.0, 0.37), (0.07, 0.34), (0.15, 0.2)]
    pen.polygon(frame.all(roof), color)
    if pen.world.snow > 0:
        deep = 0.05 * pen.world.snow
        pen.blob(frame.all([(-0.175, 0.345), (-0.11, 0.35 + deep), (0.01, 0.35 + deep), (0.075, 0.345)]), SNOW)
    glass = blend(apart(color, (176, 220, 240), (96, 150, 186)), pen.pane, pen.world.lamps)
    pen.polygon(frame.all([(-0.185, 0.21), (-0.155, 0.32), (-0.12, 0.335), (-0.055, 0.335), (-0.055, 0.21)]), glass, pen.dark)
    pen.polygon(frame.all([(-0.02, 0.21), (-0.02, 0.335), (0.005, 0.335), (0.05, 0.315), (0.108, 0.21)]), glass, pen.dark)
    shell = [(-0.28, 0.05), (-0.3, 0.11), (-0.285, 0.19), (-0.25, 0.215), (0.14, 0.215), (0.25, 0.185), (0.29, 0.15), (0.3, 0.05)]
    pen.polygon(frame.all(shell), color)
    pen.polygon(frame.all([(-0.28, 0.05), (-0.297, 0.115), (0.296, 0.115), (0.3, 0.05)]), shade(color, 0.78))
    pen.line(frame.all([(-0.06, 0.175), (-0.02, 0.175)]), 0.022 * s, shade(color, 0.6))
    pen.ellipse(*frame.at(0.27, 0.145), 0.028 * s, 0.032 * s, (255, 240, 170), pen.dark)
    pen.polygon(frame.all([(-0.298, 0.12), (-0.29, 0.18), (-0.26, 0.18), (-0.262, 0.12)]), apart(color, (220, 40, 44), (255, 170, 70)))
    for along in (-0.165, 0.165):
        for radius, tone in ((0.098, shade(color, 0.5)), (0.083, INK), (0.042, (206, 210, 216))):
            pen.ellipse(*frame.at(along, 0.07), radius * s, radius * s, tone)


def of_series(series: str, stage: float, names: tuple[str, ...], plurals: tuple[str, ...]) -> Subject:
    draw, home = (vessel, "lake") if series == "vessel" else (flight, "air")
    return Subject(draw, names, plurals, home, series, stage, core=True)


SUBJECTS: dict[str, Subject] = {
    "raft": of_series("vessel", 0, ("raft", "raft", "log raft"), ("rafts", "rafts", "log rafts")),
    "rowing boat": of_series("vessel", 1, ("rowing boat", "rowing boat", "rowboat"), ("rowing boats", "rowing boats", "rowboats")),
    "sailing boat": of_series(
        "vessel", 2, ("sailing boat", "sailing boat", "sailboat", "boat"), ("sailing boats", "sailing boats", "sailboats", "boats")
    ),
    "ship": of_series("vessel", 3, ("ship", "ship", "tall ship", "galleon"), ("ships", "ships", "tall ships", "galleons")),
    "paper plane": of_series("flight", 0, ("paper plane", "paper plane", "paper aeroplane"), ("paper planes", "paper planes", "paper aeroplanes")),
    "aeroplane": of_series(
        "flight", 1, ("aeroplane", "aeroplane", "airplane", "plane", "airliner"), ("aeroplanes", "aeroplanes", "airplanes", "planes", "airliners")
    ),
    "rocket": of_series("flight", 2, ("rocket", "rocket", "space rocket"), ("rockets", "rockets", "space rockets")),
    "balloon": Subject(balloon, ("hot air balloon", "balloon", "balloon"), ("hot air balloons", "balloons", "balloons"), home="air", core=True),
    "car": Subject(car, ("car", "car", "automobile"), ("cars", "cars", "automobiles"), core=True),
}
