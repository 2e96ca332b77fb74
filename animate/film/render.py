"""A storyboard and a model become the images of a film, lazily; several films share their batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial

from ..draw.runner import Interleaved, Runner, Stretches
from ..draw.store import Store
from ..models.base import Model
from ..plan.cel import Plan
from ..report import Relay, Report
from ..story.storyboard import Storyboard
from . import given
from .batches import fitting, needed
from .film import Film, ImageFiles
from .pacing import Curves, Paced, paced
from .pictures import Pictures


def render(
    story: Storyboard,
    model: Model,
    frames: Sequence[int] | None = None,
    store: Store | None = None,
    curves: Curves = (),
    batch_size: int | None = None,
    report: Report | None = None,
    stretches: Stretches = (),
) -> Pictures:
    """The film's images, read-only uint8 (H, W, 3), one for every frame, drawn as they are asked for.

    frames: only these, such as range(10, 14); their pixels are those of the whole film.
    store: where finished cels are kept and found again.
    curves: how its segments are paced, as a recipe has it; none: as the storyboard says, which may have to be measured first.
    batch_size: as a recipe has it; left out: as many cels as the model is loaded for, where there is room and so much to draw at a time.
    report: where messages go; left out: to the model's.
    stretches: where the batch size became less on the way, as a recipe has it.
    Raises AnimateError at once, before anything is drawn, if the storyboard does not work out.
    """
    given.check(story, model, store=store, report=report, batch_size=batch_size, frames=frames, curves=curves)
    report = report or model.report
    film = Film.of(story, model, frames, report)
    ready = 1 if film.chain else len(film.linear.cels)
    size = fitting(batch_size or needed(ready, model, len(film.scales)), model, film.story, report)
    runner = Runner(model, film.images.pixels, size, store, report, stretches, int(film.story.sampling.fast))
    known = _once(film, curves, runner, report)
    return Pictures(film, known, lambda: runner.latents(known().plan, film.name), runner)


def render_together(stories: Sequence[Storyboard], model: Model, store: Store | None = None, report: Report | None = None) -> list[Pictures]:
    """Films that are drawn in common batches, such as one film by several seeds; each has the images of `render` with an equal batch size.

    Chains of feedback, which have one picture to draw at a time, advance side by side. Whichever film is asked first, the others
    come along, and what nobody has asked for yet waits in memory: 64 KB a frame at 512 x 512 pixels. Raises as `render` does.
    """
    given.check(stories, model, several=True, store=store, report=report)
    if not stories:
        return []
    report = report or model.report
    once = _Once(report)
    films = [Film.of(story, model, None, once) for story in stories]
    ready = len(films) if all(film.chain for film in films) else model.numerics.batch_size
    wanted = needed(ready, model, len(set[float]().union(*(film.scales for film in films))))
    size = min(fitting(wanted, model, film.story, once) for film in films)
    places = {digest: place for film in films for digest, place in film.images.pixels.places.items()}
    runner = Runner(model, ImageFiles(places), size, store, report, lending=sum(film.story.sampling.fast for film in films))
    known = [_once(film, (), runner, report) for film in films]
    shared = Interleaved(runner, [partial(_plan, paced) for paced in known], f"{films[0].name}, {len(films)} films")
    return [
        Pictures(film, known[number], partial(shared.latents, number), runner, partial(shared.leave, number)) for number, film in enumerate(films)
    ]


def _plan(paced: Callable[[], Paced]) -> Plan:
    return paced().plan


def _once(film: Film, curves: Curves, runner: Runner, report: Report) -> Callable[[], Paced]:
    """The film's pace, found out when it is first asked for."""
    return cache(partial(paced, film, curves, runner, report))


class _Once(Relay):
    """Passes warnings on, each once and not for every film."""

    def __init__(self, report: Report):
        super().__init__(report)
        self.lines = set[str]()

    @property
    def _listener(self) -> Report:
        return self.own

    def warn(self, line: str) -> None:
        if line not in self.lines:
            self.lines.add(line)
            self.own.warn(line)
