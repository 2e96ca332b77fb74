"""Where a film is put together: a timeline, fields, text and a command that show one storyboard, each following the others. Draws nothing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from ..errors import AnimateError
from . import document
from .document import Document
from .studio import Studio, note
from .timeline import Timeline
from .visitor import SOUNDS, Visitor

Updates = dict[Any, Any]
QUICK: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}  # what waits for no device
USUAL = {"loop": "none", "pace": "even", "fast": False, "style": "", "negative": ""}  # fields that show something where the storyboard says nothing
FRACTIONS = ("fps", "sharing")  # fields whose numbers need not be whole


class Editor:
    """The components of one storyboard."""

    def __init__(self, studio: Studio, model: gr.Dropdown):
        """Built where it is called. model: the field with the name of the model, which the command names."""
        self.studio, self.model = studio, model
        self.fields: dict[str, Any] = {}
        self.edits: list[Any] = []  # Gradio's events after which the pictures may be others
        first = document.of_data(document.EXAMPLE)
        self.timeline = Timeline(first.value, elem_id="timeline")
        self.error = gr.HTML("", elem_id="film-error", elem_classes="animate-said")
        self._build_fields()
        with gr.Accordion("Storyboard as text", open=False):
            self.text = gr.Code(first.text, language="yaml", label="storyboard.yaml", elem_id="storyboard", lines=8, wrap_lines=True)
        with gr.Accordion("The same in a terminal", open=False):
            self.command = gr.Code(first.command(None), language="shell", label="Command", interactive=False, elem_id="command", wrap_lines=True)

    def _build_fields(self) -> None:
        with gr.Row():
            self._number("frames", "Frames", 24, 2)
            self._number("fps", "Frames a second", 12, 0.01)
            self._choice("loop", "Loop", ["none", "cycle", "bounce"])
            self._choice("pace", "Pace", ["even", "linear"])
        with gr.Accordion("More settings", open=False):
            with gr.Row():
                self._text("style", "Style, said after every prompt")
                self._text("negative", "What the pictures should not show")
            with gr.Row():
                self._number("width", "Width, pixels", None, 8, "the model's")
                self._number("height", "Height, pixels", None, 8, "the model's")
                self._number("steps", "Steps a frame", None, 1, "the model's")
                self._number("seed", "Seed", None, 0, "0")
            with gr.Row():
                self._number("between", "In-betweens from frame to frame", None, 0, "none")
                self._number("sharing", "Sharing, 0 to 1", None, 0, "none")
                self.fields["fast"] = gr.Checkbox(label="Fast", info="Half the work, nearly the same film", min_width=200, elem_id="field-fast")
            self.sound = gr.File(label="Sound under the film", file_types=[*SOUNDS], elem_id="sound", height=120)

    def _number(self, name: str, label: str, value: float | None, least: float, placeholder: str | None = None) -> None:
        self.fields[name] = gr.Number(value, label=label, minimum=least, min_width=110, elem_id=f"field-{name}", placeholder=placeholder)

    def _choice(self, name: str, label: str, words: list[str]) -> None:
        self.fields[name] = gr.Dropdown(words, value=words[0], label=label, min_width=110, elem_id=f"field-{name}")

    def _text(self, name: str, label: str) -> None:
        self.fields[name] = gr.Textbox(label=label, elem_id=f"field-{name}", max_lines=2)

    @property
    def outputs(self) -> list[Any]:
        """What `shown` has a value for."""
        return [self.timeline, self.text, self.command, self.error, *self.fields.values()]

    def wire(self, page: gr.Blocks) -> None:
        """Have each follow the others, and only what a person does: what is shown to follow changes nothing in turn."""
        empty = [component for component in self.fields.values() if isinstance(component, gr.Number) and component.value is None]
        page.load(lambda: [None] * len(empty), None, empty, **QUICK)  # Gradio shows a number of nothing as 0 until it is told
        last = {**QUICK, "trigger_mode": "always_last"}
        given, edits = [self.timeline, self.model], self.edits
        edits.append(self.timeline.edited(self._after_timeline, given, self.outputs, **last))
        edits.append(self.text.input(self._after_text, [self.text, *given], self.outputs, **last))
        for name, component in self.fields.items():
            written = isinstance(component, gr.Number | gr.Textbox)
            for event in (component.blur, component.submit) if written else (component.input,):
                edits.append(event(partial(self._after_field, name), [component, *given], self.outputs, **last))
        self.sound.upload(self._after_sound, [self.sound, *given], self.outputs, **last)
        self.sound.clear(self._after_sound, [self.sound, *given], self.outputs, **last)
        edits.append(self.model.input(self._after_model, given, [self.timeline, self.command], **last))

    @property
    def given(self) -> list[Any]:
        """What `settled` takes."""
        return [self.timeline, self.model, *self.fields.values()]

    def settled(self, value: Any, model: str, *typed: Any) -> Updates:
        """The storyboard with what stands in the fields: who types into one and presses a button has not waited for the timeline to follow."""
        now, updates = document.of_data(value["story"], value), Updates({self.error: gr.skip()})
        for name, given in zip(self.fields, typed, strict=True):
            if given != self._in_field(now, name):
                updates |= self._after_field(name, given, now.value, model)
                now = document.of_data(updates[self.timeline]["story"], updates[self.timeline])
        return updates

    def shown(self, now: Document, model: str) -> Updates:
        """The storyboard in all of them; of one that is wrong, the text stays as it is."""
        text = gr.skip() if now.text is None else now.text
        fields = {component: self._in_field(now, name) for name, component in self.fields.items()}
        return {self.timeline: now.value, self.text: text, self.command: now.command(named(model)), self.error: note(now.error, "error"), **fields}

    def _in_field(self, now: Document, name: str) -> Any:
        value, view = now.field(name), now.value["view"]
        return {"frames": view["frames"], "fps": view["fps"], **USUAL}.get(name) if value is None else value

    def _after_timeline(self, value: Any, model: str, request: gr.Request) -> Updates:
        try:
            data = _with_uploads(value["story"], self.studio.visitor(request))
        except AnimateError as error:
            return {self.error: note(str(error), "error")}
        return self.shown(document.of_data(data, value), model)

    def _after_text(self, text: str, value: Any, model: str) -> Updates:
        updates = self.shown(document.of_text(text, value), model)
        return {component: update for component, update in updates.items() if component is not self.text}

    def _after_field(self, name: str, given: Any, value: Any, model: str) -> Updates:
        """A number that is refused stays in its field, to be mended; other fields change only with it, for a person may be typing into them."""
        if isinstance(given, float) and given.is_integer() and name not in FRACTIONS:
            given = int(given)
        before, now = document.of_data(value["story"], value), document.with_field(value, name, None if given == USUAL.get(name) else given)
        changed = [other for other in self.fields if other == name or self._in_field(now, other) != self._in_field(before, other)]
        kept = [component for other, component in self.fields.items() if now.error or other not in changed]
        return {component: update for component, update in self.shown(now, model).items() if component not in kept}

    def _after_sound(self, uploaded: str | None, value: Any, model: str, request: gr.Request) -> Updates:
        data = {name: part for name, part in value["story"].items() if name not in ("sound", "sound_fit")}
        try:
            if uploaded:
                data["sound"] = self.studio.visitor(request).adopt(uploaded, SOUNDS)
        except AnimateError as error:
            return {self.error: note(str(error), "error")}
        return self.shown(document.of_data(data, value), model)

    def _after_model(self, value: Any, model: str) -> Updates:
        now = document.of_data(value["story"], document.without_pictures(value))
        return {self.timeline: now.value, self.command: now.command(named(model))}


def named(model: str) -> str | None:
    """The model as a command has to name it; None for the one that it takes anyway."""
    return None if model == "sprout" else model


def _with_uploads(data: Mapping[str, Any], visitor: Visitor) -> dict[str, Any]:
    """A storyboard's data in which pictures that were put into the timeline just now are the visitor's own. Raises AnimateError."""

    def kept(key: Any) -> Any:
        image = key.get("image") if isinstance(key, Mapping) else None
        return {**key, "image": visitor.adopt_picture(image)} if isinstance(image, str) and Path(image).is_absolute() else key

    return {**data, "keyframes": [kept(key) for key in data.get("keyframes", [])]}
