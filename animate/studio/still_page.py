"""The page of single pictures: a prompt by one seed or several, and any of them as a keyframe of the film."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from ..errors import AnimateError
from . import document, jobs
from .editor import QUICK, Editor
from .player import DRAWING, Updates
from .studio import Studio, note
from .view import plain
from .work import Progress


class StillPage:
    """Its components."""

    def __init__(self, studio: Studio):
        self.studio = studio
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=300):
                self.prompt = gr.Textbox("a tree on a hill in winter", label="Prompt", elem_id="still-prompt", max_lines=3)
                with gr.Row():
                    self.seed = gr.Number(0, label="Seed", minimum=0, precision=0, min_width=100, elem_id="still-seed")
                    self.count = gr.Slider(1, studio.limits.seeds, 4, step=1, label="Seeds, from this one up", min_width=160, elem_id="still-count")
                with gr.Accordion("More settings", open=False):
                    self.negative = gr.Textbox(label="What the picture should not show", max_lines=2)
                    with gr.Row():
                        self.steps = gr.Number(None, label="Steps", minimum=1, precision=0, min_width=100)
                        self.guidance = gr.Number(None, label="Guidance", minimum=0, min_width=100)
                self.draw = gr.Button("Draw", variant="primary", elem_id="still-draw")
                self.status = gr.HTML("", elem_id="still-status", elem_classes="animate-said")
            with gr.Column(scale=3, min_width=300):
                self.gallery = gr.Gallery(label="Pictures: choose one", columns=4, elem_id="stills", format="png", interactive=False, height="auto")
                self.take = gr.Button("Make it a keyframe of the film", interactive=False, elem_id="still-take")
        self.drawn = gr.State(list[tuple[str, int]]())  # prompt and seed of each picture
        self.chosen = gr.State(None)  # the number of one

    def wire(self, editor: Editor) -> None:
        asked = [self.prompt, self.seed, self.count, self.negative, self.steps, self.guidance, editor.model]
        outputs = [self.gallery, self.drawn, self.chosen, self.take, self.status, self.draw]
        for event in (self.draw.click, self.prompt.submit):
            event(self._draw, asked, outputs, **DRAWING)
        self.gallery.select(self._choose, None, [self.chosen, self.take], **QUICK)
        taken = [self.drawn, self.chosen, editor.timeline, editor.model]

        def take(drawn: list[tuple[str, int]], number: int | None, value: Any, model: str) -> Updates:
            if number is None or number >= len(drawn):
                return {self.status: note("choose a picture first", "error")}
            prompt, seed = drawn[number]
            now = document.with_picture(value, prompt, seed)
            if now.error:
                return {self.status: note(now.error, "error")}
            return {**editor.shown(now, model), self.status: note(f"{prompt}, seed {seed}: the last keyframe of the film", "good")}

        editor.edits.append(self.take.click(take, taken, [*editor.outputs, self.status], **QUICK))

    def _choose(self, event: gr.SelectData) -> tuple[int, Any]:
        return event.index, gr.update(interactive=True)

    def _draw(
        self, prompt: str, seed: Any, count: Any, negative: str, steps: Any, guidance: Any, model: str, request: gr.Request
    ) -> Iterator[Updates]:
        yield {self.status: note("beginning"), self.draw: gr.update(interactive=False), self.take: gr.update(interactive=False), self.chosen: None}
        try:
            visitor = self.studio.visitor(request)
            if not 1 <= int(count) <= self.studio.limits.seeds:
                raise AnimateError(f"{count} seeds; allowed: 1 to {self.studio.limits.seeds}")
            sampling = {name: value for name, value in (("steps", steps), ("guidance", guidance)) if value is not None}
            one = jobs.picture(prompt, seed=0 if seed is None else int(seed), negative=negative or "", sampling=sampling)
            story, setup = self.studio.asked(plain(jobs.seeds(one, int(count))), visitor, model)
            watching = self.studio.drawing(jobs.stills(story, setup, visitor), request)
            pictures: list[Any] = []
            paths, last = list[Any](), Progress()
            while True:
                try:
                    last = next(watching)
                except StopIteration as end:
                    paths = end.value
                    break
                pictures += [last.picture] if last.picture is not None and not any(last.picture is one for one in pictures) else []
                yield {self.status: note(last.told()), self.gallery: pictures}
            made = [(key.prompt, key.seed or 0) for key in story.keyframes]
            shown = [(str(path), f"seed {key[1]}") for path, key in zip(paths, made, strict=True)]
            said = "".join(note(line) for line in last.lines) or note(f"{len(paths)} drawn: choose one", "good")
            yield {self.gallery: shown, self.drawn: made, self.status: said, self.draw: gr.update(interactive=True)}
        except AnimateError as error:
            yield {self.status: note(str(error), "error"), self.draw: gr.update(interactive=True)}
