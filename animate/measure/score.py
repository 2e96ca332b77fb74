"""How good a film is, in numbers and in words: pace, jumps, seam, flicker, drift, blur. Streams: holds a handful of images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ..errors import AnimateError
from .distance import Image, Measure

# --- what counts as what ----------------------------------------------------------------------------------------------------

STILL = 0.03  # of a lively step: below, nothing moves. Held frames have up to 0.025 in an MP4, an ease over 48 frames begins with 0.04
LIVELY = 0.9  # quantile of the steps that a lively one is: up to nine frames in ten may be held, and a jump is none
DOUBLED = 0.2  # of both its neighbours: a step this short between moving frames is a frame shown twice; no ease comes and goes so fast
JUMP = 2.5  # median steps: an ease has up to 1.6, an even pace is promised up to 2; distances saturate, and a gap of five steps has 3
UNEVEN = 0.65  # smoothness of what moves: a constant pace has 1, an ease in and out 0.73, plain interpolation of embeddings 0.74
SEAM = 2.0  # median steps: the step last -> first of a loop is to be as any other
ARRIVED = 0.5  # median steps: one that ends a frame early is a whole step away
FLICKER = 0.35  # of the movement is undone by the next frame: noise of its own in every frame has 0.5, steady motion 0 to 0.3
BURNT = 0.05  # of all values: so many more at their limits at the end than at the beginning
DRIFT = 10.0  # percent over the film: what a feedback film is promised to keep its sharpness within
STEADY = 0.95  # correlation with time: a drift is the same in every frame, what prompts ask for comes and goes
GENERATIONS = 48  # frames: in fewer, feedback has not burnt in, and two different prompts look the same as a drift
BLURRY = 0.8  # of the less sharp end, half-way: two unlike pictures laid over each other have 0.71
LISTED = 3  # places that one line names


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


class Looks(NamedTuple):
    """What one image looks like."""

    red: float
    green: float
    blue: float
    spread: float  # RMS of the channels' standard deviations: another hue is no other contrast
    sharpness: float
    clipped: float


@dataclass
class _Watcher:
    """Sees a film image by image and keeps its numbers, its first image and its last two."""

    measure: Measure
    first: Image | None = None
    seen: list[Image] = field(default_factory=list)
    looks: list[Looks] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    leaps: list[float] = field(default_factory=list)  # distances of every other frame
    bends: list[float] = field(default_factory=list)

    def see(self, image: Image) -> None:
        image = image.copy()  # the next one may come in the same array
        self.first = image if self.first is None else self.first
        self.looks.append(_looks(image))
        if self.seen:
            self.steps.append(self.measure(self.seen[-1], image))
        if len(self.seen) == 2:
            before, between = self.seen
            self.leaps.append(self.measure(before, image))
            self.bends.append(float(np.abs(before.astype(np.int16) - 2 * between.astype(np.int16) + image).mean()))
        self.seen = [*self.seen[-1:], image]


def score(images: Iterable[Image], measure: Measure, end: Image | None = None, loss: float = 0.0) -> Score:
    """Watch a film, images of one size, once. `end` is the picture that its last frame should be, `loss` how far from it that
    frame may be because the film was compressed.

    Raises NothingMoves, an AnimateError, if there are not two different pictures.
    """
    watcher = _Watcher(measure)
    for image in images:
        watcher.see(image)
    if watcher.first is None:
        raise NothingMoves("no pictures; give a film of two frames or more")
    if not watcher.steps:
        raise NothingMoves("one picture, nothing moves; give a film of two frames or more")
    if not any(watcher.steps):
        raise NothingMoves(f"{len(watcher.looks)} times the same picture, nothing moves; give a film that does")
    last = watcher.seen[-1]
    return _summed(watcher, measure(last, watcher.first), None if end is None else max(0.0, measure(last, end) - loss))


def _summed(watcher: _Watcher, seam: float, end: float | None) -> Score:
    steps, looks = np.array(watcher.steps), np.array(watcher.looks)
    moving = steps[steps > _still(steps)]
    median = float(np.median(moving))
    level = float(looks[:, :3].mean())
    return Score(
        frames=len(looks),
        steps=tuple(watcher.steps),
        still=1 - len(moving) / len(steps),
        smoothness=1 - gini(steps),
        moving_smoothness=1 - gini(moving),
        median=median,
        jump=float(steps.max()) / median,
        jump_at=int(steps.argmax()),
        seam=seam / median,
        flicker=_undone(steps, np.array(watcher.leaps)),
        second_difference=float(np.mean(watcher.bends or [0.0])),
        colour=max((_trend(channel, level) for channel in looks.T[:3]), key=lambda trend: abs(trend.slope)),
        spread=_trend(looks[:, 3]),
        sharpness=_trend(looks[:, 4]),
        clipped=(float(looks[0, 5]), float(looks[-1, 5])),
        length=float(steps.sum()),
        sharp=(float(looks[0, 4]), float(_middle(looks[:, 4]).mean()), float(looks[-1, 4])),
        end=None if end is None else end / median,
    )


def gini(values: np.ndarray) -> float:
    """Gini's coefficient of numbers from 0, not all 0: 0 if they are equal, near 1 if one of many has everything."""
    ordered = np.sort(values)
    ranks = 2 * np.arange(1, len(values) + 1) - len(values) - 1
    return float(ranks @ ordered / (len(values) * ordered.sum()))


def _still(steps: Sequence[float] | np.ndarray) -> float:
    """The longest step that counts as standing still."""
    return STILL * float(np.quantile(steps, LIVELY, method="lower"))


def _undone(steps: np.ndarray, leaps: np.ndarray) -> float:
    """How much shorter the way over two steps is than both: 0 if they go on, 1 if the second leads back."""
    ways = float((steps[1:] + steps[:-1]).sum())
    return max(0.0, 1 - float(leaps.sum()) / ways) if len(leaps) else 0.0


def _looks(image: Image) -> Looks:
    luma = image @ np.array([0.299, 0.587, 0.114], np.float32)
    high = luma[1:-1, 1:-1] - (luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]) / 4
    red, green, blue = image.mean((0, 1))
    clipped = float(((image <= 1) | (image >= 254)).mean())
    contrast = float(np.sqrt(image.var((0, 1)).mean()))
    return Looks(float(red), float(green), float(blue), contrast, float(np.sqrt(np.square(high).mean())), clipped)


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


# --- in words ---------------------------------------------------------------------------------------------------------------


def faults(score: Score, loop: bool = False) -> list[str]:
    """What a viewer would mind, a line each; none if there is nothing. `loop`: the film is played round and round."""
    return [*_jumps(score), *_doubles(score), *_pace(score), *_ends(score, loop), *_drifts(score), *_looking(score)]


def _jumps(score: Score) -> Iterator[str]:
    found = sorted((i for i, step in enumerate(score.steps) if step > JUMP * score.median), key=lambda i: -score.steps[i])
    if found:
        yield f"jumps between {_places(found)} ({'up to ' * (len(found) > 1)}{score.jump:.1f} times the median step)"


def _doubles(score: Score) -> Iterator[str]:
    steps, still = score.steps, _still(score.steps)
    beside = {i: min(steps[i - 1], steps[i + 1]) for i in range(1, len(steps) - 1)}
    found = [i for i, moving in beside.items() if moving > still and steps[i] < DOUBLED * moving]
    if found:
        yield f"stands still between {_places(found)} ({'a doubled frame' if len(found) == 1 else 'doubled frames'}?)"


def _pace(score: Score) -> Iterator[str]:
    if score.moving_smoothness < UNEVEN:
        yield f"uneven pace: smoothness {score.moving_smoothness:.2f} where it moves (an even pace has above 0.9)"
    if score.flicker > FLICKER:
        yield f"flickers, or leaps too far: {100 * score.flicker:.0f} % of the movement is undone by the next frame"


def _ends(score: Score, loop: bool) -> Iterator[str]:
    if loop and score.seam > SEAM:
        yield f"does not close: last to first is {score.seam:.1f} times the median step"
    if loop and score.seam < DOUBLED:
        yield "shows its first frame twice when it loops: the last is the same"
    if score.end is not None and score.end > ARRIVED:
        yield f"ends before its end picture: {score.end:.1f} median steps are missing"


def _drifts(score: Score) -> Iterator[str]:
    first, last = score.clipped
    if last - first > BURNT:
        yield f"colours burn: {100 * first:.0f} % of the values are at their limits at first, {100 * last:.0f} % at the end"
    trends = {"colour": score.colour, "contrast": score.spread, "sharpness": score.sharpness}
    totals = {name: trend.slope * (score.frames - 1) / 100 for name, trend in trends.items()}
    steady = [name for name, trend in trends.items() if abs(trend.steady) > STEADY and abs(totals[name]) > DRIFT]
    if score.frames >= GENERATIONS and len(steady) > 1:
        yield f"colours drift: {', '.join(f'{name} {totals[name]:+.0f} %' for name in steady)} from beginning to end"


def _looking(score: Score) -> Iterator[str]:
    first, middle, last = score.sharp
    if middle < BLURRY * min(first, last):
        yield f"blurry half-way: {100 * score.mid_sharpness:.0f} % of the sharpness of its ends"


def _places(steps: Sequence[int]) -> str:
    """The frames that some steps lead from and to; of many steps the first few."""
    more = f" and in {len(steps) - LISTED} more places" if len(steps) > LISTED else ""
    return "frames " + ", ".join(f"{step} and {step + 1}" for step in steps[:LISTED]) + more
