"""Whether a recipe still draws what it drew: some of its pictures are drawn again and compared by their digests."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import AnimateError
from ..models.base import Model
from ..report import Report
from .pictures import Pictures
from .recipe import Recipe, differences, stretches
from .render import render
from .stills import stills


@dataclass(frozen=True)
class Comparison:
    """Pictures by their numbers in the file."""

    drawn: tuple[int, ...]
    different: tuple[int, ...]
    surroundings: tuple[str, ...]  # what is not as it was, a line each


def chosen(recipe: Recipe, count: int) -> tuple[int, ...]:
    """So many pictures, the first, the last and between; in-betweens and withheld ones were not drawn for themselves. Raises AnimateError."""
    own = [number for number in range(0, len(recipe.digests), recipe.every) if number not in recipe.withheld]
    if not own:
        raise AnimateError("a recipe without pictures; there is nothing to compare")
    count = min(count, len(own))
    return tuple(sorted({own[round(i * (len(own) - 1) / max(1, count - 1))] for i in range(count)}))


def verify(recipe: Recipe, numbers: tuple[int, ...], model: Model, batch_size: int | None, report: Report) -> Comparison:
    """Draw these pictures again, nothing of them taken from a store. batch_size: another one than the recipe's."""
    images = _again(recipe, numbers, model, batch_size, report)
    for _ in images:
        pass
    different = tuple(number for number, digest in zip(numbers, images.digests, strict=True) if digest != recipe.digests[number])
    return Comparison(numbers, different, tuple(differences(recipe.made, images.recipe.made)))


def _again(recipe: Recipe, numbers: tuple[int, ...], model: Model, batch_size: int | None, report: Report) -> Pictures:
    """Each of them in batches of the size that it was drawn in."""
    story = recipe.storyboard.replace(between=0, sound=None)
    sizes = [batch_size or recipe.batch_of(number) for number in numbers]
    if recipe.verb != "film":
        return stills(story, [story.keyframes[number] for number in numbers], model, sizes[0], report=report, stretches=stretches(sizes))
    frames = [recipe.frames[number] if recipe.frames else number // recipe.every for number in numbers]
    return render(story, model, frames, None, recipe.curves, sizes[0], report, stretches(sizes))
