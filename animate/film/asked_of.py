"""What the recipe in a film asks of its pictures: what its score is judged by."""

from __future__ import annotations

from pathlib import Path

from ..errors import AnimateError
from ..measure.asked import Asked
from . import recipe


def asked_of(path: Path, pictures: int) -> Asked | None:
    """Of a film of so many pictures; None if it has no recipe, or not one of the whole film from its beginning."""
    try:
        said = recipe.read(path)
    except AnimateError:
        return None  # made by something else
    story = said.storyboard
    held = story.sound_fit == "longest" and pictures > len(said.digests) == story.written
    if said.verb != "film" or not recipe.begins(said.frames) or not (held or pictures == len(said.digests)):
        return None
    return Asked.of(story, pictures, said.withheld)
