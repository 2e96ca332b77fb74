"""animate sheet: the keyframes of a film on one contact sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..timeline import timeline
from .options import film_options, free_name, load, model_options, storyboard


@click.command("sheet")
@film_options
@model_options
@click.option("-o", "--output", help="File (.png .jpg .webp). Default: a free name under renders/.")
def command(model_name: str | None, device: str | None, dtype: str | None, slots: int | None, output: str | None, **options: Any) -> None:
    """Draw the keyframes of a film as one contact sheet, before a long render."""
    story = storyboard(**options)
    frames = timeline(story)
    prompts = [key.prompt for key in story.keyframes]
    path = Path(output) if output else free_name(prompts, "-sheet.png")
    from .. import film, video
    from ..contact import contact_sheet

    video.still_name(path)
    images = list(film.sheet(story, load(model_name, device, dtype, slots)))
    begins = [next((f.index for f in frames if f.a == k and f.mix == 0), 0) for k in range(len(prompts))]
    words = [f"{begin}: {prompt}" for begin, prompt in zip(begins, prompts, strict=True)]
    path = video.write_image(path, contact_sheet(images, words), replace=output is not None)
    click.echo(str(path))
