"""Check, load, draw, write: a storyboard's keyframes become stills or a contact sheet. Prints nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import counted
from ..media import writers
from ..media.images import contact_sheet
from ..pixels import Image
from ..report import Report
from ..story.storyboard import Storyboard
from . import preflight
from .job import tell_of_store
from .recipe import Made
from .setup import Setup

if TYPE_CHECKING:
    from ..draw.runner import Stretches


def write_still(story: Storyboard, setup: Setup, report: Report, path: Path, replace: bool) -> tuple[Path, Made]:
    """Draw and write the storyboard's only keyframe, in the shape of its image where no size is said.

    Returns the path and the surroundings it was drawn in. Raises AnimateError.
    """
    writers.still_name(path)
    preflight.refuse_own_input(path, story)
    setup.check(story)
    from .film import shaped
    from .stills import stills

    with setup.loaded(report) as model, ExitStack() as stack:
        story, store = shaped(story, model.defaults), setup.store()
        images = stack.enter_context(stills(story, story.keyframes, model, setup.batch_size or 1, store, report))
        path = writers.write_image(path, next(images), replace, images.note_of_last, report)
        tell_of_store(store, report)
        return path, images.made


@dataclass(frozen=True)
class Sheet:
    """A contact sheet: where it goes, what stands under its pictures, and how many are in a row."""

    path: Path | None  # none: only single pictures are written
    labels: Sequence[str]
    each: Sequence[Path] = ()  # names under which the pictures are written singly, too
    columns: int | None = None
    shaped: bool = False  # the pictures redraw an image, and are no film's: they have its shape where no size is said
    stretches: Stretches = ()  # where the batch size became less on the way, as a recipe has it


def write_sheet(story: Storyboard, setup: Setup, report: Report, sheet: Sheet, replace: bool) -> tuple[list[Path], Made]:
    """Draw all keyframes and write them. Returns the path of the sheet, or else those of the pictures, and the surroundings. Raises AnimateError."""
    for name in [*sheet.each, *([sheet.path] if sheet.path else [])]:
        writers.still_name(name)
        preflight.refuse_own_input(name, story)
    setup.check(story)
    from .film import resolve, shaped
    from .stills import stills

    with setup.loaded(report) as model, ExitStack() as stack:
        story, store = shaped(story, model.defaults) if sheet.shaped else story, setup.store()
        if sheet.path:
            preflight.check_sheet(resolve(story, model.defaults), sheet.path, sheet.labels, sheet.columns)
        images = stack.enter_context(stills(story, story.keyframes, model, setup.batch_size or 1, store, report, sheet.stretches))
        drawn, paths = list[Image](), list[Path]()
        for number, image in enumerate(images):
            if sheet.each:
                paths.append(writers.write_image(sheet.each[number], image, replace, images.note_of_last, report))
            drawn.append(image)
            report.picture(image)
            report.progress("drawing", number + 1, len(story.keyframes))
        if sheet.path:
            if paths:
                report.log(f"{counted(len(paths), 'single picture')}: {' to '.join(dict.fromkeys(map(str, (paths[0], paths[-1]))))}")
            note = partial(images.note_of_sheet, sheet.labels, sheet.columns)
            paths = [writers.write_image(sheet.path, contact_sheet(drawn, sheet.labels, sheet.columns), replace, note, report)]
        tell_of_store(store, report)
        return paths, images.made
