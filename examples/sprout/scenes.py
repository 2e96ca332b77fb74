"""The pictures that sprout learns from: endless labelled flat illustrations.

A `Scene` says in words what is on a picture. `caption` gives one of its many wordings, `sketch` its numbers, `draw` its pixels.
Two sketches of one family (stages of a series, one subject in two places, colours, hours, counts) blend, and the blend is drawn:
such half-way pictures are what teaches the model how a film between two prompts should look.

This file knows nothing of models and imports no torch.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from pen import COLORS, RGB, Pen, Rng, World, between_worlds, blend, lerp
from subjects import SUBJECTS
from worlds import PLACES, TIMES, WEATHERS, Backdrop, world

SCENERY = "scenery"  # the subject of a picture that shows a place and nothing else

CORE = (*(name for name, subject in SUBJECTS.items() if subject.core), SCENERY)  # what the small model learns
ALL = (*SUBJECTS, SCENERY)


@dataclass(frozen=True)
class Scene:
    """One picture in words. `variation` seeds everything that they do not say."""

    subject: str  # of SUBJECTS, or SCENERY
    color: str | None = None  # of COLORS; None: the subject's own
    place: str | None = None  # of PLACES; None: where the subject is at home
    time: str = "day"  # of TIMES
    weather: str = "clear"  # of WEATHERS
    count: int = 1  # 1..3
    variation: int = 0

    @property
    def where(self) -> str:
        return self.place or ("under water" if self.home == "sea floor" else "meadow")

    @property
    def home(self) -> str:
        return SUBJECTS[self.subject].home if self.subject != SCENERY else "land"

    @property
    def said(self) -> int:
        """How many attributes besides the subject its caption names."""
        return (self.color is not None) + (self.place is not None) + (self.time != "day") + (self.weather != "clear") + (self.count > 1)

    @property
    def held_out(self) -> bool:
        """Whether this combination of attributes is kept out of training, to be judged on: an eighth of those with two and more."""
        words = (self.subject, self.color, self.place, self.time, self.weather, self.count)
        return self.said >= 2 and hashlib.sha256(repr(words).encode()).digest()[0] < 32


# --- captions -------------------------------------------------------------------------------------------------------------

PLACE_WORDS: dict[str, tuple[str, ...]] = {
    "meadow": ("in a meadow", "on a meadow", "in the fields", "in the countryside"),
    "forest": ("in the forest", "in a forest", "in the woods"),
    "desert": ("in the desert", "in a desert", "in the dunes"),
    "beach": ("on the beach", "on a beach", "at the seaside"),
    "city": ("in the city", "in a city", "in town"),
    "space": ("in space", "in space", "in outer space", "on the moon"),
    "under water": ("under water", "underwater", "under the sea", "on the sea floor"),
}
SCENERY_WORDS: dict[str, tuple[str, ...]] = {
    "meadow": ("meadow", "landscape", "green field"),
    "forest": ("forest", "forest", "wood"),
    "desert": ("desert", "desert", "sandy desert"),
    "beach": ("beach", "beach", "sandy beach"),
    "city": ("city", "city", "town", "skyline"),
    "space": ("moon landscape", "planet in space", "starry space"),
    "under water": ("sea floor", "underwater landscape", "underwater world"),
}
TIME_WORDS: dict[str, tuple[str, ...]] = {
    "day": ("", "", "", "", "by day", "in the daytime", "on a sunny day"),
    "dawn": ("at dawn", "at sunrise", "in the morning"),
    "sunset": ("at sunset", "at sunset", "at dusk", "in the evening"),
    "night": ("at night", "at night", "under the stars", "in the dark", "in the moonlight"),
}
WEATHER_WORDS: dict[str, tuple[str, ...]] = {
    "clear": ("", "", "", "", "in summer"),
    "spring": ("in spring", "in springtime"),
    "autumn": ("in autumn", "in autumn", "in fall"),
    "winter": ("in winter", "in winter", "in the snow"),
    "rain": ("in the rain", "on a rainy day"),
    "fog": ("in the fog", "in fog", "in the mist"),
}
WEATHER_ADJECTIVES = {"spring": "spring", "autumn": "autumn", "winter": "snowy", "rain": "rainy", "fog": "foggy"}
COUNT_WORDS: dict[int, tuple[str, ...]] = {2: ("two", "two", "a pair of", "2"), 3: ("three", "three", "3")}
COLOR_WORDS: dict[str, tuple[str, ...]] = {"turquoise": ("turquoise", "turquoise", "teal"), "grey": ("grey", "gray")}
FRAMES = ("{}",) * 8 + ("a picture of {}", "an illustration of {}", "a drawing of {}", "{}, flat illustration")


def one(rng: Rng, words: Sequence[str]) -> str:
    return words[int(rng.integers(len(words)))]


def noun(scene: Scene, rng: Rng) -> str:
    """The subject by one of its names, with count and colour."""
    if scene.subject == SCENERY:
        words = [one(rng, SCENERY_WORDS[scene.where])]
    else:
        subject = SUBJECTS[scene.subject]
        words = [one(rng, subject.plurals if scene.count > 1 else subject.names)]
    if scene.color:
        words.insert(0, one(rng, COLOR_WORDS.get(scene.color, (scene.color,))))
    if scene.count > 1:
        return " ".join([one(rng, COUNT_WORDS[scene.count]), *words])
    return " ".join(words)


def caption(scene: Scene, rng: Rng) -> str:
    """One of many wordings; what is drawn by default (one, by day, natural colour, at home) is mostly left out."""
    words, weather = noun(scene, rng), one(rng, WEATHER_WORDS[scene.weather])
    place = "" if scene.place is None or scene.subject == SCENERY else one(rng, PLACE_WORDS[scene.place])
    adjective = WEATHER_ADJECTIVES.get(scene.weather)
    if adjective and scene.subject == SCENERY and rng.random() < 0.4:
        words, weather = f"{adjective} {words}", ""
    elif adjective and place.startswith(("in a ", "on a ")) and rng.random() < 0.4:
        place, weather = f"{place[:4]} {adjective} {place[5:]}", ""
        place = place.replace(" a autumn", " an autumn")
    if scene.count == 1 and rng.random() < 0.9:
        words = ("an " if words[0] in "aeiou" else "a ") + words
    time = one(rng, TIME_WORDS[scene.time])
    if scene.weather != "clear" and time.endswith("sunny day"):
        time = "by day"
    phrases = [phrase for phrase in (place, time, weather) if phrase]
    if rng.random() < 0.3:
        rng.shuffle(phrases)
    return one(rng, FRAMES).format(" ".join([words, *phrases]))


def known_words(subjects: Sequence[str]) -> dict[str, list[str]]:
    """What captions of these subjects name, by kind: the list that people choose from."""
    return {
        "subjects": [SUBJECTS[name].names[0] for name in subjects if name != SCENERY],
        "colours": [*COLORS],
        "places": [PLACE_WORDS[place][0] for place in PLACES],
        "times": [next(phrase for phrase in TIME_WORDS[time] if phrase) for time in TIMES],
        "weathers": [next(phrase for phrase in WEATHER_WORDS[weather] if phrase) for weather in WEATHERS],
        "counts": ["one", *(COUNT_WORDS[count][0] for count in (2, 3))],
    }


def vocabulary(subjects: Sequence[str]) -> set[str]:
    """Every single word that means something in captions of these subjects."""
    phrases = [name for key in subjects if key != SCENERY for name in (*SUBJECTS[key].names, *SUBJECTS[key].plurals)]
    for table in (PLACE_WORDS, SCENERY_WORDS, TIME_WORDS, WEATHER_WORDS, COLOR_WORDS, COUNT_WORDS):
        phrases += [phrase for wordings in table.values() for phrase in wordings]
    return {word for phrase in [*phrases, *COLORS, *WEATHER_ADJECTIVES.values()] for word in re.findall(r"[^\W_]+", phrase)}


# --- scenes ---------------------------------------------------------------------------------------------------------------


def random_scene(rng: Rng, subjects: Sequence[str]) -> Scene:
    """Any combination that makes sense; the defaults are as common as they are in what people type."""
    name = one(rng, subjects)
    place = one(rng, [*PLACES]) if rng.random() < 0.38 or name == SCENERY else None
    time = one(rng, TIMES[1:]) if rng.random() < 0.4 else "day"
    weather = one(rng, WEATHERS[1:]) if rng.random() < 0.35 else "clear"
    color = one(rng, [*COLORS]) if rng.random() < 0.5 and name != SCENERY else None
    count = int(rng.integers(2, 4)) if rng.random() < 0.25 else 1
    scene = Scene(name, color, place, time, weather, count, int(rng.integers(2**31)))
    if name == SCENERY or not any(SUBJECTS[name].plurals):
        scene = replace(scene, count=1)
    if scene.where in ("space", "under water"):
        scene = replace(scene, weather="clear", time="night" if time == "night" and scene.where == "under water" else "day")
    return scene


def seen_scene(rng: Rng, subjects: Sequence[str], held_out: bool = False) -> Scene:
    """A random scene of training, or one of those kept out of it."""
    while (scene := random_scene(rng, subjects)).held_out != held_out:
        pass
    return scene


def family(subject: str, subjects: Sequence[str]) -> list[str]:
    """The subjects of its series, itself at least: those it can grow into."""
    series = SUBJECTS[subject].series if subject != SCENERY else None
    return [name for name in subjects if series and name != SCENERY and SUBJECTS[name].series == series] or [subject]


def partner(scene: Scene, rng: Rng, subjects: Sequence[str]) -> Scene:
    """Another scene of the same family, from which and to which a true half-way picture can be drawn."""
    other = replace(seen_scene(rng, family(scene.subject, subjects)), variation=scene.variation)
    near = replace(other, color=scene.color, place=scene.place, time=scene.time, weather=scene.weather, count=scene.count)
    if rng.random() < 0.5 or near.held_out or (scene.count > 1 and not any(SUBJECTS[other.subject].plurals)):
        return other
    return near


Copy = tuple[float, float, float]  # x, foot, scale


@dataclass(frozen=True)
class Sketch:
    """One picture in numbers, what is really drawn; two of one family blend."""

    subject: str
    stage: float  # place in the subject's series, 0 for those that do not grow
    tint: RGB
    tinted: float  # 0: natural colours, 1: `tint`
    world: World
    copies: tuple[Copy, Copy, Copy]  # the second and third have no size where there is one
    variation: int


LAYOUTS: dict[int, tuple[Copy, Copy, Copy]] = {
    1: ((0.5, 0.0, 1.3), (0.78, -0.02, 0.0), (0.22, -0.02, 0.0)),
    2: ((0.28, 0.02, 0.84), (0.72, -0.01, 0.84), (0.22, -0.06, 0.0)),
    3: ((0.5, 0.05, 0.62), (0.81, -0.02, 0.62), (0.19, -0.02, 0.62)),
}
FOOT = {"land": 0.86, "lake": 0.8, "sea floor": 0.84, "air": 0.86}
HORIZON = {"land": 0.6, "lake": 0.6, "sea floor": 0.6, "air": 0.74}


def sketch(scene: Scene) -> Sketch:
    rng = np.random.default_rng((scene.variation, 1))
    jitter, dx, dy, larger = rng.uniform(-0.12, 0.12), rng.uniform(-0.05, 0.05), rng.uniform(-0.02, 0.02), rng.uniform(0.93, 1.08)
    stage, foot = 0.0, FOOT[scene.home]
    if scene.subject != SCENERY and (series := SUBJECTS[scene.subject].series):
        last = max(subject.stage for subject in SUBJECTS.values() if subject.series == series)
        stage = min(last, max(0.0, SUBJECTS[scene.subject].stage + jitter))
    a, b, c = ((x + dx, foot + dy + lower, scale * larger) for x, lower, scale in LAYOUTS[scene.count])
    tint = COLORS[scene.color] if scene.color else (128.0, 128.0, 128.0)
    return Sketch(
        scene.subject, stage, tint, float(scene.color is not None), world(scene.where, scene.time, scene.weather), (a, b, c), scene.variation
    )


def between(a: Sketch, b: Sketch, mix: float) -> Sketch:
    """The picture `mix` of the way from `a` to `b`, two of one family with one variation."""
    tint = a.tint if not b.tinted else b.tint if not a.tinted else blend(a.tint, b.tint, mix)
    first, second, third = (blend(x, y, mix) for x, y in zip(a.copies, b.copies, strict=True))
    return Sketch(
        a.subject, lerp(a.stage, b.stage, mix), tint, lerp(a.tinted, b.tinted, mix), between_worlds(a.world, b.world, mix),
        (first, second, third), a.variation,
    )  # fmt: skip


def draw(what: Sketch, size: int = 128) -> np.ndarray:
    """The picture, uint8 (size, size, 3), RGB. Drawn larger and reduced: Pillow's shapes are not anti-aliased."""
    big = size * (3 if size <= 128 else 2)
    rng, image = np.random.default_rng((what.variation, 2)), Image.new("RGB", (big, big))
    subject = SUBJECTS.get(what.subject)
    home = subject.home if subject else "land"
    backdrop = Backdrop(image, what.world, HORIZON[home] + rng.uniform(-0.03, 0.03), rng)
    backdrop.behind(lake=float(home == "lake") * (1 - what.world.flood))
    for number, (x, foot, scale) in sorted(enumerate(what.copies), key=lambda copy: copy[1][1]):
        if subject and scale > 0.05:
            pen = Pen(image, what.world, np.random.default_rng((what.variation, 3, number)), what.stage, what.tint, what.tinted)
            pen.away = 1.0 if backdrop.sun_left else -1.0
            subject.draw(pen, x, foot, scale)
    backdrop.before()
    return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS))


@dataclass(frozen=True)
class Sample:
    """One training example: the picture shown for the blend of two captions' embeddings."""

    image: np.ndarray  # uint8 (size, size, 3)
    caption: str
    other: str  # equal to `caption` where nothing is blended
    mix: float  # 0..1 from caption to other


def sample(rng: Rng, size: int, subjects: Sequence[str] = CORE, blended: float = 0.35) -> Sample:
    """A random picture with its caption, or (`blended` of the time) a half-way picture with two captions."""
    scene = seen_scene(rng, subjects)
    words = caption(scene, rng)
    if rng.random() >= blended:
        return Sample(draw(sketch(scene), size), words, words, 0.0)
    other, mix = partner(scene, rng, subjects), float(rng.random())
    return Sample(draw(between(sketch(scene), sketch(other), mix), size), words, caption(other, rng), mix)
