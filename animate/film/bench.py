"""How fast this machine draws a model, and what a film costs on it: measured, not looked up. Prints nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from ..draw.runner import Runner
from ..models.base import Model
from ..plan.anchors import lending
from ..plan.cel import MIX_UNIT, Plan
from ..plan.exact import blended, endpoints, showing
from ..plan.plan import plan, stills
from ..report import Report
from ..story.conventions import DIFFUSERS, guides
from ..story.resolved import Resolved
from ..story.storyboard import Sampling, Storyboard
from ..story.timeline import timeline
from . import pacing
from .batches import check_room
from .film import resolve

STEPS = 2  # of the pictures that are timed; they do not have to look like anything
ROUNDS = 3  # that are timed, of which the quickest one counts: the others were disturbed
HOUR = 3600.0
LENGTHS = (24, 100, 1000)  # of films, in frames


@dataclass(frozen=True)
class Speed:
    """What was measured. Seconds."""

    sample: dict[int, float]  # of one step of one picture, guidance included, by how many are in a batch
    decode: float  # of one picture
    batch_size: int  # that films are drawn in
    steps: int  # of a picture, as the model is used
    probe: float  # share of a picture's work that a probe of the even pace takes
    probes: int  # of a film of 24 frames
    lent: float | None = None  # of one step of a picture that takes others' features; None: this model's lend none
    fast: Mapping[int, Fast] = field(default_factory=dict)  # by the frames of a film

    @property
    def quickest(self) -> int:
        """The batch size that takes least for a picture."""
        return min(self.sample, key=lambda size: self.sample[size])

    @property
    def picture(self) -> float:
        """Seconds of one in a film."""
        return self.steps * self.sample[self.batch_size] + self.decode

    def film(self, frames: int) -> float:
        """Seconds of a film between two prompts: its pictures, in whole batches, and its probes."""
        return self._around(frames) + self.steps * self._whole(frames) * self.sample[self.batch_size]

    def fast_film(self, frames: int) -> float:
        """The same with --fast, where it is one of `fast`: its anchors are drawn as they are, and what lies between takes less."""
        of, lent = self.fast[frames], self.lent or 0.0
        drawn = self._whole(of.anchors) * self.sample[self.batch_size] + self._whole(frames - of.anchors) * lent
        return self._around(frames) + self.steps * of.guided * drawn

    def _whole(self, pictures: int) -> int:
        """With those that fill the last batch."""
        return self.batch_size * -(-pictures // self.batch_size)

    def _around(self, frames: int) -> float:
        """Seconds of decoding, and of the probes."""
        return frames * self.decode + self.probes * self.steps * self.sample[self.batch_size] * self.probe


@dataclass(frozen=True)
class Fast:
    """What --fast makes of a film."""

    anchors: int  # pictures that are drawn whole
    guided: float  # share of a guided step's samples that are computed


def measure(model: Model, width: int | None, height: int | None, report: Report) -> Speed:
    """Draw a few pictures in batches of every size up to the model's. Raises AnimateError where the memory has no room for one."""
    asked = Storyboard.of("a seed", "a tree", frames=24, width=width, height=height)
    story = resolve(asked, model.defaults)
    check_room(model, story)
    sizes = _sizes(model.numerics.batch_size)
    sample, decode = dict[int, float](), 0.0
    for number, size in enumerate(sizes):
        report.progress("measuring", number, len(sizes))
        sample[size], decode = _timed(model, story, size, report)
    report.progress("measuring", len(sizes), len(sizes))
    ends = endpoints(story)[0], endpoints(story)[1]
    probe = min(pacing.coarse(ends, story), story.sampling.steps)
    halved = model.guides_twice and guides(ends[0].guidance, DIFFUSERS)
    probes = pacing.count(23, probe, ends, story, model.guides_twice)
    share = probe / story.sampling.steps / (2 if halved else 1)
    if not model.defaults.lends:
        return Speed(sample, decode, sizes[-1], story.sampling.steps, share, probes)
    lent = _timed_lent(model, story, sizes[-1], report)
    return Speed(sample, decode, sizes[-1], story.sampling.steps, share, probes, lent, {frames: _fast(model, frames) for frames in LENGTHS})


def _sizes(most: int) -> list[int]:
    """Powers of two, and the last one as large as is allowed."""
    return [*(1 << power for power in range((most - 1).bit_length())), most]


def _timed(model: Model, story: Resolved, size: int, report: Report) -> tuple[float, float]:
    """Seconds of a step of one picture in batches of this size, and of decoding one."""
    story = story.model_copy(update={"sampling": story.sampling.model_copy(update={"steps": STEPS})})
    runner = Runner(model, {}, size, None, report)
    drawing, decoding = list[float](), list[float]()
    for number in range(1 + ROUNDS):  # the first one warms up
        began = time.perf_counter()
        latents = [*runner.latents(_batch(story, size, number), "")]
        drawn = time.perf_counter()
        runner.decode(latents[0], shown_once=True)
        drawing.append(drawn - began)
        decoding.append(time.perf_counter() - drawn)
    return min(drawing[1:]) / size / STEPS, min(decoding[1:])


def _timed_lent(model: Model, story: Resolved, size: int, report: Report) -> float:
    """Seconds of a step of one picture in batches of this size whose deep features are others': from when those are drawn."""
    story = story.model_copy(update={"sampling": story.sampling.model_copy(update={"steps": STEPS})})
    drawing = list[float]()
    for number in range(1 + ROUNDS):
        runner = Runner(model, {}, size, None, report, lending=1)
        latents = runner.latents(_lent(story, size, number), "")
        next(latents), next(latents)  # the two that lend
        began = time.perf_counter()
        for _ in latents:
            pass
        drawing.append(time.perf_counter() - began)
    return min(drawing[1:]) / size / STEPS


def _lent(story: Resolved, size: int, number: int) -> Plan:
    """Two anchors, and so many pictures between them, which fill a batch of their own."""
    a, b = (replace(end, seed=number) for end in endpoints(story)[:2])
    low, high = (showing(blended(a, b, parts), story)[-1] for parts in (0, MIX_UNIT))
    between = [MIX_UNIT * (place + 1) // (size + 1) for place in range(size)]
    lent = [(low, high, lending(showing(blended(a, b, parts), story)[-1], low, high, parts / MIX_UNIT)) for parts in between]
    return Plan.showing([(low,), (high,), *lent])


def _fast(model: Model, frames: int) -> Fast:
    story = resolve(Storyboard.of("a seed", "a tree", frames=frames, sampling=Sampling(fast=True)), model.defaults)
    cels = list(plan(timeline(story), story).cels.values())
    own = [cel for cel in cels if not cel.start.deep]
    every = own[0].guided_every
    return Fast(len(own), (1 + 1 / every) / 2)


def _batch(story: Resolved, size: int, number: int) -> Plan:
    """Pictures that differ in their seeds, of which none was drawn before."""
    end = endpoints(story)[0]
    return stills(story, (replace(end, seed=number * size + i) for i in range(size)))


def lengths(speed: Speed) -> Iterator[tuple[int, float]]:
    """Films of usual lengths, in frames, and the seconds that they take."""
    for frames in LENGTHS:
        yield frames, speed.film(frames)
