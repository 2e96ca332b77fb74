"""When: a storyboard becomes frames. Says for every frame which two keyframes it lies between and how far along.

What changes with time has a value for every frame. Pure arithmetic: no prompt is read, no model is needed.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ..errors import AnimateError
from .easing import ease
from .mistakes import Location, Misplaced
from .moments import frame_at
from .motion import Move, returns
from .storyboard import FEEDBACK, GUIDANCE, PAN, ROTATE, ZOOM, Storyboard
from .values import OverTime, Track


@dataclass(frozen=True)
class Frame:
    """A place in the film. `a` and `b` count keyframes; on a circle (one prompt, cycle) they count its four quarters."""

    index: int
    a: int
    b: int
    mix: float  # 0..1 from a to b, eased
    guidance: float | None = None  # where it changes with time; None: the keyframes' own
    feedback: float | None = None  # share of the denoising that redraws the previous picture
    move: Move | None = None  # of the camera, since the previous picture


def timeline(story: Storyboard) -> tuple[Frame, ...]:
    """The frames of the finished film, in order: exactly `story.count`.

    Every keyframe falls on a frame. Raises AnimateError if the keyframes do not fit, an easing is not known or a value over time is
    out of its range.
    """
    _check_eases(story)
    circle = story.loop == "cycle" and len(story.keyframes) == 1
    there = _with_motion(story, _with_guidance(story, _circle(story) if circle else _travel(story)))
    back = there[-2:0:-1] if story.loop == "bounce" else ()
    return tuple(replace(frame, index=i) for i, frame in enumerate([*there, *back]))


def _check_eases(story: Storyboard) -> None:
    own: list[tuple[Location, str]] = [(("keyframes", number, "ease"), key.ease) for number, key in enumerate(story.keyframes) if key.ease]
    for location, name in [(("ease",), story.ease), *own]:
        try:
            ease(name)
        except AnimateError as error:
            raise Misplaced(str(error), *location) from error


def guidance_over_time(story: Storyboard, guidance: OverTime) -> tuple[float, ...]:
    """The guidance of every frame; of a bounce, on its way there. Raises AnimateError."""
    return over_time(story, "guidance", guidance, GUIDANCE, "sampling", "guidance")


def over_time(story: Storyboard, name: str, value: OverTime, allowed: tuple[float, float], *location: int | str) -> tuple[float, ...]:
    """A value that may change with time, of every frame; of a bounce, on its way there. Raises Misplaced.

    location: where the value stands in the storyboard, if that is not its name.
    """
    try:
        return track(story, name, allowed).values(value)
    except AnimateError as error:
        raise Misplaced(str(error), *(location or (name,))) from error


def track(story: Storyboard, name: str, allowed: tuple[float, float]) -> Track:
    """What evaluates a setting of this film that changes with time; of a bounce, on its way there."""
    return Track(name, way_there(story), story.rate, *allowed, closed=story.loop == "cycle")


def way_there(story: Storyboard) -> int:
    """Frames of the way there: all of them, or those of a bounce before it turns back."""
    return story.count // 2 + 1 if story.loop == "bounce" else story.count


def _with_guidance(story: Storyboard, frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """With each frame's own guidance, where it changes with time."""
    guidance = story.sampling.guidance
    if isinstance(guidance, float | int | None):
        return frames
    if any(key.guidance is not None for key in story.keyframes):
        raise Misplaced("guidance changes with time, and a keyframe has its own; leave one of them out", "sampling", "guidance")
    return tuple(replace(frame, guidance=value) for frame, value in zip(frames, guidance_over_time(story, guidance), strict=True))


def _with_motion(story: Storyboard, frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """With feedback and the camera's moves."""
    if story.feedback is None:
        return frames
    feedback = over_time(story, "feedback", story.feedback, FEEDBACK)
    right, down = (over_time(story, f"pan {way}", story.pan[part], PAN, "pan", part) for part, way in enumerate(("right", "down")))
    turn = over_time(story, "rotate", story.rotate, ROTATE)
    moves = [Move(*move) for move in zip(over_time(story, "zoom", story.zoom, ZOOM), right, down, turn, strict=True)]
    if story.loop == "cycle" and not returns(moves):
        raise AnimateError("the camera does not come back to where it began, and a cycle would jump; let its motion cancel out, or use --loop bounce")
    return tuple(replace(frame, feedback=share, move=move) for frame, share, move in zip(frames, feedback, moves, strict=True))


def _circle(story: Storyboard) -> tuple[Frame, ...]:
    """Once around four noises a quarter of a turn apart."""
    key, count = story.keyframes[0], story.count
    if key.at is not None or key.hold or (key.ease or story.ease) != "linear":
        raise AnimateError("one prompt walks a circle at an even pace: at, hold and ease need a second keyframe")
    quarters = [divmod(4 * i, count) for i in range(count)]
    return tuple(Frame(i, quarter, (quarter + 1) % 4, rest / count) for i, (quarter, rest) in enumerate(quarters))


def _travel(story: Storyboard) -> tuple[Frame, ...]:
    """From keyframe to keyframe; of a bounce, the way there."""
    keys, cycle, count = story.keyframes, story.loop == "cycle", way_there(story)
    starts = begins(story)
    starts.append(starts[0] + count)  # where a cycle returns to its first keyframe
    frames = []
    for index in range(count):
        # Before its first keyframe, a cycle is where the round before left it, and an open film waits.
        now = index + count * (cycle and index < starts[0])
        a = max(0, bisect_right(starts, now, hi=len(keys)) - 1)
        travelled = now - starts[a] - keys[a].hold
        if travelled <= 0 or (a == len(keys) - 1 and not cycle):
            frames.append(Frame(index, a, a, 0.0))
            continue
        mix = ease(keys[a].ease or story.ease)(travelled / (starts[a + 1] - starts[a] - keys[a].hold))
        frames.append(Frame(index, a, (a + 1) % len(keys), mix))
    return tuple(frames)


def begins(story: Storyboard) -> list[int]:
    """The frame on which each keyframe begins, those without `at` spread evenly between their neighbours; of a bounce, on its way there.

    Raises AnimateError if they do not fit.
    """
    keys, cycle, count = story.keyframes, story.loop == "cycle", way_there(story)
    holds = [key.hold for key in keys]
    if (needed := len(keys) + sum(holds)) > count:
        holding = f" and their holds take {needed} frames and" if needed > len(keys) else ""
        line = f"{len(keys)} keyframes{holding} do not fit on {_all_of(story, count)}; ask for more frames or fewer keyframes"
        raise Misplaced(line, "keyframes" if story.frames is None else "frames")
    anchors = [None if key.at is None else _frame(key.at, count, story) for key in keys]
    for number, begin in enumerate(anchors):
        if begin is not None and begin >= count:
            last = f"the last of {_all_of(story, count)} is {count - 1}"
            raise Misplaced(
                f"keyframe {number + 1} at {keys[number].at} is on frame {begin}; {last}: give more frames, or a share such as 75%",
                "keyframes",
                number,
                "at",
            )
    first = anchors[0] = anchors[0] or 0
    if cycle:
        anchors.append(first + count)  # where it returns
    elif len(keys) > 1 and anchors[-1] is None:
        anchors[-1] = count - 1 - holds[-1]
    starts = _spread(anchors, holds)
    _check_order(starts[: len(keys)], holds)
    end, last_hold = starts[len(keys) - 1] + holds[-1], ("keyframes", len(keys) - 1, "hold")
    if cycle and end >= first + count:
        raise Misplaced(f"keyframe {len(keys)} holds past the end of the cycle; shorten the hold or ask for more frames", *last_hold)
    if not cycle and end >= count:
        raise Misplaced(f"keyframe {len(keys)} holds until frame {end}; the last of {_all_of(story, count)} is {count - 1}", *last_hold)
    return starts[: len(keys)]


def _frame(at: int | str, count: int, story: Storyboard) -> int:
    """The frame of a moment. The end of an open film in seconds, as in "2s" of two, means its last frame; that of a cycle is past it."""
    frame = frame_at(at, count, story.rate, story.loop == "cycle")
    return frame - 1 if frame == count and isinstance(at, str) and story.loop == "none" else frame


def _all_of(story: Storyboard, count: int) -> str:
    return f"{count} frames" if count == story.count else f"the {count} frames there (of {story.count} there and back)"


def _check_order(begins: Sequence[int], holds: Sequence[int]) -> None:
    """Every keyframe begins after the one before has been held. Raises AnimateError."""
    for number, ((here, following), hold) in enumerate(zip(pairwise(begins), holds, strict=False), 1):
        if following == here:
            line = f"keyframes {number} and {number + 1} are both on frame {here}; move one or ask for more frames"
            raise Misplaced(line, "keyframes", number, "at")
        if following < here:
            line = f"keyframe {number + 1} (frame {following}) comes before keyframe {number} (frame {here}); put them in order of time"
            raise Misplaced(line, "keyframes", number, "at")
        if following - here < 1 + hold:
            line = f"keyframe {number} begins on frame {here} and holds {hold} more, but keyframe {number + 1} begins on frame {following}"
            raise Misplaced(f"{line}; shorten the hold or ask for more frames", "keyframes", number - 1, "hold")


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
