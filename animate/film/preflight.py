"""What is asked before the first frame: is there room for a film, and how long will it take?"""

from __future__ import annotations

import shutil
from pathlib import Path

from ..errors import AnimateError, amount
from ..media.formats import FORMATS
from ..places import absolute, is_folder
from ..story.resolved import Resolved

LONG = 120.0  # seconds: films that take longer are worth an estimate


def size(story: Resolved, suffix: str) -> int:
    """About how many bytes a film takes while it is written. suffix: its format, "" for a folder."""
    return round(story.written * story.width * story.height * FORMATS[suffix.lower()].bytes_per_pixel)


def check(story: Resolved, path: Path, suffix: str, films: int = 1) -> None:
    """Raises AnimateError if the disk has no room for the film, or for so many of them. The store needs none: a film goes on without it."""
    needed = films * size(story, suffix)
    whole = absolute(path)
    folder = next(parent for parent in (whole, *whole.parents) if is_folder(parent))
    free = shutil.disk_usage(folder).free
    if free < needed:
        room = f"{path}: {amount(free)} free, and {films * story.written} frames take about {amount(needed)}"
        raise AnimateError(f"{room}; make room, choose another place, or use fewer frames")


def estimate(story: Resolved, suffix: str, seconds: float, films: int = 1) -> str | None:
    """One line about a film of which one frame takes `seconds`, together with those of all films that are drawn along; None for a short one."""
    whole = seconds * story.written
    if whole < LONG:
        return None
    minutes = round(whole / 60)
    duration = f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
    return f"{films * story.written} frames will take about {duration} and {amount(films * size(story, suffix))}"
