"""Frames become cels: what each picture is, as a value that can be printed, hashed, stored and sent.

Knows nothing of tensors, devices or files.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

from .errors import AnimateError
from .storyboard import Keyframe, Storyboard
from .timeline import Frame

MIDDLE = 0.6  # share of the denoising that is done half-way between two ends of which one is an image
MIX_UNIT = 2**20  # a mix is counted in 1/MIX_UNIT, so that it prints and hashes exactly; finer than any picture shows


@dataclass(frozen=True)
class Pin:
    """One end of a blend, resolved: nothing left to look up."""

    prompt: str
    negative: str
    seed: int
    guidance: float
    opposite: bool = False  # the noise of this seed, negated: the far side of a circle of noise
    image: str = ""  # digest of the picture it begins with; none: it begins with noise
    strength: float = 0.0  # share of the denoising that redraws this picture


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
class Start:
    """Where denoising begins: at noise, or with clean latents that are noised up to a step."""

    step: int = 0  # the first that is done; all of them: nothing is denoised
    parents: tuple[str, ...] = ()  # cels whose latents are blended as the look says; none and no noise: the image of its pin


@dataclass(frozen=True)
class Cel:
    """All that is needed to draw one picture."""

    look: Look
    steps: int
    sampler: str
    width: int  # pixels
    height: int  # pixels
    eta: float = 0.0
    start: Start = Start()

    @cached_property
    def key(self) -> str:
        """Digest of all of it; equal cels have equal keys on any machine."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Plan:
    cels: Mapping[str, Cel]  # those that are shown, and those that they begin with
    order: tuple[str, ...]  # which cel each frame shows

    @classmethod
    def showing(cls, lines: Iterable[Line]) -> Plan:
        """A plan that shows the last cel of each of these, each drawn once however often it is shown."""
        listed = list(lines)
        return cls({cel.key: cel for line in listed for cel in line}, tuple(line[-1].key for line in listed))

    def only(self, frames: Sequence[int]) -> Plan:
        """The same plan, showing only these frames."""
        order = tuple(self.order[i] for i in frames)
        return Plan({key: self.cels[key] for key in ancestry(self.cels, order)}, order)


def ancestry(cels: Mapping[str, Cel], keys: Iterable[str], known: Container[str] = ()) -> list[str]:
    """These cels and all that they begin with but for what is known, each once, and after what it begins with."""
    found: dict[str, None] = {}
    for key in keys:
        line = [key]
        while line:
            if line[-1] in found or line[-1] in known:
                line.pop()
            elif first := [parent for parent in cels[line[-1]].start.parents if parent not in found and parent not in known]:
                line.extend(reversed(first))
            else:
                found[line.pop()] = None
    return [*found]


Line = tuple[Cel, ...]  # a cel and those that it begins with, itself last
NO_IMAGES: Mapping[str, str] = {}


def plan(frames: Iterable[Frame], story: Storyboard, images: Mapping[str, str] = NO_IMAGES) -> Plan:
    """The cels of a film. `story` is resolved: its sampling and size leave nothing out.

    images: the digest of every image that its keyframes name.
    """
    circle = len(story.keyframes) == 1 and story.keyframes[0].image is None
    pins = _circle(story) if circle else [pin(key, story, images) for key in story.keyframes]
    if len(pins) == 1:
        raise AnimateError(f"{story.keyframes[0].image} alone does not move; give a second keyframe, or use animate still")
    return Plan.showing(line(look(pins[f.a], pins[f.b], f.mix), story) for f in frames)


def stills(story: Storyboard, pins: Iterable[Pin]) -> Plan:
    """One cel for every pin, as the storyboard denoises."""
    return Plan.showing(line(look(p, p, 0.0), story) for p in pins)


def pin(key: Keyframe, story: Storyboard, images: Mapping[str, str] = NO_IMAGES) -> Pin:
    guidance = story.sampling.guidance if key.guidance is None else key.guidance
    if guidance is None:
        raise TypeError("the storyboard is not resolved: its guidance is left out")
    return Pin(
        prompt=story.styled(key.prompt) if key.prompt else "",
        negative=story.negative if key.negative is None else key.negative,
        seed=story.seed if key.seed is None else key.seed,
        guidance=guidance,
        image="" if key.image is None else images[key.image],
        strength=key.strength,
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


def line(of: Look, story: Storyboard) -> Line:
    """The cel that looks so, after those that it begins with.

    Where an end is an image, a cel begins with the clean latents of both ends, blended: what the noise of a prompt says of the
    picture cannot be found for an image. The share of the denoising that is done after it rises from the ends to the middle.
    """
    if not of.a.image and not of.b.image:
        return (cel(of, story),)
    if of.a != of.b:
        first, second = (line(Look(end, end, 0), story) for end in (of.a, of.b))
        share = MIDDLE * math.sin(math.pi * of.mix)
        return (*first, *second, cel(of, story, share, (first[-1].key, second[-1].key)))
    plain = Pin("", "", 0, 0.0, image=of.a.image)
    picture = cel(Look(plain, plain, 0), story, 0.0)
    return (picture, cel(of, story, of.a.strength, (picture.key,))) if of.a.strength else (picture,)


def cel(of: Look, story: Storyboard, share: float = 1.0, parents: tuple[str, ...] = ()) -> Cel:
    """share: of the denoising that is done."""
    s = story.sampling
    if s.steps is None or s.sampler is None or story.width is None or story.height is None:
        raise TypeError("the storyboard is not resolved: its steps, sampler or size are left out")
    done = int(share * s.steps + 1e-9)  # as CompVis's img2img counts
    if len(parents) == 1 and not done:
        raise AnimateError(f"strength {share:g} of {s.steps} steps is none; raise --strength or --steps")
    return Cel(of, s.steps, s.sampler, story.width, story.height, s.eta, Start(s.steps - done, parents))
