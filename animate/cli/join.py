"""animate join: a film of the parts that several machines have drawn."""

from __future__ import annotations

from typing import Any

import click

from ..media import formats
from .console import Console
from .options import free_place, model_options, output_option, setup, without_defaults
from .render import show
from .signals import INTERRUPTED

EPILOG = """\b
Examples:
  animate film.yaml --part 1/2 -o part-1/      on one machine
  animate film.yaml --part 2/2 -o part-2/      on another
  animate join part-1/ part-2/ -o film.mp4     anywhere
"""


@click.command("join", epilog=EPILOG)
@click.argument("folders", nargs=-1, required=True, metavar="PART...")
@without_defaults
@model_options
@output_option(f"File ({formats.names(formats.films())}) or folder/ for PNGs")
@click.option("--json", "as_json", is_flag=True, help="Print path, frames, fps, size, model, probes and seconds as JSON.")
def command(folders: tuple[str, ...], output: str | None, as_json: bool, **options: Any) -> int:
    """Write the film whose parts were drawn with --part: the same as one machine would have drawn."""
    drawn_by = setup(options)
    from ..film import parts

    first = parts.read(folders[0]).recipe.storyboard
    path = str(output or free_place([key.label for key in first.keyframes], ".mp4"))
    with Console() as console:
        written = parts.join(folders, path, drawn_by, console, output is not None)
        show(written, console, as_json)
    return INTERRUPTED if written.interrupted else 0
