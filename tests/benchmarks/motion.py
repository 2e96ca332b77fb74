"""How films move: even pace, shared beginnings, feedback, loops, and films made as others make them. Prints a table for each.

    python tests/benchmarks/motion.py --work /tmp/motion --renders renders --json motion.json

Pace is found by the distance of latents, and judged here by "structure". The exit status is 1 if a target is missed. Half an hour
on one core; with --work, cels are kept, so that a second run goes on where the first was stopped, and draws only what changed.
Work is counted in samples of the UNet, those that fill up batches included, by running every plan again with nothing drawn.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import math
import sys
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import torch
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

import animate
from animate import Sampling, Storyboard
from animate.draw import engine
from animate.draw.engine import Batch
from animate.draw.feedback import Feedback
from animate.film.film import resolve
from animate.film.pictures import Pictures
from animate.measure import distance
from animate.measure.distance import Measure
from animate.measure.drift import Appearance
from animate.measure.faults import faults
from animate.measure.plot import BAR, FAINT, FINER, INK, LARGE, PAPER, RULE, SMALL, WORST
from animate.measure.score import Score, appearance, score
from animate.media import writers as video
from animate.models.base import Model
from animate.pixels import Image
from animate.plan.cel import Plan
from animate.plan.exact import endpoints

PAIRS: dict[str, tuple[str, ...]] = {  # of prompts that sprout was shown, by what changes
    "series": (
        "a seed > a tree", "an egg > a hen", "a caterpillar > a butterfly", "a tent > a castle", "a raft > a ship",
        "a bud > a flower", "a paper plane > a rocket", "a puddle > the sea", "a hill > a volcano", "a seed > a sprout",
        "a sapling > a tree", "a rowing boat > a sailing boat", "a cabin > a house", "a pond > a lake", "a cocoon > a butterfly",
    ),
    "colour": ("a red house > a blue house", "a yellow car > a green car", "a white cat > a black cat",
               "a pink umbrella > a purple umbrella", "an orange fish > a turquoise fish"),
    "place": ("a red car on the beach > a red car in the city", "a tree in the desert > a tree in the forest",
              "a robot in the city > a robot in space", "a house in a meadow > a house on the beach", "a tent in the forest > a tent in the desert"),
    "hour": ("a castle by day > a castle at night", "a lake at dawn > a lake at sunset", "a lighthouse at sunset > a lighthouse at night",
             "a ship by day > a ship at sunset", "a mountain at night > a mountain at dawn"),
    "season": ("a tree in summer > a tree in winter", "a cabin in autumn > a cabin in winter", "a hill in spring > a hill in autumn",
               "a house in the rain > a house in summer", "a castle in the fog > a castle in winter"),
    "count": ("a mushroom > three mushrooms", "two cats > a cat", "a tree > two trees", "three flowers > a flower", "two boats > three boats"),
    "unlike": (
        "a car > a fish", "a mushroom > an umbrella", "a robot > a snowman", "an owl > a rocket", "a cactus > a lighthouse",
        "a house > a hot air balloon", "a cat > a mountain", "a ship > a castle", "a flower > a butterfly", "a tree > a rocket",
    ),
}  # fmt: skip
SHARED = 10  # pairs that sharing is tried on
SHARINGS = (("exact", 0.0, "tree"), ("tree 0.3", 0.3, "tree"), ("tree 0.6", 0.6, "tree"), ("tree 0.9", 0.9, "tree"), ("trunk 0.2", 0.2, "trunk"))
YEAR = ("a tree in spring", "a tree in summer", "a tree in autumn", "a tree in winter")
FEEDBACK, GENERATIONS = 0.4, 200  # share of the denoising, and frames of the film that it is tried on
ROUND = ("a seed", "a sprout", "a tree")  # what loops go through, and the peers' films
LOOP = 36  # frames
SHOWN = 72  # frames of a long film in a GIF


class Target(NamedTuple):
    """What a figure is to be."""

    what: str
    found: float
    limit: float
    least: bool  # the limit is the least it may be; otherwise the most

    @property
    def reached(self) -> bool:
        return self.found >= self.limit if self.least else self.found <= self.limit

    def __str__(self) -> str:
        sign, said = (">=" if self.least else "<="), ("reached" if self.reached else "MISSED")
        return f"{said:>7}: {self.what} {self.found:.3g} ({sign} {self.limit:g})"


@dataclass
class Part:
    """What one part of the benchmark found."""

    title: str
    lines: list[str]
    targets: list[Target] = field(default_factory=list)
    facts: Any = None  # for --json


@dataclass(frozen=True)
class Bench:
    """Where films are drawn, and how they are judged."""

    model: Model
    work: Path
    frames: int = 24
    steps: int | None = None
    measure: Measure = distance.structure
    renders: Path | None = None

    def story(self, *prompts: str, sampling: Mapping[str, Any] | None = None, **settings: Any) -> Storyboard:
        return Storyboard.of(*prompts, **{"frames": self.frames, "sampling": Sampling(steps=self.steps, **(sampling or {})), **settings})

    def film(self, story: Storyboard, only: Sequence[int] | None = None, apart: str = "cels") -> Pictures:
        """Lazily. apart: another place to keep cels, for what is drawn otherwise than a cel says."""
        return animate.render(story, self.model, frames=only, store=animate.Store(self.work / apart))

    def write(self, name: str, images: Iterable[Image], fps: float) -> None:
        if self.renders:
            animate.write_video(self.renders / name, images, fps)


# --- films and their figures ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    plan: Plan
    samples: int


def samples(what: Plan, batch_size: int, run: Callable[..., Iterator[torch.Tensor]] = engine.run) -> int:
    """Of the UNet, for a plan of which nothing is drawn yet: a batch does the steps of its first cel, and a guided cel counts twice."""
    done = 0

    class Counting:
        """An executor that draws nothing, and counts what it would take."""

        window = engine.WINDOW

        def submit(self, batch: Batch) -> Future[torch.Tensor]:
            nonlocal done
            done += sum(1 + cel.guided for cel in batch.cels) * (batch.stops[-1] - batch.cels[0].start.step)
            future: Future[torch.Tensor] = Future()
            future.set_result(torch.zeros(len(batch.cels), len(batch.stops), 1))
            return future

        def cancel(self, futures: Sequence[Future[torch.Tensor]]) -> None:
            pass

    for _ in run(what, Counting(), {}, batch_size):
        pass
    return done


@contextlib.contextmanager
def watched() -> Iterator[list[Ran]]:
    """The plans that are run meanwhile: those of probes, and last the film's."""
    run, seen = engine.run, list[Ran]()

    def watch(
        what: Plan, executor: engine.Executor, states: engine.States, batch_size: int, kind: engine.Kind = engine.batch_kind, shown: bool = True
    ) -> Generator[torch.Tensor]:
        seen.append(Ran(what, samples(what, batch_size, run)))
        return run(what, executor, states, batch_size, kind, shown)

    with mock.patch.object(engine, "run", watch):
        yield seen


class Film(NamedTuple):
    """A film that was seen to its end."""

    score: Score
    samples: int
    probing: int  # samples of the probes, beside those
    plan: Plan

    @property
    def figures(self) -> dict[str, float]:
        return figures(self.score) | {"samples": self.samples, "extra": self.probing / self.samples}


def seen(pictures: Iterable[Image], measure: Measure, end: Image | None = None) -> Film:
    with watched() as ran:
        found = score(pictures, measure, end)
    *probes, whole = ran
    beside = [one for one in probes if not one.plan.cels.keys() <= whole.plan.cels.keys()]  # others are frames that are drawn ahead
    return Film(found, whole.samples, sum(one.samples for one in beside), whole.plan)


def figures(of: Score) -> dict[str, float]:
    return {"smoothness": of.smoothness, "jump": of.jump, "sharp": of.mid_sharpness, "flicker": of.flicker, "seam": of.seam}


def crossfade(first: Image, last: Image, count: int) -> Iterator[Image]:
    """What needs no model: one picture laid over the other."""
    for mix in np.linspace(0, 1, count):
        yield np.asarray(np.rint(first + mix * (last.astype(float) - first)), np.uint8)


def median(values: Iterable[float]) -> float:
    return float(np.median([*values]))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The first column at the left, figures at the right."""
    cells = [heads, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    return ["  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]) for row in cells]


def percent(value: float) -> str:
    return f"{100 * value:.0f} %"


# --- pace -------------------------------------------------------------------------------------------------------------------


class Pair(NamedTuple):
    kind: str
    first: str
    last: str

    def __str__(self) -> str:
        return f"{self.first} > {self.last}"


def pairs(count: int) -> list[Pair]:
    """The first so many, all kinds in turn."""
    named = ([Pair(kind, *said.split(" > ")) for said in listed] for kind, listed in PAIRS.items())
    return [pair for row in itertools.zip_longest(*named) for pair in row if pair][:count]


Figures = dict[str, float]
Row = dict[str, Figures]  # by how the film was made


def pace(bench: Bench, asked: Sequence[Pair]) -> Part:
    rows: dict[Pair, Row] = {}
    for number, pair in enumerate(asked, 1):
        rows[pair] = _paces(bench, pair)
        print(f"{number}/{len(asked)} {pair}: {_short(rows[pair]['linear'])} | {_short(rows[pair]['even'])}", file=sys.stderr, flush=True)
    for name, said in (("linear-even.gif", asked[0]), ("linear-even-worst.gif", _worst(rows)[0])):
        bench.write(name, _beside(*(bench.film(bench.story(*said[1:], pace=way)) for way in ("linear", "even"))), 12)
    facts = {str(pair): {"kind": pair.kind, **row} for pair, row in rows.items()}
    return Part(f"pace, {len(rows)} pairs", _pace_lines(rows), _pace_targets(rows), facts)


def _short(of: Figures) -> str:
    return f"{of['smoothness']:.2f} {of['jump']:.1f} {percent(of['sharp'])}"


def _paces(bench: Bench, pair: Pair) -> Row:
    """One pair, by both paces, and a cross-fade of its ends."""
    films = {way: seen(bench.film(bench.story(pair.first, pair.last, pace=way)), bench.measure).figures for way in ("linear", "even")}
    first, last = bench.film(bench.story(pair.first, pair.last, pace="linear"), only=[0, bench.frames - 1])
    return films | {"cross-fade": figures(score(crossfade(first, last, bench.frames), bench.measure))}


def _beside(*films: Iterable[Image]) -> Iterator[Image]:
    for images in zip(*films, strict=True):
        yield np.hstack(images)


def _worst(rows: Mapping[Pair, Row]) -> list[Pair]:
    return sorted(rows, key=lambda pair: rows[pair]["even"]["smoothness"])


def _pace_lines(rows: Mapping[Pair, Row]) -> list[str]:
    kinds = {kind: [row for pair, row in rows.items() if pair.kind == kind] for kind in PAIRS}
    heads = ("median of", "smoothness", "jump / median", "sharp half-way", "flicker", "extra work")
    whole = [(way, *_medians([row[way] for row in rows.values()])) for way in ("linear", "even", "cross-fade")]
    parts = [(f"  {kind}, {way}", *_medians([row[way] for row in some])) for kind, some in kinds.items() if some for way in ("linear", "even")]
    worst = [(str(pair), *_cells(rows[pair]["even"]), "") for pair in _worst(rows)[:5]]
    return [*table(heads, [*whole, *parts]), "", *table(["the worst, even", *heads[1:]], worst)]


def _cells(of: Figures) -> tuple[str, str, str, str]:
    return f"{of['smoothness']:.3f}", f"{of['jump']:.2f}", percent(of["sharp"]), percent(of["flicker"])


def _medians(films: Sequence[Figures]) -> tuple[str, ...]:
    """A cross-fade has no work."""
    middle = {name: median(one[name] for one in films) for name in films[0]}
    return *_cells(middle), percent(middle["extra"]) if "extra" in middle else ""


def _pace_targets(rows: Mapping[Pair, Row]) -> list[Target]:
    even = {name: median(row["even"][name] for row in rows.values()) for name in ("smoothness", "jump", "sharp")}
    faded = median(row["cross-fade"]["sharp"] for row in rows.values())
    return [
        Target("smoothness, median", even["smoothness"], 0.90, True),
        Target("worst / median jump, median", even["jump"], 2.0, False),
        Target("sharpness half-way / ends, median", even["sharp"], 0.85, True),
        Target("and over that of a cross-fade", even["sharp"] / faded, 1.0, True),
    ]


# --- sharing ----------------------------------------------------------------------------------------------------------------


def sharing(bench: Bench, asked: Sequence[Pair]) -> Part:
    rows: dict[str, list[Figures]] = {name: [] for name, _, _ in SHARINGS}
    for pair in asked:
        for name, found in _shared(bench, pair).items():
            rows[name].append(found)
        print(f"{pair}: " + ", ".join(f"{name} {_short(films[-1])}" for name, films in rows.items()), file=sys.stderr, flush=True)
    heads = ("median of", "work / exact", "smoothness", "jump / median", "sharp half-way", "flicker", "first, last from exact")
    middle = {name: {key: median(one[key] for one in films) for key in films[0]} for name, films in rows.items()}
    lines = table(heads, [(name, f"{of['work']:.2f}", *_cells(of), f"{of['first']:.3f}, {of['last']:.3f}") for name, of in middle.items()])
    trees = [name for name, share, branching in SHARINGS if share and branching == "tree"]
    apart = max(of[end] for name in trees for of in rows[name] for end in ("first", "last"))
    ghost = min(middle[name]["sharp"] for name in trees) / middle["exact"]["sharp"]
    targets = [Target("ends of trees from exact", apart, 0.0, False), Target("sharpness half-way of trees / exact", ghost, 0.85, True)]
    return Part(f"sharing, {len(asked)} pairs", lines, targets, rows)


def _shared(bench: Bench, pair: Pair) -> dict[str, Figures]:
    """The same film with its beginnings shared more and more. Work is that of the film, without its probes."""
    ends = [*bench.film(bench.story(pair.first, pair.last), only=[0, bench.frames - 1])]
    found: dict[str, Figures] = {}
    for name, share, branching in SHARINGS:
        story = bench.story(pair.first, pair.last, sampling={"sharing": share, "branching": branching})
        made = seen(bench.film(story), bench.measure).figures
        apart = [bench.measure(image, end) for image, end in zip(bench.film(story, only=[0, bench.frames - 1]), ends, strict=True)]
        found[name] = made | {"work": made["samples"] / found.get("exact", made)["samples"], "first": apart[0], "last": apart[1]}
    return found


# --- feedback ---------------------------------------------------------------------------------------------------------------


def feedback(bench: Bench, count: int = GENERATIONS, prompts: Sequence[str] = YEAR) -> Part:
    """A long chain, held by its anchor and without, against what the keyframes' own pictures say it should look like.

    Prompts half-way between two need not look half-way, so it is also told how far it is from the film without feedback at the
    same mixes, and what becomes of one prompt that does not change: there, all that is off is the feedback's doing.
    """
    plain, fed = (bench.story(*prompts, frames=count, fps=24, feedback=share) for share in (None, FEEDBACK))
    held = bench.story(prompts[1], prompts[1], frames=count, fps=24, feedback=FEEDBACK)
    made = {"plain": _followed(bench, plain), "feedback": _followed(bench, fed)}
    made["feedback, from plain"] = replace(made["feedback"], target=made["plain"].looks)
    made["one prompt, feedback"] = _followed(bench, held)
    with mock.patch.object(Feedback, "anchored", lambda self, cel, parents, latents: latents):
        made["without anchor"] = _followed(bench, fed, "without-anchor")
    if bench.renders:
        video.write_image(bench.renders / "feedback.png", _plot(made))
        whole = [itertools.islice(bench.film(story), SHOWN) for story in (plain, fed)]
        bench.write("plain-feedback.gif", _beside(*whole), 24)
    heads = ("", "colour off, worst", "contrast off", "sharpness off", "at the end", "smoothness", "jump / median", "flicker", "work")
    lines = table(heads, [(name, *one.cells) for name, one in made.items()])
    worst = made["feedback"].worst
    targets = [Target(f"{name} from the target, %", worst[name], limit, False) for name, limit in (("colour", 3), ("contrast", 3), ("sharpness", 10))]
    return Part(f"feedback, {count} frames", lines, targets, {name: one.facts for name, one in made.items()})


@dataclass(frozen=True)
class Followed:
    """A film, what its frames look like, and what they should."""

    film: Film
    looks: np.ndarray  # (N, fields of Appearance)
    target: np.ndarray  # alike

    @property
    def off(self) -> dict[str, np.ndarray]:
        """Of every frame, (N,), in percent: that channel which is furthest off, against the mean of all; contrast; sharpness."""
        gap, level = np.abs(self.looks - self.target), self.target[:, :3].mean(1)
        relative = 100 * gap / self.target.clip(1e-9)
        return {"colour": 100 * gap[:, :3].max(1) / level, "contrast": relative[:, 3], "sharpness": relative[:, 4]}

    @property
    def worst(self) -> dict[str, float]:
        return {name: float(values.max()) for name, values in self.off.items()}

    @property
    def cells(self) -> list[str]:
        last = ", ".join(f"{values[-1]:.0f}" for values in self.off.values())
        of = self.film.score
        return [*(f"{value:.1f} %" for value in self.worst.values()), f"{last} %",
                f"{of.smoothness:.3f}", f"{of.jump:.2f}", percent(of.flicker), f"{self.film.samples}"]  # fmt: skip

    @property
    def facts(self) -> dict[str, Any]:
        return {**self.film.figures, "worst": self.worst, "looks": self.looks.round(3).tolist(), "target": self.target.round(3).tolist()}


def _followed(bench: Bench, story: Storyboard, apart: str = "cels") -> Followed:
    looks: list[Appearance] = []

    def looked(images: Iterable[Image]) -> Iterator[Image]:
        for image in images:
            looks.append(appearance(image))
            yield image

    made = seen(looked(bench.film(story, apart=apart)), bench.measure)
    return Followed(made, np.array(looks), _targets(bench, story, made.plan))


def _targets(bench: Bench, story: Storyboard, what: Plan) -> np.ndarray:
    """What each frame should look like, (N, fields of Appearance): as far between its keyframes' own pictures as its prompt is."""
    resolved = resolve(story, bench.model.defaults)
    stills = [np.array(appearance(image)) for image in animate.sheet(story, bench.model, animate.Store(bench.work / "cels"))]
    own = dict(zip(endpoints(resolved), stills, strict=True))
    places = [what.cels[key].blend for key in what.order]
    return np.array([own[look.a] + look.mix * (own[look.b] - own[look.a]) for look in places])


# --- the plot ---------------------------------------------------------------------------------------------------------------

WIDTH, PANEL, LEFT, RIGHT, TOP, GAP = 900, 190, 64, 24, 64, 44  # pixels
LINES = {"target": INK, "feedback": BAR, "without anchor": WORST}
PANELS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean level": lambda looks: np.asarray(looks[:, :3].mean(1)),
    "contrast (spread)": lambda looks: np.asarray(looks[:, 3]),
    "sharpness": lambda looks: np.asarray(looks[:, 4]),
}


def _plot(made: Mapping[str, Followed]) -> Image:
    """Three panels, one above the other, uint8 (H, W, 3)."""
    shown = {"target": made["feedback"].target, "feedback": made["feedback"].looks, "without anchor": made["without anchor"].looks}
    picture = Picture.new("RGB", (WIDTH, TOP + len(PANELS) * (PANEL + GAP)), PAPER)
    pen, x = ImageDraw.Draw(picture), float(LEFT)
    pen.text((LEFT, 26), f"Feedback {FEEDBACK:g} over {len(shown['target'])} frames, in grey levels", INK, ImageFont.load_default(LARGE), anchor="ls")
    for name, colour in LINES.items():
        pen.line((x, 43, x + 14, 43), colour, 3)
        pen.text((x + 20, 47), name, FAINT, ImageFont.load_default(SMALL), anchor="ls")
        x += 20 + ImageFont.load_default(SMALL).getlength(name) + 24
    for number, (name, what) in enumerate(PANELS.items()):
        _panel(picture, TOP + number * (PANEL + GAP), name, {line: what(looks) for line, looks in shown.items()})
    return np.asarray(picture)


class Axes(NamedTuple):
    """Where things stand in a panel."""

    top: int  # pixels
    frames: int
    highest: float

    def x(self, frame: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * frame / (self.frames - 1)

    def y(self, level: float) -> float:
        return self.top + PANEL * (1 - level / self.highest)


def _panel(picture: Picture.Image, top: int, name: str, lines: Mapping[str, np.ndarray]) -> None:
    """The lines over the frames, from 0 to a little above the highest."""
    axes = Axes(top, len(lines["target"]), 1.05 * max(float(line.max()) for line in lines.values()))
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(SMALL)
    for level in range(0, math.ceil(axes.highest), max(1, round(axes.highest / 4))):
        pen.line((LEFT, axes.y(level), WIDTH - RIGHT, axes.y(level)), RULE if level else FAINT)
        pen.text((LEFT - 9, axes.y(level)), f"{level}", FAINT, font, anchor="rm")
    for frame in range(0, axes.frames, max(1, axes.frames // 10)):
        pen.text((axes.x(frame), top + PANEL + 6), f"{frame}", FAINT, font, anchor="mt")
    pen.text((LEFT + 6, top + 4), name, INK, font, anchor="lt")
    for line, values in lines.items():
        mask = Picture.new("L", (picture.width * FINER, picture.height * FINER))
        points = [(axes.x(i) * FINER, axes.y(float(value)) * FINER) for i, value in enumerate(values)]
        ImageDraw.Draw(mask).line(points, 255, round(1.6 * FINER), "curve")
        picture.paste(LINES[line], mask=mask.reduce(FINER))


# --- loops ------------------------------------------------------------------------------------------------------------------

CYCLES: dict[str, tuple[Sequence[str], dict[str, Any]]] = {
    "three prompts": (ROUND, {}),
    "one prompt": (ROUND[-1:], {}),
    "feedback": (ROUND, {"feedback": FEEDBACK}),
    "feedback, camera": (ROUND, {"feedback": FEEDBACK, "pan": ("2*sin(2*pi*t)", "cos(2*pi*t)")}),  # in a film of a second
}


def loops(bench: Bench, count: int = LOOP) -> Part:
    """The step from the last frame to the first, against the others."""
    made: dict[str, Film] = {}
    for name, (prompts, settings) in CYCLES.items():
        story = bench.story(*prompts, **{"frames": count, "fps": count, "loop": "cycle", **settings})
        made[name] = seen(bench.film(story), bench.measure)
        bench.write(f"loop-{name.replace(', ', '-').replace(' ', '-')}.gif", bench.film(story), 12)
    rows = [(name, f"{of.score.seam:.2f}", *_cells(of.figures), f"{of.samples}") for name, of in made.items()]
    lines = table(("", "seam / median", "smoothness", "jump / median", "sharp half-way", "flicker", "work"), rows)
    targets = [Target(f"seam / median, {name}", of.score.seam, 1.5, False) for name, of in made.items()]
    return Part(f"loops, {count} frames", lines, targets, {name: of.figures for name, of in made.items()})


# --- films made as others make them -----------------------------------------------------------------------------------------

FAULTS = {  # what `animate score` must say of each
    "walk with doubled joints": "stands still between",
    "end that is never reached": "ends before its end picture",
    "loop with a hard cut": "does not close",
}


def peers(bench: Bench) -> Part:
    """Their films beside ours of the same prompts; whatever more is found in theirs is told, too."""
    lines, facts, missed, found = list[str](), dict[str, Any](), 0, 0
    for name, theirs, ours in _films(bench):
        for whose, told in (("theirs", theirs), ("ours", ours)):
            lines += [f"{name}, {whose}: {line}" for line in told or ["no fault found"]]
        missed += not any(line.startswith(FAULTS[name]) for line in theirs)
        found += len(ours)
        facts[name] = {"theirs": theirs, "ours": ours}
    targets = [Target("faults of theirs that are missed", missed, 0, False), Target("faults of ours", found, 0, False)]
    return Part("films made as others make them", lines, targets, facts)


def _films(bench: Bench) -> Iterator[tuple[str, list[str], list[str]]]:
    """What is said of a film made their way, and of ours."""
    walk, early, cut = FAULTS
    ends = ROUND[0], ROUND[-1]
    (end,) = bench.film(bench.story(*ends), only=[bench.frames - 1])

    def told(images: Iterable[Image], end: Image | None = None, loop: bool = False) -> list[str]:
        return faults(score(images, bench.measure, end), loop)

    joined = itertools.chain(*(bench.film(bench.story(*two, pace="linear")) for two in itertools.pairwise(ROUND)))
    yield walk, told(joined), told(bench.film(bench.story(*ROUND, frames=2 * bench.frames)))
    yield early, told(_early(bench, ends), end), told(bench.film(bench.story(*ends)), end)
    cycle = bench.story(*ROUND, frames=2 * bench.frames, loop="cycle")
    yield cut, told(bench.film(bench.story(*ends, pace="linear")), loop=True), told(bench.film(cycle), loop=True)


def _early(bench: Bench, ends: tuple[str, str]) -> Iterator[Image]:
    """Frame i of n at mix i/n, begun with the steps of the middle prompt that all have in common."""
    story = bench.story(*ends, frames=bench.frames + 1, pace="linear", sampling={"sharing": 0.2, "branching": "trunk"})
    return iter(bench.film(story, only=range(bench.frames)))


# --- the command ------------------------------------------------------------------------------------------------------------

PARTS: dict[str, Callable[[Bench, int], Part]] = {
    "pace": lambda bench, count: pace(bench, pairs(count)),
    "sharing": lambda bench, count: sharing(bench, pairs(min(count, SHARED))),
    "feedback": lambda bench, count: feedback(bench),
    "loop": lambda bench, count: loops(bench),
    "peers": lambda bench, count: peers(bench),
}


def options() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", default="sprout")
    p.add_argument("--device", default="cpu")
    p.add_argument("--pairs", type=int, default=sum(map(len, PAIRS.values())), help="of prompts, for pace")
    p.add_argument("--frames", type=int, default=24, help="of a film, for pace, sharing and peers")
    p.add_argument("--steps", type=int, help="of the denoising; left out: the model's own")
    p.add_argument("--metric", default="structure", choices=distance.METRICS, help="that judges")
    p.add_argument("--only", choices=PARTS, action="append", help="this part; may be given again")
    p.add_argument("--work", type=Path, help="folder where cels are kept")
    p.add_argument("--json", type=Path, help="file for all figures")
    p.add_argument("--renders", type=Path, help="folder for GIFs and the plot")
    return p.parse_args()


def main() -> None:
    a = options()
    torch.set_num_threads(1)  # bits of a film depend on it, and so does what is found in --work
    model, found = animate.load_model(a.model, device=a.device), dict[str, Part]()
    with contextlib.ExitStack() as stack:
        work = a.work or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bench = Bench(model, work, a.frames, a.steps, distance.metric(a.metric), a.renders)
        for name in a.only or PARTS:
            found[name] = part = PARTS[name](bench, a.pairs)
            print(f"\n{part.title}, judged by {a.metric}", *part.lines, *part.targets, sep="\n", flush=True)
    if a.json:
        facts = {name: {"figures": part.facts, "targets": [one._asdict() for one in part.targets]} for name, part in found.items()}
        a.json.write_text(json.dumps({"model": model.name, "fingerprint": model.fingerprint, "numerics": asdict(model.numerics), **facts}, indent=1))
    sys.exit(not all(target.reached for part in found.values() for target in part.targets))


if __name__ == "__main__":
    main()
