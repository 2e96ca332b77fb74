"""Frames become cels: exact, shared, fed back. Knows nothing of tensors, devices or files."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from ..errors import AnimateError
from ..story import schedule
from ..story.motion import Move, net
from ..story.storyboard import Keyframe, Storyboard
from ..story.timeline import EASES, Frame
from .cel import MIX_UNIT, Blend, Cel, Endpoint, Line, Plan, Start
from .curve import Curve, Spot

MIDDLE = 0.6  # share of the denoising that is done half-way between two ends of which one is an image
NO_IMAGES: Mapping[str, str] = {}


def plan(frames: Iterable[Frame], story: Storyboard, images: Mapping[str, str] = NO_IMAGES, curves: Sequence[Curve] = ()) -> Plan:
    """The cels of a film. `story` is resolved: its sampling and size leave nothing out.

    images: the digest of every image that its keyframes name.
    curves: how each segment is paced, by the number of the keyframe that it begins with; none: linear.
    """
    listed, endpoints = [*frames], ends(story, images)
    places = [(endpoints[f.a], endpoints[f.b], curves[f.a].at(f.mix) if curves and f.a != f.b else _linear(f.mix)) for f in listed]
    if story.feedback is not None:
        return Plan.showing(_chain(listed, places, story))
    if not (story.sampling.sharing and levels(story)):
        return Plan.showing(spot(*_guided(f, a, b), at, story) for f, (a, b, at) in zip(listed, places, strict=True))
    return Plan.showing(_trunk(places, endpoints, story) if story.sampling.branching == "trunk" else _trees(places, story))


Place = tuple[Endpoint, Endpoint, Spot]


def _linear(mix: float) -> Spot:
    return Spot(round(mix * MIX_UNIT), round(mix * MIX_UNIT))


def ends(story: Storyboard, images: Mapping[str, str] = NO_IMAGES) -> list[Endpoint]:
    """The endpoints that a timeline's frames count: one for each keyframe, or four around a circle. Raises AnimateError."""
    if len(story.keyframes) == 1 and story.keyframes[0].image is None:
        return _circle(story)
    if len(story.keyframes) == 1:
        raise AnimateError(f"{story.keyframes[0].image} alone does not move; give a second keyframe, or use animate still")
    return [endpoint(key, story, images) for key in story.keyframes]


def stills(story: Storyboard, endpoints: Iterable[Endpoint]) -> Plan:
    """One cel for every endpoint, as the storyboard denoises."""
    return Plan.showing(line(between(p, p, 0), story) for p in endpoints)


def endpoint(key: Keyframe, story: Storyboard, images: Mapping[str, str] = NO_IMAGES) -> Endpoint:
    return Endpoint(
        prompt=story.styled(key.prompt) if key.prompt else "",
        negative=story.negative if key.negative is None else key.negative,
        seed=story.seed if key.seed is None else key.seed,
        guidance=_guidance(story) if key.guidance is None else key.guidance,
        image="" if key.image is None else images[key.image],
        strength=key.strength,
    )


def _guidance(story: Storyboard) -> float:
    """That of the film, or of its beginning where it changes with time."""
    said = story.sampling.guidance
    if said is None:
        raise TypeError("the storyboard is not resolved: its guidance is left out")
    if isinstance(said, float | int):
        return float(said)
    there = story.count // 2 + 1 if story.loop == "bounce" else story.count
    return schedule.values("guidance", said, there, story.rate, 0, 100, closed=story.loop == "cycle")[0]


def _circle(story: Storyboard) -> list[Endpoint]:
    """Four noises a quarter of a turn apart: two seeds and their opposites; independent noises are at right angles."""
    first = endpoint(story.keyframes[0], story)
    second = Endpoint(first.prompt, first.negative, first.seed + 1, first.guidance)
    return [first, second, *(Endpoint(p.prompt, p.negative, p.seed, p.guidance, opposite=True) for p in (first, second))]


def between(a: Endpoint, b: Endpoint, parts: int) -> Blend:
    """So many parts of MIX_UNIT from a to b. The ends are written one way only, so that a joint is the same cel from both sides."""
    if parts == 0 or a == b:
        return Blend(a, a, 0)
    if parts == MIX_UNIT:
        return Blend(b, b, 0)
    return Blend(a, b, parts)


def spot(a: Endpoint, b: Endpoint, at: Spot, story: Storyboard) -> Line:
    """The cel at a place. Where no picture lies between two, theirs are blended and drawn over, as those of images are."""
    if at.low == at.high:
        return line(between(a, b, at.low), story)
    parents = [line(between(a, b, parts), story) for parts in (at.low, at.high)]
    return _merged(between(a, b, at.parts), parents, at.share, story)


def _merged(of: Blend, parents: Sequence[Line], share: float, story: Storyboard) -> Line:
    """What begins with the finished latents of two others, noised the more the further it is from both."""
    done = steps_of(MIDDLE * math.sin(math.pi * share), story)
    first, second = parents
    start = Start(_steps(story) - done, (first[-1].key, second[-1].key), round(share * MIX_UNIT))
    return (*first, *second, cel(of, story, start))


def line(of: Blend, story: Storyboard) -> Line:
    """The cel that looks so, after those that it begins with.

    Where an end is an image, a cel begins with the clean latents of both ends, blended: what the noise of a prompt says of the
    picture cannot be found for an image. The share of the denoising that is done after it rises from the ends to the middle.
    """
    if not of.a.image and not of.b.image:
        return (cel(of, story),)
    if of.a != of.b:
        return _merged(of, [line(Blend(end, end, 0), story) for end in (of.a, of.b)], of.mix, story)
    plain = Endpoint("", "", 0, 0.0, image=of.a.image)
    picture = cel(Blend(plain, plain, 0), story, Start(_steps(story)))
    if not of.a.strength:
        return (picture,)
    if not (done := steps_of(of.a.strength, story)):
        raise AnimateError(f"strength {of.a.strength:g} of {_steps(story)} steps is none; raise --strength or --steps")
    return (picture, cel(of, story, Start(_steps(story) - done, (picture.key,))))


def steps_of(strength: float, story: Storyboard) -> int:
    """How many steps that share of the denoising is, as CompVis's img2img counts."""
    return int(strength * _steps(story) + 1e-9)


def _steps(story: Storyboard) -> int:
    if story.sampling.steps is None:
        raise TypeError("the storyboard is not resolved: its steps are left out")
    return story.sampling.steps


def cel(of: Blend, story: Storyboard, start: Start = Start()) -> Cel:  # noqa: B008 (frozen)
    s = story.sampling
    if s.sampler is None or story.width is None or story.height is None:
        raise TypeError("the storyboard is not resolved: its sampler or size are left out")
    return Cel(of, _steps(story), s.sampler, story.width, story.height, s.eta, start)


# --- shared beginnings ----------------------------------------------------------------------------------------------------

DEEPEST = 0.85  # of all steps: where the last level of a tree begins when all is shared
FALL = 0.75  # what is left of the way to there after each level
LEVELS = 8  # of a tree


def levels(story: Storyboard) -> tuple[int, ...]:
    """The steps with which the levels of a tree begin, rising; of a trunk, the one. None where too little is shared for one step.

    Raises AnimateError for a trunk that leaves no step to its frames.
    """
    shares = [DEEPEST * (1 - FALL**level) for level in range(1, LEVELS + 1)] if story.sampling.branching == "tree" else [1.0]
    found = {steps_of(story.sampling.sharing * part, story) for part in shares}
    if found == {_steps(story)}:
        raise AnimateError(f"sharing {story.sampling.sharing:g} and a trunk: all frames would look the same; use less, or --branching tree")
    return tuple(sorted(step for step in found if 0 < step < _steps(story)))


def _trunk(places: Sequence[Place], endpoints: Sequence[Endpoint], story: Storyboard) -> Iterator[Line]:
    """All frames begin with the steps of the film's middle (as andreasjansson's stable-diffusion-animation draws). Its ends are not exact."""
    if any(p.opposite for p in endpoints):
        raise AnimateError("one prompt moves by its noise alone, and a trunk has but one noise; use --branching tree, or a second prompt")
    if any(p.image for p in endpoints):
        raise AnimateError("images and a trunk both say where pictures begin; use --branching tree, or leave --sharing out")
    first, second = endpoints[(len(endpoints) - 1) // 2], endpoints[len(endpoints) // 2]
    (step,) = levels(story)
    trunk = replace(cel(between(first, second, MIX_UNIT // 2 if first != second else 0), story), stop=step)
    for a, b, at in places:
        yield trunk, cel(between(a, b, at.parts), story, Start(step, (trunk.key,), shared=True))


def _trees(places: Sequence[Place], story: Storyboard) -> Iterator[Line]:
    """Every segment is a tree: frames begin with the blended latents of their neighbours on a dyadic grid of mixes.

    As latentblending does, but for whole levels at once; the closer its neighbours, the later a frame begins. Ends are exact.
    """
    seen: defaultdict[tuple[Endpoint, Endpoint], set[int]] = defaultdict(lambda: {0, MIX_UNIT})
    for a, b, at in places:
        seen[a, b].update((at.low, at.high))
    trees = {endpoints: _Tree(*endpoints, story) for endpoints in seen}
    gaps = {endpoints: _gaps(sorted(parts)) for endpoints, parts in seen.items()}
    for a, b, at in places:
        if at.low != at.high or a == b or a.image or b.image:
            yield spot(a, b, at, story)
        else:
            yield trees[a, b].leaf(at.low, gaps[a, b][at.low])


def _gaps(parts: Sequence[int]) -> dict[int, int]:
    """How far the nearest neighbour of each is."""
    steps = [high - low for low, high in pairwise(parts)]
    return {part: min(before, after) for part, before, after in zip(parts, [steps[0], *steps], [*steps, steps[-1]], strict=True)}


class _Tree:
    """The shared beginnings of one segment. Levels count from 0, the ends; each begins a little later than the one before."""

    def __init__(self, a: Endpoint, b: Endpoint, story: Storyboard):
        self.a, self.b, self.story, self.steps = a, b, story, levels(story)
        self.nodes: dict[int, Line] = {}

    def leaf(self, parts: int, gap: int) -> Line:
        """A frame whose nearest neighbour is so far away begins between the two nodes that are as far apart, or is one."""
        level = min((MIX_UNIT // gap).bit_length(), len(self.steps)) - 1
        width = MIX_UNIT >> level
        low = parts // width * width
        return self.node(parts) if low == parts else self._begun(parts, low, low + width, self.steps[level])

    def node(self, parts: int) -> Line:
        """On the dyadic grid."""
        if parts not in self.nodes and parts in (0, MIX_UNIT):
            self.nodes[parts] = line(between(self.a, self.b, parts), self.story)
        elif parts not in self.nodes:
            reach = parts & -parts  # to its neighbours one level up
            level = (MIX_UNIT // reach).bit_length() - 1
            self.nodes[parts] = self._begun(parts, parts - reach, parts + reach, self.steps[level - 1])
        return self.nodes[parts]

    def _begun(self, parts: int, low: int, high: int, step: int) -> Line:
        first, second = self.node(low), self.node(high)
        left = [replace(line[-1], stop=step) for line in (first, second)]
        start = Start(step, (left[0].key, left[1].key), MIX_UNIT * (parts - low) // (high - low), shared=True)
        return (*first[:-1], *second[:-1], *left, cel(between(self.a, self.b, parts), self.story, start))


# --- feedback -------------------------------------------------------------------------------------------------------------

HOMING = 0.25  # of a cycle: its last part, which is drawn towards its first picture
HOME = 0.76  # share of that picture in what its last frame begins with: denoising takes a part of it back


def _chain(frames: Sequence[Frame], places: Sequence[Place], story: Storyboard) -> list[Line]:
    """Every cel begins with the one before; the last ones of a cycle with its first, too. What comes back shows the same again."""
    count = len(frames) // 2 + 1 if story.loop == "bounce" else len(frames)
    homing = count - max(1, round(HOMING * count)) if story.loop == "cycle" else count
    lines, way = list[Line](), Move()
    for number, (frame, (a, b, at)) in enumerate(zip(frames[:count], places[:count], strict=True)):
        of = between(a, b, at.parts)
        if number == 0:
            lines.append(line(of, story))
            continue
        way = net([way, frame.move or Move()])
        near = HOME * EASES["in-out"]((number - homing + 1) / (count - homing)) if number >= homing else 0.0
        home = (lines[0][-1], way, round(near * MIX_UNIT)) if near else None
        lines.append(_fed(of, frame, lines[-1][-1], home, story))
    return lines if story.loop != "bounce" else [*lines, *lines[-2:0:-1]]


Home = tuple[Cel, Move, int]  # the film's first picture, the way from there, and how far towards it, in MIX_UNIT


def _fed(of: Blend, frame: Frame, before: Cel, home: Home | None, story: Storyboard) -> Line:
    """Begun with the picture before, and anchored to those of its endpoints."""
    targets = [line(Blend(end, end, 0), story) for end in (of.a, of.b)]
    parents = [before, *(target[-1] for target in targets)]
    if not (done := steps_of(frame.feedback or 0, story)):
        raise AnimateError(f"feedback {frame.feedback:g} of {_steps(story)} steps is none; raise --feedback or --steps")
    start = Start(_steps(story) - done, tuple(parent.key for parent in parents), move=frame.move)
    if home:
        first, way, parts = home
        start = replace(start, parents=(*start.parents, first.key), home=way, parts=parts)
    return *targets[0], *targets[1], cel(Blend(*_guided(frame, of.a, of.b), of.parts), story, start)


def _guided(frame: Frame, a: Endpoint, b: Endpoint) -> tuple[Endpoint, Endpoint]:
    """With the frame's own guidance, where that changes with time."""
    return (a, b) if frame.guidance is None else (replace(a, guidance=frame.guidance), replace(b, guidance=frame.guidance))
