"""animate render: a film."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import click

from ..timeline import timeline
from .options import film_options, free_name, load, model_options, storyboard

EPILOG = """\b
Examples:
  animate --from "a seed" --to "a tree" --frames 24
  animate --from "a seed" --via "a sprout" --to "a tree" --duration 4 --fps 24
  animate "a seed" "a sprout" "a tree" --loop cycle -o growth.gif
  animate "a lake at sunset" --loop cycle --frames 48 -o lake.webp
  animate -f prompts.txt --seed random -o frames/
  animate film.yaml --steps 30 -o film.mp4
"""


@click.command("render", epilog=EPILOG)
@film_options
@model_options
@click.option("-o", "--output", help="File (.mp4 .webm .gif .webp .png) or folder/ for PNGs. Default: a free name under renders/.")
@click.option("--json", "as_json", is_flag=True, help="Print path, frames, fps, size, model and seconds as JSON.")
def command(
    output: str | None, as_json: bool, model_name: str | None, device: str | None, dtype: str | None, slots: int | None, **options: Any
) -> int:
    """Draw a film from prompts or a storyboard."""
    story = storyboard(**options)
    timeline(story)  # what cannot work is said before seconds go into imports and hours into drawing
    path = output or str(free_name([key.prompt for key in story.keyframes], ".mp4"))
    from .. import film, video

    video.writer(path, story.rate)
    began = time.monotonic()
    model = load(model_name, device, dtype, slots)
    first = next(images := film.render(story, model))  # the first batch, before a file is begun
    seen = Progress([first], images, story.count)
    interrupted = False
    try:
        video.write_video(path, seen, story.rate)
    except KeyboardInterrupt:
        interrupted = True
    if as_json:
        height, width = first.shape[:2]
        seconds = round(time.monotonic() - began, 2)
        click.echo(json.dumps({
            "path": path, "frames": seen.count, "fps": story.rate, "width": width, "height": height, "model": model.name, "seconds": seconds,
        }))  # fmt: skip
    else:
        click.echo(path)
    return 130 if interrupted else 0


class Progress:
    """Images passing by, counted, with a bar on a terminal."""

    def __init__(self, first: list[Any], rest: Iterator[Any], total: int):
        self.first, self.rest, self.total, self.count = first, rest, total, 0

    def __iter__(self) -> Iterator[Any]:
        from itertools import chain

        from tqdm import tqdm

        for image in tqdm(chain(self.first, self.rest), total=self.total, unit="frame", disable=not sys.stderr.isatty(), leave=False):
            yield image
            self.count += 1
