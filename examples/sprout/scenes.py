"""The pictures that sprout learns from: endless labelled flat illustrations, drawn by this file.

A `Scene` says in words and numbers what is on a picture. `draw` turns it into pixels, `caption` into one of many wordings.
Everything a scene is drawn from (palette, tint, stage of growth) is numeric, so two scenes of one family can be blended
half-way and drawn: those blends are what teaches the model how a film between two prompts should look.

This file knows nothing of models and imports no torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from PIL import Image, ImageDraw

RGB = tuple[float, float, float]  # each 0..255
Rng = np.random.Generator

OVERSAMPLE = 3  # drawn this many times larger and reduced: Pillow's shapes are not anti-aliased

COLORS: dict[str, RGB] = {
    "red": (212, 52, 48),
    "orange": (240, 136, 40),
    "yellow": (246, 208, 60),
    "green": (76, 158, 72),
    "blue": (56, 112, 206),
    "purple": (134, 76, 178),
    "pink": (240, 132, 172),
    "white": (244, 242, 236),
}


def lerp(a: float, b: float, mix: float) -> float:
    return a + (b - a) * mix


def blend(a: RGB, b: RGB, mix: float) -> RGB:
    return (lerp(a[0], b[0], mix), lerp(a[1], b[1], mix), lerp(a[2], b[2], mix))


def shade(color: RGB, factor: float) -> RGB:
    """Darker (`factor` < 1) or lighter (> 1, towards white)."""
    return blend((0, 0, 0), color, factor) if factor <= 1 else blend(color, (255, 255, 255), factor - 1)


@dataclass(frozen=True)
class Palette:
    """The colours and the light of a setting; every field blends linearly."""

    sky_top: RGB
    sky_low: RGB
    far: RGB  # hills at the horizon
    near: RGB  # ground under the subject
    water: RGB
    foliage: RGB
    light: RGB  # factor per channel on the subject, 1 = full daylight
    sun: RGB
    sun_height: float  # 0 at the top of the picture, 1 at its foot
    stars: float = 0.0
    snow: float = 0.0


SETTINGS: dict[str, Palette] = {
    "day": Palette(
        (104, 182, 236), (206, 234, 246), (134, 190, 128), (104, 168, 88), (58, 140, 196), (74, 150, 70), (1, 1, 1), (255, 238, 150), 0.18
    ),
    "sunset": Palette(
        (112, 74, 150), (252, 160, 96), (140, 92, 116), (116, 92, 88), (150, 88, 130), (104, 124, 66), (1, 0.84, 0.78), (255, 214, 120), 0.5
    ),
    "night": Palette(
        (14, 20, 56), (46, 62, 116), (38, 58, 88), (32, 58, 66), (22, 44, 92), (50, 106, 84), (0.66, 0.72, 0.92), (240, 240, 222), 0.2, stars=1
    ),
    "winter": Palette(
        (156, 188, 214), (226, 236, 242), (206, 220, 232), (242, 246, 250), (112, 156, 186), (96, 146, 120), (0.97, 0.98, 1), (255, 248, 226), 0.22,
        snow=1,
    ),
    "autumn": Palette(
        (146, 182, 204), (246, 226, 190), (204, 152, 84), (184, 132, 66), (82, 128, 150), (226, 118, 40), (1, 0.95, 0.86), (255, 232, 160), 0.24
    ),
}  # fmt: skip


def blend_palettes(a: Palette, b: Palette, mix: float) -> Palette:
    def value(name: str) -> RGB | float:
        x, y = getattr(a, name), getattr(b, name)
        return blend(x, y, mix) if isinstance(x, tuple) else lerp(x, y, mix)

    return Palette(**{field.name: value(field.name) for field in fields(Palette)})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Scene:
    """One picture in words. `variation` seeds everything that the caption does not say."""

    subject: str
    color: str | None  # of COLORS; None: the subject's own
    setting: str  # of SETTINGS
    variation: int


@dataclass(frozen=True)
class Sketch:
    """One picture in numbers, what is really drawn; two of one family blend."""

    subject: str
    stage: float  # place in the subject's series, 0 for those that do not grow
    tint: RGB
    tinted: float  # 0: natural colours, 1: `tint`
    palette: Palette
    variation: int


class Pen:
    """Shapes in a square of side 1 (y grows downwards), under the light of the setting."""

    def __init__(self, image: Image.Image, sketch: Sketch):
        self.unit = image.width
        self.canvas = ImageDraw.Draw(image)
        self.sketch, self.palette = sketch, sketch.palette
        # The caption says nothing of these, so they come from the variation alone.
        self.rng = np.random.default_rng(sketch.variation)

    def lit(self, color: RGB) -> tuple[int, int, int]:
        r, g, b = (int(min(255, max(0, c * f))) for c, f in zip(color, self.palette.light, strict=True))
        return r, g, b

    def tint(self, natural: RGB) -> RGB:
        """The colour of the part that a colour word is about."""
        jitter = self.rng.uniform(0.93, 1.06)
        return shade(blend(natural, self.sketch.tint, self.sketch.tinted), jitter)

    def natural(self, choices: Sequence[str]) -> RGB:
        return COLORS[choices[int(self.rng.integers(len(choices)))]]

    def ellipse(self, x: float, y: float, rx: float, ry: float, color: RGB) -> None:
        if rx > 0 and ry > 0:
            u = self.unit
            self.canvas.ellipse(((x - rx) * u, (y - ry) * u, (x + rx) * u, (y + ry) * u), fill=self.lit(color))

    def polygon(self, points: Sequence[tuple[float, float]], color: RGB) -> None:
        self.canvas.polygon([(x * self.unit, y * self.unit) for x, y in points], fill=self.lit(color))

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, color: RGB) -> None:
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], color)

    def leaf(self, x: float, y: float, length: float, angle: float, color: RGB, width: float = 0.42) -> None:
        """A pointed leaf growing from (x, y) towards `angle` (radians, 0 right, pi/2 up)."""
        if length <= 0.004:
            return
        along, across = (math.cos(angle), -math.sin(angle)), (math.sin(angle), math.cos(angle))
        upper, lower = [], []
        for i in range(9):
            t = i / 8
            bulge = width * length * math.sin(math.pi * t**0.8) * 0.5
            px, py = x + along[0] * length * t, y + along[1] * length * t
            upper.append((px + across[0] * bulge, py + across[1] * bulge))
            lower.append((px - across[0] * bulge, py - across[1] * bulge))
        self.polygon(upper + lower[::-1], color)
        self.polygon([*upper, (x + along[0] * length, y + along[1] * length), (x, y)], shade(color, 0.86))

    def shadow(self, x: float, y: float, rx: float) -> None:
        """What grounds a subject."""
        self.ellipse(x, y, rx, rx * 0.16, shade(self.palette.near, 0.78))


# --- backgrounds ----------------------------------------------------------------------------------------------------------


def sky(size: int, palette: Palette, low: float) -> Image.Image:
    ramp = np.clip(np.linspace(0, 1 / low, size), 0, 1)[:, None]
    rows = np.array(palette.sky_top) * (1 - ramp) + np.array(palette.sky_low) * ramp
    return Image.fromarray(np.broadcast_to(rows[:, None, :], (size, size, 3)).astype(np.uint8))


def sun_and_stars(pen: Pen) -> None:
    p, rng = pen.palette, pen.rng
    for _ in range(14):
        x, y, r = rng.uniform(0.03, 0.97), rng.uniform(0.03, 0.5), rng.uniform(0.006, 0.011) * p.stars
        pen.canvas.ellipse(((x - r) * pen.unit, (y - r) * pen.unit, (x + r) * pen.unit, (y + r) * pen.unit), fill=(255, 250, 214))
    x = rng.choice([rng.uniform(0.12, 0.26), rng.uniform(0.74, 0.88)])
    y, r = p.sun_height + rng.uniform(-0.03, 0.03), rng.uniform(0.07, 0.085)
    u = pen.unit
    pen.canvas.ellipse(((x - r) * u, (y - r) * u, (x + r) * u, (y + r) * u), fill=tuple(int(c) for c in p.sun))


def clouds(pen: Pen) -> None:
    p, rng = pen.palette, pen.rng
    white = blend((255, 255, 255), p.sky_low, 0.35 + 0.45 * p.stars)
    for _ in range(int(rng.integers(0, 3))):
        x, y, s = rng.uniform(0.1, 0.9), rng.uniform(0.08, 0.3), rng.uniform(0.05, 0.08)
        for dx, dy, k in ((-0.9, 0.15, 0.7), (0, -0.1, 1), (0.9, 0.15, 0.75)):
            pen.ellipse(x + dx * s, y + dy * s, s * k * 1.1, s * k * 0.7, white)


def hills(pen: Pen, horizon: float) -> None:
    p, rng = pen.palette, pen.rng
    xs = np.linspace(0, 1, 33)
    for color, height, wave in ((p.far, 0.0, 0.07), (p.near, 0.12, 0.03)):
        phase, turns = rng.uniform(0, 2 * math.pi), rng.uniform(0.8, 1.6)
        line = horizon + height + wave * np.sin(phase + turns * 2 * math.pi * xs) * rng.uniform(0.5, 1)
        points = [(float(x), float(y)) for x, y in zip(xs, line, strict=True)]
        u = pen.unit
        pen.canvas.polygon([(x * u, y * u) for x, y in [*points, (1, 1), (0, 1)]], fill=tuple(int(c) for c in shade(color, rng.uniform(0.95, 1.04))))


def water(pen: Pen, surface: float) -> None:
    p, rng, u = pen.palette, pen.rng, pen.unit
    for i in range(4):
        y = surface + (1 - surface) * (i / 4) ** 1.1
        color = shade(p.water, 1.12 - 0.1 * i)
        pen.canvas.rectangle((0, y * u, u, u), fill=tuple(int(min(255, c)) for c in color))
    for _ in range(6):
        x, y, w = rng.uniform(0, 1), rng.uniform(surface + 0.03, 0.97), rng.uniform(0.04, 0.1)
        pen.canvas.rectangle(((x - w) * u, y * u, (x + w) * u, (y + 0.008) * u), fill=tuple(int(c) for c in shade(p.water, 1.3)))


# --- subjects: each draws itself around (x, y) = the middle of its foot, about 0.5 high at scale 1 ---------------------------

BROWN: RGB = (112, 74, 46)
SOIL: RGB = (122, 84, 56)


def grown(stage: float, at: Sequence[float]) -> float:
    """A measure known at stages 0, 1, 2, 3, read between them."""
    return float(np.interp(stage, range(len(at)), at))


def plant(pen: Pen, x: float, y: float, s: float) -> None:
    """Seed, sprout, sapling, tree: one plant at four ages, and at every age between."""
    stage, rng = pen.sketch.stage, pen.rng
    green = pen.palette.foliage
    lean = rng.uniform(-0.02, 0.02) * stage
    crown = pen.tint(green if stage > 0.4 else blend((168, 108, 58), green, stage / 0.4))
    fresh = blend((112, 184, 74), crown, min(1.0, pen.sketch.tinted + max(0.0, stage - 1) / 2))
    hull = pen.tint((168, 108, 58)) if stage < 1 else shade((168, 108, 58), 0.95)
    mound, height, girth = (
        grown(stage, (0.26, 0.24, 0.2, 0.16)) * s,
        grown(stage, (0, 0.24, 0.37, 0.36)) * s,
        grown(stage, (0, 0.02, 0.026, 0.075)) * s,
    )
    pen.ellipse(x, y + 0.02, mound, 0.055 * s, blend(shade(SOIL, 0.9), pen.palette.near, 0.35 * pen.palette.snow))
    top, stem = (x + lean, y - height), blend((98, 160, 70), BROWN, min(1, max(0, stage - 0.8)))
    pen.polygon([(x - girth, y + 0.02), (x + girth, y + 0.02), (top[0] + girth * 0.6, top[1]), (top[0] - girth * 0.6, top[1])], stem)
    seed = grown(stage, (1, 0.6, 0, 0))
    if seed > 0.05:
        turned = rng.uniform(0.35, 0.6)
        cx, cy = x - 0.04 * stage * s, y - 0.035 * s * seed
        body = [
            (cx + 0.155 * s * seed * math.cos(a) * (1 - 0.18 * math.cos(a)), cy + 0.1 * s * seed * math.sin(a))
            for a in np.linspace(0, 2 * math.pi, 28)
        ]
        pen.polygon([(px, py - (px - cx) * turned * 0.5) for px, py in body], hull)
        pen.ellipse(cx - 0.03 * s * seed, cy - 0.03 * s * seed, 0.055 * s * seed, 0.026 * s * seed, shade(hull, 1.35))
    pair = grown(stage, (0, 0.17, 0.15, 0.02)) * s
    for side in (0.55, math.pi - 0.55):
        pen.leaf(*top, pair, side + rng.uniform(-0.12, 0.12), fresh)
    twigs = grown(stage, (0, 0, 0.145, 0)) * s
    for share, side in ((0.35, 0.4), (0.5, math.pi - 0.35), (0.68, 0.6), (0.84, math.pi - 0.6), (1, math.pi / 2)):
        pen.leaf(x + lean * share, y - height * share, twigs * rng.uniform(0.85, 1.1), side, shade(fresh, rng.uniform(0.92, 1.06)))
    round_ = grown(stage, (0, 0, 0.035, 0.145)) * s if stage > 1.6 else 0
    for dx, dy, k in ((-0.95, 0.25, 0.9), (0.95, 0.2, 0.92), (-0.45, -0.6, 0.95), (0.5, -0.62, 0.9), (0, -0.1, 1.15)):
        pen.ellipse(top[0] + dx * round_, top[1] + dy * round_ - 0.02 * s, round_ * k, round_ * k, shade(crown, 0.82 + 0.1 * k - 0.08 * (dy > 0)))
    pen.ellipse(
        top[0] - 0.3 * round_,
        top[1] - 0.85 * round_,
        round_ * 0.6,
        round_ * 0.45,
        blend(shade(crown, 1.12), (255, 255, 255), 0.85 * pen.palette.snow),
    )


def pine(pen: Pen, x: float, y: float, s: float) -> None:
    p = pen.palette
    needle = pen.tint(blend((40, 104, 74), p.foliage, 0.2))
    pen.shadow(x, y + 0.01, 0.2 * s)
    pen.rectangle(x - 0.03 * s, y - 0.14 * s, x + 0.03 * s, y + 0.01, BROWN)
    for i, (width, foot, peak) in enumerate(((0.23, 0.08, 0.32), (0.185, 0.23, 0.46), (0.135, 0.37, 0.6))):
        pen.polygon([(x - width * s, y - foot * s), (x, y - peak * s), (x + width * s, y - foot * s)], shade(needle, 0.88 + 0.08 * i))
        pen.polygon([(x, y - foot * s), (x, y - peak * s), (x + width * s, y - foot * s)], shade(needle, 0.74 + 0.08 * i))
        cap = 0.45 * p.snow
        pen.polygon(
            [
                (x - width * cap * s, y - (peak - (peak - foot) * cap) * s),
                (x, y - peak * s),
                (x + width * cap * s, y - (peak - (peak - foot) * cap) * s),
            ],
            (248, 250, 252),
        )


def flower(pen: Pen, x: float, y: float, s: float) -> None:
    petal = pen.tint(pen.natural(("red", "yellow", "pink", "purple", "orange")))
    stem: RGB = (82, 148, 70)
    pen.shadow(x, y + 0.01, 0.12 * s)
    pen.polygon([(x - 0.014 * s, y), (x + 0.014 * s, y), (x + 0.012 * s, y - 0.36 * s), (x - 0.012 * s, y - 0.36 * s)], stem)
    pen.leaf(x, y - 0.08 * s, 0.17 * s, 0.5, stem)
    pen.leaf(x, y - 0.12 * s, 0.16 * s, math.pi - 0.5, shade(stem, 0.92))
    count, turn, cy = int(pen.rng.integers(6, 9)), pen.rng.uniform(0, 1), y - 0.4 * s
    for i in range(count):
        a = turn + 2 * math.pi * i / count
        pen.ellipse(x + 0.095 * s * math.cos(a), cy + 0.095 * s * math.sin(a), 0.066 * s, 0.066 * s, shade(petal, 0.9 + 0.1 * (i % 2)))
    middle: RGB = (250, 206, 70) if max(abs(a - b) for a, b in zip(petal, COLORS["yellow"], strict=True)) > 60 else (150, 92, 40)
    pen.ellipse(x, cy, 0.062 * s, 0.062 * s, middle)


def house(pen: Pen, x: float, y: float, s: float) -> None:
    p = pen.palette
    wall = pen.tint(pen.natural(("white", "yellow", "red", "blue")))
    roof = (128, 66, 52) if wall[0] < 180 or wall[1] > 120 else (92, 78, 84)
    pen.shadow(x, y + 0.01, 0.27 * s)
    w, h = 0.21 * s, 0.26 * s
    pen.rectangle(x + 0.08 * s, y - 0.5 * s, x + 0.13 * s, y - 0.34 * s, shade(roof, 0.8))
    pen.rectangle(x - w, y - h, x + w, y, wall)
    pen.rectangle(x + w * 0.45, y - h, x + w, y, shade(wall, 0.9))
    pen.polygon([(x - w - 0.04 * s, y - h), (x, y - h - 0.2 * s), (x + w + 0.04 * s, y - h)], blend(roof, (246, 249, 252), 0.85 * p.snow))
    pane = blend((176, 216, 236), (255, 224, 120), min(1, p.stars + (1 - p.light[1]) * 2))
    bright = tuple(c / max(f, 0.1) for c, f in zip(pane, p.light, strict=True)) if p.stars > 0.5 else pane
    for side in (-1, 1):
        pen.rectangle(x + side * 0.12 * s - 0.045 * s, y - 0.19 * s, x + side * 0.12 * s + 0.045 * s, y - 0.1 * s, bright)  # type: ignore[arg-type]
    pen.rectangle(x - 0.045 * s, y - 0.15 * s, x + 0.045 * s, y, shade(BROWN, 0.9))


def boat(pen: Pen, x: float, y: float, s: float) -> None:
    hull = pen.tint(pen.natural(("red", "blue", "white", "green")))
    sail: RGB = (250, 246, 234)
    pen.rectangle(x - 0.011 * s, y - 0.5 * s, x + 0.011 * s, y - 0.1 * s, BROWN)
    pen.polygon([(x + 0.025 * s, y - 0.48 * s), (x + 0.025 * s, y - 0.14 * s), (x + 0.22 * s, y - 0.14 * s)], sail)
    pen.polygon([(x - 0.025 * s, y - 0.42 * s), (x - 0.025 * s, y - 0.14 * s), (x - 0.17 * s, y - 0.14 * s)], shade(sail, 0.88))
    pen.polygon([(x - 0.27 * s, y - 0.11 * s), (x + 0.27 * s, y - 0.11 * s), (x + 0.18 * s, y + 0.03 * s), (x - 0.18 * s, y + 0.03 * s)], hull)
    pen.polygon(
        [(x - 0.21 * s, y - 0.02 * s), (x + 0.21 * s, y - 0.02 * s), (x + 0.18 * s, y + 0.03 * s), (x - 0.18 * s, y + 0.03 * s)], shade(hull, 0.75)
    )


def mountain(pen: Pen, x: float, y: float, s: float) -> None:
    p, rng = pen.palette, pen.rng
    rock = pen.tint((126, 122, 136))
    for dx, height, width in ((rng.choice([-0.26, 0.26]), 0.34, 0.3), (0.0, 0.56, 0.42)):
        px, peak, w, foot = x + dx * s, y - height * s, width * s, y + 0.04
        pen.polygon([(px - w, foot), (px, peak), (px + w, foot)], rock)
        pen.polygon([(px, peak), (px + w, foot), (px + 0.12 * w, foot)], shade(rock, 0.78))
        cap = 0.3 + 0.25 * p.snow
        low = peak + (foot - peak) * cap
        pen.polygon(
            [
                (px, peak),
                (px + w * cap, low),
                (px + w * cap * 0.35, low - 0.03 * s),
                (px, low + 0.02 * s),
                (px - w * cap * 0.4, low - 0.03 * s),
                (px - w * cap, low),
            ],
            (250, 250, 252),
        )


def fish(pen: Pen, x: float, y: float, s: float) -> None:
    body = pen.tint(pen.natural(("orange", "red", "yellow", "blue")))
    d = -1.0 if pen.rng.random() < 0.5 else 1.0
    cy = y - 0.24 * s
    pen.polygon(
        [(x - d * 0.17 * s, cy), (x - d * 0.34 * s, cy - 0.14 * s), (x - d * 0.3 * s, cy), (x - d * 0.34 * s, cy + 0.14 * s)], shade(body, 0.8)
    )
    pen.polygon([(x - d * 0.1 * s, cy - 0.1 * s), (x + d * 0.02 * s, cy - 0.22 * s), (x + d * 0.09 * s, cy - 0.1 * s)], shade(body, 0.8))
    pen.ellipse(x, cy, 0.24 * s, 0.145 * s, body)
    pen.ellipse(x + d * 0.01 * s, cy + 0.05 * s, 0.19 * s, 0.08 * s, shade(body, 1.25))
    pen.leaf(x - d * 0.0 * s, cy + 0.02 * s, 0.11 * s, math.pi + 0.5 if d > 0 else -0.5, shade(body, 0.75), width=0.6)
    pen.ellipse(x + d * 0.15 * s, cy - 0.035 * s, 0.034 * s, 0.034 * s, (255, 255, 255))
    pen.ellipse(x + d * 0.156 * s, cy - 0.035 * s, 0.018 * s, 0.018 * s, (20, 22, 30))
    for i in range(3):
        pen.ellipse(
            x + d * (0.3 + 0.04 * (i % 2)) * s,
            cy - (0.1 + 0.1 * i) * s,
            (0.014 + 0.005 * i) * s,
            (0.014 + 0.005 * i) * s,
            shade(pen.palette.water, 1.45),
        )


def balloon(pen: Pen, x: float, y: float, s: float) -> None:
    skin = pen.tint(pen.natural(("red", "yellow", "orange", "blue", "purple")))
    cy, r = y - 0.42 * s, 0.21 * s
    pen.polygon([(x - r * 0.86, cy + r * 0.5), (x + r * 0.86, cy + r * 0.5), (x + 0.05 * s, cy + r * 1.45), (x - 0.05 * s, cy + r * 1.45)], skin)
    for i, (width, tone) in enumerate(((1.0, 1.0), (0.66, 1.28), (0.3, 1.0))):
        pen.ellipse(x, cy, r * width, r * (1.02 if i == 0 else 1.0), shade(skin, tone))
    for side in (-1, 1):
        pen.polygon(
            [
                (x + side * 0.048 * s, cy + r * 1.42),
                (x + side * 0.036 * s, cy + r * 1.85),
                (x + side * 0.03 * s, cy + r * 1.85),
                (x + side * 0.04 * s, cy + r * 1.42),
            ],
            (90, 70, 60),
        )
    pen.rectangle(x - 0.048 * s, cy + r * 1.8, x + 0.048 * s, cy + r * 2.2, (150, 100, 58))


def bird(pen: Pen, x: float, y: float, s: float) -> None:
    body = pen.tint(pen.natural(("blue", "red", "yellow", "white")))
    d = -1.0 if pen.rng.random() < 0.5 else 1.0
    cy = y - 0.2 * s
    pen.shadow(x, y + 0.01, 0.15 * s)
    for leg in (-0.02, 0.05):
        pen.rectangle(x + leg * s, y - 0.09 * s, x + leg * s + 0.014 * s, y + 0.005, (214, 140, 50))
    pen.polygon(
        [(x - d * 0.12 * s, cy - 0.04 * s), (x - d * 0.34 * s, cy - 0.08 * s), (x - d * 0.32 * s, cy + 0.02 * s), (x - d * 0.1 * s, cy + 0.06 * s)],
        shade(body, 0.75),
    )
    pen.ellipse(x, cy, 0.185 * s, 0.13 * s, body)
    pen.ellipse(x + d * 0.03 * s, cy + 0.05 * s, 0.13 * s, 0.07 * s, shade(body, 1.4))
    hx, hy = x + d * 0.14 * s, cy - 0.14 * s
    pen.polygon([(hx + d * 0.07 * s, hy - 0.03 * s), (hx + d * 0.17 * s, hy + 0.015 * s), (hx + d * 0.07 * s, hy + 0.045 * s)], (240, 160, 44))
    pen.ellipse(hx, hy, 0.095 * s, 0.095 * s, body)
    pen.ellipse(hx + d * 0.035 * s, hy - 0.015 * s, 0.02 * s, 0.02 * s, (20, 22, 30))
    pen.leaf(x + d * 0.07 * s, cy - 0.04 * s, 0.24 * s, math.pi + 0.2 if d > 0 else -0.2, shade(body, 0.7), width=0.55)


def mushroom(pen: Pen, x: float, y: float, s: float) -> None:
    cap = pen.tint(pen.natural(("red", "red", "orange")))
    stem: RGB = (242, 230, 208)
    pen.shadow(x, y + 0.01, 0.17 * s)
    pen.polygon([(x - 0.085 * s, y), (x + 0.085 * s, y), (x + 0.06 * s, y - 0.26 * s), (x - 0.06 * s, y - 0.26 * s)], stem)
    pen.polygon([(x + 0.02 * s, y), (x + 0.085 * s, y), (x + 0.06 * s, y - 0.26 * s), (x + 0.02 * s, y - 0.26 * s)], shade(stem, 0.86))
    dome = [(x + 0.26 * s * math.cos(a), y - 0.22 * s - 0.23 * s * math.sin(a)) for a in np.linspace(0, math.pi, 20)]
    pen.polygon(dome, cap)
    pen.ellipse(x, y - 0.22 * s, 0.26 * s, 0.035 * s, shade(cap, 0.75))
    spot: RGB = (255, 250, 240) if min(cap) < 190 else (206, 80, 70)
    for dx, dy, r in ((-0.13, 0.3, 0.036), (0.01, 0.37, 0.044), (0.14, 0.29, 0.034), (-0.03, 0.27, 0.024)):
        pen.ellipse(x + dx * s, y - dy * s, r * s, r * s * 0.85, blend(spot, (250, 252, 255), pen.palette.snow * 0.5))


def cactus(pen: Pen, x: float, y: float, s: float) -> None:
    green = pen.tint((66, 138, 84))
    dark = shade(green, 0.78)
    pen.shadow(x, y + 0.01, 0.18 * s)

    def limb(cx: float, foot: float, top: float, r: float) -> None:
        pen.rectangle(cx - r, top, cx + r, foot, green)
        pen.ellipse(cx, top, r, r, green)
        for dx in (-0.4, 0.4):
            pen.rectangle(cx + dx * r - 0.006 * s, top, cx + dx * r + 0.006 * s, foot, dark)

    for side, low, high in ((-1, 0.22, 0.38), (1, 0.16, 0.34)):
        ax = x + side * 0.16 * s
        pen.rectangle(min(x, ax), y - (low + 0.05) * s, max(x, ax), y - (low - 0.05) * s, green)
        pen.ellipse(ax, y - low * s, 0.05 * s, 0.05 * s, green)
        limb(ax, y - low * s, y - high * s, 0.05 * s)
    limb(x, y + 0.005, y - 0.46 * s, 0.075 * s)
    pen.ellipse(x, y - 0.545 * s, 0.03 * s, 0.026 * s, blend((244, 120, 160), (250, 252, 255), pen.palette.snow))


@dataclass(frozen=True)
class Subject:
    draw: Callable[[Pen, float, float, float], None]
    names: tuple[str, ...]  # the first is the usual one
    place: str = "land"  # or "lake" (floats), "under water", "air"
    series: str | None = None  # subjects of one series blend into each other
    stage: float = 0.0


SUBJECTS: dict[str, Subject] = {
    "seed": Subject(plant, ("seed", "seed", "plant seed"), series="plant", stage=0),
    "sprout": Subject(plant, ("sprout", "sprout", "seedling"), series="plant", stage=1),
    "sapling": Subject(plant, ("sapling", "sapling", "young tree"), series="plant", stage=2),
    "tree": Subject(plant, ("tree", "tree", "tree", "big tree", "leafy tree"), series="plant", stage=3),
    "pine": Subject(pine, ("pine tree", "pine", "fir tree")),
    "flower": Subject(flower, ("flower", "flower", "blossom")),
    "house": Subject(house, ("house", "house", "cottage", "home")),
    "boat": Subject(boat, ("boat", "boat", "sailing boat", "sailboat"), place="lake"),
    "mountain": Subject(mountain, ("mountain", "mountain", "peak")),
    "fish": Subject(fish, ("fish",), place="under water"),
    "balloon": Subject(balloon, ("balloon", "hot air balloon"), place="air"),
    "bird": Subject(bird, ("bird", "bird", "little bird")),
    "mushroom": Subject(mushroom, ("mushroom", "mushroom", "toadstool")),
    "cactus": Subject(cactus, ("cactus",)),
}

PHRASES: dict[str, tuple[str, ...]] = {
    "day": ("", "", "", "by day", "in the daytime", "on a sunny day", "in summer"),
    "sunset": ("at sunset", "at sunset", "at dusk", "in the evening"),
    "night": ("at night", "at night", "under the stars", "in the dark"),
    "winter": ("in winter", "in winter", "in the snow"),
    "autumn": ("in autumn", "in autumn", "in fall"),
}

FRAMES = ("{}",) * 7 + ("a picture of {}", "an illustration of {}", "a drawing of {}", "{}, flat illustration")


# --- scenes ---------------------------------------------------------------------------------------------------------------


def random_scene(rng: Rng) -> Scene:
    """Any subject; day and natural colours are as common as they are in what people type."""
    return Scene(
        subject=str(rng.choice(list(SUBJECTS))),
        color=str(rng.choice(list(COLORS))) if rng.random() < 0.5 else None,
        setting=str(rng.choice(list(SETTINGS))) if rng.random() < 0.65 else "day",
        variation=int(rng.integers(2**31)),
    )


def partner(scene: Scene, rng: Rng) -> Scene:
    """Another scene of the same family, from which and to which a true half-way picture can be drawn."""
    series = SUBJECTS[scene.subject].series
    family = [name for name, subject in SUBJECTS.items() if series and subject.series == series] or [scene.subject]
    other = replace(random_scene(rng), subject=str(rng.choice(family)), variation=scene.variation)
    return other if rng.random() < 0.5 else replace(other, color=scene.color, setting=scene.setting)


def caption(scene: Scene, rng: Rng) -> str:
    """One of many wordings; what is drawn by default (day, natural colour) is often left out."""
    names = SUBJECTS[scene.subject].names
    words = [w for w in (scene.color, str(rng.choice(names))) if w]
    phrase = str(rng.choice(PHRASES[scene.setting]))
    if scene.setting in ("winter", "autumn") and rng.random() < 0.15:
        words, phrase = [scene.setting, *words], ""
    if rng.random() < 0.88:
        words = ["an" if words[0][0] in "aeiou" else "a", *words]
    said = " ".join([*words, phrase]).strip()
    return str(rng.choice(FRAMES)).format(said)


def sketch(scene: Scene) -> Sketch:
    rng = np.random.default_rng(scene.variation + 1)
    subject = SUBJECTS[scene.subject]
    tint = COLORS[scene.color] if scene.color else (128.0, 128.0, 128.0)
    stage = min(3.0, max(0.0, subject.stage + rng.uniform(-0.12, 0.12))) if subject.series else 0.0
    return Sketch(scene.subject, stage, tint, float(scene.color is not None), SETTINGS[scene.setting], scene.variation)


def between(a: Sketch, b: Sketch, mix: float) -> Sketch:
    """The picture `mix` of the way from `a` to `b`, two of one family with one variation."""
    tint = a.tint if not b.tinted else b.tint if not a.tinted else blend(a.tint, b.tint, mix)
    return Sketch(a.subject, lerp(a.stage, b.stage, mix), tint, lerp(a.tinted, b.tinted, mix), blend_palettes(a.palette, b.palette, mix), a.variation)


def draw(what: Sketch, size: int = 128) -> np.ndarray:
    """The picture, uint8 (size, size, 3), RGB."""
    subject, big = SUBJECTS[what.subject], size * OVERSAMPLE
    palette, rng = what.palette, np.random.default_rng(what.variation + 2)
    horizon = {"land": 0.6, "lake": 0.62, "under water": 0.14, "air": 0.8}[subject.place] + rng.uniform(-0.03, 0.03)
    image = sky(big, palette, horizon)
    pen = Pen(image, what)
    sun_and_stars(pen)
    clouds(pen)
    if subject.place in ("land", "air"):
        hills(pen, horizon)
    else:
        water(pen, horizon)
    x = 0.5 + rng.uniform(-0.07, 0.07)
    foot = {"land": 0.86, "lake": 0.8, "under water": 0.82, "air": 0.86}[subject.place] + rng.uniform(-0.025, 0.025)
    subject.draw(pen, x, foot, rng.uniform(1.2, 1.42))
    return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS))


@dataclass(frozen=True)
class Sample:
    """One training example: the picture shown for the blend of two captions' embeddings."""

    image: np.ndarray  # uint8 (size, size, 3)
    caption: str
    other: str  # equal to `caption` where nothing is blended
    mix: float  # 0..1 from caption to other


def sample(rng: Rng, size: int, blended: float = 0.35) -> Sample:
    """A random picture with its caption, or (`blended` of the time) a half-way picture with two captions."""
    scene = random_scene(rng)
    words = caption(scene, rng)
    if rng.random() >= blended:
        return Sample(draw(sketch(scene), size), words, words, 0.0)
    other, mix = partner(scene, rng), float(rng.random())
    return Sample(draw(between(sketch(scene), sketch(other), mix), size), words, caption(other, rng), mix)
