"""When: a storyboard becomes frames. Says for every frame which two keyframes it lies between and how far along.

What changes with time has a value for every frame. Pure arithmetic: no prompt is read, no model is needed.
"""

from __future__ import annotations

import difflib
import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from ..errors import AnimateError
from . import schedule
from .motion import Move, returns
from .storyboard import LARGEST_SIDE, Storyboard, place

LEAST = 0.001  # of feedback: a step of a thousand
ZOOM = (0.25, 4.0)  # a frame; more is no camera

EASES: dict[str, Callable[[float], float]] = {
    "linear": lambda t: t,
    "in": lambda t: t * t,
    "out": lambda t: t * (2 - t),
    "in-out": lambda t: t * t * (3 - 2 * t),
    "sine": lambda t: (1 - math.cos(math.pi * t)) / 2,
    "step": lambda t: 0.0,
}


@dataclass(frozen=True)
class Frame:
    """A place in the film. `a` and `b` count keyframes; on a circle (one prompt, cycle) they count its four quarters."""

    index: int
    a: int
    b: int
    mix: float  # 0..1 from a to b, eased
    guidance: float | None = None  # where it changes with time; left out: what the keyframes say
    feedback: float | None = None  # share of the denoising that redraws the picture before
    move: Move | None = None  # of the camera, since the picture before


def timeline(story: Storyboard) -> tuple[Frame, ...]:
    """The frames of the finished film, in order: exactly `story.count`.

    Every keyframe falls on a frame. Raises AnimateError if the keyframes do not fit.
    """
    for name in {story.ease, *(k.ease for k in story.keyframes if k.ease)}:
        if name not in EASES:
            close = difflib.get_close_matches(name, EASES, 1)
            hint = f'; did you mean "{close[0]}"?' if close else ""
            raise AnimateError(f'ease "{name}" is not known; allowed: {", ".join(EASES)}{hint}')
    count = story.count // 2 + 1 if story.loop == "bounce" else story.count
    circle = story.loop == "cycle" and len(story.keyframes) == 1
    there = _timed(story, _circle(story) if circle else _travel(story, count))
    back = there[-2:0:-1] if story.loop == "bounce" else ()
    return tuple(replace(frame, index=i) for i, frame in enumerate([*there, *back]))


def _timed(story: Storyboard, frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """With what changes from frame to frame."""

    def values(name: str, said: Any, low: float, high: float) -> tuple[float, ...]:
        return schedule.values(name, said, len(frames), story.rate, low, high, closed=story.loop == "cycle")

    if not isinstance(said := story.sampling.guidance, float | int | None):
        if any(key.guidance is not None for key in story.keyframes):
            raise AnimateError("guidance changes with time, and a keyframe has its own; leave one of them out")
        frames = tuple(replace(f, guidance=value) for f, value in zip(frames, values("guidance", said, 0, 100), strict=True))
    if story.feedback is None:
        return frames
    feedback = values("feedback", story.feedback, LEAST, 1)
    right, down = (values(f"pan {way}", said, -LARGEST_SIDE, LARGEST_SIDE) for way, said in zip(("right", "down"), story.pan, strict=True))
    turn = values("rotate", story.rotate, -360, 360)
    moves = [Move(*of) for of in zip(values("zoom", story.zoom, *ZOOM), right, down, turn, strict=True)]
    if story.loop == "cycle" and not returns(moves):
        raise AnimateError("the camera does not come back to where it began, and a cycle would jump; let its motion cancel out, or use --loop bounce")
    return tuple(replace(f, feedback=share, move=move) for f, share, move in zip(frames, feedback, moves, strict=True))


def _circle(story: Storyboard) -> tuple[Frame, ...]:
    """Once around four noises a quarter of a turn apart."""
    key, count = story.keyframes[0], story.count
    if key.at is not None or key.hold or (key.ease or story.ease) != "linear":
        raise AnimateError("one prompt walks a circle at an even pace: at, hold and ease need a second keyframe")
    quarters = [divmod(4 * i, count) for i in range(count)]
    return tuple(Frame(i, quarter, (quarter + 1) % 4, rest / count) for i, (quarter, rest) in enumerate(quarters))


def _travel(story: Storyboard, count: int) -> tuple[Frame, ...]:
    keys, cycle = story.keyframes, story.loop == "cycle"
    begins = _begins(story, count)
    begins.append(begins[0] + count)  # where a cycle returns to its first keyframe
    frames = []
    for index in range(count):
        # Before its first keyframe, a cycle is where the round before left it, and an open film waits.
        now = index + count * (cycle and index < begins[0])
        a = max(0, bisect_right(begins, now, hi=len(keys)) - 1)
        travelled = now - begins[a] - keys[a].hold
        if travelled <= 0 or (a == len(keys) - 1 and not cycle):
            frames.append(Frame(index, a, a, 0.0))
            continue
        ease = EASES[keys[a].ease or story.ease]
        mix = ease(travelled / (begins[a + 1] - begins[a] - keys[a].hold))
        frames.append(Frame(index, a, (a + 1) % len(keys), mix))
    return tuple(frames)


def _begins(story: Storyboard, count: int) -> list[int]:
    """The frame on which each keyframe begins, those without `at` spread evenly between their neighbours."""
    keys, cycle = story.keyframes, story.loop == "cycle"
    if (needed := len(keys) + sum(k.hold for k in keys)) > count:
        held = f" and their holds take {needed} frames and" if needed > len(keys) else ""
        raise AnimateError(f"{len(keys)} keyframes{held} do not fit on {_all_of(story, count)}; ask for more frames or fewer keyframes")
    given: list[int | None] = [None if k.at is None else place(k.at, count, story.rate) for k in keys]
    for number, begin in enumerate(given):
        if begin is not None and begin >= count:
            raise AnimateError(f"keyframe {number + 1} at {keys[number].at} is on frame {begin}; the last of {_all_of(story, count)} is {count - 1}")
    first = given[0] = given[0] or 0
    holds = [k.hold for k in keys]
    # One anchor more than keyframes: where a cycle returns, or where the last hold of an open film ends.
    end = first + count if cycle else count - 1 - holds[-1]
    if not cycle and len(keys) > 1 and given[-1] is None:
        given[-1] = end
    anchors = [*given, end] if cycle else given
    begins = _spread(anchors, holds)
    for k, (here, following) in enumerate(pairwise(begins)):
        if following - here < 1 + holds[k] and k + 1 < len(keys):
            _refuse(k, here, following, holds[k])
    if cycle and begins[-1] - begins[-2] < 1 + holds[-1]:
        raise AnimateError(f"keyframe {len(keys)} holds past the end of the cycle; shorten the hold or ask for more frames")
    if not cycle and begins[-1] + holds[-1] > count - 1:
        raise AnimateError(f"keyframe {len(keys)} holds until frame {begins[-1] + holds[-1]}; the last of {_all_of(story, count)} is {count - 1}")
    return begins[: len(keys)]


def _all_of(story: Storyboard, count: int) -> str:
    return f"{count} frames" if count == story.count else f"the {count} frames there (of {story.count} there and back)"


def _refuse(k: int, here: int, following: int, hold: int) -> None:
    if following == here:
        raise AnimateError(f"keyframes {k + 1} and {k + 2} are both on frame {here}; move one or ask for more frames")
    if following < here:
        raise AnimateError(f"keyframe {k + 2} (frame {following}) comes before keyframe {k + 1} (frame {here}); put them in order of time")
    raise AnimateError(
        f"keyframe {k + 1} begins on frame {here} and holds {hold} more, but keyframe {k + 2} begins on frame {following}; "
        "shorten the hold or ask for more frames"
    )


def _spread(anchors: Sequence[int | None], holds: Sequence[int]) -> list[int]:
    """Fills the gaps: equal travel between the keyframes of a gap, their holds set aside; halves rounded up."""
    known = [k for k, anchor in enumerate(anchors) if anchor is not None]
    begins = [anchor or 0 for anchor in anchors]
    for left, right in pairwise(known):
        travel = begins[right] - begins[left] - sum(holds[left:right])
        for k in range(left + 1, right):
            share = (k - left) / (right - left)
            begins[k] = begins[left] + sum(holds[left:k]) + math.floor(travel * share + 0.5)
    return begins
