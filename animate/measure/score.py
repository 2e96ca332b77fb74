"""How good a film is, in numbers: pace, jumps, seam, flicker, drift, blur. Streams: holds a handful of images, and knows no files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..errors import AnimateError
from ..pixels import Image
from .distance import Measure
from .drift import Appearance, Change, change, recoloured

STILL = 0.03  # of a lively step: below, nothing moves. Held frames have up to 0.025 in an MP4, an ease over 48 frames begins with 0.04
LIVELY = 0.9  # quantile of the steps that a lively one is: up to nine frames in ten may be held, and a jump is none


class NothingMoves(AnimateError):
    """A film that has no step to be measured by."""


@dataclass(frozen=True)
class Score:
    """The numbers of one film. Step i leads from frame i to frame i + 1; frames count from 0."""

    frames: int
    steps: tuple[float, ...]  # perceived distances of neighbours
    still: float  # share of the steps in which (nearly) nothing moves: holds and doubled frames
    smoothness: float  # 1 - Gini of all steps: 1 is even; holds and doubled frames lower it
    moving_smoothness: float  # the same of those steps that move
    median: float  # of the steps that move: the unit of the next ones
    jump: float  # longest step, in median steps
    jump_at: int  # which step it is
    seam: float  # last frame to first, in median steps
    flicker: float  # share of the movement that the next frame undoes: 0 steady, 0.5 frames with nothing in common, 1 to and fro
    second_difference: float  # mean |x[i+1] - 2 x[i] + x[i-1]|, in grey levels
    length: float  # of the path: the sum of the steps
    end: float | None  # last frame to the picture it should end with, in median steps
    over_two: tuple[float, ...]  # perceived distances of frames that have one between them
    recoloured: float  # share of the last frame, 0 to 1, that is the first one in other colours
    appearances: tuple[Appearance, ...]  # of every frame

    @property
    def change(self) -> Change:
        """Of the last frame against the first."""
        return change(self.appearances[0], self.appearances[-1])

    @property
    def mid_sharpness(self) -> float:
        """Sharpness half-way against the mean of the ends."""
        first, middle, last = self.sharp(0, self.frames - 1)
        return 2 * middle / max(first + last, np.finfo(float).tiny)

    def sharp(self, begin: int, end: int) -> tuple[float, float, float]:
        """Sharpness in grey levels of one frame, half-way between, and of another one."""
        values = np.array([appearance.sharpness for appearance in self.appearances[begin : end + 1]])
        return float(values[0]), float(_middle(values).mean()), float(values[-1])


@dataclass
class _Recorder:
    """Takes a film image by image and keeps numbers of each, its first image and its last two."""

    measure: Measure
    first: Image | None = None
    last: list[Image] = field(default_factory=list)
    appearances: list[Appearance] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)  # distances of neighbours
    two_steps: list[float] = field(default_factory=list)  # distances of frames that have one between them
    second_differences: list[float] = field(default_factory=list)  # mean of their size, in grey levels

    def add(self, image: Image) -> None:
        image = image.copy()  # the next one may come in the same array
        self.first = image if self.first is None else self.first
        self.appearances.append(appearance(image))
        if self.last:
            self.steps.append(self.measure(self.last[-1], image))
        if len(self.last) == 2:
            before, between = self.last
            self.two_steps.append(self.measure(before, image))
            self.second_differences.append(float(np.abs(before.astype(np.int16) - 2 * between.astype(np.int16) + image).mean()))
        self.last = [*self.last[-1:], image]


def score(images: Iterable[Image], measure: Measure, end: Image | None = None, loss: float = 0.0) -> Score:
    """The numbers of a film, images of one size, each looked at once.

    end: the picture that its last frame should be. loss: how far that frame may be from it because the film was compressed.
    Raises NothingMoves, an AnimateError, if there are not two different pictures.
    """
    recorder = _Recorder(measure)
    for image in images:
        recorder.add(image)
    if recorder.first is None:
        raise NothingMoves("no pictures; give a film of two frames or more")
    if not recorder.steps:
        raise NothingMoves("one picture, nothing moves; give a film of two frames or more")
    if not any(recorder.steps):
        raise NothingMoves(f"{len(recorder.appearances)} times the same picture, nothing moves; give a film that does")
    last = recorder.last[-1]
    seam, missing = measure(last, recorder.first), None if end is None else max(0.0, measure(last, end) - loss)
    return _summed(recorder, seam, missing, recoloured(recorder.first, last))


def _summed(recorder: _Recorder, seam: float, end: float | None, again: float) -> Score:
    steps = np.array(recorder.steps)  # (N - 1,)
    moving = steps[steps > longest_still(steps)]
    median = float(np.median(moving))
    return Score(
        frames=len(recorder.appearances),
        steps=tuple(recorder.steps),
        still=1 - len(moving) / len(steps),
        smoothness=1 - gini(steps),
        moving_smoothness=1 - gini(moving),
        median=median,
        jump=float(steps.max()) / median,
        jump_at=int(steps.argmax()),
        seam=seam / median,
        flicker=flicker(steps, np.array(recorder.two_steps)),
        second_difference=float(np.mean(recorder.second_differences or [0.0])),
        length=float(steps.sum()),
        end=None if end is None else end / median,
        over_two=tuple(recorder.two_steps),
        recoloured=again,
        appearances=tuple(recorder.appearances),
    )


def gini(values: np.ndarray) -> float:
    """Gini's coefficient of numbers from 0, not all 0: 0 if they are equal, near 1 if one of many has everything."""
    ordered = np.sort(values)
    ranks = 2 * np.arange(1, len(values) + 1) - len(values) - 1
    return float(ranks @ ordered / (len(values) * ordered.sum()))


def longest_still(steps: Sequence[float] | np.ndarray) -> float:
    """The longest step in which nothing counts as moving."""
    return STILL * float(np.quantile(steps, LIVELY, method="lower"))


def flicker(steps: np.ndarray, over_two: np.ndarray, without: Collection[int] = ()) -> float:
    """How much shorter the distances over two steps are than their sums: 0 if they go on, 1 if the second leads back.

    steps: (N - 1,). over_two: (N - 2,). without: frames that do not count.
    """
    counted = [i for i in range(len(over_two)) if not {i, i + 1, i + 2} & {*without}]
    sums = float((steps[1:] + steps[:-1])[counted].sum()) if counted else 0.0
    return max(0.0, 1 - float(over_two[counted].sum()) / sums) if sums else 0.0


def appearance(image: Image) -> Appearance:
    """Of a picture (H, W, 3) with values 0 to 255: means of the channels, contrast and sharpness in grey levels, the share at the limits."""
    luma = image @ np.array([0.299, 0.587, 0.114], np.float32)
    high = luma[1:-1, 1:-1] - (luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]) / 4
    red, green, blue = image.mean((0, 1))
    clipped = float(((image <= 1) | (image >= 254)).mean())
    contrast = float(np.sqrt(image.var((0, 1)).mean()))
    return Appearance(float(red), float(green), float(blue), contrast, float(np.sqrt(np.square(high).mean())), clipped)


def _middle(values: np.ndarray) -> np.ndarray:
    """The middle tenth, of a short film the one or two frames half-way."""
    aside = min(int(0.45 * len(values)), (len(values) - 1) // 2)
    return values[aside : len(values) - aside]
