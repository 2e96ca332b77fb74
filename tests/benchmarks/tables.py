"""What `versus_peers.py` found: as Markdown, as JSON, and as a plot of bars."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from animate.measure.plot import BAR, FAINT, FINER, INK, LARGE, PAPER, SMALL, WORST

LONGER = (10, 100, 1000)  # frames of films whose time is reckoned
WIDTH, ROW, NAMES = 900, 30, 400  # pixels of the plot, of a row, and of its names


@dataclass(frozen=True)
class About:
    """What was drawn, and on what."""

    model: str
    side: int  # pixels
    frames: int
    steps: int
    guidance: float
    machine: str
    floor: float  # seconds of the exact film's multiplications
    rate: float  # GFLOP/s of large matrices

    @property
    def title(self) -> str:
        return f"{self.model}, {self.frames} frames of {self.side} x {self.side} pixels, {self.steps} steps, guidance {self.guidance:g}"


@dataclass
class Result:
    """What one peer took."""

    name: str
    kind: str
    cold: float = 0.0  # seconds of its very first film
    seconds: dict[str, list[float]] = field(default_factory=dict)  # by level, a round each
    first: dict[str, list[float]] = field(default_factory=dict)  # until the first picture was there
    samples: float = 0.0  # of the UNet, a frame
    peak_mb: float = 0.0  # of memory: the device's, or the process's high water where the system lets it be set back
    psnr: tuple[float, float] | None = None  # from the exact film, median and worst frame
    apart: tuple[float, float] | None = None  # perceived distance, likewise
    smooth: dict[str, float] = field(default_factory=dict)  # of its own film

    def median(self, level: str = "film") -> float:
        return statistics.median(self.seconds[level])

    def spread(self, level: str = "film") -> float:
        """Half the distance of the slowest round from the quickest."""
        return (max(self.seconds[level]) - min(self.seconds[level])) / 2

    def times(self, other: Result) -> float:
        """As fast as another one: the median of the rounds, in each of which both were drawn. A machine's mood is in both."""
        return statistics.median(theirs / ours for ours, theirs in zip(self.seconds["film"], other.seconds["film"], strict=True))


def markdown(about: About, results: Sequence[Result]) -> str:
    """One table for every class."""
    levels = [level for level in LEVELS if level in results[0].seconds]
    headings = ["", *(LEVELS[level] for level in levels), *HEADINGS]
    lines = [f"# {about.title}", "", f"{about.machine}; {about.rate:g} GFLOP/s of large matrices; floor {about.floor:.3g} s.", ""]
    for kind in dict.fromkeys(result.kind for result in results):
        lines += [f"## {kind}", "", _row(headings), _row(["---"] * len(headings))]
        lines += [_row(_cells(result, results[0], about, levels)) for result in results if result.kind == kind] + [""]
    return "\n".join([*lines, *EXPLAINED, ""])


EXPLAINED = (
    "Seconds: median of the rounds, and half their spread. Times naive: of each round, and the median of those. First: seconds until the",
    "first picture. Of the floor: the exact film's multiplications at the rate of large matrices, over the seconds that were taken. PSNR",
    "and distance (pyramid) from the naive loop's pictures, median and worst frame: where mixes are equal. Smoothness and worst step by",
    "structure. Longer films are reckoned.",
)
LEVELS = {"denoise": "denoise, s", "pixels": "and decode, s", "film": "prompts to MP4, s"}
HEADINGS = (
    "times naive", "frames/s", "first, s", "UNet samples a frame", "of the floor",
    "peak, MB", "PSNR, dB", "distance", "smoothness", "worst step", *(f"{n} frames, s" for n in LONGER),
)  # fmt: skip


def _cells(result: Result, naive: Result, about: About, levels: Sequence[str]) -> list[str]:
    seconds = result.median()
    return [
        result.name,
        *(f"{result.median(level):.2f} ± {result.spread(level):.2f}" for level in levels),
        f"{result.times(naive):.2f}", f"{about.frames / seconds:.2f}", f"{statistics.median(result.first['film']):.2f}", f"{result.samples:.1f}",
        f"{about.floor / seconds:.0%}", f"{result.peak_mb:.0f}", _pair(result.psnr, ".1f"), _pair(result.apart, ".3f"),
        f"{result.smooth['smoothness']:.3f}", f"{result.smooth['worst/median']:.2f}",
        *(f"{seconds / about.frames * n:.1f}" for n in LONGER),
    ]  # fmt: skip


def _pair(given: tuple[float, float] | None, form: str) -> str:
    return "" if given is None else f"{given[0]:{form}}, {given[1]:{form}}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def plot(about: About, results: Sequence[Result]) -> Picture.Image:
    """Seconds from prompts to a closed MP4 as bars, ours in a colour of their own; the floor as a line."""
    height, scale = 70 + ROW * len(results) + 30, FINER
    slowest = max(result.median() for result in results)
    picture = Picture.new("RGB", (WIDTH * scale, height * scale), PAPER)
    draw = ImageDraw.Draw(picture)
    across = (WIDTH - NAMES - 90) / slowest
    for number, result in enumerate(results):
        top = (56 + ROW * number) * scale
        box = (NAMES * scale, top + 5 * scale, (NAMES + across * result.median()) * scale, top + (ROW - 5) * scale)
        draw.rectangle(box, fill=WORST if result.name.startswith("animate") else BAR)
    at = (NAMES + across * about.floor) * scale
    draw.line((at, 52 * scale, at, (56 + ROW * len(results)) * scale), fill=INK, width=scale)
    small = picture.resize((WIDTH, height), Picture.Resampling.LANCZOS)
    write = ImageDraw.Draw(small)
    large, fine = (ImageFont.load_default(size) for size in (LARGE, SMALL))
    write.text((16, 14), "Seconds from prompts to a closed MP4", fill=INK, font=large)
    write.text((16, 34), about.title, fill=FAINT, font=fine)
    for number, result in enumerate(results):
        y = 56 + ROW * number + 8
        write.text((16, y), f"{result.name} ({result.kind})", fill=INK, font=fine)
        write.text((NAMES + across * result.median() + 6, y), f"{result.median():.1f}", fill=INK, font=fine)
    write.text((NAMES + across * about.floor - 12, 60 + ROW * len(results)), "floor", fill=FAINT, font=fine)
    return small


def write(folder: Path, about: About, results: Sequence[Result]) -> None:
    """The three files, named after the model and the kind of device."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"{about.model}-{about.side}"
    stem.with_suffix(".md").write_text(markdown(about, results))
    stem.with_suffix(".json").write_text(json.dumps({"about": asdict(about), "results": [asdict(result) for result in results]}, indent=1) + "\n")
    Picture.fromarray(np.asarray(plot(about, results))).save(stem.with_suffix(".png"), optimize=True)
