"""The steps of films as a picture of bars: the worst, the median, and of a loop the one from last to first. Knows numbers only."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import PIL.Image
from PIL import ImageDraw, ImageFont

from ..pixels import Image
from .score import Score

WIDTH, HEIGHT = 900, 300  # pixels of a film's plot
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 64, 46  # pixels around its bars
FINER = 4  # shapes are drawn so many times larger, and reduced: their edges fall between pixels
LARGE, SMALL = 16, 12  # pixels of letters
PAPER, INK, FAINT, RULE = (250, 250, 248), (40, 40, 44), (110, 110, 116), (228, 228, 224)
BAR, WORST, SEAM = (112, 146, 184), (206, 76, 54), (146, 108, 180)

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]  # left, top, right, bottom


class Axes(NamedTuple):
    """Where things stand in a plot: place i is where frame i is, so that step i stands between i and i + 1."""

    places: int
    highest: float

    def x(self, place: float) -> float:
        """Pixels from the left."""
        return LEFT + (WIDTH - LEFT - RIGHT) * place / self.places

    def y(self, step: float) -> float:
        """Pixels from the top."""
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * step / self.highest


def plot_steps(films: Iterable[tuple[str, Score]], metric: str, loop: bool) -> Image:
    """The steps of films by their names, one plot above the other, uint8 (H, W, 3). loop: with the step from last to first."""
    return np.concatenate([np.asarray(_bars(score, name, metric, loop)) for name, score in films])


def _bars(score: Score, name: str, metric: str, loop: bool) -> PIL.Image.Image:
    """The steps of a film as bars, the worst and (loop) the one from last to first in colours of their own, their median as a line."""
    heights = [*score.steps, *([score.seam * score.median] if loop else [])]
    axes = Axes(len(heights), 1.04 * max(heights))
    inset = 0.14 if axes.x(1) - axes.x(0) > 4 else 0.0
    boxes = [(axes.x(i + inset), axes.y(height), axes.x(i + 1 - inset), axes.y(0)) for i, height in enumerate(heights)]
    picture = PIL.Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    _scales(picture, axes, score.frames)
    _fill(picture, boxes, BAR)
    _fill(picture, boxes[score.jump_at : score.jump_at + 1], WORST)
    _fill(picture, boxes[len(score.steps) :], SEAM)
    _fill(picture, [(x, axes.y(score.median) - 0.75, x + 6, axes.y(score.median) + 0.75) for x in range(LEFT, WIDTH - RIGHT - 5, 10)], INK)
    keys = {f"median {score.median:.3g}": INK, f"worst, {score.jump:.1f} times that, from frame {score.jump_at} to {score.jump_at + 1}": WORST}
    _labels(picture, f"Steps of {name} ({metric} distance)", keys | ({f"last to first, {score.seam:.1f} times": SEAM} if loop else {}))
    return picture


def _fill(picture: PIL.Image.Image, boxes: Sequence[Box], colour: Colour) -> None:
    """With smooth edges: boxes that cover pixels in part are mixed with what is there."""
    mask = PIL.Image.new("L", (WIDTH * FINER, HEIGHT * FINER))
    pen = ImageDraw.Draw(mask)
    for box in boxes:
        left, top, right, bottom = (round(side * FINER) for side in box)
        if right > left and bottom > top:
            pen.rectangle((left, top, right - 1, bottom - 1), 255)
    picture.paste(colour, mask=mask.reduce(FINER))


def _scales(picture: PIL.Image.Image, axes: Axes, frames: int) -> None:
    """Rules across with their steps at the left, frames along the bottom."""
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(SMALL)
    rule = _round_up(axes.highest / 5)
    decimals = max(0, -math.floor(math.log10(rule)))
    for i in range(math.floor(axes.highest / rule) + 1):
        y = round(axes.y(i * rule))
        pen.line((LEFT, y, WIDTH - RIGHT, y), FAINT if i == 0 else RULE)
        pen.text((LEFT - 9, y), f"{i * rule:.{decimals}f}" if i else "0", FAINT, font, anchor="rm")
    every = max(1, round(_round_up(frames / 14)))
    for frame in range(0, frames, every):
        x = round(axes.x(frame))
        pen.line((x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 4), FAINT)
        pen.text((x, HEIGHT - BOTTOM + 8), f"{frame}", FAINT, font, anchor="mt")
    pen.text(((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8), "frame", FAINT, font, anchor="ms")


def _round_up(least: float) -> float:
    """The next 1, 2 or 5 of a power of ten."""
    power = 10.0 ** math.floor(math.log10(least))
    return float(next(f * power for f in (1, 2, 5, 10) if f * power >= least * 0.999))


def _labels(picture: PIL.Image.Image, title: str, keys: dict[str, Colour]) -> None:
    """The title, a legend (INK is a dashed line, other colours are bars), and the label of the upright axis."""
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(SMALL)
    pen.text((LEFT, 26), title, INK, ImageFont.load_default(LARGE), anchor="ls")
    x = float(LEFT)
    for text, colour in keys.items():
        _fill(picture, [(x, 42.5, x + 5, 44), (x + 8, 42.5, x + 13, 44)] if colour == INK else [(x, 38, x + 10, 48)], colour)
        pen.text((x + 18, 47), text, FAINT, font, anchor="ls")
        x += 18 + font.getlength(text) + 24
    upright = PIL.Image.new("L", (HEIGHT - TOP - BOTTOM, 16))
    ImageDraw.Draw(upright).text((upright.width / 2, 8), "perceived step", 255, font, anchor="mm")
    picture.paste(FAINT, (8, TOP), upright.rotate(90, expand=True))
