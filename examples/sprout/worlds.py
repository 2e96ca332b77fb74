"""Where and when a scene is: places, times of day, seasons and weather, as numbers of a `World`, and their drawing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw

from pen import RGB, SNOW, World, blend, shade

Ink = tuple[int, int, int]

MEADOW = World((92, 174, 236), (206, 234, 246), (130, 190, 132), (104, 172, 84), (52, 138, 200), (70, 152, 66))

PLACES: dict[str, World] = {
    "meadow": MEADOW,
    "forest": replace(MEADOW, far=(72, 132, 96), near=(92, 140, 74), foliage=(52, 124, 62), trees=1),
    "desert": replace(MEADOW, sky_top=(86, 176, 224), sky_low=(250, 232, 196), far=(226, 164, 98), near=(238, 198, 128), clouds=0, dunes=1),
    "beach": replace(MEADOW, sky_low=(216, 240, 246), far=(66, 168, 206), near=(244, 222, 168), water=(44, 156, 200), beach=1),
    "city": replace(MEADOW, sky_low=(222, 232, 240), far=(150, 164, 184), near=(138, 142, 150), skyline=1),
    "space": replace(
        MEADOW, sky_top=(10, 8, 34), sky_low=(44, 26, 84), far=(92, 84, 116), near=(146, 140, 160), water=(40, 40, 96), sun=(236, 170, 96),
        stars=1, clouds=0, craters=1,
    ),
    "under water": replace(
        MEADOW, sky_top=(74, 184, 220), sky_low=(20, 92, 168), far=(24, 96, 150), near=(206, 190, 142), water=(24, 92, 160),
        foliage=(44, 150, 110), light=(0.86, 0.97, 1), clouds=0, flood=1,
    ),
}  # fmt: skip

TIMES = ("day", "dawn", "sunset", "night")
WEATHERS = ("clear", "spring", "autumn", "winter", "rain", "fog")

Sky = tuple[RGB, RGB, float]  # top, low, how far they replace the place's own
SKIES: dict[str, Sky] = {
    "dawn": ((150, 196, 226), (255, 206, 196), 0.9),
    "sunset": ((104, 66, 150), (255, 150, 84), 0.95),
    "night": ((12, 18, 54), (44, 60, 116), 0.96),
}
GROUND_LIGHT: dict[str, RGB] = {"dawn": (1, 0.9, 0.92), "sunset": (0.86, 0.62, 0.66), "night": (0.26, 0.34, 0.56)}


def under(color: RGB, light: RGB) -> RGB:
    return (color[0] * light[0], color[1] * light[1], color[2] * light[2])


def at_time(world: World, time: str) -> World:
    """The same place at another hour; space has none, and water shows it only as light."""
    if time == "day" or world.craters:
        return world
    top, low, share = SKIES[time]
    if world.flood:
        share *= 0.75 if time == "night" else 0.25
    ground = blend((1, 1, 1), GROUND_LIGHT[time], 1 - 0.5 * world.flood)
    light: RGB = {"dawn": (1.0, 0.94, 0.92), "sunset": (1.0, 0.82, 0.76), "night": (0.62, 0.68, 0.9)}[time]
    return replace(
        world, sky_top=blend(world.sky_top, top, share), sky_low=blend(world.sky_low, low, share), far=under(world.far, ground),
        near=under(world.near, ground), water=under(world.water, ground), light=under(world.light, light),
        sun={"dawn": (255, 236, 196), "sunset": (255, 208, 104), "night": (240, 240, 222)}[time],
        sun_height={"dawn": 0.44, "sunset": 0.5, "night": 0.2}[time], stars=float(time == "night") * (1 - world.flood),
        lamps={"dawn": 0.0, "sunset": 0.5, "night": 1.0}[time],
    )  # fmt: skip


def in_weather(world: World, weather: str) -> World:
    """Season or weather; under water and in space there is neither."""
    if weather == "clear" or world.flood or world.craters:
        return world
    green = 1 - max(world.dunes, world.beach, world.skyline)
    if weather == "spring":
        return replace(world, foliage=(242, 162, 194), near=blend(world.near, (140, 204, 86), 0.6 * green), blossom=1)
    if weather == "autumn":
        return replace(
            world, foliage=(228, 116, 36), far=blend(world.far, (206, 148, 78), 0.8), near=blend(world.near, (190, 134, 64), 0.85),
            sky_low=blend(world.sky_low, (248, 224, 184), 0.6),
        )  # fmt: skip
    if weather == "winter":
        return replace(
            world, sky_top=blend(world.sky_top, (150, 184, 214), 0.7), sky_low=blend(world.sky_low, (228, 236, 242), 0.7),
            far=blend(world.far, (206, 220, 232), 0.9), near=blend(world.near, (242, 246, 250), 0.96),
            water=blend(world.water, (120, 164, 192), 0.7), foliage=blend(world.foliage, (110, 152, 134), 0.6), snow=1,
        )  # fmt: skip
    if weather == "rain":
        grey: RGB = (112, 124, 142)
        return replace(
            world, sky_top=blend(world.sky_top, shade(grey, 0.85), 0.85), sky_low=blend(world.sky_low, shade(grey, 1.2), 0.8),
            far=blend(world.far, grey, 0.4), near=shade(blend(world.near, grey, 0.2), 0.88), light=under(world.light, (0.86, 0.88, 0.93)),
            sun=blend(world.sun, grey, 0.9), clouds=1, rain=1,
        )  # fmt: skip
    mist: RGB = (214, 220, 224)
    return replace(
        world, sky_top=blend(world.sky_top, mist, 0.7), sky_low=blend(world.sky_low, mist, 0.8), far=blend(world.far, mist, 0.7),
        near=blend(world.near, mist, 0.35), sun=blend(world.sun, (255, 255, 255), 0.5), fog=1,
    )  # fmt: skip


def world(place: str, time: str, weather: str) -> World:
    """Weather first, then the hour: snow at night is as blue as the night."""
    made = in_weather(PLACES[place], weather if weather in ("spring", "autumn", "winter") else "clear")
    made = at_time(made, time)
    if weather in ("rain", "fog"):
        wet = in_weather(made, weather)
        dim = {"day": 0.0, "dawn": 0.2, "sunset": 0.4, "night": 0.75}[time]  # mist and rain clouds are no lamps
        made = replace(
            wet, sky_top=blend(wet.sky_top, made.sky_top, dim), sky_low=blend(wet.sky_low, made.sky_low, dim), far=blend(wet.far, made.far, dim),
            near=blend(wet.near, made.near, dim),
        )  # fmt: skip
    return made


# --- drawing --------------------------------------------------------------------------------------------------------------


def ink(color: RGB) -> Ink:
    r, g, b = (int(min(255, max(0, c))) for c in color)
    return r, g, b


class Backdrop:
    """Draws a world behind a subject (`behind`) and before it (`before`); what is random comes from `rng` alone."""

    def __init__(self, image: Image.Image, world: World, horizon: float, rng: np.random.Generator):
        self.image, self.unit, self.world, self.horizon = image, image.width, world, horizon
        self.canvas = ImageDraw.Draw(image)
        self.rng = rng
        self.sun_left = bool(rng.random() < 0.5)

    def behind(self, lake: float = 0.0) -> None:
        w = self.world
        self.sky()
        self.stars_and_sun()
        self.clouds()
        for layer, (color, height, wave) in enumerate(
            ((blend(w.far, w.sky_low, 0.45), -0.05, 0.05), (w.far, 0.02, 0.06), (w.near, 0.14, 0.03 + 0.03 * w.dunes))
        ):
            line = self.ridge(height, wave * (1 - 0.9 * max(w.beach, w.skyline)))
            self.fill(line, shade(color, 1.03 - 0.03 * layer))
            if layer == 1:
                self.buildings()
                self.forest(line)
                self.sea_strip()
        self.mist()
        self.ground()
        if lake > 0:
            self.lake(lake)

    def ellipse(self, x: float, y: float, rx: float, ry: float, color: RGB) -> None:
        u = self.unit
        if rx > 0 and ry > 0:
            self.canvas.ellipse(((x - rx) * u, (y - ry) * u, (x + rx) * u, (y + ry) * u), fill=ink(color))

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, color: RGB) -> None:
        u = self.unit
        if x1 > x0 and y1 > y0:
            self.canvas.rectangle((x0 * u, y0 * u, x1 * u, y1 * u), fill=ink(color))

    def fill(self, line: np.ndarray, color: RGB) -> None:
        """All below a line of heights from left to right."""
        u = self.unit
        points = [(x * u, float(y) * u) for x, y in zip(np.linspace(0, 1, len(line)), line, strict=True)]
        self.canvas.polygon([*points, (u, u), (0, u)], fill=ink(color))

    def sky(self) -> None:
        w, size = self.world, self.unit
        low = self.horizon + 0.3 * w.flood
        ramp = np.clip(np.linspace(0, 1 / low, size), 0, 1)[:, None]
        rows = np.array(w.sky_top) * (1 - ramp) + np.array(w.sky_low) * ramp
        self.image.paste(Image.fromarray(np.broadcast_to(rows[:, None, :], (size, size, 3)).astype(np.uint8)))
        for x in (0.12, 0.45, 0.8):  # shafts of light under water
            spread = 0.09 * w.flood
            if spread > 0:
                light = blend(w.sky_top, w.sky_low, 0.35)
                u = self.unit
                self.canvas.polygon(
                    [((x - spread / 3) * u, 0), ((x + spread / 3) * u, 0), ((x + 0.1 + spread) * u, 0.62 * u), ((x + 0.1 - spread) * u, 0.62 * u)],
                    fill=ink(light),
                )

    def stars_and_sun(self) -> None:
        w, rng = self.world, self.rng
        for _ in range(16):
            x, y, r = rng.uniform(0.03, 0.97), rng.uniform(0.03, 0.5), rng.uniform(0.006, 0.012) * w.stars
            self.ellipse(x, y, r, r, (255, 250, 214))
        x = rng.uniform(0.12, 0.24)
        x = x if self.sun_left else 1 - x
        y, r = w.sun_height + rng.uniform(-0.03, 0.03), rng.uniform(0.07, 0.085) * (1 - w.flood)
        glow = blend(w.sky_top, w.sun, 0.22) if w.sun_height < 0.35 else blend(w.sky_low, w.sun, 0.4)
        self.ellipse(x, y, 1.55 * r * (1 - w.craters), 1.55 * r * (1 - w.craters), glow)
        self.ellipse(x, y, r * (1 + 0.7 * w.craters), r * (1 + 0.7 * w.craters), w.sun)
        self.ellipse(x, y, r * 2.6 * w.craters, r * 0.32 * w.craters, shade(w.sun, 1.35))  # a planet has a ring

    def clouds(self) -> None:
        w, rng = self.world, self.rng
        white = blend(blend((255, 255, 255), w.sky_low, 0.3 + 0.5 * max(w.stars, w.fog)), (92, 102, 120), 0.6 * w.rain)
        many = int(rng.integers(0, 3))
        for i in range(3):
            x, y, s = rng.uniform(0.1, 0.9), rng.uniform(0.08, 0.28), rng.uniform(0.05, 0.08)
            s *= max(w.rain * 1.4, min(1.0, 2 * w.clouds) if i < many else 0.0)
            for dx, dy, k in ((-0.9, 0.15, 0.7), (0, -0.1, 1), (0.9, 0.15, 0.75)):
                self.ellipse(x + dx * s, y + dy * s, s * k * 1.1, s * k * 0.7, white)

    def ridge(self, height: float, wave: float) -> np.ndarray:
        xs, rng = np.linspace(0, 1, 33), self.rng
        phase, turns = rng.uniform(0, 2 * math.pi), rng.uniform(0.8, 1.6)
        sunk = 0.12 * self.world.flood
        return self.horizon + height + sunk + wave * np.sin(phase + turns * 2 * math.pi * xs) * rng.uniform(0.5, 1)

    def buildings(self) -> None:
        """The skyline of a city, which rises out of the ground as `skyline` does."""
        w, rng = self.world, self.rng
        x = -0.03
        for i in range(9):
            width, height, tone = rng.uniform(0.1, 0.15), rng.uniform(0.16, 0.42), rng.uniform(0.82, 1.1)
            top, wall = self.horizon + 0.14 - height * w.skyline, shade(blend(w.far, w.sky_low, 0.25), tone)
            if w.skyline > 0:
                self.rectangle(x, top, x + width, self.horizon + 0.2, wall)
                lit = blend(shade(wall, 1.35), (255, 218, 116), w.lamps)
                for row in range(4):
                    for column in (0.2, 0.58):
                        if (i + row) % 3:
                            wx, wy = x + column * width, top + 0.03 + 0.06 * row
                            self.rectangle(wx, wy, wx + 0.22 * width, wy + 0.03 * w.skyline, lit)
            x += width + 0.006

    def forest(self, line: np.ndarray) -> None:
        """Rows of pointed trees on the far ridge, higher at both sides of the picture; they grow as `trees` does."""
        w, rng, u = self.world, self.rng, self.unit
        leaves = blend(w.far, under(w.foliage, w.light), 0.6)
        for x in np.linspace(-0.02, 1.02, 15):
            x, height, tone = float(x + rng.uniform(-0.02, 0.02)), rng.uniform(0.15, 0.24), rng.uniform(0.8, 1.08)
            height *= (0.75 + 1.0 * abs(x - 0.5) * 2) * w.trees
            foot = float(np.interp(x, np.linspace(0, 1, len(line)), line)) + 0.05
            wide = 0.34 * height
            if height > 0.01:
                crown = [((x - wide) * u, foot * u), (x * u, (foot - 1.1 * height) * u), ((x + wide) * u, foot * u)]
                self.canvas.polygon(crown, fill=ink(shade(blend(leaves, SNOW, 0.5 * w.snow * (1 - w.lamps * 0.6)), tone)))

    def sea_strip(self) -> None:
        """The sea behind a beach."""
        w = self.world
        top, height = self.horizon - 0.02, 0.15 * w.beach
        if height > 0:
            self.rectangle(0, top, 1, top + height, w.water)
            for i, share in enumerate((0.3, 0.65, 0.95)):
                self.rectangle(0.1 * i, top + share * height - 0.01, 1 - 0.25 * (2 - i), top + share * height, shade(w.water, 1.25))

    def mist(self) -> None:
        w = self.world
        for y, height in ((self.horizon - 0.1, 0.05), (self.horizon + 0.04, 0.06), (self.horizon + 0.14, 0.05)):
            self.ellipse(0.5 + self.rng.uniform(-0.3, 0.3), y, 0.6 * w.fog, height * w.fog, blend(w.sky_low, w.near, 0.15))

    def ground(self) -> None:
        """What lies on the ground: craters, flowers, weed and stones of the sea floor, ripples of sand."""
        w, rng = self.world, self.rng
        spots = [(rng.uniform(0.02, 0.98), rng.uniform(min(0.9, self.horizon + 0.22), 0.98), rng.uniform(0.7, 1.2)) for _ in range(9)]
        for i, (x, y, s) in enumerate(spots):
            self.ellipse(x, y, 0.07 * s * w.craters, 0.022 * s * w.craters, shade(w.near, 0.82))
            self.ellipse(x, y, 0.016 * s * w.blossom, 0.016 * s * w.blossom, under(((250, 150, 190), (255, 246, 250))[i % 2], w.light))
            self.ellipse(x, y, 0.1 * s * w.dunes, 0.008 * s * w.dunes, shade(w.near, 0.9))
        for i in range(6):
            x, height = (0.04 + 0.05 * i if i < 3 else 1.1 - 0.05 * i) + rng.uniform(-0.02, 0.02), rng.uniform(0.2, 0.42) * w.flood
            bend, foot = rng.uniform(-0.04, 0.04), rng.uniform(0.88, 1.0)
            if height > 0:
                u = self.unit
                points = [
                    (x - 0.018, foot),
                    (x + bend, foot - 0.5 * height),
                    (x - bend, foot - height),
                    (x + 0.018 + bend, foot - 0.5 * height),
                    (x + 0.018, foot),
                ]
                self.canvas.polygon([(px * u, py * u) for px, py in points], fill=ink(shade(w.foliage, 0.8 + 0.08 * (i % 3))))
        for _ in range(5):
            x, y, r = rng.uniform(0.05, 0.95), rng.uniform(0.1, 0.6), rng.uniform(0.01, 0.018) * w.flood
            self.ellipse(x, y, r, r, shade(w.sky_top, 1.4))

    def lake(self, amount: float) -> None:
        """Water in the foreground, for what floats; it rises from the foot of the picture."""
        w, rng = self.world, self.rng
        surface = 1.02 - (1.02 - (self.horizon + 0.04)) * amount
        for i in range(4):
            self.rectangle(0, surface + (1 - surface) * (i / 4) ** 1.1, 1, 1, shade(w.water, 1.12 - 0.1 * i))
        for _ in range(6):
            x, y, wide = rng.uniform(0, 1), rng.uniform(min(0.94, surface + 0.03), 0.97), rng.uniform(0.04, 0.1)
            self.rectangle(x - wide, y, x + wide, y + 0.009, shade(w.water, 1.3))

    def before(self) -> None:
        """What falls between the eye and the subject: rain, snow, a veil of fog at the foot."""
        w, rng, u = self.world, self.rng, self.unit
        for _ in range(26):
            x, y, long = rng.uniform(-0.05, 1.05), rng.uniform(-0.05, 1), rng.uniform(0.04, 0.07) * w.rain
            if long > 0:
                self.canvas.line((x * u, y * u, (x - 0.35 * long) * u, (y + long) * u), fill=ink(blend((206, 220, 236), w.sky_low, 0.3 * w.lamps)),
                                 width=max(1, round(0.009 * u)))  # fmt: skip
        for _ in range(18):
            x, y, r = rng.uniform(0, 1), rng.uniform(0, 0.95), rng.uniform(0.008, 0.014) * w.snow
            self.ellipse(x, y, r, r, SNOW)
        if w.fog > 0:
            u = self.unit
            veil = Image.new("RGB", (u, u), ink(w.sky_low))
            mask = Image.fromarray((np.linspace(0, 1, u)[:, None] ** 1.5 * np.ones((1, u)) * 150 * w.fog).astype(np.uint8))
            self.image.paste(veil, (0, 0), mask)
