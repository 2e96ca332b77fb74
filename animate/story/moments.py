"""Moments of a film as people write them: a frame (12), seconds ("2.5s") or a share of the film ("50%"). Knows nothing of storyboards."""

from __future__ import annotations

import math
import re


def frame_at(moment: int | str, frames: int, fps: float, closed: bool = False) -> int:
    """The frame index, from 0, of a moment in a film of `frames` frames; halves are rounded up.

    `50%` is half-way from the first frame to the last; in a cycle (closed), which has no last one, half-way round.
    The index may lie past the end: whoever asks knows where that is.
    Raises ValueError for a text that is no moment.
    """
    if isinstance(moment, int):
        return moment
    parts = re.fullmatch(r"\s*(\d{1,9}(?:\.\d*)?|\.\d+)\s*(s|%)\s*", moment)
    if not parts:
        raise ValueError(f'"{moment}" is no place in time; allowed: a frame (12), seconds ("2.5s") or a share ("50%")')
    number, unit = float(parts[1]), parts[2]
    if unit == "%" and number > 100:
        raise ValueError(f'"{moment}" is past the end; allowed: "0%" to "100%"')
    return math.floor((number * fps if unit == "s" else number / 100 * (frames if closed else frames - 1)) + 0.5)
