"""The keyframes of a film as small pictures in its timeline, seconds after a change: a draft before the film. Shows no text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.processing_utils import save_file_to_cache

from ..errors import AnimateError
from ..story.storyboard import Storyboard, build
from . import document, jobs
from .editor import Editor, Updates
from .player import DRAWING
from .studio import Studio
from .view import Plain, value_of

FOLDER = "strip"  # within a visitor's


class Strip:
    """Draws the pictures that the timeline has none of."""

    def __init__(self, studio: Studio):
        self.studio = studio

    def wire(self, editor: Editor, page: gr.Blocks) -> None:
        """After every edit, and when the page is opened."""
        asked: dict[str, Any] = {"inputs": [editor.timeline, editor.model], "outputs": [editor.timeline], **DRAWING}
        page.load(self._drawn, **asked)
        for edited in editor.edits:
            edited.then(self._drawn, **asked)

    def _drawn(self, value: Any, model: str, request: gr.Request) -> Updates | Any:
        """The same value with all pictures. What is wrong, or takes long by this model, has none; and so has what is no longer asked."""
        try:
            visitor = self.studio.visitor(request)
            story, setup = self.studio.asked(document.data_of(value), visitor, model)
            missing = [number for number, thumb in enumerate(value["view"]["thumbs"]) if thumb is None]
            if not missing or not setup.quick:
                return gr.skip()
            work = self.studio.drawing(jobs.stills(_only(story, missing), setup, visitor, FOLDER), request)
            while True:
                try:
                    next(work)
                except StopIteration as end:
                    return _filled(value, missing, end.value, self.studio.inbox)
        except AnimateError:  # which the editor has said, or the player will say
            return gr.skip()


def _only(story: Storyboard, numbers: list[int]) -> Storyboard:
    """These keyframes, as pictures that no film has placed in time."""
    said = story.model_dump(exclude_defaults=True)
    picture: dict[str, Any] = {name: said[name] for name in ("seed", "negative", "style", "width", "height") if name in said}
    sampling = {name: said.get("sampling", {}).get(name) for name in ("steps", "sampler") if name in said.get("sampling", {})}
    keys = [{name: given for name, given in said["keyframes"][n].items() if name not in ("at", "hold", "ease")} for n in numbers]
    return build({"keyframes": keys, "loop": "cycle", "sampling": sampling, **picture})


def _filled(value: Mapping[str, Any], numbers: list[int], paths: list[Path], inbox: Path) -> Plain:
    thumbs = list(value["view"]["thumbs"])
    for number, path in zip(numbers, paths, strict=True):
        thumbs[number] = "/gradio_api/file=" + save_file_to_cache(str(path), str(inbox))
    return value_of(value["story"], {**value, "view": {**value["view"], "thumbs": thumbs}})
