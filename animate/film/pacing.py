"""Even pace: probe the path between keyframes, measure how far its pictures look apart, and say which mix is seen when.

Blends of embeddings and noises do not move evenly: they stall near one picture and hurry past another. A few pictures of the
path, drawn in few steps and without guidance, tell where. The distances between neighbours add up to a `Curve`, which is inverted
into mixes (as DiffMorpher, Zhang et al. 2024, re-times its frames; here more are drawn where the path moves most, before the film is).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from ..draw.runner import Runner
from ..plan.cel import MIX_UNIT, Endpoint, Lineage, Plan
from ..plan.curve import LINEAR, Curve
from ..plan.exact import blended, endpoints, showing
from ..report import Report
from ..story.conventions import guides
from ..story.resolved import Resolved
from . import anchors
from .film import Film
from .path import Look, Measure, Path

Curves = tuple[Curve, ...]
See = Callable[[Plan], Iterable[Look]]

# A probe takes the film's steps by four, without guidance: where it lies on the path shows soon, how it looks does not matter. Two at least:
# pipelines take a single step for a model that was made for one.
COARSE, TWO = 4, 2
FINE, LEAST = 2, 6  # where the path may jump, probes take half the film's steps, and six at least, with its guidance
SHARE = 0.085  # of a film's work that its first probes may take
FEWEST, MOST = 3, 16  # probes of the first round; MOST fills whole batches of any usual size
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
    measured = _measured(film, probes, bridged, runner.model.guides_twice, report)
    if not bridged:
        measured = tuple(replace(curve, jumps=()) for curve in measured)
    measured = anchors.settled(film, measured, probes.ahead, apart)
    return Paced(film.plan(measured), measured, probes.count)


class _Probes:
    """Draws the latents of a plan, (C, h, w) one by one."""

    def __init__(self, runner: Runner, report: Report):
        self.runner, self.report, self.count = runner, report, 0

    def __call__(self, plan: Plan) -> Iterator[Look]:
        """Of no film, and counted. They are kept in the store."""
        before, self.count = self.count, self.count + len(plan.order)
        return self._seen("finding an even pace", self.runner.latents(plan, ""), before, self.count)

    def ahead(self, plan: Plan) -> Iterator[Look]:
        """Frames of the film, which finds them drawn."""
        return self._seen("drawing every third frame", self.runner.ahead(plan), 0, len(plan.order))

    def _seen(self, stage: str, latents: Iterator[Tensor], done: int, total: int) -> Iterator[Look]:
        self.report.progress(stage, done, total)
        for number, one in enumerate(latents, done + 1):
            self.report.progress(stage, number, total)
            yield one.numpy()


def apart(a: Look, b: Look) -> float:
    """How far apart two pictures are, by their latents: the mean difference.

    Nothing has to be decoded for it, and films are more even than when they are paced by `measure.distance.pyramid`: over 50 pairs of
    sprout a smoothness of 0.913 instead of 0.900 in the median, judged by `structure`.
    """
    return float(np.abs(a - b).mean())


def _measured(film: Film, see: See, bridged: bool, unguided: bool, report: Report) -> Curves:
    """Of the segments that the drawn frames lie in. Warns of jumps, and whether they are bridged by drawing over a blend."""
    ends, asked = endpoints(film.story, film.images.digests), {frame.a for frame in film.paced_frames}
    within = Counter(a for a, mix in {(frame.a, frame.mix) for frame in film.frames} if 0 < mix < 1 and a in asked)
    measured = curves(film.story, ends, within, see, apart, unguided)
    jumps = [(a, curve.knots[jump][0], curve.knots[jump + 1][0]) for a, curve in enumerate(measured) for jump in curve.jumps]
    for a, low, high in jumps:
        names = " to ".join(f'"{end.prompt}"' for end in (ends[a], ends[(a + 1) % len(ends)]))
        jump = f"{names} jumps at mix {(low + high) / 2 / MIX_UNIT:.3f}: no picture lies between"
        report.warn(f"{jump}; it is bridged by drawing over a blend" if bridged else jump)
    return measured


def curves(story: Resolved, ends: Sequence[Endpoint], frames: Mapping[int, int], see: See, measure: Measure, unguided: bool = True) -> Curves:
    """How each segment is paced, by the number of the keyframe it begins with.

    frames: of those segments that are to be paced, how many frames lie between their ends. The others are linear.
    see: draws the latents of a plan, or what else `measure` compares: how far apart two of them are, a metric.
    unguided: whether work is saved by leaving guidance out.
    """
    measured: dict[int, Curve] = {}
    ordered = sorted(frames)
    for some in (ordered[i : i + TOGETHER] for i in range(0, len(ordered), TOGETHER)):
        segments = {a: (ends[a], ends[(a + 1) % len(ends)]) for a in some}
        steps = coarse([end for pair in segments.values() for end in pair], story)
        paths = {a: Path.whole(frames[a] + 1, count(frames[a] + 1, steps, pair, story, unguided)) for a, pair in segments.items()}
        plain = {a: _unguided(*pair) if unguided else pair for a, pair in segments.items()}
        _look([_Looked(_in_steps(steps, story), *plain[a], path) for a, path in paths.items()], see, measure)
        parts = {a: path.suspects() for a, path in paths.items()}
        finer = _in_steps(max(steps, LEAST, story.sampling.steps // FINE), story)
        _look([_Looked(finer, *segments[a], part) for a, found in parts.items() for part in found], see, measure)
        measured.update((a, path.curve(parts[a])) for a, path in paths.items())
    return tuple(measured.get(a, LINEAR) for a in range(len(ends)))


def _unguided(a: Endpoint, b: Endpoint) -> tuple[Endpoint, Endpoint]:
    return replace(a, guidance=1.0), replace(b, guidance=1.0)


def coarse(ends: Sequence[Endpoint], story: Resolved) -> int:
    """Steps of a probe: enough that an image which is redrawn is so for a step."""
    return max([TWO, story.sampling.steps // COARSE, *(math.ceil(1 / end.strength) for end in ends if end.strength)])


def _in_steps(steps: int, story: Resolved) -> Resolved:
    """The storyboard as it is drawn in so many steps, but no more than it says."""
    sampling = story.sampling
    return story.model_copy(update={"sampling": sampling.model_copy(update={"steps": min(steps, sampling.steps)})})


def count(steps: int, probe: int, ends: tuple[Endpoint, Endpoint], story: Resolved, unguided: bool) -> int:
    """How many probes a segment of so many frames' steps is worth at first, by the work that they take."""
    passes = 1 + (unguided and any(guides(end.guidance, story.sampling.conventions) for end in ends))  # of a frame, for one of a probe
    frame = passes * story.sampling.steps / min(probe, story.sampling.steps)  # its work, in probes
    return min(MOST, max(FEWEST, round(SHARE * steps * frame)))


@dataclass(frozen=True)
class _Looked:
    """A path, and how it is looked at: in the steps of this storyboard, between these endpoints."""

    story: Resolved
    a: Endpoint
    b: Endpoint
    path: Path

    def at(self, place: int) -> Lineage:
        return showing(blended(self.a, self.b, place), self.story)


def _look(asked: Sequence[_Looked], see: See, measure: Measure) -> None:
    """Look at paths until they want no more, a round of all of them in common batches."""
    while wanted := [(one, place) for one in asked for place in one.path.wanted()]:
        probes = Plan.showing(one.at(place) for one, place in wanted)
        for (one, place), look in zip(wanted, see(probes), strict=True):
            one.path.add(place, look, measure)
