"""How a segment is paced: at which mix lies which share of the way, as it is perceived. Values only; film/pacing.py measures them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .cel import MIX_UNIT

FINEST = 2**4  # of MIX_UNIT: mixes are rounded to these, so that last bits of a distance do not make another cel; a film of 2,000 frames stays even


@dataclass(frozen=True)
class Point:
    """A point on a segment: a mix (low and high are equal), or a share of the way between two mixes that no picture lies between."""

    low: int  # of MIX_UNIT
    high: int  # of MIX_UNIT
    share: float = 0.0  # from low to high

    @classmethod
    def at(cls, parts: int) -> Point:
        """The mix of so many parts of MIX_UNIT."""
        return cls(parts, parts)

    @property
    def parts(self) -> int:
        return round(self.low + self.share * (self.high - self.low))

    @property
    def mix(self) -> float:
        return self.parts / MIX_UNIT


@dataclass(frozen=True)
class Curve:
    """Mix against perceived distance along one segment."""

    knots: tuple[tuple[int, float], ...] = ((0, 0.0), (MIX_UNIT, 1.0))  # parts of MIX_UNIT, and the perceived distance up to there; both rise
    jumps: tuple[int, ...] = ()  # numbers of the knots after which the picture jumps: none lies between them and the next
    anchors: tuple[int, ...] = ()  # parts of MIX_UNIT, rising: pictures that were drawn first, to see how far apart they look

    @property
    def valid(self) -> bool:
        """Whether it leads from one end to the other and never back; one that was read from a file may not."""
        parts, distances = zip(*self.knots, strict=True) if self.knots else ((), ())
        rising = all(low < high for low, high in pairwise(parts)) and all(before <= after for before, after in pairwise(distances))
        whole = len(parts) > 1 and (parts[0], parts[-1], distances[0]) == (0, MIX_UNIT, 0.0) and 0 < distances[-1] < float("inf")
        within = all(0 <= at <= MIX_UNIT for at in self.anchors) and all(low < high for low, high in pairwise(self.anchors))
        return rising and whole and within and all(0 <= jump < len(parts) - 1 for jump in self.jumps)

    def at(self, share: float) -> Point:
        """The point where this share of the whole perceived distance, 0..1, has been passed."""
        if share in (0.0, 1.0):
            return Point.at(MIX_UNIT * int(share))
        wanted = share * self.knots[-1][1]
        after = min(max(1, bisect_right([distance for _, distance in self.knots], wanted)), len(self.knots) - 1)
        (low, before), (high, behind) = self.knots[after - 1], self.knots[after]
        part = (wanted - before) / (behind - before) if behind > before else 0.0
        if after - 1 in self.jumps:
            return Point(low, high, part)
        return Point.at(FINEST * round((low + part * (high - low)) / FINEST))

    def through(self, places: Sequence[tuple[int, float]]) -> Curve:
        """The same curve, stretched and squeezed so that each of these mixes, its anchors, lies at its share of the way.

        Between them it keeps its shape.

        places: mixes in parts of MIX_UNIT, none within a jump, and shares; both rise, from 0 and 0 to MIX_UNIT and 1.
        """
        known, lengths = ([*side] for side in zip(*self.knots, strict=True))
        fixed, shares = ([*side] for side in zip(*places, strict=True))
        before = [_interpolated(place, known, lengths) for place in fixed]
        merged = sorted({*known, *fixed})
        knots = tuple((at, _interpolated(_interpolated(at, known, lengths), before, shares)) for at in merged)
        jumps = {(known[i], known[i + 1]) for i in self.jumps}
        return Curve(knots, tuple(i for i, pair in enumerate(pairwise(merged)) if pair in jumps), tuple(fixed))


def _interpolated(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """The value at x of the line through these points; xs rise. The values at the points themselves are exact."""
    i = min(max(1, bisect_right(xs, x)), len(xs) - 1)
    if x in (xs[i - 1], xs[i]):
        return ys[i] if x == xs[i] else ys[i - 1]
    return ys[i - 1] + (ys[i] - ys[i - 1]) * (x - xs[i - 1]) / (xs[i] - xs[i - 1])


LINEAR = Curve()
