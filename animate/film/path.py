"""The path between two endpoints: where to look, and how far apart what was seen there is. Knows nothing of models, films or pictures.

A path is looked at in rounds. The first is an even grid of mixes; later ones divide what is far apart, a round of LOOKS at a time, which
fill whole batches of any usual size. What is still far apart when it has become narrow may be a jump: there is no picture in between.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product

import numpy as np

from ..plan.cel import MIX_UNIT
from ..plan.curve import LINEAR, Curve

Look = np.ndarray  # latents, or what else the measure compares
Measure = Callable[[Look, Look], float]

LOOKS = 8  # places of a later round
LONG = 96  # steps of a film from which its path is divided further
FAR, LARGE = 3.5, 0.3  # times the even step, and share of the whole path: so far apart, too little is known of what lies between
WIDE = 2.0  # times the even step: a jump that is not larger than that is none
STEEP = 5.0  # times the mean slope of a path: where it is so steep, it may jump
UNLIKE = 1.2  # times the mean gap of the first round: so far apart, gaps are not alike
SUSPECTS = 2  # of a path: as many parts of it are looked at again
AROUND = 2  # gaps on either side of a steep one that are looked at again with it
NARROWEST = MIX_UNIT >> 9  # of a mix; what is still far apart here has no picture in between
SUDDEN = 0.9  # share of what changes in a narrow gap and its neighbour that is in the gap alone: steep paths divide further, jumps do not
DIGITS = 6  # behind the point of a distance, of which the smallest that can be seen are hundredths

Gap = tuple[int, int]  # two neighbouring places


@dataclass
class Path:
    """What is known of the way from one mix to another, by the distances between neighbouring looks."""

    low: int  # of MIX_UNIT
    high: int  # of MIX_UNIT
    steps: float  # of the film, from the one to the other
    first: int  # looks of the first round, both ends included
    most: int  # looks of all rounds
    places: list[int] = field(default_factory=list)  # that were looked at, in parts of MIX_UNIT, ascending
    looks: dict[int, Look] = field(default_factory=dict)  # what was seen there
    gaps: dict[Gap, float] = field(default_factory=dict)  # distances between neighbours

    @classmethod
    def whole(cls, steps: int, first: int) -> Path:
        """From one endpoint to the other, where the film takes so many steps."""
        return cls(0, MIX_UNIT, steps, first, first + LOOKS * (2 if steps > LONG else 1))

    @property
    def total(self) -> float:
        """Its length, as far as it is known."""
        return sum(self.gaps.values())

    @property
    def even(self) -> float:
        """The step of a film that moves evenly."""
        return self.total / self.steps

    def wanted(self) -> list[int]:
        """The places of the next round, ascending; none once they would tell nothing new."""
        if not self.places:
            return [self.low + (self.high - self.low) * i // (self.first - 1) for i in range(self.first)]
        parts = dict.fromkeys(self._divisible(), 1)
        far = self.total * max(UNLIKE / (self.first - 1), min(FAR / self.steps, LARGE))
        if len(self.places) + LOOKS > self.most or max(map(self.gaps.__getitem__, parts), default=0.0) <= far:
            return []
        for _ in range(LOOKS):
            parts[max(parts, key=lambda gap: self.gaps[gap] / parts[gap])] += 1
        return sorted(low + (high - low) * i // count for (low, high), count in parts.items() for i in range(1, count))

    def _divisible(self) -> list[Gap]:
        return [gap for gap in self.gaps if gap[1] - gap[0] > NARROWEST]

    def add(self, place: int, look: Look, measure: Measure) -> None:
        """What is seen at a place: the gap that it falls into becomes two."""
        at = bisect(self.places, place)
        below, above = self.places[at - 1 : at], self.places[at : at + 1]
        self.places.insert(at, place)
        self.looks[place] = look
        for low, high in product(below, above):
            del self.gaps[low, high]
        for low in below:
            self.gaps[low, place] = measure(self.looks[low], look)
        for high in above:
            self.gaps[place, high] = measure(look, self.looks[high])

    def suspects(self) -> list[Path]:
        """The parts of the path that are so steep that it may jump there: to be looked at again, in pictures nearer to the film's."""
        if not self.even:
            return []
        mean, neighbours = self.total / (self.high - self.low), [*pairwise(self.places)]
        steep = [i for i, gap in enumerate(neighbours) if self.gaps[gap] > max(WIDE * self.even, STEEP * mean * (gap[1] - gap[0]))]
        parts = list[Gap]()
        for i in steep:
            low, high = self.places[max(0, i - AROUND)], self.places[min(len(neighbours), i + 1 + AROUND)]
            parts = [*parts[:-1], (parts[-1][0], high)] if parts and low < parts[-1][1] else [*parts, (low, high)]
        parts = sorted(sorted(parts, key=lambda part: -self.between(*part))[:SUSPECTS])
        return [Path(low, high, self.between(low, high) / self.even, LOOKS, 3 * LOOKS) for low, high in parts]

    def between(self, low: int, high: int) -> float:
        """How far apart two places are that were looked at."""
        return sum(length for (a, b), length in self.gaps.items() if low <= a and b <= high)

    def curve(self, parts: Sequence[Path] = ()) -> Curve:
        """How the path is paced; parts: its suspects, once they were looked at.

        Pictures that all look the same are passed in equal steps.
        """
        if not round(self.total, DIGITS):
            return LINEAR
        lengths = dict(self.gaps)
        for part in parts:
            if part.total:  # the part is as long as it was found to be at first; what lies where in it was found now
                scale = self.between(part.low, part.high) / part.total
                lengths = {gap: length for gap, length in lengths.items() if not (part.low <= gap[0] and gap[1] <= part.high)}
                lengths |= {gap: length * scale for gap, length in part.gaps.items()}
        jumps = {gap for part in parts for gap in part.jumps()}
        knots, ordered = [(0, 0.0)], sorted(lengths)
        for gap in ordered:
            knots.append((gap[1], knots[-1][1] + lengths[gap]))
        return Curve(tuple((at, round(length, DIGITS)) for at, length in knots), tuple(i for i, gap in enumerate(ordered) if gap in jumps))

    def jumps(self) -> set[Gap]:
        """The gaps that no picture lies in, as far as was looked."""
        ordered = [*pairwise(self.places)]
        found = set[Gap]()
        for i, gap in enumerate(ordered):
            beside = max((self.gaps[other] for other in (*ordered[max(0, i - 1) : i], *ordered[i + 1 : i + 2])), default=0.0)
            narrow, length = gap[1] - gap[0] <= NARROWEST, self.gaps[gap]
            if narrow and length > WIDE * self.even and length > SUDDEN * (length + beside):
                found.add(gap)
        return found
