"""What is asked before the first frame: is there room for a film, and how long will it take?"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from ..errors import AnimateError, amount
from ..media.formats import FORMATS
from ..media.images import Layout
from ..media.limits import check_size
from ..places import absolute, is_folder, path_of
from ..story.resolved import Resolved
from ..story.storyboard import Storyboard

LARGEST_SHEET = 2**29  # pixels, which are put together in memory: 1.6 GB
LONG = 120.0  # seconds: films that take longer are worth an estimate


def size(story: Resolved, suffix: str, pictures: int) -> int:
    """About how many bytes so many pictures take while they are written. suffix: their format, "" for a folder."""
    return round(pictures * story.width * story.height * FORMATS[suffix.lower()].bytes_per_pixel)


def check_sheet(story: Resolved, path: Path, labels: Sequence[str], columns: int | None = None) -> None:
    """Raises AnimateError if a contact sheet of its keyframes, with these labels and so many pictures in a row, is too large for this file."""
    layout = Layout.of(len(story.keyframes), story.width, story.height, bool(labels), columns)
    width, height = layout.size
    check_size(path, width, height)
    if width * height > LARGEST_SHEET:
        room = f"{path}: a contact sheet of {layout.count} pictures in rows of {layout.columns} has {width} x {height} pixels"
        raise AnimateError(f"{room}; allowed: up to {LARGEST_SHEET // 10**6} million; use fewer pictures, or smaller ones")


def check(story: Resolved, path: Path, suffix: str, pictures: int) -> None:
    """Raises AnimateError if the disk has no room for so many pictures. The store needs none: a film goes on without it."""
    needed = size(story, suffix, pictures)
    whole = absolute(path)
    folder = next(parent for parent in (whole, *whole.parents) if is_folder(parent))
    free = shutil.disk_usage(folder).free
    if free < needed:
        room = f"{path}: {amount(free)} free, and {pictures} frames take about {amount(needed)}"
        raise AnimateError(f"{room}; make room, choose another place, or use fewer frames")


def estimate(story: Resolved, suffix: str, seconds: float, pictures: int, films: int = 1) -> str | None:
    """One line about a film of so many pictures, one of which takes `seconds` together with those of all films drawn along; None for a short one."""
    whole = seconds * pictures
    if whole < LONG:
        return None
    minutes = round(whole / 60)
    duration = f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
    return f"{films * pictures} frames will take about {duration} and {amount(size(story, suffix, films * pictures))}"


def refuse_own_input(path: str | Path, story: Storyboard) -> None:
    """Raises AnimateError where something would be written over what it is made of."""
    target = path_of(path)
    for name in [*(key.image for key in story.keyframes), story.sound]:
        if name and target.exists() and path_of(name).exists() and target.samefile(path_of(name)):
            raise AnimateError(f"{path}: is what it would be made of ({name}); name another file with -o")
