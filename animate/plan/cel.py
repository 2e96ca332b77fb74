"""A picture as a value: what it shows and where its denoising starts, so that it can be printed, hashed, stored and sent.

Knows nothing of frames, tensors, devices or files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from functools import cached_property
from typing import Any

from ..story.conventions import DIFFUSERS, Conventions, guides, step_count
from ..story.motion import Move

MIX_UNIT = 2**20  # a mix is counted in 1/MIX_UNIT, so that it prints and hashes exactly; finer than any picture shows
KEY_VERSION = 1  # raise it when a field changes its meaning: then no stored state is taken for another picture


@dataclass(frozen=True)
class Endpoint:
    """One end of a blend, resolved: nothing left to look up."""

    prompt: str
    negative: str
    seed: int
    guidance: float
    opposite: bool = False  # the noise of this seed, negated: the far side of a circle of noise
    image: str = ""  # digest of the image it begins with; empty: it begins with noise
    strength: float = 0.0  # share of the denoising that redraws this image, 0 to 1


@dataclass(frozen=True)
class Blend:
    """A point between two endpoints."""

    a: Endpoint
    b: Endpoint
    parts: int  # of MIX_UNIT, from a to b

    @property
    def mix(self) -> float:
        """0 at a, 1 at b."""
        return self.parts / MIX_UNIT

    @property
    def guidance(self) -> float:
        """Classifier-free guidance scale, on the line between those of the endpoints."""
        return self.a.guidance + (self.b.guidance - self.a.guidance) * self.mix


@dataclass(frozen=True)
class Start:
    """Where denoising begins: at noise, or with the latents of other cels (its parents).

    Parents of a fed-back cel (`move` is given): the picture before, the stills of its two endpoints and, near the end of a
    cycle, the film's first picture.
    """

    step: int = 0  # the first that is done; all of them: nothing is denoised
    parents: tuple[str, ...] = ()  # keys of cels; none although `step` is above 0: the image of its endpoint
    parts: int = 0  # of MIX_UNIT, on the arc from the first parent's latents to the last's
    move: Move | None = None  # fed back: the camera's move since the picture before
    home: Move | None = None  # the camera's move since the film's first picture
    deep: bool = False  # it begins with noise; at every step, its deep features are those of two parents, `parts` of the way between them
    shared: bool = False  # the parents stop at this step and their latents are taken as they are; otherwise they are clean, and noised first

    @property
    def mix(self) -> float:
        """0 at the first parent, 1 at the last."""
        return self.parts / MIX_UNIT


@dataclass(frozen=True)
class Cel:
    """All that is needed to draw one picture."""

    blend: Blend
    steps: int  # as asked for; `step_count` are done
    sampler: str
    width: int  # pixels
    height: int  # pixels
    eta: float = 0.0
    start: Start = Start()
    stop: int | None = None  # denoising ends before this step, for other cels to begin with; left out: after the last one
    conventions: Conventions = DIFFUSERS
    guided_every: int = 1  # steps from one at which guidance is computed to the next

    @cached_property
    def key(self) -> str:
        """Digest of all that is not default, 32 hexadecimal digits: equal on any machine, and unchanged by fields that are added later."""
        content = json.dumps([KEY_VERSION, _without_defaults(self)], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:32]

    @cached_property
    def whole(self) -> Cel:
        """The same cel, denoised to the end. Cels that are equal but for where they stop are one denoising."""
        return replace(self, stop=None)

    @property
    def end(self) -> int:
        """The first step that is not done."""
        return self.step_count if self.stop is None else self.stop

    @cached_property
    def step_count(self) -> int:
        """Denoising steps from noise to the end."""
        return step_count(self.sampler, self.steps, self.conventions)

    @property
    def guided(self) -> bool:
        """Whether it is drawn with classifier-free guidance."""
        return guides(self.blend.guidance, self.conventions)


def _without_defaults(value: Any) -> Any:
    """A dataclass as a mapping of those fields that differ from their defaults, and the same for its parts."""
    if not is_dataclass(value):
        return value
    given = ((field.name, getattr(value, field.name), field.default) for field in fields(value))
    return {name: _without_defaults(part) for name, part, default in given if default is MISSING or part != default}


Lineage = tuple[Cel, ...]  # a cel after those that it begins with; itself last


@dataclass(frozen=True)
class Plan:
    """Which cels there are, and which of them each frame shows."""

    cels: Mapping[str, Cel]  # by key: those that are shown, and those that they begin with
    order: tuple[str, ...]  # the key of the cel that each frame shows

    @classmethod
    def showing(cls, lineages: Iterable[Lineage]) -> Plan:
        """A plan whose frames show the last cel of each of these; a cel is drawn once however often it is shown."""
        listed = list(lineages)
        return cls({cel.key: cel for lineage in listed for cel in lineage}, tuple(lineage[-1].key for lineage in listed))

    def only(self, frames: Sequence[int]) -> Plan:
        """The same plan, showing only these frames."""
        order = tuple(self.order[i] for i in frames)
        return Plan({key: self.cels[key] for key in ancestry(self.cels, order)}, order)


def ancestry(cels: Mapping[str, Cel], keys: Iterable[str], known: Container[str] = ()) -> list[str]:
    """Keys of these cels and of all that they begin with, each once and after what it begins with, but for those that are known."""
    ordered: dict[str, None] = {}
    for key in keys:
        pending = [key]
        while pending:
            if pending[-1] in ordered or pending[-1] in known:
                pending.pop()
            elif parents := [parent for parent in cels[pending[-1]].start.parents if parent not in ordered and parent not in known]:
                pending.extend(reversed(parents))
            else:
                ordered[pending.pop()] = None
    return [*ordered]
