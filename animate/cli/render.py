"""animate render: a film."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import AnimateError
from ..media import formats
from ..models.weights import catalog
from ..models.weights.catalog import DEFAULT, ELSEWHERE
from .console import Console, say_once
from .options import film_options, free_place, model_options, output_option, preview_option, setup, storyboard
from .preview import Preview
from .signals import INTERRUPTED, saying_what_is_left
from .values import Whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..film import job
    from ..film.setup import Setup
    from ..story.storyboard import Storyboard

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
@output_option(f"File ({formats.names(formats.films())}) or folder/ for PNGs")
@preview_option
@click.option("--count", type=Whole(1, 100), help="Films to draw side by side, by as many seeds from --seed up: a file each.")
@click.option("--part", metavar="K/N", help="Draw only the K-th of N parts, into the folder of -o, for: animate join.")
@click.option("--json", "as_json", is_flag=True, help="Print path, frames, fps, size, model, probes and seconds as JSON.")
def command(output: str | None, preview: Path | None, count: int | None, part: str | None, as_json: bool, **options: Any) -> int:
    """Draw a film from prompts or a storyboard."""
    story = storyboard(**options)  # before anything that imports torch
    drawn_by = setup(options)
    if part is not None:
        others = {"--count": count, "--preview": preview, "--json": as_json or None, "--store": drawn_by.folder}
        return _draw_part(story, drawn_by, part, output, [name for name, given in others.items() if given is not None])
    path = str(output or free_place([key.label for key in story.keyframes], ".mp4"))
    stories = [story] if count is None else [story.reseeded(by) for by in range(count)]
    from ..film import job

    outputs = [job.Output(one, path if count is None else _marked(path, one.seed)) for one in stories]
    replace, code = output is not None, 0
    with saying_what_is_left(drawn_by.keep), Console(Preview(preview)) as console:
        one = count is None
        films = [job.write_film(outputs[0], drawn_by, console, replace)] if one else job.write_films(outputs, drawn_by, console, replace)
        for written in films:
            show(written, console, as_json)
            code = INTERRUPTED if written.interrupted else code
    if drawn_by.model is None and catalog.default() == DEFAULT:
        say_once("elsewhere", f"drawn by {DEFAULT}, the built-in model; for Stable Diffusion, add {ELSEWHERE} (a download of some gigabytes, once)")
    return code


def _draw_part(story: Storyboard, drawn_by: Setup, part: str, output: str | None, others: Sequence[str]) -> int:
    """others: options that were given and say nothing of a part."""
    if others:
        raise AnimateError(f"--part and {others[0]}: a part is drawings in a folder, and no film yet; leave out {others[0]}")
    if not output or Path(output).suffix:
        raise AnimateError(f"--part {part}: drawings go into a folder of their own; name it with -o part/")
    from ..film import parts

    which = parts.Part.read(part)
    which.frames(story.count)
    with saying_what_is_left(keep=True), Console() as console:
        frames = parts.draw(story, which, output, drawn_by, console)
        console.log(f"part {which.number} of {which.of}: {frames} of {story.count} frames; with the others: animate join PART... -o film.mp4")
        console.result(output)
    return 0


def show(written: job.Written, console: Console, as_json: bool) -> None:
    """The path of a film, or what is known of it as JSON."""
    names = ("path", "frames", "fps", "width", "height", "model", "probes", "seconds")
    console.result(json.dumps({name: getattr(written, name) for name in names}) if as_json else written.path)


def _marked(path: str, seed: int) -> str:
    """The name of the film by this seed, of a file or of a folder."""
    name, folder = Path(path), str(path).endswith("/")
    if name.name in ("", ".."):
        raise AnimateError(f"-o {path}: no name to put a seed behind; name a file or a new folder")
    return f"{name.with_name(f'{name.name}-seed-{seed}')}/" if folder else str(name.with_stem(f"{name.stem}-seed-{seed}"))
