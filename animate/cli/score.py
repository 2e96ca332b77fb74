"""animate score: how even, smooth and steady films are, in numbers, in words and as a plot."""

from __future__ import annotations

import itertools
import json
import math
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ..errors import AnimateError

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

    from ..measure.score import Score

LONGEST = 28  # letters of a film's name above its column


@click.command("score")
@click.argument("films", nargs=-1, required=True, type=Path, metavar="FILM...")
@click.option("--metric", default="pyramid", show_default=True, help="Of perceived distance: pyramid (pace is set by it), structure, lpips.")
@click.option("--loop", is_flag=True, help="They are played round and round: the step from the last frame to the first counts, too.")
@click.option("--end", type=Path, metavar="PICTURE", help="What the last frame should be.")
@click.option("--plot", type=Path, metavar="FILE", help="Draw the size of every step into a picture (.png .jpg .webp).")
@click.option("--json", "as_json", is_flag=True, help="Print it as a JSON list, one object a film.")
def command(films: Sequence[Path], metric: str, loop: bool, end: Path | None, plot: Path | None, as_json: bool) -> None:
    """Measure films, whoever made them: .mp4 .webm .gif .webp .png, or folders of pictures.

    Distances are perceived ones; steps are those between neighbouring frames, holds left out of their median. An even pace
    has smoothness 1, a worst jump and a seam of 1. Frames count from 0.
    """
    from ..measure.score import faults
    from ..media import writers as video

    if plot:
        video.still_name(plot)
    scores = {path: _scored(path, metric, end) for path in films}
    found = {path: faults(score, loop) for path, score in scores.items()}
    if plot:
        video.write_image(plot, _plot(scores, metric, loop))
    if as_json:
        click.echo(json.dumps([_facts(path, metric, score) | {"faults": found[path]} for path, score in scores.items()]))
        return
    for line in _table(scores):
        click.echo(line)
    for path, lines in found.items():
        for line in lines or ["no fault found"]:
            click.echo(f"{path}: {line}")


def _scored(path: Path, metric: str, end: Path | None) -> Score:
    """The film's numbers, its frames seen once. Raises AnimateError, which names the film."""
    from ..measure import distance, score
    from ..media import photo, reading

    measure = distance.metric(metric)
    frames = reading.frames(path)
    first = next(frames)
    picture = photo.read(str(end), first.shape[1], first.shape[0]) if end else None
    loss = 0.0 if picture is None else measure(_compressed(picture, path), picture)
    try:
        return score.score(itertools.chain([first], frames), measure, picture, loss)
    except score.NothingMoves as error:
        raise AnimateError(f"{path}: {error}") from error


def _compressed(picture: np.ndarray, film: Path) -> np.ndarray:
    """The picture as it comes out of a film of the same format: what that takes from it is no fault of the film's end."""
    from ..media import reading
    from ..media import writers as video

    if film.is_dir():
        return picture
    suffix = film.suffix.lower()
    like = {".apng": ".png"}.get(suffix, suffix if suffix in video.WRITERS else ".mp4")
    with tempfile.TemporaryDirectory() as folder:
        *_, last = reading.frames(video.write_video(Path(folder, f"end{like}"), [picture] * 2, fps=1))
    return last[: picture.shape[0], : picture.shape[1]]


def _facts(path: Path, metric: str, score: Score) -> dict[str, Any]:
    return {"path": str(path), "metric": metric, **asdict(score), "mid_sharpness": score.mid_sharpness}


# --- the table --------------------------------------------------------------------------------------------------------------


def _table(scores: dict[Path, Score]) -> list[str]:
    """A row for every number, a column for every film."""
    columns = [[name, *_cells(score).values()] for name, score in _named(scores)]
    labels = ["", *_cells(next(iter(scores.values())))]
    left = max(map(len, labels))
    widths = [max(map(len, column)) for column in columns]
    return [
        f"{label:<{left}}" + "".join(f"  {column[row]:>{width}}" for column, width in zip(columns, widths, strict=True))
        for row, label in enumerate(labels)
    ]


def _named(scores: dict[Path, Score]) -> list[tuple[str, Score]]:
    """Under the files' names, or their paths where two have one name; of long ones the end."""
    names = {path: path.resolve().name for path in scores}
    said = names if len(set(names.values())) == len(names) else {path: str(path) for path in scores}
    return [(name if len(name) <= LONGEST else "..." + name[3 - LONGEST :], scores[path]) for path, name in said.items()]


def _cells(score: Score) -> dict[str, str]:
    cells = {
        "frames": f"{score.frames}",
        "smoothness (1 - Gini)": f"{score.smoothness:.2f}",
        "  where it moves": f"{score.moving_smoothness:.2f}",
        "stands still": f"{100 * score.still:.0f} %",
        "median step": f"{score.median:.4f}",
        "worst jump / median": f"{score.jump:.1f}",
        "  from frame": f"{score.jump_at}",
        "last to first / median": f"{score.seam:.1f}",
        "path length": f"{score.length:.2f}",
        "flicker (undone at once)": f"{100 * score.flicker:.0f} %",
        "second difference, grey levels": f"{score.second_difference:.1f}",
        "mid-film sharpness / ends": f"{100 * score.mid_sharpness:.0f} %",
        "drift per 100 frames: colour": f"{score.colour.slope:+.0f} %",
        "  contrast": f"{score.spread.slope:+.0f} %",
        "  sharpness": f"{score.sharpness.slope:+.0f} %",
    }
    return cells if score.end is None else cells | {"last to end picture / median": f"{score.end:.1f}"}


# --- the plot ---------------------------------------------------------------------------------------------------------------

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
        return LEFT + (WIDTH - LEFT - RIGHT) * place / self.places

    def y(self, step: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * step / self.highest


def _plot(scores: dict[Path, Score], metric: str, loop: bool) -> np.ndarray:
    """One plot above the other, uint8 (H, W, 3)."""
    import numpy as np

    return np.concatenate([np.asarray(_bars(score, name, metric, loop)) for name, score in _named(scores)])


def _bars(score: Score, name: str, metric: str, loop: bool) -> Image.Image:
    """The steps of a film as bars, the worst and (loop) the one from last to first in colours of their own, their median as a line."""
    from PIL import Image

    heights = [*score.steps, *([score.seam * score.median] if loop else [])]
    axes = Axes(len(heights), 1.04 * max(heights))
    inset = 0.14 if axes.x(1) - axes.x(0) > 4 else 0.0
    boxes = [(axes.x(i + inset), axes.y(height), axes.x(i + 1 - inset), axes.y(0)) for i, height in enumerate(heights)]
    picture = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    _scales(picture, axes, score.frames)
    _fill(picture, boxes, BAR)
    _fill(picture, boxes[score.jump_at : score.jump_at + 1], WORST)
    _fill(picture, boxes[len(score.steps) :], SEAM)
    _fill(picture, [(x, axes.y(score.median) - 0.75, x + 6, axes.y(score.median) + 0.75) for x in range(LEFT, WIDTH - RIGHT - 5, 10)], INK)
    keys = {f"median {score.median:.3g}": INK, f"worst, {score.jump:.1f} times that, from frame {score.jump_at} to {score.jump_at + 1}": WORST}
    _words(picture, f"Steps of {name} ({metric} distance)", keys | ({f"last to first, {score.seam:.1f} times": SEAM} if loop else {}))
    return picture


def _fill(picture: Image.Image, boxes: Sequence[Box], colour: Colour) -> None:
    """Smoothly: boxes of fractions of pixels cover them in part."""
    from PIL import Image, ImageDraw

    mask = Image.new("L", (WIDTH * FINER, HEIGHT * FINER))
    pen = ImageDraw.Draw(mask)
    for box in boxes:
        left, top, right, bottom = (round(side * FINER) for side in box)
        if right > left and bottom > top:
            pen.rectangle((left, top, right - 1, bottom - 1), 255)
    picture.paste(colour, mask=mask.reduce(FINER))


def _scales(picture: Image.Image, axes: Axes, frames: int) -> None:
    """Rules across with their steps at the left, frames along the bottom."""
    from PIL import ImageDraw, ImageFont

    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(SMALL)
    rule = _round(axes.highest / 5)
    decimals = max(0, -math.floor(math.log10(rule)))
    for i in range(math.floor(axes.highest / rule) + 1):
        y = round(axes.y(i * rule))
        pen.line((LEFT, y, WIDTH - RIGHT, y), FAINT if i == 0 else RULE)
        pen.text((LEFT - 9, y), f"{i * rule:.{decimals}f}" if i else "0", FAINT, font, anchor="rm")
    every = max(1, round(_round(frames / 14)))
    for frame in range(0, frames, every):
        x = round(axes.x(frame))
        pen.line((x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 4), FAINT)
        pen.text((x, HEIGHT - BOTTOM + 8), f"{frame}", FAINT, font, anchor="mt")
    pen.text(((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8), "frame", FAINT, font, anchor="ms")


def _round(least: float) -> float:
    """The next 1, 2 or 5 of a power of ten."""
    power = 10.0 ** math.floor(math.log10(least))
    return float(next(f * power for f in (1, 2, 5, 10) if f * power >= least * 0.999))


def _words(picture: Image.Image, title: str, keys: dict[str, Colour]) -> None:
    """What it is, what the colours mean (a line's is INK), and what the bars are."""
    from PIL import Image, ImageDraw, ImageFont

    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(SMALL)
    pen.text((LEFT, 26), title, INK, ImageFont.load_default(LARGE), anchor="ls")
    x = float(LEFT)
    for text, colour in keys.items():
        _fill(picture, [(x, 42.5, x + 5, 44), (x + 8, 42.5, x + 13, 44)] if colour == INK else [(x, 38, x + 10, 48)], colour)
        pen.text((x + 18, 47), text, FAINT, font, anchor="ls")
        x += 18 + font.getlength(text) + 24
    upright = Image.new("L", (HEIGHT - TOP - BOTTOM, 16))
    ImageDraw.Draw(upright).text((upright.width / 2, 8), "perceived step", 255, font, anchor="mm")
    picture.paste(FAINT, (8, TOP), upright.rotate(90, expand=True))
