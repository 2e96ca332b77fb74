"""animate again: draw a file again from the recipe in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ..errors import AnimateError, counted
from ..film import recipe
from ..media import formats, writers
from ..places import path_of
from ..story.files import overridden
from ..story.frozen import frozen, same_frames
from ..story.storyboard import Keyframe, Storyboard, build
from . import unused
from .console import Console
from .options import model_options, motion_options, names_of, output_option, picture_options, settings, setup, time_options, without_defaults
from .render import show
from .signals import INTERRUPTED, saying_what_is_left
from .values import Place

EPILOG = """\b
Examples:
  animate again film.mp4                the same pixels, under a free name
  animate again film.mp4 --frames 96    the same film, four times as smooth
  animate again film.gif -o film.mp4    in another format
"""

OF_A_PICTURE = names_of(picture_options)


@click.command("again", epilog=EPILOG)
@click.argument("file", type=Place())
@output_option("File or folder/")
@without_defaults
@time_options
@picture_options
@motion_options
@model_options
@click.option("--no-sound", is_flag=True, help="Without the film's sound track.")
@click.option("--json", "as_json", is_flag=True, help="Of films. Print path, frames, fps, size, model, probes and seconds as JSON.")
def command(file: Path, output: str | None, no_sound: bool, as_json: bool, **options: Any) -> int:
    """Draw a film, a still or a contact sheet again: as it was, or with some of it changed.

    Of a still, --seed is the seed; of a sheet of several seeds, that of its first picture.
    """
    old, path, replace, code = recipe.read(file), output or _free(file), output is not None, 0
    given = settings(options)
    if old.verb != "film":
        what = f"{file} is {'a still' if old.verb == 'still' else 'a contact sheet'}"
        unused.check_picture(what, OF_A_PICTURE, given, ["no_sound"] * no_sound + ["json"] * as_json)
    story = _story(old, given, no_sound, file, path)
    same = same_frames(story, old.storyboard)
    if old.frames is not None and not same:
        raise AnimateError(f"{file} holds {counted(len(old.frames), 'frame')} of a film; the film cannot be changed through them")
    stretches = old.batches if same and options["batch_size"] is None else ()
    from ..film import job, still_job

    if old.verb == "film":  # before the device is looked for, which imports torch
        job.check(job.Output(story, path), recipe.begins(old.frames))
    else:
        writers.still_name(Path(path))
    asked = setup(options)
    with saying_what_is_left(asked.keep), Console() as console:
        drawn_by = asked.like(old.made, file, console)
        if old.verb == "film":
            written = job.write_film(job.Output(story, path), drawn_by, console, replace, old.frames, old if same else None)
            show(written, console, as_json)
            made, code = written.made, INTERRUPTED * written.interrupted
        elif old.verb == "still":
            still, made = still_job.write_still(story, drawn_by, console, Path(path), replace)
            console.result(str(still))
        else:
            sheet = still_job.Sheet(Path(path), _labels(old, story), columns=old.columns, stretches=stretches)
            (written_sheet,), made = still_job.write_sheet(story, drawn_by, console, sheet, replace)
            console.result(str(written_sheet))
        job.tell_of_differences(old.made, made, console)
    return code


def _story(old: recipe.Recipe, given: dict[str, Any], no_sound: bool, file: Path, path: str) -> Storyboard:
    """The recipe's storyboard with what is asked for changed. Raises AnimateError, also if its sound or an image is not where it was."""
    if no_sound and given.get("sound"):
        raise AnimateError(f"--sound {given['sound']} and --no-sound; give one of them")
    given = given | ({"sound": None} if no_sound else {})
    shifted = {} if old.verb == "film" else _reseeded(old.storyboard.keyframes, given.get("seed"))
    checked = {name: value for name, value in given.items() if not (shifted and name == "seed")}
    unused.check(old.storyboard, checked, f"a storyboard (animate show {file} > new.yaml)")
    given |= shifted
    story = build(overridden(old.storyboard.model_dump(exclude_defaults=True), given), str(file))
    if story.count == old.storyboard.count and story.rate != old.storyboard.rate:  # another pace for the same pictures
        story = build(overridden(frozen(old.storyboard).model_dump(exclude_defaults=True), given), str(file))
    if old.verb == "film" and recipe.begins(old.frames) and story.sound and "sound" not in given:
        _check_sound(story.sound, file, path)
    for name in (key.image for key in story.keyframes if key.image):
        if not path_of(name).is_file():
            raise AnimateError(f"{file}: its image {name} is not there any more; put it back, or name another: animate show {file} > new.yaml")
    return story


def _reseeded(keys: Sequence[Keyframe], seed: int | None) -> dict[str, Any]:
    """The keyframes of stills by other seeds: the lowest becomes this one, and the others are as far from it as they were.

    Nothing where none is asked for, or where some have none of their own: those have the storyboard's, as in a film.
    """
    own = [key.seed for key in keys if key.seed is not None]
    if seed is None or len(own) < len(keys):
        return {}
    return {"keyframes": [{**key.model_dump(exclude_defaults=True), "seed": seed + old - min(own)} for key, old in zip(keys, own, strict=True)]}


def _labels(old: recipe.Recipe, story: Storyboard) -> list[str]:
    """What a contact sheet says below its pictures: where that was their seeds, those that they have now."""
    seeds = [(f"seed {then.seed}", f"seed {now.seed}") for then, now in zip(old.storyboard.keyframes, story.keyframes, strict=True)]
    return [now if label == then else label for label, (then, now) in zip(old.labels, seeds, strict=False)]


def _check_sound(sound: str, file: Path, path: str) -> None:
    if not path_of(sound).is_file():
        raise AnimateError(f"{file} was drawn with the sound {sound}, which is not there any more; say --sound and its new place, or --no-sound")
    if Path(path).suffix.lower() not in formats.with_sound():
        room = formats.names(formats.with_sound(), "or")
        raise AnimateError(f"{path}: has no room for the sound of {file}; say --no-sound, or name a film that has, {room}")


def _free(file: Path) -> str:
    """A name under renders/; the writer numbers files, and here folders are."""
    path = Path("renders") / file.name
    if not file.is_dir():
        return str(path)
    names = (path, *(path.with_name(f"{path.name}-{number}") for number in range(2, 10**6)))
    return f"{next(name for name in names if not name.exists())}/"
