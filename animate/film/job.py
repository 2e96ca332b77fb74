"""Check, load, draw, write: a storyboard becomes a file, for the command and for whatever else starts films. Prints nothing.

Everything that can be known to fail is checked before torch is imported and a model is loaded, and the rest before the first picture
is drawn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import AnimateError, counted
from ..media import flow, writers
from ..media.formats import FORMATS
from ..media.sound import Sound, Track
from ..pixels import Image
from ..places import path_of
from ..report import Report
from ..story.storyboard import Storyboard
from . import preflight
from .recipe import Made, Recipe, begins, differences
from .setup import Setup

if TYPE_CHECKING:
    from ..draw.store import Store
    from ..models.base import Model
    from ..story.resolved import Resolved
    from .pictures import Pictures


MANY = 50_000  # frames of a film that takes a while to be planned


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
    interrupted: bool  # by Ctrl-C: it has the frames up to the first that was missing
    made: Made  # the surroundings it was drawn in


Draw = Callable[["Model", "Store | None"], "list[Pictures]"]


def write_film(
    output: Output, setup: Setup, report: Report, replace: bool, frames: Sequence[int] | None = None, recipe: Recipe | None = None
) -> Written:
    """Draw and write a film, or these frames of it; by a recipe that draws the same frames, in its pace and its batches. Raises AnimateError.

    Another batch size that is asked for goes before that of the recipe; another model is paced by its own pictures.
    """

    def draw(model: Model, store: Store | None) -> list[Pictures]:
        from .render import render

        if recipe is None:
            return [render(output.story, model, frames, store, report=report)]
        curves = recipe.curves if model.fingerprint == recipe.made.fingerprint else ()
        as_then = setup.batch_size in (None, recipe.made.batch_size)
        size, stretches = (recipe.made.batch_size, recipe.batches) if as_then else (setup.batch_size, ())
        return [render(output.story, model, frames, store, curves, size, report, stretches)]

    (written,) = write([output], draw, setup, report, replace, frames)
    return written


def write_films(outputs: Sequence[Output], setup: Setup, report: Report, replace: bool) -> Iterator[Written]:
    """Films that differ in their seeds, drawn in common batches and written one after the other. One that is interrupted is the last."""

    def draw(model: Model, store: Store | None) -> list[Pictures]:
        from .render import render_together

        return render_together([output.story for output in outputs], model, store, report)

    return write(outputs, draw, setup, report, replace)


def write(
    outputs: Sequence[Output], draw: Draw, setup: Setup, report: Report, replace: bool, frames: Sequence[int] | None = None
) -> Iterator[Written]:
    """frames: only these of each film."""
    began, refused = time.monotonic(), list[AnimateError]()
    with ExitStack() as stack:
        model, store, story, pictures = _ready(outputs, setup, report, frames, stack)
        films = draw(model, store)
        _warn_of_one_picture(films[0], report)
        count = _Count(report, story, outputs[0].suffix, len(outputs), pictures, model.numerics.batch_size)
        for images in films:
            stack.enter_context(images)
        for number, (output, images) in enumerate(zip(outputs, films, strict=True)):
            fps = output.story.written_fps
            try:
                file = writers.write_film(output.path, count.passing(images, number), fps, replace, images.note, images.sound, report)
            except AnimateError as error:
                if len(outputs) == 1:
                    raise
                refused.append(error)  # the others may be drawn all the same
                report.warn(f"{output.path}: {error}")
                continue
            shown = str(file.path) if output.suffix else output.path  # a folder as it was asked for, with its "/"
            seconds, made = round(time.monotonic() - began, 2), images.made
            yield Written(shown, file.images, fps, story.width, story.height, model.name, images.probes, seconds, file.interrupted, made)
            if file.interrupted:
                report.log(f"stopped after {file.images} of {pictures} frames; {_onward(store, images)}")
                return
    tell_of_store(store, report, bool(story.sampling.sharing))
    if refused:
        others = "; the others are written" if len(refused) < len(outputs) else ""
        raise AnimateError(f"{len(refused)} of {len(outputs)} films could not be drawn{others}") from refused[0]


def _warn_of_one_picture(images: Pictures, report: Report) -> None:
    """Keyframes that are alike make a film in which nothing moves."""
    from .film import Film

    request = images.request
    if isinstance(request, Film) and len(request.linear.cels) == 1:
        same = f'every frame shows the same picture of "{request.story.keyframes[0].label}"'
        report.warn(f"{same}; say it once, with --loop cycle, or give a keyframe of a storyboard another seed")


def _onward(store: Store | None, images: Pictures) -> str:
    """What is left of a film that was stopped: more than its file shows, for a pace that is even begins with every third frame."""
    if store is None:
        return "nothing is kept (--no-store): the same command begins anew"
    plan, runner = images.pace().plan, images.runner
    kept = store.holds(plan, runner.model.fingerprint, runner.numerics)
    return f"the store has {kept} of the film's {len({*plan.order})} drawings, and the same command goes on from there"


def _ready(
    outputs: Sequence[Output], setup: Setup, report: Report, frames: Sequence[int] | None, stack: ExitStack
) -> tuple[Model, Store | None, Resolved, int]:
    """The model, the store, the first storyboard with nothing left out, and how many pictures each film has. Raises AnimateError."""
    for output in outputs:
        check(output, begins(frames))
    asked = outputs[0].story
    setup.check(asked)
    if asked.between:
        many = f"{asked.count} frames with {counted(asked.between, 'in-between')} from frame to frame"
        report.log(f"{many}: {asked.written} pictures at {asked.written_fps:g} fps")
    if asked.count >= MANY:
        report.log(f"{asked.count} frames, {timedelta(seconds=round(asked.count / asked.rate))} of film: all are planned before the first is drawn")
    model, store = stack.enter_context(setup.loaded(report)), setup.store()
    from .film import resolve

    story = resolve(asked, model.defaults)
    pictures = story.written if frames is None else len(frames)
    preflight.check(story, Path(outputs[0].path), outputs[0].suffix, len(outputs) * pictures)
    return model, store, story, pictures


def check(output: Output, sounding: bool) -> None:
    """Raises AnimateError if the file, its format or its sound will not do. sounding: whether the film begins with its first frame."""
    _check_rate(output)
    writers.check(output.path, output.story.written_fps)
    if output.story.between and output.story.between_by == "flow":
        flow.opencv()
    preflight.refuse_own_input(output.path, output.story)
    if output.story.sound and sounding:
        Track.of(Sound(path_of(output.story.sound), output.story.sound_fit), path_of(output.path))


def _check_rate(output: Output) -> None:
    """Raises AnimateError if in-betweens, and not the frames alone, are too many a second for the file's format."""
    story, suffix = output.story, output.suffix.lower()
    fastest = FORMATS[suffix].fastest if suffix in FORMATS else None
    if fastest and story.rate <= fastest < story.written_fps:
        most = int(fastest / story.rate) - 1
        fewer = f"--between {most}" if most else "no --between"
        made = f"{story.rate:g} fps and {counted(story.between, 'in-between')} make {story.written_fps:g} fps"
        raise AnimateError(f"{made}, too fast for a {suffix[1:].upper()}; allowed: up to {fastest:g}; use .mp4, {fewer} or a lower --fps")


class _Count:
    """Images passing by, counted for all films of a job."""

    def __init__(self, report: Report, story: Resolved, suffix: str, films: int, pictures: int, batch_size: int):
        """pictures: of one film."""
        self.report, self.story, self.suffix, self.films, self.pictures, self.batch_size = report, story, suffix, films, pictures, batch_size

    def passing(self, images: Pictures, film: int) -> Iterator[Image]:
        """The same images, those of film number `film`. Its first batch warms up; the second one tells how long a frame takes."""
        total, before, first = self.films * self.pictures, film * self.pictures, 0.0
        images.pace()  # its probes are a stage of their own, which ends before drawing begins
        self.report.progress("drawing", before, total)
        for done, image in enumerate(images):
            first = first or time.monotonic()
            if before + done == self.batch_size:
                seconds = (time.monotonic() - first) / self.batch_size
                if line := preflight.estimate(self.story, self.suffix, seconds, self.pictures, self.films):
                    self.report.log(line)
            self.report.picture(image)
            yield image
            self.report.progress("drawing", before + done + 1, total)


def tell_of_store(store: Store | None, report: Report, sharing: bool = False) -> None:
    """How much was there already. sharing: beginnings that frames have in common are drawings, too, and may be more than the frames."""
    if store and store.kept:
        counted = "; the beginnings that frames share are drawings, too" if sharing else ""
        kept = f"{store.kept} drawing{' was' if store.kept == 1 else 's were'} in the store"
        report.log(f"{kept}, {store.drawn} {'was' if store.drawn == 1 else 'were'} drawn now{counted}")


def tell_of_differences(then: Made, now: Made, report: Report) -> None:
    """What is not as it was when a file was made."""
    if changed := differences(then, now):
        report.log(f"not as it was: {'; '.join(changed)}")
