"""How fast this machine draws a model, and what a film costs on it: measured, not looked up. Prints nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..draw.runner import Runner
from ..models.base import Model
from ..plan.cel import Plan
from ..plan.exact import endpoints
from ..plan.plan import stills
from ..report import Report
from ..story.conventions import DIFFUSERS, guides
from ..story.resolved import Resolved
from ..story.storyboard import Storyboard
from . import pacing
from .batches import check_room
from .film import resolve

STEPS = 2  # of the pictures that are timed; they do not have to look like anything
ROUNDS = 2  # that are timed, of which the quicker one counts: the other was disturbed
HOUR = 3600.0


@dataclass(frozen=True)
class Speed:
    """What was measured. Seconds."""

    sample: dict[int, float]  # of one step of one picture, guidance included, by how many are in a batch
    decode: float  # of one picture
    batch_size: int  # that films are drawn in
    steps: int  # of a picture, as the model is used
    probe: float  # share of a picture's work that a probe of the even pace takes
    probes: int  # of a film of 24 frames

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
        batches = -(-frames // self.batch_size)
        drawn = batches * self.batch_size * self.steps * self.sample[self.batch_size]
        return drawn + frames * self.decode + self.probes * self.steps * self.sample[self.batch_size] * self.probe


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
    return Speed(sample, decode, sizes[-1], story.sampling.steps, probe / story.sampling.steps / (2 if halved else 1), probes)


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


def _batch(story: Resolved, size: int, number: int) -> Plan:
    """Pictures that differ in their seeds, of which none was drawn before."""
    end = endpoints(story)[0]
    return stills(story, (replace(end, seed=number * size + i) for i in range(size)))


def lengths(speed: Speed) -> Iterator[tuple[int, float]]:
    """Films of usual lengths, in frames, and the seconds that they take."""
    for frames in (24, 100, 1000):
        yield frames, speed.film(frames)
