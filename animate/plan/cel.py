"""A picture as a value: what it looks like and where it starts, so that it can be printed, hashed, stored and sent.

Knows nothing of frames, tensors, devices or files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property

from ..story.motion import Move

MIX_UNIT = 2**20  # a mix is counted in 1/MIX_UNIT, so that it prints and hashes exactly; finer than any picture shows


@dataclass(frozen=True)
class Endpoint:
    """One end of a blend, resolved: nothing left to look up."""

    prompt: str
    negative: str
    seed: int
    guidance: float
    opposite: bool = False  # the noise of this seed, negated: the far side of a circle of noise
    image: str = ""  # digest of the picture it begins with; none: it begins with noise
    strength: float = 0.0  # share of the denoising that redraws this picture


@dataclass(frozen=True)
class Blend:
    """A point between two endpoints."""

    a: Endpoint
    b: Endpoint
    parts: int  # of MIX_UNIT, from a to b

    @property
    def mix(self) -> float:
        return self.parts / MIX_UNIT

    @property
    def guidance(self) -> float:
        return self.a.guidance + (self.b.guidance - self.a.guidance) * self.mix


@dataclass(frozen=True)
class Start:
    """Where denoising begins: at noise, or with the latents of other cels."""

    step: int = 0  # the first that is done; all of them: nothing is denoised
    parents: tuple[str, ...] = ()  # cels that it begins with; none and no noise: the image of its endpoint
    parts: int = 0  # of MIX_UNIT, on the arc from the first parent's latents to the last's
    move: Move | None = (
        None  # fed back: the first parent is the picture before, the next two those of its endpoints, the last of four the film's first
    )
    home: Move | None = None  # from the film's first picture to this
    shared: bool = False  # the parents stop at this step, and their latents are taken as they are; otherwise they are finished, and noised

    @property
    def mix(self) -> float:
        return self.parts / MIX_UNIT


@dataclass(frozen=True)
class Cel:
    """All that is needed to draw one picture."""

    blend: Blend
    steps: int
    sampler: str
    width: int  # pixels
    height: int  # pixels
    eta: float = 0.0
    start: Start = Start()
    stop: int | None = None  # before this step denoising is left, for others to begin with; left out: at its end

    @cached_property
    def key(self) -> str:
        """Digest of all of it; equal cels have equal keys on any machine."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:32]

    @cached_property
    def whole(self) -> Cel:
        """The same one, finished: its picture. All that are equal but for where they stop are one denoising."""
        return replace(self, stop=None)

    @property
    def end(self) -> int:
        """The first step that is not done."""
        return self.steps if self.stop is None else self.stop


Line = tuple[Cel, ...]  # a cel and those that it begins with, itself last


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
