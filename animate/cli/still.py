"""animate still: one picture, or one for each of several seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..storyboard import build
from .draw import draw_sheet, draw_still
from .options import Where, free_name, model_options, picture_options, settings

EPILOG = """\b
Examples:
  animate still "a tree in winter" --seed 8 -o tree.png
  animate still "a house" --count 12          twelve seeds and one contact sheet
"""


@click.command("still", epilog=EPILOG)
@click.argument("prompt")
@picture_options
@click.option("--count", type=click.IntRange(1, 1000), default=None, help="Seeds to draw, from --seed up: a picture each and one contact sheet.")
@model_options
@click.option("-o", "--output", help="File (.png .jpg .webp). Default: a free name under renders/.")
def command(prompt: str, count: int | None, output: str | None, **options: Any) -> None:
    """Draw one picture: the same that a film shows at a keyframe of this prompt."""
    given = settings(options)
    seeds = range(given.get("seed", 0), given.get("seed", 0) + (count or 1))
    keys = [{"prompt": prompt, "seed": seed} for seed in seeds]
    story = build({**given, "keyframes": keys, "frames": max(2, len(keys)), "loop": "cycle"})
    where = Where.of(options)
    path = Path(output) if output else free_name([prompt], ".png")
    if count is None:
        draw_still(story, where, path, output is not None)
        return
    names = [path.with_stem(f"{path.stem}-seed-{seed}") for seed in seeds]
    draw_sheet(story, where, path, [f"seed {seed}" for seed in seeds], output is not None, names)
