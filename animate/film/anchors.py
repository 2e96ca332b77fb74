"""Anchors: frames that are drawn first, and tell how many of the others belong between each two of them.

Probes say roughly where frames go; how far apart the finished pictures of every third one look says it better. Anchors stay where they
were drawn, and are frames of the film: only the others are shared out anew, so that no picture is drawn for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ..plan.cel import Plan
from ..plan.curve import Curve
from ..plan.plan import plan
from ..plan.tree import levels
from ..story.timeline import Frame
from .film import Film
from .path import Look, Measure

BATCH = 8  # anchors are counted in these, which fill whole batches of any usual size
EVERY = 3  # so many frames have one
MOST = 128  # of a film: where no store keeps their latents, the memory does
EVEN = 1e-6  # of a segment: shares that differ by less from equal steps are equal steps


def settled(film: Film, curves: Sequence[Curve], see: Callable[[Plan], Iterable[Look]], measure: Measure) -> tuple[Curve, ...]:
    """The curves, bent so that frames lie evenly between the film's anchors; as they are where it has none.

    It has none if it is short, if its pictures begin with others or change their guidance from frame to frame, so that they could not be
    moved, and where its frames are not to lie evenly (easing).
    see: draws the latents of a plan, or what else `measure` compares, in order.
    """
    segments = _segments(film)
    counts = _counts(film, segments)
    chosen = {a: _chosen(one, counts[a], curves[a]) for a, one in segments.items() if counts.get(a)}
    if not chosen:
        return tuple(curves)
    frames = [segments[a].frame(step) for a, steps in chosen.items() for step in steps]
    whole = plan(frames, film.story, film.images.digests, curves)
    once = replace(whole, order=tuple(dict.fromkeys(whole.order)))
    looks = dict(zip(once.order, see(once), strict=True))
    shown, bent = iter(whole.order), [*curves]
    for a, steps in chosen.items():
        along = [looks[next(shown)] for _ in steps]
        gaps = [measure(x, y) for x, y in pairwise(along)]
        if sum(gaps):
            places = [curves[a].at(step / segments[a].steps).low for step in steps]
            bent[a] = curves[a].through(list(zip(places, _shares(gaps, segments[a].steps), strict=True)))
    return tuple(bent)


@dataclass(frozen=True)
class _Segment:
    """A segment whose frames lie at equal shares of the way."""

    first: Frame  # any of its frames
    steps: int  # from one end to the other

    def frame(self, step: int) -> Frame:
        return replace(self.first, mix=step / self.steps)


def _segments(film: Film) -> dict[int, _Segment]:
    """Those that are drawn, by the number of the keyframe that they begin with."""
    story = film.story
    fixed = film.chain or levels(story) or not isinstance(story.sampling.guidance, float | int)
    found = dict[int, _Segment]()
    for a in () if fixed else sorted({frame.a for frame in film.paced_frames if frame.a != frame.b}):
        inner = {frame.mix: frame for frame in film.frames if frame.a == a and 0 < frame.mix < 1}
        steps = len(inner) + 1
        if inner and all(abs(mix - i / steps) < EVEN for i, mix in enumerate(sorted(inner), 1)):
            found[a] = _Segment(next(iter(inner.values())), steps)
    return found


def _counts(film: Film, segments: Mapping[int, _Segment]) -> dict[int, int]:
    """How many anchors each has between its ends; none if the film is too short for whole batches of them, or has too many segments."""
    ends = {end for one in segments.values() for end in (one.first.a, one.first.b)}
    pictures = len(ends) + sum(one.steps - 1 for one in segments.values())
    between = min(MOST, BATCH * round(pictures / EVERY / BATCH)) - len(ends)
    if between < len(segments) or pictures < 2 * BATCH:
        return {}
    counts = dict.fromkeys(segments, 0)
    for _ in range(between):
        counts[max(counts, key=lambda a: segments[a].steps / (counts[a] + 1))] += 1
    return counts


def _chosen(segment: _Segment, count: int, curve: Curve) -> list[int]:
    """The steps at which its anchors lie, ends included; none where frames are drawn over a jump."""
    steps = sorted({round(segment.steps * i / (count + 1)) for i in range(count + 2)})
    points = {step: curve.at(step / segment.steps) for step in steps}
    return [step for step, point in points.items() if point.low == point.high]


def _shares(gaps: Sequence[float], steps: int) -> list[float]:
    """The shares of the way at which anchors lie, once every gap has as many steps as make the widest one least."""
    parts = [1] * len(gaps)
    for _ in range(steps - len(gaps)):
        widest = max(range(len(gaps)), key=lambda i: gaps[i] / parts[i])
        parts[widest] += 1
    return [sum(parts[:i]) / steps for i in range(len(parts) + 1)]
