"""What is asked before the first frame: is there room for a film, and how long will it take?"""

from __future__ import annotations

import shutil
from pathlib import Path

from ..errors import AnimateError
from ..story.storyboard import Storyboard

# Bytes a pixel of a frame, by suffix ("": a folder): what sprout's and photographic films took, rounded up; a folder as PNG.
# GIF includes the lossless copy that its palette is made from.
PER_PIXEL = {".mp4": 0.25, ".webm": 0.2, ".gif": 2.5, ".webp": 0.4, ".png": 2.0, "": 2.0}
LONG = 120.0  # seconds: films that take longer are worth an estimate


def size(story: Storyboard, suffix: str) -> int:
    """About how many bytes a film takes while it is written. The storyboard is resolved."""
    return round(_pixels(story) * PER_PIXEL[suffix.lower()])


def _pixels(story: Storyboard) -> int:
    if story.width is None or story.height is None:
        raise TypeError("the storyboard is not resolved: its size is left out")
    return story.written * story.width * story.height


def check(story: Storyboard, path: Path, suffix: str, films: int = 1) -> None:
    """Raises AnimateError if the disk has no room for the film, or for so many of them. The store needs none: a film goes on without it."""
    most = films * size(story, suffix)
    folder = next(parent for parent in (path.absolute(), *path.absolute().parents) if parent.is_dir())
    free = shutil.disk_usage(folder).free
    if free < most:
        asked = f"{path}: {told(free)} free, and {films * story.written} frames take about {told(most)}"
        raise AnimateError(f"{asked}; make room, choose another place, or use fewer frames")


def estimate(story: Storyboard, suffix: str, seconds: float, films: int = 1) -> str | None:
    """One line about a film of which one frame takes `seconds`, together with those of all films that are drawn along; None for a short one."""
    whole = seconds * story.written
    if whole < LONG:
        return None
    minutes = round(whole / 60)
    lasts = f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
    return f"{films * story.written} frames will take about {lasts} and {told(films * size(story, suffix))}"


def told(count: int) -> str:
    """Bytes, for people."""
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.1f} MiB"
