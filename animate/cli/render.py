"""animate render: a film."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..errors import AnimateError
from ..models.weights import catalog
from ..models.weights.catalog import DEFAULT, ELSEWHERE
from . import say
from .draw import draw_film, draw_films
from .options import Where, film_options, free_name, model_options, storyboard

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
@click.option("--count", type=click.IntRange(1, 100), help="Films to draw side by side, by as many seeds from --seed up: a file each.")
@click.option("--json", "as_json", is_flag=True, help="Print path, frames, fps, size, model and seconds as JSON.")
def command(output: str | None, count: int | None, as_json: bool, **options: Any) -> int:
    """Draw a film from prompts or a storyboard."""
    story = storyboard(**options)  # before anything that imports torch
    where = Where.of(options)
    path = output or free_name([key.label for key in story.keyframes], ".mp4")
    if count is None:
        code = draw_film(story, where, path, output is not None, as_json)
    else:
        stories = [story.reseeded(by) for by in range(count)]
        code = draw_films(stories, where, [_marked(path, story.seed) for story in stories], output is not None, as_json)
    if where.model is None and catalog.default() == DEFAULT:
        say(f"drawn by {DEFAULT}, the built-in model; for Stable Diffusion, add {ELSEWHERE} (downloads 3 GB once for a GPU, 6 GB for a CPU)")
    return code


def _marked(path: str | Path, seed: int) -> str:
    """The name of the film by this seed, of a file or of a folder."""
    name, folder = Path(path), str(path).endswith("/")
    if name.name in ("", ".."):
        raise AnimateError(f"-o {path}: no name to put a seed behind; name a file or a new folder")
    return f"{name.with_name(f'{name.name}-seed-{seed}')}/" if folder else str(name.with_stem(f"{name.stem}-seed-{seed}"))
