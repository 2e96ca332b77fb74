"""The studio over HTTP: films, stills, sketches and scores by named endpoints, with progress, in the same queue as the pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import gradio as gr

from ..errors import AnimateError
from ..story import files
from ..story.conventions import STRENGTH
from . import jobs
from .player import DRAWING
from .studio import Studio
from .view import plain
from .work import Listener, Progress

T = TypeVar("T")


def add(studio: Studio) -> None:
    """Add the endpoints to the app that is being built. Their components are on no page."""
    film = gr.Textbox(visible=False, label="storyboard, as YAML or JSON"), *_model(), gr.Textbox(".mp4", visible=False, label="format")
    still = gr.Textbox(visible=False, label="prompt"), gr.Number(0, visible=False, label="seed", precision=0), *_model()
    strength = gr.Number(STRENGTH, visible=False, label="strength, 0 to 1")
    sketch = gr.File(visible=False, label="picture"), gr.Textbox(visible=False, label="prompt"), strength, *_model()
    score = (gr.File(visible=False, label="film"),)
    for name, asked, endpoint in (("film", film, _film), ("still", still, _still), ("sketch", sketch, _sketch), ("score", score, _score)):
        _add(name, [*asked], endpoint(studio))


def _model() -> tuple[gr.Textbox]:
    return (gr.Textbox("sprout", visible=False, label="model"),)


def _add(name: str, asked: list[Any], endpoint: Callable[..., Any]) -> None:
    outputs = [gr.JSON(visible=False, label="progress, then facts"), gr.File(visible=False, label="file")]
    public = {**DRAWING, "api_visibility": "public"}
    gr.Button(visible=False).click(endpoint, asked, outputs, api_name=name, api_description=endpoint.__doc__, **public)


Answer = tuple[dict[str, Any], str | None]


def _answers(studio: Studio, work: Callable[[], Callable[[Listener], T]], answer: Callable[[T], Answer], request: gr.Request) -> Iterator[Answer]:
    """Progress as it is made, then the answer. An error is one line for whoever asked."""
    try:
        watching = studio.drawing(work(), request)
        while True:
            try:
                yield _facts(next(watching)), None
            except StopIteration as end:
                yield answer(end.value)
                return
    except AnimateError as error:
        raise gr.Error(str(error), print_exception=False) from error


def _facts(seen: Progress) -> dict[str, Any]:
    return {"stage": seen.stage, "done": seen.done, "total": seen.total, "lines": [*seen.lines]}


def _film(studio: Studio) -> Callable[..., Iterator[Answer]]:
    def film(storyboard: str, model: str, format: str, request: gr.Request) -> Iterator[Answer]:
        """Draw a film. storyboard: as `animate render` reads it. Yields progress, and at the end the film with its recipe."""

        def work() -> Callable[[Listener], jobs.Drawn]:
            visitor = studio.visitor(request)
            story, setup = studio.asked(plain(files.of_text(storyboard)), visitor, model)
            return jobs.film(story, setup, visitor, jobs.checked_format(format))

        yield from _answers(studio, work, lambda drawn: ({"stage": "done", "line": drawn.line}, str(drawn.path)), request)

    return film


def _still(studio: Studio) -> Callable[..., Iterator[Answer]]:
    def still(prompt: str, seed: float, model: str, request: gr.Request) -> Iterator[Answer]:
        """Draw one picture. Yields progress, and at the end the picture with its recipe."""

        def work() -> Callable[[Listener], Any]:
            visitor = studio.visitor(request)
            story, setup = studio.asked(plain(jobs.picture(prompt, seed=int(seed or 0))), visitor, model)
            return jobs.stills(story, setup, visitor)

        yield from _answers(studio, work, lambda paths: ({"stage": "done"}, str(paths[0])), request)

    return still


def _sketch(studio: Studio) -> Callable[..., Iterator[Answer]]:
    def sketch(picture: str, prompt: str, strength: float, model: str, request: gr.Request) -> Iterator[Answer]:
        """Redraw a picture by a prompt: strength is the share of the denoising. Yields progress, and at the end the picture."""

        def work() -> Callable[[Listener], Any]:
            visitor = studio.visitor(request)
            key = {"prompt": prompt, "image": visitor.adopt_picture(picture or ""), "strength": strength}
            story, setup = studio.asked({"keyframes": [key], "loop": "cycle"}, visitor, model)
            return jobs.stills(story, setup, visitor)

        yield from _answers(studio, work, lambda paths: ({"stage": "done"}, str(paths[0])), request)

    return sketch


def _score(studio: Studio) -> Callable[..., Iterator[Answer]]:
    def score(film: str, request: gr.Request) -> Iterator[Answer]:
        """Measure a film. Yields progress, and at the end its figures, its faults, and the plot of its steps."""

        def work() -> Callable[[Listener], jobs.Judged]:
            visitor = studio.visitor(request)
            return jobs.score(visitor.file(visitor.adopt(film or "", jobs.FILMS)))

        def answer(judged: jobs.Judged) -> Answer:
            return {"stage": "done", "line": judged.line, "faults": [*judged.faults]}, str(judged.plot)

        yield from _answers(studio, work, answer, request)

    return score
