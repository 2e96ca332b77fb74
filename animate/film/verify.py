"""Whether a file is what its recipe says: some pictures are drawn again, and the file's own are looked at, one after the other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import AnimateError, counted
from ..media import reading
from ..media.formats import format_of
from ..media.images import Layout
from ..models.base import Model
from ..pixels import Image
from ..report import Report
from ..story.resolved import Resolved
from .pictures import Pictures
from .recipe import Recipe, differences, digest, stretches
from .render import render
from .stills import stills

# Formats that lose something are compared by the means of blocks, whose colours every codec keeps: between a drawn picture and what
# was read back of it, all formats have 41 dB and more (38 of pure noise); pictures of another seed, or of a frame further on, 28 at most.
BLOCK = 8  # pixels
ALIKE = 30.0  # dB
SHOWN = 5  # numbers of pictures that are named


@dataclass(frozen=True, order=True)
class Away:
    """How far apart two pictures are, in grey levels of 255: by pixels in lossless formats, in others by the means of blocks."""

    mean: float
    most: int

    @classmethod
    def of(cls, one: Image, other: Image, lossless: bool) -> Away:
        """Of two images of one size."""
        apart = np.abs(one.astype(np.float32) - other) if lossless else np.abs(_means(one) - _means(other))
        return cls(float(apart.mean()), math.ceil(apart.max()))

    @property
    def rounding(self) -> bool:
        """Whether that is no more than other libraries or another processor make of the same numbers: nobody sees it."""
        return self.mean < 1


@dataclass(frozen=True)
class Comparison:
    """Pictures by their numbers in the file."""

    drawn: tuple[int, ...]
    different: tuple[int, ...]  # drawn again, they are not what the recipe says
    surroundings: tuple[str, ...]  # what is not as it was, a line each
    file: str | None  # how the pictures in the file are not those of its recipe; None: they are
    away: Away | None = None  # of those that are different, the one that is furthest from the file's own picture; None where there is none


def chosen(recipe: Recipe, count: int) -> tuple[int, ...]:
    """So many pictures, the first, the last and between; in-betweens and withheld ones were not drawn for themselves. Raises AnimateError."""
    withheld = {*recipe.withheld}
    own = [number for number in range(0, len(recipe.digests), recipe.every) if number not in withheld]
    if not own:
        raise AnimateError("a recipe without pictures; there is nothing to compare")
    count = min(count, len(own))
    return tuple(sorted({own[round(i * (len(own) - 1) / max(1, count - 1))] for i in range(count)}))


def verify(recipe: Recipe, numbers: tuple[int, ...], model: Model, batch_size: int | None, report: Report, path: Path | None = None) -> Comparison:
    """Draw these pictures again, nothing of them taken from a store, and compare them with the recipe and with the file.

    numbers: rising. batch_size: another one than the recipe's. path: the file; left out: only the recipe is looked at. Raises AnimateError.
    """
    with _again(recipe, numbers, model, batch_size, report) as images:
        drawn, away = zip(numbers, images, strict=True), dict[int, Away]()
        fault = _fault(recipe, path, images.request.story, drawn, report, away) if path else None
        for _ in drawn:
            pass
    different = tuple(number for number, one in zip(numbers, images.digests, strict=True) if one != recipe.digests[number])
    furthest = max((away[number] for number in different if number in away), default=None)
    return Comparison(numbers, different, tuple(differences(recipe.made, images.recipe.made)), fault, furthest)


def _again(recipe: Recipe, numbers: tuple[int, ...], model: Model, batch_size: int | None, report: Report) -> Pictures:
    """Each of them in batches of the size that it was drawn in."""
    story = recipe.storyboard.replace(between=0, sound=None)
    sizes = [batch_size or recipe.batch_of(number) for number in numbers]
    if recipe.verb != "film":
        return stills(story, [story.keyframes[number] for number in numbers], model, sizes[0], report=report, stretches=stretches(sizes))
    frames = [recipe.frames[number] if recipe.frames else number // recipe.every for number in numbers]
    return render(story, model, frames, None, recipe.curves, sizes[0], report, stretches(sizes))


def _fault(recipe: Recipe, path: Path, story: Resolved, drawn: Iterator[tuple[int, Image]], report: Report, away: dict[int, Away]) -> str | None:
    """How the pictures in the file are not the recipe's. Without a loss they have its digests; otherwise they look like those drawn again.

    away: takes how far those drawn again are from the file's.
    """
    format = format_of(path)
    lossless, sounding = format is not None and format.lossless, format is not None and bool(format.sound)
    wanted, (number, image) = len(recipe.digests), next(drawn)
    count, wrong, before = 0, list[int](), image
    for count, picture in enumerate(_pictures(recipe, path, story, report), 1):
        if count > wanted:  # a film's last picture may be held till its sound ends
            same = sounding and _alike(picture, before)
        elif lossless:
            same = digest(picture) == recipe.digests[count - 1]
        else:
            same = _alike(picture, image) if count - 1 == number else picture.shape == image.shape
        if count - 1 == number:
            away |= {number: Away.of(picture, image, lossless)} if picture.shape == image.shape else {}
            number, image = next(drawn, (number, image))
        if not same and count > wanted:
            return f"it has more than the {wanted} pictures of its recipe"
        wrong += [] if same or len(wrong) == SHOWN else [count - 1]
        before = picture
    if count < wanted:
        return f"it has {counted(count, 'picture')}, and its recipe {wanted}"
    return f"others are number {', '.join(map(str, wrong))}{' and more' * (len(wrong) == SHOWN)}" if wrong else None


def _pictures(recipe: Recipe, path: Path, story: Resolved, report: Report) -> Iterator[Image]:
    """Those that the digests are of; of a contact sheet, what stands on it."""
    layout = Layout.of(len(story.keyframes), story.width, story.height, bool(recipe.labels), recipe.columns)
    for picture in reading.frames(path, report, stills=True):
        yield from layout.cut(picture) if recipe.verb == "sheet" and picture.shape[1::-1] == layout.size else [picture]


def _alike(one: Image, other: Image) -> bool:
    return one.shape == other.shape and likeness(one, other) >= ALIKE


def likeness(one: Image, other: Image) -> float:
    """The ratio of peak signal to noise between two images of one size, uint8 (H, W, 3), of the means of their blocks; in dB."""
    error = float(np.mean(np.square(_means(one) - _means(other))))
    return 10 * math.log10(255**2 / error) if error else math.inf


def _means(image: Image) -> np.ndarray:
    """float32 (H // BLOCK, W // BLOCK, 3)."""
    height, width = (side // BLOCK for side in image.shape[:2])
    whole = image[: height * BLOCK, : width * BLOCK].astype(np.float32)
    return np.asarray(whole.reshape(height, BLOCK, width, BLOCK, 3).mean((1, 3)))
