"""Check, load, draw, write: a storyboard becomes a file, for the command and for whatever else starts films. Prints nothing.

Everything that can be known to fail is checked before a model is loaded, and the rest before the first picture is drawn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from ..draw.store import Store
from ..media import writers
from ..media.images import contact_sheet
from ..media.sound import Sound, Track
from ..models.base import Model
from ..pixels import Image
from ..report import Report
from ..story.resolved import Resolved
from ..story.storyboard import Storyboard
from . import preflight
from .film import resolve
from .pictures import Pictures
from .recipe import Made, Recipe, differences
from .render import render, render_together
from .setup import Setup
from .stills import stills


@dataclass(frozen=True)
class Output:
    """A film and where it goes: a file, or a folder with a "/" at its end."""

    story: Storyboard
    path: str

    @property
    def suffix(self) -> str:
        """That of the file; empty for a folder."""
        return "" if self.path.endswith("/") else Path(self.path).suffix


@dataclass(frozen=True)
class Written:
    """A film that was written."""

    path: str
    frames: int
    fps: float
    width: int  # pixels
    height: int  # pixels
    model: str
    probes: int  # pictures that were drawn to pace it
    seconds: float  # since the job began
    interrupted: bool  # by Ctrl-C: it has the frames that were drawn
    made: Made  # the surroundings it was drawn in


Draw = Callable[[Model, Store | None], list[Pictures]]


def write_film(
    output: Output, setup: Setup, report: Report, replace: bool, frames: Sequence[int] | None = None, recipe: Recipe | None = None
) -> Written:
    """Draw and write a film, or these frames of it; in the pace and the batch size of a recipe. Raises AnimateError."""
    curves, batch_size = (recipe.curves, recipe.made.batch_size) if recipe else ((), None)

    def draw(model: Model, store: Store | None) -> list[Pictures]:
        return [render(output.story, model, frames, store, curves, batch_size, report)]

    (written,) = _written([output], draw, setup, report, replace)
    return written


def write_films(outputs: Sequence[Output], setup: Setup, report: Report, replace: bool) -> Iterator[Written]:
    """Films that differ in their seeds, drawn in common batches and written one after the other. One that is interrupted is the last."""

    def draw(model: Model, store: Store | None) -> list[Pictures]:
        return render_together([output.story for output in outputs], model, store, report)

    return _written(outputs, draw, setup, report, replace)


def _written(outputs: Sequence[Output], draw: Draw, setup: Setup, report: Report, replace: bool) -> Iterator[Written]:
    began = time.monotonic()
    sounds = [_checked(output) for output in outputs]
    first = outputs[0]
    if first.story.between:
        report.log(
            f"{first.story.count} frames with {first.story.between} in-betweens after each: "
            f"{first.story.written} pictures at {first.story.written_fps:g} fps"
        )
    model, store = setup.load(report), setup.store()
    story = resolve(first.story, model.defaults)
    preflight.check(story, Path(first.path), first.suffix, len(outputs))
    films = draw(model, store)
    count = _Count(report, story, first.suffix, len(outputs), model.numerics.batch_size)
    with ExitStack() as stack:
        for pictures in films:
            stack.enter_context(closing(pictures))
        for output, pictures, sound in zip(outputs, films, sounds, strict=True):
            before, interrupted = count.done, False
            try:
                path = writers.write_video(output.path, count.passing(pictures), output.story.written_fps, replace, pictures.note, sound, report)
            except writers.Interrupted as stopped:
                path, interrupted = stopped.path, True
            shown = str(path) if output.suffix else output.path  # a folder as it was asked for, with its "/"
            seconds = round(time.monotonic() - began, 2)
            fps, frames = output.story.written_fps, count.done - before
            made = pictures.recipe.made
            yield Written(shown, frames, fps, story.width, story.height, model.name, pictures.probes, seconds, interrupted, made)
            if interrupted:
                break
    tell_of_store(store, report)


def _checked(output: Output) -> Sound | None:
    """Raises AnimateError if the file, its format or its sound will not do."""
    writers.check(output.path, output.story.written_fps)
    if not output.story.sound:
        return None
    sound = Sound(Path(output.story.sound), output.story.sound_fit)
    Track.of(sound, Path(output.path))
    return sound


class _Count:
    """Images passing by, counted for all films of a job."""

    def __init__(self, report: Report, story: Resolved, suffix: str, films: int, batch_size: int):
        self.report, self.story, self.suffix, self.films, self.batch_size = report, story, suffix, films, batch_size
        self.total, self.done = films * story.written, 0

    def passing(self, images: Iterator[Image]) -> Iterator[Image]:
        """The same images. The first batch warms up; the second one tells how long a frame takes."""
        first = 0.0
        for image in images:
            first = first or time.monotonic()
            if self.done == self.batch_size:
                seconds = (time.monotonic() - first) / self.batch_size
                if line := preflight.estimate(self.story, self.suffix, seconds, self.films):
                    self.report.log(line)
            self.done += 1
            yield image
            self.report.progress("drawing", self.done, self.total)
        self.report.progress("writing", self.done, self.total)


def write_still(story: Storyboard, setup: Setup, report: Report, path: Path, replace: bool) -> tuple[Path, Made]:
    """Draw and write the storyboard's only keyframe. Returns the path and the surroundings it was drawn in. Raises AnimateError."""
    writers.still_name(path)
    model, store = setup.load(report), setup.store()
    with closing(stills(story, story.keyframes, model, setup.batch_size or 1, store, report)) as images:
        path = writers.write_image(path, next(images), replace, images.note_of_last(), report)
        tell_of_store(store, report)
        return path, images.recipe.made


@dataclass(frozen=True)
class Sheet:
    """A contact sheet: where it goes, what stands under its pictures, and how many are in a row."""

    path: Path | None  # none: only single pictures are written
    labels: Sequence[str]
    each: Sequence[Path] = ()  # names under which the pictures are written singly, too
    columns: int | None = None


def write_sheet(story: Storyboard, setup: Setup, report: Report, sheet: Sheet, replace: bool) -> tuple[list[Path], Made]:
    """Draw all keyframes and write them. Returns the path of the sheet, or else those of the pictures, and the surroundings. Raises AnimateError."""
    for name in [*sheet.each, *([sheet.path] if sheet.path else [])]:
        writers.still_name(name)
    model, store = setup.load(report), setup.store()
    with closing(stills(story, story.keyframes, model, setup.batch_size or 1, store, report)) as images:
        drawn, paths = list[Image](), list[Path]()
        for number, image in enumerate(images):
            if sheet.each:
                paths.append(writers.write_image(sheet.each[number], image, replace, images.note_of_last(), report))
            drawn.append(image)
        if sheet.path:
            whole, note = contact_sheet(drawn, sheet.labels, sheet.columns), images.note_of_sheet(sheet.labels, sheet.columns)
            paths = [writers.write_image(sheet.path, whole, replace, note, report)]
        tell_of_store(store, report)
        return paths, images.recipe.made


def tell_of_store(store: Store | None, report: Report) -> None:
    """How much of what was drawn had been kept."""
    if store and store.kept:
        report.log(f"kept {store.kept}, drew {store.drawn}")


def tell_of_differences(then: Made, now: Made, report: Report) -> None:
    """What is not as it was when a file was made."""
    if changed := differences(then, now):
        report.log(f"not as it was: {'; '.join(changed)}")
