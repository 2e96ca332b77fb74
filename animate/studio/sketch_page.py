"""The page of sketches: what a person draws becomes a picture, by a prompt and a strength, and a keyframe of the film."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import gradio as gr

from ..errors import AnimateError
from . import document, jobs
from .canvas import Canvas, picture
from .editor import QUICK, Editor
from .player import DRAWING, Updates
from .studio import Studio, note
from .visitor import UPLOADS, Visitor


class SketchPage:
    """Its components."""

    def __init__(self, studio: Studio):
        self.studio = studio
        with gr.Row(equal_height=False):
            with gr.Column(min_width=320):
                self.canvas = Canvas(elem_id="sketch")
                self.prompt = gr.Textbox("a red house on a hill", label="What it should become", elem_id="sketch-prompt", max_lines=2)
                with gr.Row():
                    self.strength = gr.Slider(0.05, 1, 0.7, step=0.05, label="How much is drawn anew", elem_id="sketch-strength")
                    self.seed = gr.Number(0, label="Seed", minimum=0, precision=0, min_width=90)
                self.draw = gr.Button("Draw", variant="primary", elem_id="sketch-draw")
                self.status = gr.HTML("", elem_id="sketch-status", elem_classes="animate-said")
            with gr.Column(min_width=320):
                self.picture = gr.Image(label="Picture", interactive=False, format="png", elem_id="sketch-picture")
                self.take = gr.Button("Make it a keyframe of the film", interactive=False, elem_id="sketch-take")
        self.made = gr.State(None)  # prompt and file of the picture

    def wire(self, editor: Editor) -> None:
        outputs = [self.picture, self.status, self.take, self.made, self.draw]
        self.draw.click(self._draw, [self.canvas, self.prompt, self.strength, self.seed, editor.model], outputs, **DRAWING)

        def take(made: tuple[str, str] | None, value: Any, model: str) -> Updates:
            if made is None:
                return {self.status: note("draw a picture first", "error")}
            now = document.with_picture(value, made[0], image=made[1])
            if now.error:
                return {self.status: note(now.error, "error")}
            return {**editor.shown(now, model), self.status: note("the picture is the last keyframe of the film", "good")}

        editor.edits.append(self.take.click(take, [self.made, editor.timeline, editor.model], [*editor.outputs, self.status], **QUICK))

    def _draw(self, canvas: Any, prompt: str, strength: float, seed: Any, model: str, request: gr.Request) -> Iterator[Updates]:
        yield {self.status: note("beginning"), self.draw: gr.update(interactive=False)}
        try:
            visitor = self.studio.visitor(request)
            name = kept(canvas, visitor)
            key = {"prompt": prompt, "image": name, "strength": strength, "seed": int(seed or 0)}
            story, setup = self.studio.asked({"keyframes": [key], "loop": "cycle"}, visitor, model)
            watching = self.studio.drawing(jobs.stills(story, setup, visitor), request)
            while True:
                try:
                    yield {self.status: note(next(watching).told())}
                except StopIteration as end:
                    (path,) = end.value
                    break
            shown = {self.picture: str(path), self.made: (prompt, path.name), self.take: gr.update(interactive=True)}
            yield {**shown, self.status: note("drawn", "good"), self.draw: gr.update(interactive=True)}
        except AnimateError as error:
            yield {self.status: note(str(error), "error"), self.draw: gr.update(interactive=True)}


def kept(value: str | None, visitor: Visitor) -> str:
    """The sketch as a file of the visitor's; its name. Raises AnimateError for an empty one."""
    drawn = picture(value)
    folder = visitor.folder / UPLOADS
    folder.mkdir(exist_ok=True)
    path = folder / f"sketch-{secrets.token_hex(6)}.png"
    drawn.save(path)
    return path.relative_to(visitor.folder).as_posix()
