"""What a storyboard asks of every step of its film: how much of the way between two keyframes it goes. Knows no pictures and no files."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

from ..story.storyboard import Storyboard
from ..story.timeline import Frame, timeline


class Step(NamedTuple):
    """From one picture to the next."""

    segment: int  # by the number of the keyframe that it begins with
    share: float  # of the segment: 0 where the film holds still, 1 from keyframe to keyframe
    known: bool = True  # False where a picture stands in for another one


@dataclass(frozen=True)
class Asked:
    """What is asked of a film, besides what its pictures tell."""

    steps: tuple[Step, ...]  # one between each two pictures of the file
    seam: Step | None  # from the last picture to the first, of a film that loops
    measured: bool  # equal shares of a segment look equally far: its pace is even, and no picture begins with the one before
    fed_back: bool  # every picture begins with the one before, so that what holds still is drawn again and again

    @classmethod
    def of(cls, story: Storyboard, pictures: int, beside: Collection[int] = ()) -> Asked:
        """Of the first so many pictures of the whole film, in-betweens counted; where there are more, the last one is held.

        beside: the numbers of pictures that stand in for others. Raises AnimateError if the storyboard does not work out.
        """
        frames, parts = timeline(story), 1 + story.between
        same = _same(story)
        steps = [_step(*pair, same, parts, story.loop == "cycle") for pair in pairwise([*frames, frames[0]]) for _ in range(parts)]
        seam = steps[-1] if story.loop != "none" and pictures >= story.written else None
        held = [Step(frames[-1].a, 0.0)] * (pictures - story.written)
        wanted = [*steps[: story.written - 1], *held][: pictures - 1]
        known = (step._replace(known=not {i, i + 1} & {*beside}) for i, step in enumerate(wanted))
        return cls(tuple(known), seam, story.pace == "even" and story.feedback is None, story.feedback is not None)

    @property
    def holds(self) -> list[tuple[int, int]]:
        """The first and the last picture of every stretch in which nothing is to change."""
        runs = [(still, len([*run])) for still, run in groupby(step.known and step.share == 0 for step in self.steps)]
        begins = [sum(count for _, count in runs[:i]) for i in range(len(runs))]
        return [(begin, begin + count) for begin, (still, count) in zip(begins, runs, strict=True) if still]

    @property
    def segments(self) -> list[tuple[int, int]]:
        """The first and the last picture of every way from one keyframe to the next that is whole."""
        found = [(begin, end) for begin, end in self._runs() if abs(sum(step.share for step in self.steps[begin:end]) - 1) < 1e-6]
        return [(begin, end) for begin, end in found if end - begin > 1]

    def _runs(self) -> list[tuple[int, int]]:
        """Of neighbouring steps that move in one segment, the pictures that they begin and end with."""
        runs, begin = list[tuple[int, int]](), 0
        for (moving, _), run in groupby((step.share > 0, step.segment) for step in self.steps):
            end = begin + len([*run])
            runs += [(begin, end)] if moving else []
            begin = end
        return runs


def _same(story: Storyboard) -> frozenset[int]:
    """Segments whose two keyframes ask for the same picture."""
    keys = [key.model_copy(update={"at": None, "hold": 0, "ease": None}) for key in story.keyframes]
    seeds = [story.seed if key.seed is None else key.seed for key in keys]
    whole = [(key.model_copy(update={"seed": None}), seed) for key, seed in zip(keys, seeds, strict=True)]
    return frozenset(a for a in range(len(whole)) if len(whole) > 1 and whole[a] == whole[(a + 1) % len(whole)])


def _step(frame: Frame, following: Frame, same: frozenset[int], parts: int, cycle: bool) -> Step:
    """One of the `parts` steps from a frame to the next. cycle: the film never goes backwards."""
    if following.mix == 0 and frame.mix > 0 and following.a != frame.a:  # arrives at the keyframe
        segment, share = frame.a, 1 - frame.mix
    elif frame.mix == 0 and following.mix > 0 and following.a != frame.a:  # leaves it backwards, on the way back of a bounce
        segment, share = following.a, 1 - following.mix
    elif frame.mix == following.mix == 0:  # holds, or leaps to another keyframe
        segment, share = frame.a if cycle else min(frame.a, following.a), float(frame.a != following.a)
    else:
        segment, share = frame.a, abs(following.mix - frame.mix)
    return Step(segment, 0.0 if segment in same else share / parts)
