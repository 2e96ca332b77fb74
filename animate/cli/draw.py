"""What `render`, `still`, `sheet` and `again` share: a storyboard is drawn, written, and told about."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..story.storyboard import Storyboard
from . import INTERRUPTED, say
from .options import Where

if TYPE_CHECKING:
    from ..film.recipe import Recipe
    from ..film.render import Pictures
    from ..media.sound import Sound
    from ..models.base import Model


def draw_film(
    story: Storyboard, where: Where, path: str | Path, replace: bool, as_json: bool, frames: Sequence[int] | None = None, recipe: Recipe | None = None
) -> int:
    """The film, or these frames of it, in the pace and the batch_size of a recipe. Returns the exit code."""

    def drawn(model: Model) -> list[Pictures]:
        from ..film import render as film

        curves, batch_size = (recipe.curves, recipe.made.batch_size) if recipe else ((), None)
        return [film.render(story, model, frames, where.store, curves, batch_size)]

    return _draw([(story, path)], drawn, where, replace, as_json)


def draw_films(stories: Sequence[Storyboard], where: Where, paths: Sequence[str], replace: bool, as_json: bool) -> int:
    """Several films, drawn side by side and written one after the other. Returns the exit code."""

    def drawn(model: Model) -> list[Pictures]:
        from ..film import render as film

        return film.render_together(stories, model, where.store)

    return _draw([*zip(stories, paths, strict=True)], drawn, where, replace, as_json)


def _draw(
    films: Sequence[tuple[Storyboard, str | Path]], drawn: Callable[[Model], list[Pictures]], where: Where, replace: bool, as_json: bool
) -> int:
    """Films that differ in their seeds. Everything that can be told to fail is checked first. A film that is interrupted is the last."""
    from ..film import preflight
    from ..film import render as film
    from ..media import writers as video

    began, code = time.monotonic(), 0
    for story, path in films:
        video.writer(path, story.written_fps)
    sounds = [_sound(story, path) for story, path in films]
    story, first = films[0]
    if story.between:
        say(f"{story.count} frames with {story.between} in-betweens after each: {story.written} pictures at {story.written_fps:g} fps")
    with Progress(sum(story.written for story, _ in films)) as seen:
        model = where.load()
        resolved, suffix = film.resolve(story, model.defaults), _suffix(first)
        preflight.check(resolved, Path(first), suffix, len(films))
        images = drawn(model)
        seen.batch, seen.tell = model.numerics.batch_size, lambda seconds: preflight.estimate(resolved, suffix, seconds, len(films))
        for (story, path), pictures, sound in zip(films, images, sounds, strict=True):
            before = seen.count
            try:
                written = video.write_video(path, seen.passing(pictures), story.written_fps, replace, pictures.note, sound)
            except video.Interrupted as interrupted:
                written, code = interrupted.path, INTERRUPTED
            shown = path if replace or not suffix else written  # as it was said: a folder with its "/"
            facts = {"path": str(shown), "frames": seen.count - before, "fps": story.written_fps}
            height, width = seen.shape[:2]
            more = {"width": width, "height": height, "model": model.name, "probes": pictures.probes}
            seen.print(json.dumps({**facts, **more, "seconds": round(time.monotonic() - began, 2)}) if as_json else str(shown))
            if code:
                break
    where.told(images[0].recipe.made)
    return code


def _suffix(path: str | Path) -> str:
    return "" if str(path).endswith("/") else Path(path).suffix


def _sound(story: Storyboard, path: str | Path) -> Sound | None:
    from ..media.sound import Sound, Track

    sound = Sound(Path(story.sound), story.sound_fit) if story.sound else None
    if sound:
        Track.of(sound, Path(path))
    return sound


def draw_still(story: Storyboard, where: Where, path: Path, replace: bool) -> None:
    """The storyboard's only keyframe."""
    from ..film import render as film
    from ..media import writers as video

    video.still_name(path)
    images = film.stills(story, story.keyframes, where.load(), where.batch_size or 1, where.store)
    click.echo(str(video.write_image(path, next(images), replace, images.note_of_last())))
    where.told(images.recipe.made)


def draw_sheet(
    story: Storyboard, where: Where, path: Path | None, labels: Sequence[str], replace: bool, each: Sequence[Path] = (), columns: int | None = None
) -> None:
    """All keyframes on one contact sheet, if it has a name; `each`: names under which they are written singly, too."""
    from ..film import render as film
    from ..media import writers as video
    from ..media.contact import contact_sheet

    for name in [*each, *([path] if path else [])]:
        video.still_name(name)
    images, drawn, written = film.stills(story, story.keyframes, where.load(), where.batch_size or 1, where.store), [], list[Path]()
    for number, image in enumerate(images):
        if each:
            written.append(video.write_image(each[number], image, replace, images.note_of_last()))
        drawn.append(image)
    if path:
        written = [video.write_image(path, contact_sheet(drawn, labels, columns), replace, images.note_of_sheet(labels, columns))]
    for name in written:
        click.echo(str(name))
    where.told(images.recipe.made)


class Progress:
    """Images passing by, counted, with a bar on a terminal from the first second to the last."""

    def __init__(self, total: int):
        from tqdm import tqdm

        self.bar = tqdm(total=total, unit="frame", desc="loading", disable=not sys.stderr.isatty(), leave=False)
        self.batch = 1  # images after which one more batch is under way
        self.tell: Callable[[float], str | None] = lambda seconds: None  # what to say when a frame takes so many seconds
        self.count = 0
        self.shape: tuple[int, ...] = ()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def print(self, line: str) -> None:
        """To standard output, above the bar."""
        self.bar.clear()
        click.echo(line)

    def passing(self, images: Iterator[Any]) -> Iterator[Any]:
        self.bar.set_description("drawing")
        first = 0.0
        for image in images:
            first = first or time.monotonic()
            # The first batch warms up; the second one tells how long a frame takes.
            if self.count == self.batch and (line := self.tell((time.monotonic() - first) / self.batch)):
                self.bar.write(f"animate: {line}", file=sys.stderr)
            self.count, self.shape = self.count + 1, image.shape
            yield image
            self.bar.update()
        self.bar.set_description("writing")
