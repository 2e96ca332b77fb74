"""How good a film is, in numbers: pace, jumps, seam, flicker, drift, blur. Streams: holds a handful of images, and knows no files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ..errors import AnimateError
from ..pixels import Image
from .distance import Measure

STILL = 0.03  # of a lively step: below, nothing moves. Held frames have up to 0.025 in an MP4, an ease over 48 frames begins with 0.04
LIVELY = 0.9  # quantile of the steps that a lively one is: up to nine frames in ten may be held, and a jump is none


class NothingMoves(AnimateError):
    """A film that has no step to be measured by."""


@dataclass(frozen=True)
class Trend:
    """How one quantity goes through the film."""

    slope: float  # percent of its mean, per 100 frames
    steady: float  # correlation with time, -1 to 1


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
    colour: Trend  # mean of that channel which changes most, against the mean of all
    spread: Trend  # standard deviation of the pixels of a channel: contrast
    sharpness: Trend  # RMS of a high-pass band of the luma
    clipped: tuple[float, float]  # share of the values that are at their limits in the first frame, and in the last
    length: float  # of the path: the sum of the steps
    sharp: tuple[float, float, float]  # sharpness in grey levels: of the first frame, half-way, of the last
    end: float | None  # last frame to the picture it should end with, in median steps

    @property
    def mid_sharpness(self) -> float:
        """Sharpness half-way against the mean of the ends."""
        first, middle, last = self.sharp
        return 2 * middle / max(first + last, np.finfo(float).tiny)


class Appearance(NamedTuple):
    """Statistics of one image, in grey levels."""

    red: float  # mean
    green: float
    blue: float
    spread: float  # RMS of the channels' standard deviations: another hue is no other contrast
    sharpness: float  # RMS of a high-pass band of the luma
    clipped: float  # share of the values that are at their limits, 0 to 1


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
    return _summed(recorder, measure(last, recorder.first), None if end is None else max(0.0, measure(last, end) - loss))


def _summed(recorder: _Recorder, seam: float, end: float | None) -> Score:
    steps, values = np.array(recorder.steps), np.array(recorder.appearances)  # (N - 1,) and (N, fields of Appearance)
    moving = steps[steps > longest_still(steps)]
    median = float(np.median(moving))
    level = float(values[:, :3].mean())
    return Score(
        frames=len(values),
        steps=tuple(recorder.steps),
        still=1 - len(moving) / len(steps),
        smoothness=1 - gini(steps),
        moving_smoothness=1 - gini(moving),
        median=median,
        jump=float(steps.max()) / median,
        jump_at=int(steps.argmax()),
        seam=seam / median,
        flicker=_flicker(steps, np.array(recorder.two_steps)),
        second_difference=float(np.mean(recorder.second_differences or [0.0])),
        colour=max((_trend(channel, level) for channel in values.T[:3]), key=lambda trend: abs(trend.slope)),
        spread=_trend(values[:, 3]),
        sharpness=_trend(values[:, 4]),
        clipped=(float(values[0, 5]), float(values[-1, 5])),
        length=float(steps.sum()),
        sharp=(float(values[0, 4]), float(_middle(values[:, 4]).mean()), float(values[-1, 4])),
        end=None if end is None else end / median,
    )


def gini(values: np.ndarray) -> float:
    """Gini's coefficient of numbers from 0, not all 0: 0 if they are equal, near 1 if one of many has everything."""
    ordered = np.sort(values)
    ranks = 2 * np.arange(1, len(values) + 1) - len(values) - 1
    return float(ranks @ ordered / (len(values) * ordered.sum()))


def longest_still(steps: Sequence[float] | np.ndarray) -> float:
    """The longest step in which nothing counts as moving."""
    return STILL * float(np.quantile(steps, LIVELY, method="lower"))


def _flicker(steps: np.ndarray, two_steps: np.ndarray) -> float:
    """How much shorter the distance over two steps is than their sum: 0 if they go on, 1 if the second leads back."""
    sums = float((steps[1:] + steps[:-1]).sum())
    return max(0.0, 1 - float(two_steps.sum()) / sums) if len(two_steps) else 0.0


def appearance(image: Image) -> Appearance:
    luma = image @ np.array([0.299, 0.587, 0.114], np.float32)
    high = luma[1:-1, 1:-1] - (luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]) / 4
    red, green, blue = image.mean((0, 1))
    clipped = float(((image <= 1) | (image >= 254)).mean())
    contrast = float(np.sqrt(image.var((0, 1)).mean()))
    return Appearance(float(red), float(green), float(blue), contrast, float(np.sqrt(np.square(high).mean())), clipped)


def _trend(values: np.ndarray, level: float | None = None) -> Trend:
    """The line of least squares through a value per frame, in percent of `level` (their mean)."""
    level = float(values.mean()) if level is None else level
    time = np.arange(len(values)) - (len(values) - 1) / 2
    offset = values - values.mean()
    rise, lengths = float(time @ offset), float(np.sqrt((time @ time) * (offset @ offset)))
    if not lengths or not level:
        return Trend(0.0, 0.0)
    return Trend(100 * 100 * rise / float(time @ time) / level, rise / lengths)


def _middle(values: np.ndarray) -> np.ndarray:
    """The middle tenth, of a short film the one or two frames half-way."""
    aside = min(int(0.45 * len(values)), (len(values) - 1) // 2)
    return values[aside : len(values) - aside]
