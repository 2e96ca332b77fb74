"""How many frames a second 1 to 64 GPUs give, and what becomes the limit: the GPUs, the process that they send pictures to, or the file's writer.

    python tests/benchmarks/cluster.py scheduling --json scheduling.json
    python tests/benchmarks/scaling.py scheduling.json --renders renders/bench

What this machine takes in (`cluster.py`) and writes (here, an MP4 of 512 x 512 pixels) is measured; how long a GPU takes for a frame is assumed.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import scipy.ndimage
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

import animate
from animate.measure.plot import FAINT, FINER, INK, LARGE, PAPER, SMALL
from animate.pixels import Image

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it has only its own folder
from benchmarks.lending import COLOURS, HEIGHT, WIDTH, Panel

SIDE, FRAMES = 512, 240
GPUS = (1, 2, 4, 8, 16, 32, 64)
FRAME = (2.0, 0.5, 0.1)  # seconds of a GPU for a frame: fifty steps on an old card, 25 on a good one, few steps on a fast one


def pictures() -> Iterator[Image]:
    """Such as a camera sees that moves over a hilly land: neither noise, nor flat."""
    land = scipy.ndimage.gaussian_filter(np.random.default_rng(0).standard_normal((SIDE + FRAMES, SIDE, 3)), (6, 6, 0))
    land = (255 * (land - land.min()) / (land.max() - land.min())).astype(np.uint8)
    yield from (land[top : top + SIDE] for top in range(FRAMES))


def written() -> float:
    """Frames a second into an MP4."""
    frames = list(pictures())
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        animate.write_video(f"{folder}/film.mp4", frames, 24)
        return FRAMES / (time.perf_counter() - began)


def rate(gpus: int, seconds: float, limits: dict[str, float]) -> tuple[float, str]:
    """Frames a second, and what limits them."""
    return min([(gpus / seconds, "GPUs"), *((limit, name) for name, limit in limits.items())])


def markdown(scheduling: list[dict[str, Any]], limits: dict[str, float]) -> str:
    names = [*scheduling[0]]
    lines = ["# Workers that sleep as long as a batch takes", "", "Eight pictures of 512 x 512 pixels and their latents in a batch.", ""]
    lines += [f"| {' | '.join(name.replace('_', ' ') for name in names)} |", "|" + " --- |" * len(names)]
    lines += [f"| {' | '.join(str(one[name]) for name in names)} |" for one in scheduling]
    lines += ["", "# Frames a second by GPUs, reckoned", "", f"Measured: {', '.join(f'{name} {limit:.0f}' for name, limit in limits.items())}.", ""]
    lines += [f"| seconds a frame | {' | '.join(f'GPUs: {gpus}' for gpus in GPUS)} |", "|" + " --- |" * (len(GPUS) + 1)]
    for seconds in FRAME:
        cells = [rate(gpus, seconds, limits) for gpus in GPUS]
        lines.append(f"| {seconds:g} | {' | '.join(f'{found:.3g}' + (f' ({name})' if name != 'GPUs' else '') for found, name in cells)} |")
    return "\n".join([*lines, ""])


def plot(limits: dict[str, float]) -> Picture.Image:
    picture = Picture.new("RGB", (WIDTH * FINER, HEIGHT * FINER), PAPER)
    panel = Panel(picture, 60, 640, (0, math.log2(GPUS[-1])), (-1, 10))
    for y in range(-1, 11):
        panel.rule(y)
    for number, seconds in enumerate(FRAME):
        panel.line([(math.log2(gpus), math.log2(rate(gpus, seconds, limits)[0])) for gpus in GPUS], COLOURS[number])
    for limit in limits.values():
        panel.draw.line([panel.at(0, math.log2(limit)), panel.at(6, math.log2(limit))], fill=INK, width=FINER)
    small = picture.resize((WIDTH, HEIGHT), Picture.Resampling.LANCZOS)
    write = ImageDraw.Draw(small)
    large, fine = (ImageFont.load_default(size) for size in (LARGE, SMALL))
    write.text((16, 12), "Frames a second by the number of GPUs", fill=INK, font=large)
    write.text((16, 40), "512 x 512 pixels into an MP4; reckoned, but for the two limits, which are measured on two cores", fill=FAINT, font=fine)
    for y in range(-1, 11, 2):
        write.text((24, panel.at(0, y)[1] / FINER - 7), f"{2.0**y:g}", fill=FAINT, font=fine)
    for gpus in GPUS:
        write.text((panel.at(math.log2(gpus), -1)[0] / FINER - 4, HEIGHT - 42), f"{gpus}", fill=FAINT, font=fine)
    for number, seconds in enumerate(FRAME):
        write.text((60 + 190 * number, HEIGHT - 22), f"{seconds:g} s a frame on a GPU", fill=COLOURS[number], font=fine)
    for name, limit in limits.items():
        write.text((650, panel.at(0, math.log2(limit))[1] / FINER - 7), f"{name}: {limit:.0f}", fill=INK, font=fine)
    return small


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("scheduling", type=Path, help="what cluster.py has measured")
    p.add_argument("--renders", type=Path, help="folder for the Markdown, the JSON and the plot")
    arguments = p.parse_args()
    scheduling = json.loads(arguments.scheduling.read_text())
    limits = {"written by one process": written(), "taken in by one process": max(one["frames_per_second"] for one in scheduling)}
    print(markdown(scheduling, limits))
    if arguments.renders:
        (arguments.renders / "cluster.md").write_text(markdown(scheduling, limits))
        (arguments.renders / "cluster.json").write_text(json.dumps({"scheduling": scheduling, "limits": limits}, indent=1) + "\n")
        plot(limits).save(arguments.renders / "cluster.png")


if __name__ == "__main__":
    main()
