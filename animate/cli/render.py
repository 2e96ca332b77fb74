"""animate render: a film."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import click

from ..models.catalog import ELSEWHERE
from . import INTERRUPTED, say
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
    path = output or free_name([key.prompt for key in story.keyframes], ".mp4")
    from .. import film, video

    video.writer(path, story.rate)
    began, code = time.monotonic(), 0
    with Progress(story.count) as seen:
        model = load(model_name, device, dtype, slots)
        try:
            path = video.write_video(path, seen.passing(film.render(story, model)), story.rate, replace=output is not None)
        except video.Interrupted as interrupted:
            path, code = interrupted.path, INTERRUPTED
    if as_json:
        height, width = seen.shape[:2]
        told = {"path": output or str(path), "frames": seen.count, "fps": story.rate, "width": width, "height": height, "model": model.name}
        click.echo(json.dumps({**told, "seconds": round(time.monotonic() - began, 2)}))
    else:
        click.echo(output or path)
    if model_name is None:
        say(f"drawn by {model.name}, the built-in model; for Stable Diffusion, add {ELSEWHERE} (downloads 4 GB once)")
    return code


class Progress:
    """Images passing by, counted, with a bar on a terminal from the first second to the last."""

    def __init__(self, total: int):
        from tqdm import tqdm

        self.bar = tqdm(total=total, unit="frame", desc="loading", disable=not sys.stderr.isatty(), leave=False)
        self.count = 0
        self.shape: tuple[int, ...] = ()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def passing(self, images: Iterator[Any]) -> Iterator[Any]:
        self.bar.set_description("drawing")
        for image in images:
            self.count, self.shape = self.count + 1, image.shape
            yield image
            self.bar.update()
        self.bar.set_description("writing")
