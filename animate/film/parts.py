"""A film drawn in parts, on machines that share nothing but files: each part's drawings lie in a folder, and are joined to the film.

A folder holds a store and an index: whose part it is, and in which surroundings it was drawn. Which pictures a film has, and their bits, do
not depend on who draws them, so that the film is that of one machine.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from ..errors import AnimateError, counted, one_line
from ..places import is_file, path_of, read_bytes
from ..plan.curve import LINEAR, Curve
from ..report import Report
from ..story.fields import Frozen
from ..story.storyboard import Storyboard
from . import job
from .recipe import LARGEST, Recipe, stretches
from .setup import Setup

if TYPE_CHECKING:
    from ..draw.store import Store
    from ..models.base import Model, Numerics
    from .pictures import Pictures

INDEX = "part.json"
WHOLE = 2**62  # bytes of a part's store: nothing of it goes before it is joined


@dataclass(frozen=True)
class Part:
    """One of several equal parts of a film's frames."""

    number: int  # from 1
    of: int

    @classmethod
    def read(cls, text: str) -> Part:
        """ "2/5": the second of five. Raises AnimateError."""
        found = re.fullmatch(r"\s*(\d{1,6})\s*/\s*(\d{1,6})\s*", text)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise AnimateError(f'--part "{one_line(text, 40)}"; allowed: which of how many, such as 2/5')
        return cls(int(found[1]), int(found[2]))

    def frames(self, count: int) -> range:
        """Of a film of so many. Raises AnimateError for more parts than frames."""
        if self.of > count:
            raise AnimateError(f"{counted(self.of, 'part')} of a film of {counted(count, 'frame')}; allowed: up to {count}")
        return range(count * (self.number - 1) // self.of, count * self.number // self.of)


class Surroundings(Frozen):
    """`Numerics`, as a file has them."""

    device: str
    hardware: str
    dtype: str
    kernels: str
    batch_size: int
    torch: str
    diffusers: str
    transformers: str


class Drawn(Frozen):
    """The index of a part that is drawn."""

    version: Literal[1]
    number: int
    of: int
    recipe: Recipe  # of the film, with the part's frames
    surroundings: Surroundings

    @property
    def numerics(self) -> Numerics:
        from ..models.base import Numerics

        return Numerics(**self.surroundings.model_dump())

    @property
    def sizes(self) -> list[int]:
        """Of the batches that each frame was drawn in."""
        return [self.recipe.batch_of(picture * self.recipe.every) for picture in range(len(self.recipe.frames or ()))]


def draw(story: Storyboard, part: Part, folder: str, setup: Setup, report: Report) -> int:
    """Draw a part's pictures into this folder; what lies there already is not drawn again. Returns how many frames it has. Raises AnimateError."""
    frames = part.frames(story.count)
    if story.feedback is not None:
        apart = "with feedback each picture begins with the one before, and parts cannot be drawn apart"
        raise AnimateError(f"{apart}; leave out --part, or give each machine a film of its own, with another --seed")
    before = _before(folder)
    setup.check(story)
    from ..draw.store import Store
    from .render import render

    store = Store(path_of(folder), WHOLE)
    later = {"between": story.between, "sound": story.sound}  # what is done when all frames are there
    with setup.loaded(report) as model, ExitStack() as stack:
        pictures = stack.enter_context(render(story.replace(between=0, sound=None), model, frames, store, report=report))
        whole = pictures.recipe.storyboard.replace(**later)
        if before and (before.number, before.of, before.recipe.storyboard) != (part.number, part.of, whole):
            raise AnimateError(f"{folder}: holds part {before.number} of {before.of} of another film; name another folder with -o")
        report.progress("drawing", 0, len(frames))
        for done, _ in enumerate(pictures.latents(), 1):
            report.progress("drawing", done, len(frames))
        recipe = pictures.recipe.model_copy(update={"storyboard": whole})
        where = Surroundings(**asdict(pictures.runner.numerics))
    index = Drawn(version=1, number=part.number, of=part.of, recipe=recipe, surroundings=where)
    job.tell_of_store(store, report, bool(story.sampling.sharing))
    path = store.folder / INDEX
    if not store.write(path, index.model_dump_json(exclude_defaults=True).encode(), report):
        raise AnimateError(f"{path}: cannot be written; make room, or name another folder with -o")
    return len(frames)


def _before(folder: str) -> Drawn | None:
    """The part that a folder holds, if it was drawn to its end. Raises AnimateError for a folder of anything else."""
    path = path_of(folder)
    if path.is_dir() and (others := sorted({one.name for one in path.iterdir()} - {INDEX, "states", "films"})):
        raise AnimateError(f"{folder}: is there already, and holds {others[0]}; drawings go into a folder of their own: name another with -o")
    return read(folder) if is_file(path / INDEX) else None


def read(folder: str) -> Drawn:
    """The index of a part. Raises AnimateError."""
    path = path_of(folder) / INDEX
    try:
        return Drawn.model_validate_json(read_bytes(path, LARGEST))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise AnimateError(f"{folder}: no folder that --part has drawn to its end; give those of all parts: animate join part1/ part2/") from error
    except OSError as error:
        raise AnimateError(f"{folder}: cannot be read ({one_line(error)}); draw it again with --part") from error
    except (ValidationError, ValueError) as error:
        raise AnimateError(f"{path}: cannot be used, it was changed or is of another version; draw the part again") from error


def join(folders: Sequence[str], output: str, setup: Setup, report: Report, replace: bool) -> job.Written:
    """Write the film of these parts. Raises AnimateError for parts that are missing, or do not belong together."""
    parts = sorted((read(folder) for folder in folders), key=lambda part: part.number)
    first = parts[0]
    _check_together(parts)
    story, curves = first.recipe.storyboard, _curves(parts)
    setup = setup.like(first.recipe.made, path_of(folders[0]), report)
    sizes = [size for part in parts for size in part.sizes]
    from ..draw.store import Store
    from .render import render

    def drawn(model: Model, store: Store | None) -> list[Pictures]:
        if model.fingerprint != first.recipe.made.fingerprint:
            raise AnimateError(f"the parts were drawn by another {model.name}: its weights differ; name the same with --model")
        there, store = copy.copy(model), store or Store(path_of(folders[0]), WHOLE)
        there.numerics = first.numerics
        for folder in folders:
            store.take(Store(path_of(folder)), report)
        pictures = render(story, there, None, store, curves, sizes[0], report, stretches(sizes))
        plan, held = pictures.pace().plan, store.holds(pictures.pace().plan, there.fingerprint, there.numerics)
        if not stretches(sizes) and held < (needed := len({*plan.order})):
            raise AnimateError(f"{needed - held} of {needed} drawings are in none of the parts; draw those again, the same command goes on")
        return [pictures]

    (written,) = job.write([job.Output(story, output)], drawn, setup, report, replace)
    return written


def _check_together(parts: Sequence[Drawn]) -> None:
    first, numbers = parts[0], [part.number for part in parts]
    missing = [number for number in range(1, first.of + 1) if number not in numbers]
    for part in parts:
        if part.recipe.storyboard != first.recipe.storyboard or part.of != first.of:
            raise AnimateError(f"part {first.number} and part {part.number} are of different films; join those that one storyboard was drawn in")
        if part.recipe.made.fingerprint != first.recipe.made.fingerprint:
            raise AnimateError(f"part {part.number} was drawn by other weights than part {first.number}; draw it again with the same --model")
        for name, value in part.surroundings.model_dump().items():
            if name != "batch_size" and value != (other := getattr(first.surroundings, name)):
                differ = f"part {part.number} was drawn on {name} {value}, part {first.number} on {other}"
                raise AnimateError(f"{differ}: their pictures differ in their last bits; draw all on the same")
    if missing:
        raise AnimateError(f"part{'s' * (len(missing) > 1)} {', '.join(map(str, missing))} of {first.of} missing; name the folders of all parts")
    if len(set(numbers)) < len(numbers):
        raise AnimateError("a part was named twice; name each folder once")


def _curves(parts: Sequence[Drawn]) -> tuple[Curve, ...]:
    """Of every segment as the parts have measured it that have frames in it. Raises AnimateError where they disagree."""
    joined: list[Curve] = []
    for curves in zip(*(part.recipe.curves for part in parts if part.recipe.curves), strict=True):
        known = [curve for curve in curves if curve != LINEAR]
        if any(curve != known[0] for curve in known):
            raise AnimateError("the parts were paced in different ways; draw them again with the same version, or with --pace linear")
        joined.append(known[0] if known else LINEAR)
    return tuple(joined)
