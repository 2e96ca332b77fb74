"""Frames become cels: exact, with shared beginnings, or fed back. Knows nothing of tensors, devices or files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..story.resolved import Resolved
from ..story.timeline import Frame
from .anchors import lent
from .cel import MIX_UNIT, Endpoint, Plan
from .chain import chain, guided
from .curve import Curve, Point
from .exact import NO_IMAGES, Position, at_point, blended, endpoints, showing
from .tree import levels, trees, trunk


def plan(frames: Sequence[Frame], story: Resolved, images: Mapping[str, str] = NO_IMAGES, curves: Sequence[Curve] = (), alone: bool = False) -> Plan:
    """The cels of a film.

    images: the digest of every image that its keyframes name.
    curves: how each segment is paced, by the number of the keyframe that it begins with; none: linear.
    alone: no picture takes the features of others.
    Raises AnimateError where the storyboard does not work out.
    """
    ends = endpoints(story, images)
    positions = [_position(frame, ends, curves) for frame in frames]
    if story.feedback is not None:
        return Plan.showing(chain(frames, positions, story))
    if story.sampling.fast and not alone and isinstance(story.sampling.guidance, float | int):
        return Plan.showing(lent(frames, positions, story, curves))
    if not (story.sampling.sharing and levels(story)):
        return Plan.showing(at_point(*guided(frame, a, b), point, story) for frame, (a, b, point) in zip(frames, positions, strict=True))
    return Plan.showing(trunk(positions, ends, story) if story.sampling.branching == "trunk" else trees(positions, story))


def _position(frame: Frame, ends: Sequence[Endpoint], curves: Sequence[Curve]) -> Position:
    a, b = ends[frame.a], ends[frame.b]
    return Position(a, b, curves[frame.a].at(frame.mix) if curves and frame.a != frame.b else Point.at(round(frame.mix * MIX_UNIT)))


def stills(story: Resolved, ends: Iterable[Endpoint]) -> Plan:
    """One cel for every endpoint, as the storyboard denoises."""
    return Plan.showing(showing(blended(end, end, 0), story) for end in ends)
