"""A storyboard at another frame rate with the same pictures: what it says in seconds becomes frames. Knows nothing of files or models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .moments import frame_at
from .storyboard import CAMERA, Storyboard

APART = ("fps", "duration", "sound", "sound_fit", "between", "between_by")  # fields that decide no frame's picture, once seconds are frames


def frozen(story: Storyboard) -> Storyboard:
    """The same frames, whatever its rate is changed to: places in seconds are frames, and so is `t` in expressions of time."""
    there = story.count // 2 + 1 if story.loop == "bounce" else story.count
    last = there - 1 if story.loop == "none" else there  # the end of an open film means its last frame
    keys = [{**_given(key), **({} if key.at is None else {"at": _frame(key.at, there, story.rate, last)})} for key in story.keyframes]
    changed: dict[str, Any] = {"keyframes": keys, "frames": story.count, "fps": story.rate, "duration": None}
    timed = {name: getattr(story, name) for name in ("feedback", *CAMERA) if name in story.model_fields_set}
    changed |= {name: [_timed(part, there, story.rate) for part in value] if name == "pan" else _timed(value, there, story.rate)
                for name, value in timed.items()}  # fmt: skip
    return story.replace(**changed, sampling={**_given(story.sampling), "guidance": _timed(story.sampling.guidance, there, story.rate)})


def same_frames(story: Storyboard, other: Storyboard) -> bool:
    """Whether two films have the same pictures, but for in-betweens: they may differ in their rate, in-betweens and sound."""
    one, two = (frozen(film).model_dump(exclude={*APART}) for film in (story, other))
    return one == two


def _given(fields: Any) -> dict[str, Any]:
    return {name: getattr(fields, name) for name in fields.model_fields_set}


def _frame(at: int | str, there: int, fps: float, last: int) -> int | str:
    """The frame of a moment in seconds; frames and shares stay as they are."""
    return min(last, frame_at(at, there, fps)) if isinstance(at, str) and at.strip().endswith("s") else at


def _timed(value: Any, there: int, fps: float) -> Any:
    """A value over time, of which nothing counts in seconds."""
    if isinstance(value, Mapping):
        return {_frame(at, there, fps, there): _timed(part, there, fps) for at, part in value.items()}
    return re.sub(r"\bt\b", f"(f/{fps!r})", value) if isinstance(value, str) else value
