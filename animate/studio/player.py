"""Where a film is drawn and shown: newest picture and progress while it is drawn, then the film, its score, and other versions beside it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr

from ..errors import AnimateError
from . import document, jobs
from .editor import QUICK, Editor
from .studio import DEVICE, Studio, note
from .work import Progress

T = TypeVar("T")
Updates = dict[Any, Any]

MOVING = (".mp4", ".webm")  # formats that a page plays with buttons; it shows the others as pictures
DRAWING: dict[str, Any] = {"concurrency_id": DEVICE, "concurrency_limit": 1, "show_progress": "hidden", "api_visibility": "private"}


class Player:
    """The components that show one film."""

    def __init__(self, studio: Studio):
        self.studio = studio
        with gr.Row():
            self.draw = gr.Button("Draw film", variant="primary", elem_id="draw", min_width=140)
            self.draft = gr.Button("Draft", elem_id="draft", min_width=80)
            self.stop = gr.Button("Stop", variant="stop", elem_id="stop", interactive=False, min_width=80)
        self.status = gr.HTML(note("The example is ready: press Draw film."), elem_id="status", elem_classes="animate-said")
        self.picture = gr.Image(label="Newest picture", interactive=False, visible=False, format="png", elem_id="preview")
        self.video = gr.Video(label="Film", interactive=False, autoplay=True, loop=True, visible=False, elem_id="film")
        with gr.Row():
            self.suffix = gr.Dropdown([*jobs.FILMS], value=".mp4", label="Format", elem_id="format", min_width=100)
            self.download = gr.DownloadButton("Download", interactive=False, elem_id="download")
        self.plot = gr.Image(label="Size of every step: even is best", interactive=False, visible=False, elem_id="plot")
        self.judged = gr.HTML("", elem_id="score", elem_classes="animate-said")
        self.versions = gr.State(list[tuple[str, str]]())
        self.unscored = gr.State("")  # name of the film that was just drawn
        with gr.Accordion("Compare two versions", open=False):
            with gr.Row():
                self.sides = [gr.Dropdown([], label=f"Version {side}", elem_id=f"version-{side}") for side in ("left", "right")]
            with gr.Row():
                self.compared = [gr.Video(label=side, interactive=False, autoplay=True, loop=True, visible=False) for side in ("Left", "Right")]

    def wire(self, editor: Editor) -> None:
        """Have the buttons draw what the editor shows."""
        shown = [self.status, self.picture, self.video, self.draw, self.draft, self.stop, self.download, self.plot, self.judged]
        outputs = [*shown, self.versions, self.unscored, *self.sides]
        asked = [editor.timeline, editor.model, self.suffix, self.versions]
        for button, work in ((self.draw, self._draw), (self.draft, self._draft)):
            button.click(editor.settled, editor.given, editor.outputs, **QUICK).then(work, asked, outputs, **DRAWING).then(
                self._scored, [self.unscored], [self.plot, self.judged], **DRAWING
            )  # an event of its own: while one of a button is under way, the page drops what it is pressed for
        self.stop.click(self._stop, None, [self.stop], **QUICK)
        for side, video in zip(self.sides, self.compared, strict=True):
            side.input(self._compare, [side], [video], **QUICK)

    def _stop(self, request: gr.Request) -> Any:
        self.studio.stop(request)
        return gr.update(interactive=False)

    def _compare(self, name: str | None, request: gr.Request) -> Any:
        return gr.update(value=str(self.studio.visitor(request).file(name)), visible=True) if name else gr.update(visible=False)

    def _draw(self, value: Any, model: str, suffix: str, versions: list[Any], request: gr.Request) -> Iterator[Updates]:
        yield from self._film(value, model, suffix, versions, request, draft=False)

    def _draft(self, value: Any, model: str, suffix: str, versions: list[Any], request: gr.Request) -> Iterator[Updates]:
        yield from self._film(value, model, suffix, versions, request, draft=True)

    def _film(self, value: Any, model: str, suffix: str, versions: list[Any], request: gr.Request, draft: bool) -> Iterator[Updates]:
        yield {**self._buttons(busy=True), self.status: note("beginning"), self.plot: gr.update(visible=False), self.judged: "", self.unscored: ""}
        try:
            visitor = self.studio.visitor(request)
            story, setup = self.studio.asked(document.data_of(value), visitor, model)
            work = jobs.film(jobs.draft_of(story) if draft else story, setup, visitor, jobs.checked_format(suffix))
            drawn, lines = yield from self._watched(self.studio.drawing(work, request))
            versions = [*versions, (f"{len(versions) + 1}: {'draft, ' * draft}{drawn.path.stem}", drawn.path.name)]
            whole = "" if drawn.interrupted else drawn.path.name
            yield {**self._buttons(busy=False), **self._finished(drawn, lines), **self._choices(versions), self.unscored: whole}
        except AnimateError as error:
            yield {**self._buttons(busy=False), self.status: note(str(error), "error")}

    def _watched(self, watching: Generator[Progress, None, T]) -> Generator[Updates, None, tuple[T, tuple[str, ...]]]:
        """Show the newest picture and how far the job is. Returns what it comes to, and the lines that it told."""
        seen, last = None, Progress()
        try:
            while True:
                last = next(watching)
                fresh = (
                    {} if last.picture is seen else {self.picture: gr.update(value=last.picture, visible=True), self.video: gr.update(visible=False)}
                )
                seen = last.picture
                yield {self.status: note(last.told()), **fresh}
        except StopIteration as end:
            return end.value, last.lines
        finally:
            watching.close()

    def _buttons(self, busy: bool) -> Updates:
        free = gr.update(interactive=not busy)
        return {self.draw: free, self.draft: free, self.stop: gr.update(interactive=busy)}

    def _finished(self, drawn: jobs.Drawn, lines: tuple[str, ...]) -> Updates:
        moving = drawn.path.suffix in MOVING
        return {
            self.status: note(drawn.line, "note" if drawn.interrupted else "good") + "".join(note(line) for line in lines),
            self.video: gr.update(value=str(drawn.path) if moving else None, visible=moving),
            self.picture: gr.update(value=None if moving else str(drawn.path), visible=not moving),
            self.download: gr.update(value=str(drawn.path), interactive=True),
        }

    def _choices(self, versions: list[Any]) -> Updates:
        playable = [version for version in versions if Path(version[1]).suffix in MOVING]
        return {self.versions: versions, **{side: gr.update(choices=playable) for side in self.sides}}

    def _scored(self, name: str, request: gr.Request) -> Iterator[Updates]:
        """A film in which nothing moves has no score, which is no fault. name: of the visitor's film; empty: there is none."""
        if not name:
            yield {self.judged: gr.skip()}
            return
        try:
            watching = self.studio.drawing(jobs.score(self.studio.visitor(request).file(name)), request)
            while True:
                next(watching)
        except StopIteration as end:
            judged: jobs.Judged = end.value
            faults = "".join(note(line) for line in judged.faults) or note("no fault found: nothing that a viewer would mind", "good")
            yield {self.plot: gr.update(value=str(judged.plot), visible=True), self.judged: note(judged.line) + faults}
        except AnimateError as error:
            yield {self.judged: note(str(error))}
