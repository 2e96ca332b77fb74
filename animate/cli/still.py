"""animate still: one picture, or one for each of several seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..storyboard import build
from .options import free_name, load, model_options, picture_options, settings

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
def command(
    prompt: str,
    count: int | None,
    model_name: str | None,
    device: str | None,
    dtype: str | None,
    slots: int | None,
    output: str | None,
    **options: Any,
) -> None:
    """Draw one picture: the same that a film shows at a keyframe of this prompt."""
    given = settings(options)
    seeds = range(given.get("seed", 0), given.get("seed", 0) + (count or 1))
    keys = [{"prompt": prompt, "seed": seed} for seed in seeds]
    story = build({**given, "keyframes": keys, "frames": max(2, len(keys)), "loop": "cycle"})
    path = Path(output) if output else free_name([prompt], ".png")
    from .. import film, video

    video.still_name(path)
    images = film.stills(story, story.keyframes, load(model_name, device, dtype, slots), slots or 1)
    mine = output is not None  # a name that was asked for is replaced
    if count is None:
        path = video.write_image(path, next(images), mine)
    else:
        from ..contact import contact_sheet

        drawn = []
        for seed, image in zip(seeds, images, strict=True):
            video.write_image(path.with_stem(f"{path.stem}-seed-{seed}"), image, mine)
            drawn.append(image)
        path = video.write_image(path, contact_sheet(drawn, [f"seed {seed}" for seed in seeds]), mine)
    click.echo(str(path))
