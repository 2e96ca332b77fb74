"""How a segment is paced: what share of the way, as it is perceived, lies at which mix. Values only; `pacing` measures them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from .cel import MIX_UNIT

FINEST = 2**4  # of MIX_UNIT: mixes are rounded to these, so that last bits of a distance do not make another cel; a film of 2,000 frames stays even


@dataclass(frozen=True)
class Spot:
    """A place on a segment: a look, or a place between two looks that no picture lies between."""

    low: int  # of MIX_UNIT
    high: int
    share: float = 0.0  # from low to high

    @property
    def parts(self) -> int:
        return round(self.low + self.share * (self.high - self.low))

    @property
    def mix(self) -> float:
        return self.parts / MIX_UNIT


@dataclass(frozen=True)
class Curve:
    """knots: of MIX_UNIT, and the perceived distance up to there; both rise. jumps: numbers of the knots after which the film jumps."""

    knots: tuple[tuple[int, float], ...] = ((0, 0.0), (MIX_UNIT, 1.0))
    jumps: tuple[int, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether it goes from one end to the other, and never back."""
        parts, distances = zip(*self.knots, strict=True) if self.knots else ((), ())
        rising = all(low < high for low, high in pairwise(parts)) and all(before <= after for before, after in pairwise(distances))
        whole = len(parts) > 1 and (parts[0], parts[-1], distances[0]) == (0, MIX_UNIT, 0.0) and 0 < distances[-1] < float("inf")
        return rising and whole and all(0 <= jump < len(parts) - 1 for jump in self.jumps)

    def at(self, share: float) -> Spot:
        """What is seen when so much of the way, 0..1, has been perceived."""
        if share in (0.0, 1.0):
            return Spot(MIX_UNIT * int(share), MIX_UNIT * int(share))
        wanted = share * self.knots[-1][1]
        after = min(max(1, bisect_right([distance for _, distance in self.knots], wanted)), len(self.knots) - 1)
        (low, before), (high, behind) = self.knots[after - 1], self.knots[after]
        part = (wanted - before) / (behind - before) if behind > before else 0.0
        if after - 1 in self.jumps:
            return Spot(low, high, part)
        parts = FINEST * round((low + part * (high - low)) / FINEST)
        return Spot(parts, parts)


LINEAR = Curve()
