"""animate sheet: the keyframes of a film on one contact sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..media import formats, writers
from ..story.timeline import timeline
from .console import Console
from .options import film_options, free_place, model_options, output_option, setup, storyboard
from .signals import saying_what_is_left


@click.command("sheet")
@film_options
@model_options
@output_option(f"File ({formats.names(formats.stills())})")
def command(output: str | None, **options: Any) -> None:
    """Draw the keyframes of a film as one contact sheet, before a long render."""
    if output:
        writers.still_name(output)
    story = storyboard(**options)
    drawn_by = setup(options)
    frames = timeline(story)
    prompts = [key.label for key in story.keyframes]
    path = Path(output) if output else free_place(prompts, "-sheet.png")
    begins = [next((f.index for f in frames if f.a == k and f.mix == 0), 0) for k in range(len(prompts))]
    labels = [f"{begin}: {prompt}" for begin, prompt in zip(begins, prompts, strict=True)]
    from ..film import still_job

    with saying_what_is_left(drawn_by.keep), Console() as console:
        (written,), _ = still_job.write_sheet(story, drawn_by, console, still_job.Sheet(path, labels), output is not None)
        console.result(str(written))
