"""Even pace: probe the path between keyframes, measure how far its pictures look apart, and say which mix is seen when.

Blends of embeddings and noises do not move evenly: they stall near one picture and hurry past another. A few pictures of the
path, drawn in few steps, tell where. The distances between neighbours add up to a `Curve`, which is inverted into mixes (as
DiffMorpher, Zhang et al. 2024, re-times its frames; here more are drawn where the path moves most, before the film is).
"""

from __future__ import annotations

import math
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, product

import numpy as np

from ..draw.runner import Runner
from ..measure import distance
from ..pixels import Image
from ..plan.cel import MIX_UNIT, Endpoint, Plan
from ..plan.curve import LINEAR, Curve
from ..plan.exact import blended, endpoints, showing
from ..report import Report
from ..story.resolved import Resolved
from .film import Film

Curves = tuple[Curve, ...]
Look = np.ndarray  # a picture, or what of it the measure needs
See = Callable[[Plan], Iterable[Look]]
Measure = Callable[[Look, Look], float]

LEAST_STEPS, DIVISOR = 6, 3  # of a probe: the film's steps by three, and so many at least: coarse, and where the finished picture lies
FIRST = 8  # intervals that a path is divided into before it is looked at
MOST = 32  # intervals of a path
WIDE = 2.0  # times the even step: so far apart, several frames lie between two probes
NARROWEST = MIX_UNIT >> 9  # of a mix; what is still far apart here has no picture in between
SUDDEN = 0.9  # share of what changes in an interval that is in one half of it: steep paths divide further, jumps do not
DIGITS = 6  # behind the point of a distance, of which the smallest that can be seen are hundredths
TOGETHER = 8  # segments that are probed in common batches


@dataclass(frozen=True)
class Paced:
    """What a film shows, once its pace is known."""

    plan: Plan
    curves: Curves = ()  # of its segments; none: linear
    probes: int = 0  # pictures that were drawn to find that out


def paced(film: Film, curves: Curves, runner: Runner, report: Report) -> Paced:
    """The film by these curves, as a recipe has them; none: by those that are measured now, if its pace is to be even."""
    if curves or film.story.pace == "linear":
        return Paced(film.plan(curves), curves)
    probes = _Probes(runner, report)
    bridged = runner.model.supports_partial_denoising
    measured = _measured(film, probes, bridged, report)
    if not bridged:
        measured = tuple(replace(curve, jumps=()) for curve in measured)
    return Paced(film.plan(measured), measured, probes.count)


class _Probes:
    """Draws the pictures of a plan, uint8 (H, W, 3) one by one, and counts them. They are kept in the store, but are of no film."""

    def __init__(self, runner: Runner, report: Report):
        self.runner, self.report, self.count = runner, report, 0

    def __call__(self, plan: Plan) -> Iterator[Image]:
        asked = self.count + len(plan.order)
        self.report.progress("finding an even pace", self.count, asked)
        for latents in self.runner.latents(plan, ""):
            self.count += 1
            self.report.progress("finding an even pace", self.count, asked)
            image = self.runner.decode(latents, shown_once=True)
            self.report.picture(image)
            yield image


def _measured(film: Film, see: See, bridged: bool, report: Report) -> Curves:
    """Of the segments that the drawn frames lie in. Warns of jumps, and whether they are bridged by drawing over a blend."""
    ends, asked = endpoints(film.story, film.images.digests), {frame.a for frame in film.paced_frames}
    within = Counter(a for a, mix in {(frame.a, frame.mix) for frame in film.frames} if 0 < mix < 1 and a in asked)
    measured = curves(film.story, ends, within, lambda plan: map(distance.oklab, see(plan)), distance.pyramid_between)
    jumps = [(a, curve.knots[jump][0], curve.knots[jump + 1][0]) for a, curve in enumerate(measured) for jump in curve.jumps]
    for a, low, high in jumps:
        names = " to ".join(f'"{end.prompt}"' for end in (ends[a], ends[(a + 1) % len(ends)]))
        jump = f"{names} jumps at mix {(low + high) / 2 / MIX_UNIT:.3f}: no picture lies between"
        report.warn(f"{jump}; it is bridged by drawing over a blend" if bridged else jump)
    return measured


def curves(story: Resolved, ends: Sequence[Endpoint], frames: Mapping[int, int], see: See, measure: Measure) -> Curves:
    """How each segment is paced, by the number of the keyframe it begins with.

    frames: of those segments that are to be paced, how many frames lie between their ends. The others are linear.
    see: draws the pictures of a plan, or what of them `measure` needs: the perceived distance of two of them, a metric.
    """
    probing = story.model_copy(update={"sampling": story.sampling.model_copy(update={"steps": _steps(ends, story)})})
    measured: dict[int, Curve] = {}
    ordered = sorted(frames)
    for some in (ordered[i : i + TOGETHER] for i in range(0, len(ordered), TOGETHER)):
        paths = {a: Path(ends[a], ends[(a + 1) % len(ends)], frames[a]) for a in some}
        while wanted := [(a, parts) for a, path in paths.items() for parts in path.wanted()]:
            probes = Plan.showing(showing(blended(paths[a].a, paths[a].b, parts), probing) for a, parts in wanted)
            for (a, parts), look in zip(wanted, see(probes), strict=True):
                paths[a].add(parts, look, measure)
            for path in paths.values():
                path.forget()
        measured.update((a, path.curve()) for a, path in paths.items())
    return tuple(measured.get(a, LINEAR) for a in range(len(ends)))


def _steps(ends: Sequence[Endpoint], story: Resolved) -> int:
    """Of a probe: enough that an image which is redrawn is so for a step."""
    whole = story.sampling.steps
    return min(whole, max([LEAST_STEPS, whole // DIVISOR, *(math.ceil(1 / end.strength) for end in ends if end.strength)]))


@dataclass
class Path:
    """The probes between two endpoints."""

    a: Endpoint
    b: Endpoint
    frames: int  # between the ends
    places: list[int] = field(default_factory=list)  # of the probes, in parts of MIX_UNIT, ascending
    looks: dict[int, Look] = field(default_factory=dict)  # of those that the next probes are compared with
    gaps: dict[tuple[int, int], float] = field(default_factory=dict)  # between neighbours

    def wanted(self) -> list[int]:
        """The next probes: an even grid at first, then half-way where the path moves most; none once that would tell nothing new."""
        if not self.places:
            return [MIX_UNIT * i // FIRST for i in range(FIRST + 1)]
        wide = sorted(self._wide(), key=lambda gap: -self.gaps[gap])
        return sorted((low + high) // 2 for low, high in wide[: min(MOST - len(self.gaps), max(1, len(self.gaps) // 4))])

    def forget(self) -> None:
        """The looks that no probe will be compared with: of gaps that do not matter, and never will, since a path only becomes longer."""
        kept = {end for gap in self._wide() for end in gap}
        self.looks = {parts: look for parts, look in self.looks.items() if parts in kept}

    def _wide(self) -> list[tuple[int, int]]:
        """The gaps that may be divided."""
        return [gap for gap in self.gaps if self._matters(gap) and self.looks.keys() >= {*gap}] if len(self.gaps) < MOST else []

    def _matters(self, gap: tuple[int, int]) -> bool:
        """Whether it matters how the path goes between these two, and pictures could lie there."""
        return gap[1] - gap[0] > NARROWEST and self.gaps[gap] > min(WIDE * self.even, sum(self.gaps.values()) / FIRST)

    @property
    def even(self) -> float:
        """The step of a film that moves evenly."""
        return sum(self.gaps.values()) / (self.frames + 1)

    def add(self, parts: int, look: Look, measure: Measure) -> None:
        """A probe: the gap that it falls into becomes two."""
        at = bisect(self.places, parts)
        below, above = self.places[at - 1 : at], self.places[at : at + 1]
        self.places.insert(at, parts)
        self.looks[parts] = look
        for low, high in product(below, above):
            del self.gaps[low, high]
        for low in below:
            self.gaps[low, parts] = measure(self.looks[low], look)
        for high in above:
            self.gaps[parts, high] = measure(look, self.looks[high])

    def curve(self) -> Curve:
        """Pictures that all look the same are passed in equal steps."""
        knots, total = [(0, 0.0)], 0.0
        for low, high in pairwise(self.places):
            total += self.gaps[low, high]
            knots.append((high, total))
        if not round(total, DIGITS):
            return LINEAR
        jumps = [i for i, gap in enumerate(pairwise(self.places)) if self._jumps(gap)]
        return Curve(tuple((at, round(distance, DIGITS)) for at, distance in knots), tuple(jumps))

    def _jumps(self, gap: tuple[int, int]) -> bool:
        """Whether no picture lies between these two, as far as was looked."""
        (low, high), width = gap, gap[1] - gap[0]
        if width > NARROWEST or self.gaps[gap] <= WIDE * self.even:
            return False
        other = (high, high + width) if low % (2 * width) == 0 else (low - width, low)  # the other half of what was divided last
        return self.gaps[gap] > SUDDEN * (self.gaps[gap] + self.gaps[other])
