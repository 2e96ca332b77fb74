"""Anchors: the pictures of a segment that are drawn first and on their own. They tell how far apart the others look, and may lend to them.

In a fast film, the pictures between two anchors take what the deep layers of the network made of those two, and draw only the rest by
themselves. Knows nothing of tensors.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..story.resolved import Resolved
from ..story.timeline import Frame
from .cel import MIX_UNIT, Cel, Lineage, Start
from .curve import LINEAR, Curve, Point
from .exact import Position, at_point, blended, showing

BATCH = 8  # anchors are counted in these, which fill whole batches of any usual size
EVERY = 3  # so many pictures have one, where anchors only tell of pace
LENT, GAPS = 8, 7  # where they lend, so many pictures have one; but a segment that is long enough has so many gaps between them
SLACK = 0.6  # of the anchors that are wanted: as many are enough, where more would begin another batch
MOST = 128  # of a film: where no store keeps their latents, the memory does

Ways = Mapping[int, tuple[float, ...]]  # by the keyframe that a segment begins with: where its pictures lie, both ends (0 and 1) included, rising


def ways(frames: Sequence[Frame]) -> Ways:
    """Of every segment that frames lie in."""
    found: defaultdict[int, set[float]] = defaultdict(lambda: {0.0, 1.0})
    for frame in frames:
        if frame.a != frame.b:
            found[frame.a].add(frame.mix)
    return {a: tuple(sorted(found[a])) for a in sorted(found)}


def chosen(through: Ways, keyframes: int, fast: bool) -> dict[int, list[int]]:
    """Which of the pictures of each segment are anchors, both ends included; nothing where the film is too short for a batch of them.

    keyframes: of the film; on a circle, its four quarters. fast: whether they lend.
    """
    ends = len({end for a in through for end in (a, (a + 1) % keyframes)})
    steps = {a: len(mixes) - 1 for a, mixes in through.items()}
    pictures = ends + sum(count - 1 for count in steps.values())
    total = _lending(steps, ends, pictures) if fast else _telling(steps, ends, pictures)
    if not total:
        return {}
    counts = dict.fromkeys(through, 0)
    for _ in range(total - ends):
        counts[max(counts, key=lambda a: steps[a] / (counts[a] + 1))] += 1
    return {a: sorted({round(steps[a] * i / (count + 1)) for i in range(count + 2)}) for a, count in counts.items()}


def _telling(steps: Mapping[int, int], ends: int, pictures: int) -> int:
    """How many anchors a film has that are there for its pace: whole batches, and one in every segment."""
    total = min(MOST, BATCH * round(pictures / EVERY / BATCH))
    return total if total - ends >= len(steps) and pictures >= 2 * BATCH else 0


def _lending(steps: Mapping[int, int], ends: int, pictures: int) -> int:
    """How many a film has whose anchors lend: whole batches, near enough to each other that what they lend fits."""
    wanted = ends + sum(max(min(GAPS, count // 2), count // LENT, 1) - 1 for count in steps.values())
    return min(pictures, max(ends, BATCH * -int(-SLACK * wanted // BATCH)))


@dataclass(frozen=True)
class _Lender:
    """A segment's anchors, where the curve has put them."""

    parts: list[int]  # of MIX_UNIT, rising, from 0 to MIX_UNIT
    jumps: Sequence[tuple[int, int]]  # between which of MIX_UNIT no picture lies

    @classmethod
    def of(cls, points: Sequence[Point], curve: Curve) -> _Lender:
        parts = {0, MIX_UNIT, *(point.low for point in points if point.low == point.high)}
        return cls(sorted(parts), [(curve.knots[jump][0], curve.knots[jump + 1][0]) for jump in curve.jumps])

    def around(self, parts: int) -> tuple[int, int] | None:
        """The anchors on both sides; None for an anchor, and where pictures jump between those two."""
        after = bisect_left(self.parts, parts)
        if self.parts[after] == parts:
            return None
        low, high = self.parts[after - 1], self.parts[after]
        return None if any(begin < high and end > low for begin, end in self.jumps) else (low, high)


def lent(frames: Sequence[Frame], positions: Sequence[Position], story: Resolved, curves: Sequence[Curve]) -> Iterator[Lineage]:
    """The cels of a fast film: anchors, and between them cels that take their deep features.

    Where an end is an image, in a jump, and where keyframes are guided in different ways, cels are drawn on their own.
    """
    lenders = _lenders(frames, positions, story, curves)
    for frame, (a, b, point) in zip(frames, positions, strict=True):
        own, lender = at_point(a, b, point, story), lenders.get(frame.a)
        alone = lender is None or a == b or point.low != point.high
        around = None if alone or lender is None else lender.around(point.low)
        if around is None:
            yield own
            continue
        low, high = (showing(blended(a, b, parts), story)[-1] for parts in around)
        alike = len({(cel.guided, cel.guided_every) for cel in (low, high, own[-1])}) == 1  # otherwise there are features for fewer predictions
        share = (point.low - around[0]) / (around[1] - around[0])
        yield (low, high, lending(own[-1], low, high, share)) if alike else own


def _lenders(frames: Sequence[Frame], positions: Sequence[Position], story: Resolved, curves: Sequence[Curve]) -> dict[int, _Lender]:
    """Of every segment whose pictures lend. Where anchors told of the pace, they stand where they were drawn then."""
    of_images = {frame.a for frame, (a, b, _) in zip(frames, positions, strict=True) if a.image or b.image}
    through = {number: mixes for number, mixes in ways(frames).items() if number not in of_images}
    placed = {(frame.a, frame.mix): position.point for frame, position in zip(frames, positions, strict=True) if frame.a != frame.b}
    lenders = dict[int, _Lender]()
    for number, steps in chosen(through, 4 if len(story.keyframes) == 1 else len(story.keyframes), fast=True).items():
        curve, points = curves[number] if curves else LINEAR, [placed.get((number, mix)) for mix in through[number]]
        known = [point for point in points if point and point.low in curve.anchors]
        lenders[number] = _Lender.of(known or [point for step in steps if (point := points[step])], curve)
    return lenders


def lending(cel: Cel, low: Cel, high: Cel, share: float) -> Cel:
    """The cel, with deep features from this share of the way between two others."""
    return replace(cel, start=Start(parents=(low.key, high.key), parts=round(share * MIX_UNIT), deep=True))
