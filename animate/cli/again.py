"""animate again: draw a file again from the recipe in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..errors import AnimateError
from ..film import recipe
from ..story.storyboard import build, overridden
from .draw import draw_film, draw_sheet, draw_still
from .options import Where, model_options, motion_options, picture_options, settings, time_options

EPILOG = """\b
Examples:
  animate again film.mp4                          the same pixels, under a free name
  animate again film.mp4 --frames 96 -o long.mp4  the same film, four times as smooth
  animate again film.gif -o film.mp4              in another format
"""


@click.command("again", epilog=EPILOG)
@click.argument("file", type=Path)
@time_options
@picture_options
@motion_options
@model_options
@click.option("-o", "--output", help="File or folder/. Default: a free name under renders/, of the same kind.")
@click.option("--json", "as_json", is_flag=True, help="Print path, frames, fps, size, model and seconds as JSON.")
def command(file: Path, output: str | None, as_json: bool, **options: Any) -> int:
    """Draw a film, a still or a contact sheet again: as it was, or with some of it changed."""
    found = recipe.read(file)
    story = build(overridden(found.storyboard.model_dump(exclude_defaults=True), settings(options)), str(file))
    if found.frames is not None and story != found.storyboard:
        raise AnimateError(f"{file} holds {len(found.frames)} frames of a film; the film cannot be changed through them")
    same = story == found.storyboard and options["batch_size"] is None
    where = Where.of(options).like(found.made, file)
    path = output or _free(file)
    if found.verb == "film":
        return draw_film(story, where, path, output is not None, as_json, found.frames, found if same else None)
    if found.verb == "still":
        draw_still(story, where, Path(path), output is not None)
    else:
        draw_sheet(story, where, Path(path), found.labels, output is not None, (), found.columns)
    return 0


def _free(file: Path) -> str:
    """A name under renders/; the writer numbers files, and here folders are."""
    path = Path("renders") / file.name
    if not file.is_dir():
        return str(path)
    names = (path, *(path.with_name(f"{path.name}-{number}") for number in range(2, 10**6)))
    return f"{next(name for name in names if not name.exists())}/"
