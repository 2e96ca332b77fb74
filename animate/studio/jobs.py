"""What the studio draws, as jobs for `work.watched`: films, stills, sketches, scores. Knows no page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import AnimateError, counted
from ..film import job, still_job
from ..film.asked_of import asked_of
from ..film.names import free_name
from ..film.setup import Setup
from ..media import writers
from ..report import Report
from ..story.storyboard import Storyboard, build
from .visitor import Visitor

FILMS = (".mp4", ".gif", ".webm", ".webp")  # that a page can show
SCORED = "-score.png"


@dataclass(frozen=True)
class Drawn:
    """A film that was drawn."""

    path: Path
    line: str  # what became of it
    interrupted: bool


@dataclass(frozen=True)
class Judged:
    """The score of a film."""

    plot: Path
    line: str  # its figures
    faults: tuple[str, ...]


def checked_format(suffix: str) -> str:
    """The suffix. Raises AnimateError for one that a page cannot show."""
    if suffix not in FILMS:
        raise AnimateError(f'format "{suffix[:20]}"; allowed: {", ".join(FILMS)}')
    return suffix


def draft_of(story: Storyboard) -> Storyboard:
    """The same film for a look: a third of the steps, and nothing that would be decided later."""
    return story.replace(sampling=story.sampling.model_copy(update={"draft": True, "fast": False, "steps": None}), between=0, sound=None)


def film(story: Storyboard, setup: Setup, visitor: Visitor, suffix: str) -> Callable[[Report], Drawn]:
    """Draws a film into the visitor's folder, or what there is of it when the job is stopped."""
    visitor.make_room()
    path = visitor.folder / free_name([key.label for key in story.keyframes], suffix)

    def work(report: Report) -> Drawn:
        try:
            written = job.write_film(job.Output(story, str(path)), setup, report, replace=False)
        except KeyboardInterrupt as stop:
            raise AnimateError("stopped before there was a picture; what was drawn is kept, and the next film goes on from there") from stop
        size = f"{counted(written.frames, 'frame')}, {written.width} x {written.height} pixels, {written.fps:g} fps, {written.seconds:.1f} s"
        line = f"stopped: {size}; Draw goes on from there" if written.interrupted else size
        return Drawn(Path(written.path), line, written.interrupted)

    return work


def stills(story: Storyboard, setup: Setup, visitor: Visitor, folder: str = "") -> Callable[[Report], list[Path]]:
    """Draws the storyboard's keyframes as single pictures. folder: within the visitor's; they are replaced there."""
    visitor.make_room()
    place = visitor.folder / folder
    place.mkdir(exist_ok=True)
    each = [place / free_name([f"{key.label} {number}"], ".png") for number, key in enumerate(story.keyframes)]
    shaped = len(story.keyframes) == 1 and story.keyframes[0].image is not None

    def work(report: Report) -> list[Path]:
        try:
            return still_job.write_sheet(story, setup, report, still_job.Sheet(None, [], each, shaped=shaped), replace=bool(folder))[0]
        except KeyboardInterrupt as stop:
            raise AnimateError("stopped; the pictures that were finished are in the library") from stop

    return work


def trial(setup: Setup) -> Callable[[Report], str]:
    """Loads a model and draws with it: whether it fits here, and how long a frame takes, in a line."""

    def work(report: Report) -> str:
        from ..film.trial import tried

        with setup.loaded(report) as model:
            found = tried(model)
        return "; ".join(filter(None, (found.room, found.pace)))

    return work


def seeds(story: Storyboard, count: int) -> Storyboard:
    """One prompt by so many seeds, from the storyboard's own up, as keyframes."""
    (key,) = story.keyframes
    first = story.seed if key.seed is None else key.seed
    data = key.model_dump(exclude_defaults=True)
    return story.replace(keyframes=[{**data, "seed": first + number} for number in range(count)])


def picture(prompt: str, **settings: object) -> Storyboard:
    """The storyboard of a still. Raises AnimateError."""
    return build({"keyframes": [{"prompt": prompt}], "loop": "cycle", **settings})


def score(path: Path) -> Callable[[Report], Judged]:
    """Measures a film, and draws the size of its steps into a picture beside it."""

    def work(report: Report) -> Judged:
        from ..measure.distance import metric
        from ..measure.faults import faults
        from ..measure.files import score_file
        from ..measure.plot import plot_steps

        measured = score_file(path, metric(), report=report)
        asked = asked_of(path, measured.frames)
        loops = asked is not None and asked.seam is not None
        plot = writers.write_image(path.with_name(path.stem + SCORED), plot_steps([(path.name, measured)], "pyramid", loops), report=report)
        even = f"smoothness {measured.moving_smoothness:.2f} (1 is perfectly even)"
        figures = f"{even}, longest step {measured.jump:.1f} times the usual, flicker {measured.flicker:.0%}"
        return Judged(plot, figures, tuple(faults(measured, asked=asked)))

    return work
