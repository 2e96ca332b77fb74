"""animate again: draw a file again from the recipe in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..errors import AnimateError
from ..film import recipe
from ..story.files import overridden
from ..story.storyboard import build
from . import INTERRUPTED
from .console import Console
from .options import model_options, motion_options, picture_options, settings, setup, time_options
from .render import show

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
    old = recipe.read(file)
    story = build(overridden(old.storyboard.model_dump(exclude_defaults=True), settings(options)), str(file))
    if old.frames is not None and story != old.storyboard:
        raise AnimateError(f"{file} holds {len(old.frames)} frames of a film; the film cannot be changed through them")
    same = story == old.storyboard and options["batch_size"] is None
    path, replace, code = output or _free(file), output is not None, 0
    from ..film import job

    with Console() as console:
        drawn_by = setup(options).like(old.made, file, console)
        if old.verb == "film":
            written = job.write_film(job.Output(story, path), drawn_by, console, replace, old.frames, old if same else None)
            show(written, console, as_json)
            made, code = written.made, INTERRUPTED * written.interrupted
        elif old.verb == "still":
            still, made = job.write_still(story, drawn_by, console, Path(path), replace)
            console.result(str(still))
        else:
            (sheet,), made = job.write_sheet(story, drawn_by, console, job.Sheet(Path(path), old.labels, columns=old.columns), replace)
            console.result(str(sheet))
        job.tell_of_differences(old.made, made, console)
    return code


def _free(file: Path) -> str:
    """A name under renders/; the writer numbers files, and here folders are."""
    path = Path("renders") / file.name
    if not file.is_dir():
        return str(path)
    names = (path, *(path.with_name(f"{path.name}-{number}") for number in range(2, 10**6)))
    return f"{next(name for name in names if not name.exists())}/"
