"""Anchors are drawn first, and tell how many of the other frames belong between each two of them.

Probes say roughly where frames go; how far apart finished pictures look says it better. Anchors stay where they
were drawn, and are frames of the film: only the others are shared out anew, so that no picture is drawn for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ..plan.anchors import chosen, ways
from ..plan.cel import Plan
from ..plan.curve import Curve
from ..plan.plan import plan
from ..plan.tree import levels
from ..story.timeline import Frame
from .film import Film
from .path import Look, Measure

EVEN = 1e-6  # of a segment: shares that differ by less from equal steps are equal steps


def settled(film: Film, curves: Sequence[Curve], see: Callable[[Plan], Iterable[Look]], measure: Measure) -> tuple[Curve, ...]:
    """The curves, bent so that frames lie evenly between the film's anchors; as they are where it has none.

    It has none if it is short, if its pictures begin with others or change their guidance from frame to frame, so that they could not be
    moved, and where its frames are not to lie evenly (easing).
    see: draws the latents of a plan, or what else `measure` compares, in order.
    """
    segments = _segments(film)
    standing = {a: one.standing(curves[a]) for a, one in segments.items()}
    if not standing:
        return tuple(curves)
    frames = [segments[a].frame(step) for a, steps in standing.items() for step in steps]
    whole = plan(frames, film.story, film.images.digests, curves, alone=True)
    once = replace(whole, order=tuple(dict.fromkeys(whole.order)))
    looks = dict(zip(once.order, see(once), strict=True))
    shown, bent = iter(whole.order), [*curves]
    for a, steps in standing.items():
        along = [looks[next(shown)] for _ in steps]
        gaps = [measure(x, y) for x, y in pairwise(along)]
        if sum(gaps):
            places = [curves[a].at(step / segments[a].steps).low for step in steps]
            bent[a] = curves[a].through(list(zip(places, _shares(gaps, segments[a].steps), strict=True)))
    return tuple(bent)


@dataclass(frozen=True)
class _Segment:
    """A segment whose frames lie at equal shares of the way, and the steps of it at which its anchors lie, both ends included."""

    first: Frame  # any of its frames
    steps: int  # from one end to the other
    anchors: list[int]

    def frame(self, step: int) -> Frame:
        return replace(self.first, mix=step / self.steps)

    def standing(self, curve: Curve) -> list[int]:
        """The steps of anchors that lie at a mix, and not within a jump, where frames are drawn over a blend."""
        points = {step: curve.at(step / self.steps) for step in self.anchors}
        return [step for step, point in points.items() if point.low == point.high]


def _segments(film: Film) -> dict[int, _Segment]:
    """Those that are drawn and have anchors, by the number of the keyframe that they begin with. Of a part of a film: those of the whole."""
    story = film.story
    if film.chain or levels(story) or not isinstance(story.sampling.guidance, float | int):
        return {}
    even = {a: mixes for a, mixes in ways(film.frames).items() if len(mixes) > 2 and _evenly(mixes)}
    anchors = chosen(even, 4 if len(story.keyframes) == 1 else len(story.keyframes), story.sampling.fast)
    drawn = {frame.a for frame in film.paced_frames}
    first = {frame.a: frame for frame in reversed(film.frames) if frame.a != frame.b}
    return {a: _Segment(first[a], len(even[a]) - 1, steps) for a, steps in anchors.items() if a in drawn}


def _evenly(mixes: Sequence[float]) -> bool:
    return all(abs(mix - i / (len(mixes) - 1)) < EVEN for i, mix in enumerate(mixes))


def _shares(gaps: Sequence[float], steps: int) -> list[float]:
    """The shares of the way at which anchors lie, once every gap has as many steps as make the widest one least."""
    parts = [1] * len(gaps)
    for _ in range(steps - len(gaps)):
        widest = max(range(len(gaps)), key=lambda i: gaps[i] / parts[i])
        parts[widest] += 1
    return [sum(parts[:i]) / steps for i in range(len(parts) + 1)]
