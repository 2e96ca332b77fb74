"""Frames become cels: what each picture is, as a value that can be printed, hashed, stored and sent.

Knows nothing of tensors, devices or files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

from .storyboard import Keyframe, Storyboard
from .timeline import Frame

MIX_UNIT = 2**20  # a mix is counted in 1/MIX_UNIT, so that it prints and hashes exactly; finer than any picture shows


@dataclass(frozen=True)
class Pin:
    """One end of a blend, resolved: nothing left to look up."""

    prompt: str
    negative: str
    seed: int
    guidance: float
    opposite: bool = False  # the noise of this seed, negated: the far side of a circle of noise


@dataclass(frozen=True)
class Look:
    """A point between two pins."""

    a: Pin
    b: Pin
    parts: int  # of MIX_UNIT, from a to b

    @property
    def mix(self) -> float:
        return self.parts / MIX_UNIT

    @property
    def guidance(self) -> float:
        return self.a.guidance + (self.b.guidance - self.a.guidance) * self.mix


@dataclass(frozen=True)
class Cel:
    """All that is needed to draw one picture."""

    look: Look
    steps: int
    sampler: str
    width: int  # pixels
    height: int  # pixels

    @cached_property
    def key(self) -> str:
        """Digest of all of it; equal cels have equal keys on any machine."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Plan:
    cels: Mapping[str, Cel]
    order: tuple[str, ...]  # which cel each frame shows

    @classmethod
    def showing(cls, cels: Iterable[Cel]) -> Plan:
        """A plan that shows these cels in this order, each drawn once however often it is shown."""
        listed = list(cels)
        return cls({cel.key: cel for cel in listed}, tuple(cel.key for cel in listed))

    def only(self, frames: Sequence[int]) -> Plan:
        """The same plan, showing only these frames."""
        order = tuple(self.order[i] for i in frames)
        return Plan({key: self.cels[key] for key in order}, order)


def plan(frames: Iterable[Frame], story: Storyboard) -> Plan:
    """The cels of a film. `story` is resolved: its sampling and size leave nothing out."""
    pins = _circle(story) if len(story.keyframes) == 1 else [pin(key, story) for key in story.keyframes]
    return Plan.showing(cel(look(pins[f.a], pins[f.b], f.mix), story) for f in frames)


def stills(story: Storyboard, pins: Iterable[Pin]) -> Plan:
    """One cel for every pin, as the storyboard denoises."""
    return Plan.showing(cel(look(p, p, 0.0), story) for p in pins)


def pin(key: Keyframe, story: Storyboard) -> Pin:
    guidance = story.sampling.guidance if key.guidance is None else key.guidance
    if guidance is None:
        raise TypeError("the storyboard is not resolved: its guidance is left out")
    return Pin(
        prompt=story.styled(key.prompt),
        negative=story.negative if key.negative is None else key.negative,
        seed=story.seed if key.seed is None else key.seed,
        guidance=guidance,
    )


def _circle(story: Storyboard) -> list[Pin]:
    """Four noises a quarter of a turn apart: two seeds and their opposites; independent noises are at right angles."""
    first = pin(story.keyframes[0], story)
    second = Pin(first.prompt, first.negative, first.seed + 1, first.guidance)
    return [first, second, *(Pin(p.prompt, p.negative, p.seed, p.guidance, opposite=True) for p in (first, second))]


def look(a: Pin, b: Pin, mix: float) -> Look:
    """The ends are written one way only, so that a joint is the same cel from both sides."""
    parts = round(mix * MIX_UNIT)
    if parts == 0:
        return Look(a, a, 0)
    if parts == MIX_UNIT:
        return Look(b, b, 0)
    return Look(a, b, parts)


def cel(of: Look, story: Storyboard) -> Cel:
    s = story.sampling
    if s.steps is None or s.sampler is None or story.width is None or story.height is None:
        raise TypeError("the storyboard is not resolved: its steps, sampler or size are left out")
    return Cel(of, s.steps, s.sampler, story.width, story.height)
