"""What people build to live in and to be guided by."""

from __future__ import annotations

from pen import COLORS, INK, RGB, SNOW, Pen, apart, blend, grown, shade
from subjects.base import Subject

LOGS: RGB = (164, 104, 58)
STONE: RGB = (176, 172, 172)
SLATE: RGB = (72, 70, 92)
POLE: RGB = (96, 70, 58)
CREAM: RGB = (248, 242, 230)


def battlements(pen: Pen, x: float, top: float, half: float, height: float, color: RGB) -> None:
    """A crown of three merlons, a little wider than the wall of half width `half` under it."""
    if height <= 0:
        return
    wide, tooth = half + 0.25 * height, (half + 0.25 * height) * 0.4
    pen.rectangle(x - wide, top - 0.1 * height, x + wide, top + 0.5 * height, color)
    for middle in (x - wide + tooth / 2, x, x + wide - tooth / 2):
        pen.rectangle(middle - tooth / 2, top - height, middle + tooth / 2, top, color)
        pen.rectangle(middle - tooth / 2, top - height, middle + tooth / 2, top - 0.7 * height, blend(color, SNOW, pen.world.snow))


def window(pen: Pen, x: float, y: float, half: float, height: float, frame: RGB) -> None:
    if half <= 0.002:
        return
    pen.rectangle(x - half * 1.3, y - height * 1.2, x + half * 1.3, y + height * 1.2, frame)
    pen.rectangle(x - half, y - height, x + half, y + height, pen.pane, pen.dark)


def wall(pen: Pen, x: float, foot: float, half: float, height: float, color: RGB) -> None:
    """A box whose half away from the sun is darker."""
    pen.rectangle(x - half, foot - height, x + half, foot, color)
    pen.rectangle(x, foot - height, x + pen.away * half, foot, shade(color, 0.86))


def gable(pen: Pen, x: float, eave: float, half: float, rise: float, color: RGB) -> None:
    pen.polygon([(x - half, eave), (x, eave - rise), (x + half, eave)], color)
    pen.polygon([(x + pen.away * half, eave), (x, eave - rise), (x, eave)], shade(color, 0.84))


def tower(pen: Pen, x: float, y: float, s: float, grow: float, stone: RGB, cloth: RGB) -> None:
    """A castle's side tower with its flag, risen out of the ground by `grow`."""
    if grow <= 0:
        return
    half, height = 0.08 * s * min(1.0, 0.4 + grow * 0.6), 0.36 * s * grow
    top, staff, flag = y - height, 0.17 * s * grow, 0.1 * s * grow
    pen.line([(x, top), (x, top - staff)], 0.014 * s, POLE)
    pen.polygon([(x, top - staff), (x + flag, top - staff + 0.4 * flag), (x, top - staff + 0.8 * flag)], cloth)
    wall(pen, x, y, half, height, stone)
    battlements(pen, x, top, half, 0.06 * s * grow, shade(stone, 1.06))
    window(pen, x, y - 0.2 * s * grow, 0.019 * s * grow, 0.036 * s * grow, shade(stone, 0.62))


def doorway(pen: Pen, x: float, y: float, s: float, color: RGB) -> None:
    """The slit of the tent, then the door, then the arched gate."""
    stage = pen.stage
    foot, head = grown(stage, (0.1, 0.052, 0.045, 0.068)) * s, grown(stage, (0.0, 0.052, 0.045, 0.068)) * s
    height, arch = grown(stage, (0.29, 0.15, 0.14, 0.13)) * s, grown(stage, (0, 0, 0, 0.062)) * s
    dark = blend((62, 44, 48), (104, 64, 42), grown(stage, (0, 1, 1, 0.7)))
    light = blend(pen.lit(dark), (255, 206, 104), pen.world.lamps * grown(stage, (0.9, 0, 0, 0)))
    pen.ellipse(x, y - height, head, arch, light, True)
    pen.polygon([(x - foot, y), (x - head, y - height), (x + head, y - height), (x + foot, y)], light, True)
    flap = grown(stage, (0.075, 0, 0, 0)) * s
    for side in (-1, 1) if flap > 0 else ():
        points = [(head, height), (foot, 0), (foot + flap, 0), ((foot + head) / 2 + 0.15 * flap, 0.45 * height)]
        pen.polygon([(x + side * along, y - up) for along, up in points], shade(color, 1.28 if side != pen.away else 1.1))
    knob = grown(stage, (0, 0.015, 0.015, 0)) * s
    pen.ellipse(x + 0.026 * s, y - 0.07 * s, knob, knob, (240, 206, 96))


def building(pen: Pen, x: float, y: float, s: float) -> None:
    """Tent, cabin, house, castle: the slopes of canvas are lifted by walls, which grow and are fortified."""
    stage = pen.stage
    canvas, paint = pen.natural(("orange", "yellow", "green", "red")), pen.natural(("white", "yellow", "red", "blue"))
    natural = blend(canvas, LOGS, stage) if stage < 1 else blend(LOGS, shade(paint, 0.97), stage - 1) if stage < 2 else blend(paint, STONE, stage - 2)
    color = pen.tint(natural)
    tiles = apart(color, (176, 70, 54), SLATE)
    thatch = blend(apart(color, (62, 52, 56), (214, 178, 116)), tiles, grown(stage, (0, 0, 1, 1)))
    roof = blend(blend(color, thatch, grown(stage, (0, 1, 1, 1))), SNOW, pen.world.snow * grown(stage, (0.12, 0.9, 0.9, 0.8)))

    half, height = grown(stage, (0.2, 0.23, 0.2, 0.14)) * s, grown(stage, (0, 0.2, 0.33, 0.38)) * s
    eaves, rise = grown(stage, (0.3, 0.3, 0.26, 0.12)) * s, grown(stage, (0.45, 0.26, 0.2, 0.17)) * s
    eave, peak = y - height, y - height - rise
    pen.shadow(x, y + 0.005 * s, 0.3 * s)

    pole = grown(stage, (0.05, 0, 0, 0)) * s
    for side in (-1, 1):
        pen.line([(x, peak + 0.05 * s), (x + side * pole * 0.8, peak - pole)], 0.022 * s * min(1.0, pole / (0.02 * s)), POLE)
    chimney = grown(stage, (0, 0, 0.19, 0.0)) * s
    pen.rectangle(x + 0.11 * s, eave - chimney, x + 0.17 * s, eave, shade(tiles, 0.72))
    if chimney > 0.02 * s:
        pen.rectangle(x + 0.1 * s, eave - chimney, x + 0.18 * s, eave - chimney + 0.03 * s, blend(shade(tiles, 0.6), SNOW, pen.world.snow))

    wall(pen, x, y, half, height, color)
    round_logs(pen, x, y, s, half, height, color)
    gable(pen, x, eave, eaves, rise, roof)
    face = grown(stage, (0, 0.66, 0.6, 0))
    gable(pen, x, eave, half * face, rise * face, color)
    battlements(pen, x, eave, half, grown(stage, (0, 0, 0, 0.065)) * s, shade(color, 1.06))

    for side in (-1, 1):
        tower(pen, x + side * 0.21 * s, y, s, max(0.0, stage - 2), color, apart(color, COLORS["red"], COLORS["yellow"]))
    openings(pen, x, y, s, color)


def round_logs(pen: Pen, x: float, y: float, s: float, half: float, height: float, color: RGB) -> None:
    """The cabin's walls are of logs whose ends stand out at the corners; they are planed flat as it becomes a house."""
    bulge = grown(pen.stage, (0, 0.028, 0, 0)) * s
    for i in range(4):
        middle = y - height * (i + 0.5) / 4
        for side in (-1, 1):
            pen.ellipse(x + side * half, middle, bulge, min(bulge, height / 8), shade(color, 1.2))
        if i and bulge > 0:
            pen.rectangle(
                x - half,
                middle + height / 8 - bulge * 0.2,
                x + half,
                middle + height / 8 + bulge * 0.2,
                shade(color, 1 - 0.3 * min(1.0, bulge / (0.02 * s))),
            )


def openings(pen: Pen, x: float, y: float, s: float, color: RGB) -> None:
    stage = pen.stage
    frame = blend(apart(color, CREAM, (120, 92, 84)), shade(color, 0.62), max(0.0, stage - 2))
    for side in (-1, 1):
        low = grown(stage, (0, 0.036, 0.035, 0)) * s
        window(pen, x + side * grown(stage, (0.13, 0.14, 0.125, 0.06)) * s, y - 0.1 * s, low, low, frame)
        high = grown(stage, (0, 0, 0.035, 0.019)) * s
        tall = grown(stage, (0, 0, 0.035, 0.036)) * s
        window(pen, x + side * grown(stage, (0.1, 0.1, 0.1, 0.06)) * s, y - grown(stage, (0.2, 0.2, 0.25, 0.29)) * s, high, tall, frame)
    doorway(pen, x, y, s, color)


def lighthouse(pen: Pen, x: float, y: float, s: float) -> None:
    paint = pen.tint(COLORS["red"])
    plain, side = apart(paint, CREAM, (150, 164, 182)), pen.away
    lamp = blend((255, 236, 160), (255, 240, 170), pen.world.lamps)
    beam, top = 0.3 * s * pen.world.lamps, y - 0.455 * s
    pen.shadow(x, y + 0.01 * s, 0.24 * s)
    for way in (-1, 1):
        glow = blend(pen.world.sky_low, (255, 232, 120), 0.55)
        pen.polygon([(x, top), (x + way * beam, top - 0.26 * beam), (x + way * beam, top + 0.26 * beam)], glow, True)
    rock: RGB = (128, 122, 124)
    pen.blob(
        [(x - 0.24 * s, y + 0.015 * s), (x - 0.17 * s, y - 0.06 * s), (x, y - 0.08 * s), (x + 0.17 * s, y - 0.05 * s), (x + 0.24 * s, y + 0.015 * s)],
        rock,
    )

    def edge(height: float) -> float:
        return (0.135 - 0.14 * height) * s

    bands = 5
    for i in range(bands):
        low, high = 0.04 + 0.36 * i / bands, 0.04 + 0.36 * (i + 1) / bands
        color = plain if i % 2 else paint
        pen.polygon(
            [(x - edge(low), y - low * s), (x + edge(low), y - low * s), (x + edge(high), y - high * s), (x - edge(high), y - high * s)], color
        )
        pen.polygon(
            [(x, y - low * s), (x + side * edge(low), y - low * s), (x + side * edge(high), y - high * s), (x, y - high * s)], shade(color, 0.84)
        )
    pen.rectangle(x - 0.075 * s, y - 0.5 * s, x + 0.075 * s, y - 0.41 * s, blend(INK, lamp, 0.06))
    pen.rectangle(x - 0.06 * s, y - 0.5 * s, x + 0.06 * s, y - 0.41 * s, lamp, True)
    pen.rectangle(x - 0.115 * s, y - 0.42 * s, x + 0.115 * s, y - 0.385 * s, SLATE)
    cap = blend(paint, SNOW, 0.9 * pen.world.snow)
    pen.polygon([(x - 0.1 * s, y - 0.495 * s), (x, y - 0.6 * s), (x + 0.1 * s, y - 0.495 * s)], cap)
    pen.polygon([(x, y - 0.495 * s), (x, y - 0.6 * s), (x + side * 0.1 * s, y - 0.495 * s)], shade(cap, 0.84))
    pen.rectangle(x - 0.032 * s, y - 0.14 * s, x + 0.032 * s, y - 0.05 * s, SLATE)
    window(pen, x, y - 0.295 * s, 0.018 * s, 0.026 * s, SLATE)


def of_series(stage: float, names: tuple[str, ...], plurals: tuple[str, ...]) -> Subject:
    return Subject(building, names, plurals, series="building", stage=stage, core=True)


SUBJECTS: dict[str, Subject] = {
    "tent": of_series(0, ("tent", "tent", "camping tent"), ("tents", "tents", "camping tents")),
    "cabin": of_series(1, ("cabin", "cabin", "log cabin", "hut"), ("cabins", "cabins", "log cabins", "huts")),
    "house": of_series(2, ("house", "house", "home"), ("houses", "houses", "homes")),
    "castle": of_series(3, ("castle", "castle", "fortress"), ("castles", "castles", "fortresses")),
    "lighthouse": Subject(lighthouse, ("lighthouse", "lighthouse", "light tower"), ("lighthouses", "lighthouses", "light towers"), core=True),
}
