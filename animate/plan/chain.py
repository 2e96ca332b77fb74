"""Feedback: every cel begins with the picture before it. Knows nothing of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..errors import AnimateError
from ..story.easing import EASES
from ..story.motion import Move, net
from ..story.resolved import Resolved
from ..story.timeline import Frame
from .cel import MIX_UNIT, Blend, Cel, Endpoint, Lineage, Start
from .exact import Position, blended, cel, showing, steps_of

HOMING = 0.25  # of a cycle: its last part, which is drawn towards its first picture
HOME = 0.76  # share of that picture in what its last frame begins with: denoising takes a part of it back


@dataclass(frozen=True)
class _Home:
    """The film's first picture, as the last part of a cycle is drawn towards it."""

    first: Cel
    move: Move  # of the camera, since then
    parts: int  # of MIX_UNIT: how far towards it


def chain(frames: Sequence[Frame], positions: Sequence[Position], story: Resolved) -> list[Lineage]:
    """Every cel begins with the one before; the last ones of a cycle with its first, too. The way back of a bounce shows the same cels."""
    count = len(frames) // 2 + 1 if story.loop == "bounce" else len(frames)
    homing = count - max(1, round(HOMING * count)) if story.loop == "cycle" else count
    lineages, moved = list[Lineage](), Move()
    for number, (frame, (a, b, point)) in enumerate(zip(frames[:count], positions[:count], strict=True)):
        blend = blended(a, b, point.parts)
        if number == 0:
            lineages.append(showing(blend, story))
            continue
        moved = net([moved, frame.move or Move()])
        near = HOME * EASES["in-out"]((number - homing + 1) / (count - homing)) if number >= homing else 0.0
        home = _Home(lineages[0][-1], moved, round(near * MIX_UNIT)) if near else None
        lineages.append(_fed_back(blend, frame, lineages[-1][-1], home, story))
    return lineages if story.loop != "bounce" else [*lineages, *lineages[-2:0:-1]]


def _fed_back(blend: Blend, frame: Frame, before: Cel, home: _Home | None, story: Resolved) -> Lineage:
    """A cel that begins with the picture before, and has the stills of its endpoints for an anchor."""
    stills = [showing(Blend(end, end, 0), story) for end in (blend.a, blend.b)]
    parents = [before, *(still[-1] for still in stills)]
    if not (redrawn := steps_of(frame.feedback or 0, story)):
        raise AnimateError(f"feedback {frame.feedback:g} of {story.sampling.steps} steps is none; raise --feedback or --steps")
    start = Start(story.sampling.step_count - redrawn, tuple(parent.key for parent in parents), move=frame.move)
    if home:
        start = replace(start, parents=(*start.parents, home.first.key), home=home.move, parts=home.parts)
    return *stills[0], *stills[1], cel(Blend(*guided(frame, blend.a, blend.b), blend.parts), story, start)


def guided(frame: Frame, a: Endpoint, b: Endpoint) -> tuple[Endpoint, Endpoint]:
    """Two endpoints with the frame's own guidance, where that changes with time."""
    return (a, b) if frame.guidance is None else (replace(a, guidance=frame.guidance), replace(b, guidance=frame.guidance))
