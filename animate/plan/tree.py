"""Shared beginnings: frames that have their first steps in common, as a tree or as one trunk. Knows nothing of tensors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from ..errors import AnimateError
from ..story.resolved import Resolved
from .cel import MIX_UNIT, Endpoint, Lineage, Start
from .exact import Position, at_point, blended, cel, showing, steps_of

DEEPEST = 0.85  # of all steps: where the last level of a tree begins when all is shared
FALL = 0.75  # what is left of the way to there after each level
LEVELS = 8  # of a tree


def levels(story: Resolved) -> tuple[int, ...]:
    """The steps with which the levels of a tree begin, rising; of a trunk, the one. None where too little is shared for one step.

    Raises AnimateError for a trunk that leaves no step to its frames.
    """
    sampling = story.sampling
    shares = [DEEPEST * (1 - FALL**level) for level in range(1, LEVELS + 1)] if sampling.branching == "tree" else [1.0]
    begins = {steps_of(sampling.sharing * share, story) for share in shares}
    if begins == {sampling.step_count}:
        raise AnimateError(f"sharing {sampling.sharing:g} and a trunk: all frames would look the same; use less, or --branching tree")
    return tuple(sorted(step for step in begins if 0 < step < sampling.step_count))


def trunk(positions: Sequence[Position], ends: Sequence[Endpoint], story: Resolved) -> Iterator[Lineage]:
    """All frames begin with the first steps of the film's middle (as replicate's stable-diffusion-animation does). Its ends are not exact."""
    if any(end.opposite for end in ends):
        raise AnimateError("one prompt moves by its noise alone, and a trunk has but one noise; use --branching tree, or a second prompt")
    if any(end.image for end in ends):
        raise AnimateError("images and a trunk both say where pictures begin; use --branching tree, or leave --sharing out")
    first, second = ends[(len(ends) - 1) // 2], ends[len(ends) // 2]
    (step,) = levels(story)
    middle = replace(cel(blended(first, second, MIX_UNIT // 2 if first != second else 0), story), stop=step)
    for a, b, point in positions:
        yield middle, cel(blended(a, b, point.parts), story, Start(step, (middle.key,), shared=True))


def trees(positions: Sequence[Position], story: Resolved) -> Iterator[Lineage]:
    """Every segment is a tree: frames begin with the blended latents of their neighbours on a dyadic grid of mixes.

    As latentblending does, but for whole levels at once; the closer its neighbours, the later a frame begins. Ends are exact.
    """
    mixes: defaultdict[tuple[Endpoint, Endpoint], set[int]] = defaultdict(lambda: {0, MIX_UNIT})
    for a, b, point in positions:
        mixes[a, b].update((point.low, point.high))
    grown = {ends: _Tree(*ends, story) for ends in mixes}
    gaps = {ends: _gaps(sorted(parts)) for ends, parts in mixes.items()}
    for a, b, point in positions:
        if point.low != point.high or a == b or a.image or b.image:
            yield at_point(a, b, point, story)
        else:
            yield grown[a, b].leaf(point.low, gaps[a, b][point.low])


def _gaps(parts: Sequence[int]) -> dict[int, int]:
    """How far the nearest neighbour of each is."""
    widths = [high - low for low, high in pairwise(parts)]
    return {part: min(before, after) for part, before, after in zip(parts, [widths[0], *widths], [*widths, widths[-1]], strict=True)}


class _Tree:
    """The shared beginnings of one segment. Levels count from 0, the ends; each begins a little later than the one before."""

    def __init__(self, a: Endpoint, b: Endpoint, story: Resolved):
        self.a, self.b, self.story, self.steps = a, b, story, levels(story)
        self.nodes: dict[int, Lineage] = {}

    def leaf(self, parts: int, gap: int) -> Lineage:
        """A frame whose nearest neighbour is `gap` away begins between the two nodes that are as far apart, or is one of them."""
        level = min((MIX_UNIT // gap).bit_length(), len(self.steps)) - 1
        width = MIX_UNIT >> level
        low = parts // width * width
        return self.node(parts) if low == parts else self._between(parts, low, low + width, self.steps[level])

    def node(self, parts: int) -> Lineage:
        """On the dyadic grid."""
        if parts not in self.nodes and parts in (0, MIX_UNIT):
            self.nodes[parts] = showing(blended(self.a, self.b, parts), self.story)
        elif parts not in self.nodes:
            reach = parts & -parts  # to its neighbours one level up
            level = (MIX_UNIT // reach).bit_length() - 1
            self.nodes[parts] = self._between(parts, parts - reach, parts + reach, self.steps[level - 1])
        return self.nodes[parts]

    def _between(self, parts: int, low: int, high: int, step: int) -> Lineage:
        """A cel that begins at `step` with the blended latents that two nodes have there."""
        first, second = self.node(low), self.node(high)
        left = [replace(lineage[-1], stop=step) for lineage in (first, second)]
        start = Start(step, (left[0].key, left[1].key), MIX_UNIT * (parts - low) // (high - low), shared=True)
        return (*first[:-1], *second[:-1], *left, cel(blended(self.a, self.b, parts), self.story, start))
