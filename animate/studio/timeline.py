"""The timeline in the page: a Gradio component whose value is a storyboard and what the page needs to draw it (see `view`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from ..story.storyboard import Storyboard
from .component import WithoutStub, web
from .view import Plain, plain, value_of

SCRIPTS = ("dom", "state", "story", "points", "cards", "ruler", "tracks", "keys")  # they run as one function, in this order; timeline.js is last


class Timeline(gr.HTML, metaclass=WithoutStub):
    """Keyframes and tracks that a person can drag. A person's edit is the event `input`; what Python changes fires `change` alone.

    The answer to an edit is `value_of(value["story"], value)`: the page drops it where the person has gone on since.
    """

    def __init__(self, value: Storyboard | Mapping[str, Any] | None = None, *, elem_id: str | None = None, visible: bool = True, render: bool = True):
        """value: a storyboard, plain data of one, or a value of this component. render: Gradio's, which makes one anew to leave it as it is."""
        super().__init__(
            value,
            elem_id=elem_id,
            visible=visible,
            render=render,
            html_template=web("timeline.html"),  # without a value in it, which Gradio would run as script; and so it is never made anew
            css_template=web("timeline.css"),
            js_on_load=web(*(f"timeline-{part}.js" for part in SCRIPTS), "timeline.js"),
            apply_default_css=False,
        )

    def edited(self, answer: Callable[..., Any], inputs: Any = None, outputs: Any = None, **settings: Any) -> Any:
        """Has a person's edits answered: the event `input`, where of the edits that come during an answer, none but the last has its own."""
        return self.input(answer, inputs, outputs, **{"trigger_mode": "always_last", "show_progress": "hidden", **settings})

    def postprocess(self, value: Any) -> Plain | None:  # type: ignore[override]  # Gradio's own has a text
        """The value, also of a storyboard or of plain data of one."""
        if isinstance(value, Storyboard):
            return value_of(plain(value))
        if isinstance(value, Mapping) and "view" not in value:
            return value_of(value)
        return None if value is None else dict(value)

    def preprocess(self, payload: Any) -> Plain | None:  # type: ignore[override]
        """What the page sends; whoever uses it builds a storyboard of it, which checks it."""
        return payload if isinstance(payload, dict) else None

    def api_info(self) -> dict[str, Any]:
        """Any JSON object."""
        return {"type": "object", "additionalProperties": True}

    def example_payload(self) -> Plain:
        """For the page that describes the API."""
        return self.example_value()

    def example_value(self) -> Plain:
        """The shortest film."""
        return value_of({"keyframes": ["a seed", "a tree"]})
