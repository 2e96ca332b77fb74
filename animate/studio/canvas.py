"""A canvas to draw on, with the brush in hand from the start: a Gradio component whose value is the drawing."""

from __future__ import annotations

import base64
import binascii
import io
from typing import Any

import gradio as gr
import PIL.Image

from ..errors import AnimateError
from .component import WithoutStub, web

SIDE = 512  # pixels
LARGEST = 4 * SIDE * SIDE + 10**5  # bytes of a drawing's file: more is none
START = "data:image/png;base64,"


class Canvas(gr.HTML, metaclass=WithoutStub):
    """SIDE x SIDE pixels, white at first. Its value is a PNG as the address of an image; None: nothing is drawn."""

    def __init__(self, *, elem_id: str | None = None, render: bool = True):
        """render: Gradio's, which makes one anew to leave it as it is."""
        super().__init__(
            None, elem_id=elem_id, render=render, html_template=web("canvas.html"), css_template=web("canvas.css"), js_on_load=web("canvas.js"),
            apply_default_css=False, side=SIDE,
        )  # fmt: skip

    def preprocess(self, payload: Any) -> str | None:
        """What the page sends; `picture` looks at it."""
        return payload if isinstance(payload, str) else None


def picture(value: str | None) -> PIL.Image.Image:
    """The drawing, on white. Raises AnimateError for an empty one, and for what no canvas has sent."""
    if not value:
        raise AnimateError("the sketch is empty; draw something with the brush")
    try:
        if not value.startswith(START) or len(value) > LARGEST * 4 // 3:
            raise ValueError("no PNG, or too large")
        drawn = PIL.Image.open(io.BytesIO(base64.b64decode(value.removeprefix(START), validate=True)), formats=["PNG"])
        if drawn.size != (SIDE, SIDE):
            raise ValueError("another size")
        ground = PIL.Image.new("RGBA", drawn.size, "white")
        ground.alpha_composite(drawn.convert("RGBA"))
    except (ValueError, OSError, SyntaxError, binascii.Error) as error:  # SyntaxError: Pillow's word for a broken PNG
        raise AnimateError("the sketch cannot be read; draw it anew") from error
    return ground.convert("RGB")
