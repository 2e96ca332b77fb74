"""The storyboard that a page shows in several ways: as a timeline, as fields, as text, as a command. One is changed, the others follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import AnimateError
from ..story import files
from ..story.storyboard import build
from . import shell
from .view import Plain, located, plain, value_of

NAME = Path("storyboard.yaml")
EXAMPLE = {"keyframes": ["a seed", "a sprout", "a tree"], "frames": 24, "fps": 12}

# Field of the page -> where its value stands in a storyboard. A track (feedback, guidance ...) has its place in the timeline.
FIELDS = {
    "frames": ("frames",),
    "fps": ("fps",),
    "loop": ("loop",),
    "pace": ("pace",),
    "seed": ("seed",),
    "negative": ("negative",),
    "style": ("style",),
    "width": ("width",),
    "height": ("height",),
    "steps": ("sampling", "steps"),
    "fast": ("sampling", "fast"),
    "sampler": ("sampling", "sampler"),
    "sharing": ("sampling", "sharing"),
    "between": ("between",),
}
OF_PICTURES = ("seed", "negative", "style", "width", "height", "sampling")  # fields of a storyboard that change the pictures of all keyframes


@dataclass(frozen=True)
class Document:
    """A storyboard as it stands in a page: right, or with what is wrong with it."""

    value: Plain  # of the timeline
    text: str | None  # as YAML; None: as it is, for it is what a person is writing, or there is none of what is wrong
    error: str  # a line; empty: none

    @property
    def data(self) -> Plain:
        """The storyboard as plain data, which may be wrong."""
        return dict(self.value["story"])

    def command(self, model: str | None) -> str:
        """That draws the film in a terminal; a note where there is none."""
        return f"# {self.error}" if self.error else shell.command(build(self.data), model)

    def field(self, name: str) -> Any:
        """The value of a field of the page; None: the storyboard says nothing of it."""
        part: Any = self.data
        for step in FIELDS[name]:
            part = part.get(step) if isinstance(part, Mapping) else None
        return part


def of_data(data: object, last: Mapping[str, Any] | None = None) -> Document:
    """From a timeline or a field. last: the value that the timeline shows now."""
    if last and any(_said(data, name) != _said(last["story"], name) for name in OF_PICTURES):
        last = without_pictures(last)
    value = value_of(data, last)
    error = value["view"]["error"]
    return Document(value, None if error else files.written(build(value["story"])), error["line"] if error else "")


def without_pictures(value: Mapping[str, Any]) -> Plain:
    """A timeline's value whose keyframes have to be drawn anew."""
    return {**value, "view": {**value["view"], "thumbs": []}}


def _said(data: object, name: str) -> Any:
    return data.get(name) if isinstance(data, Mapping) else None


def of_text(text: str, last: Mapping[str, Any]) -> Document:
    """From the text that a person is writing: the line of a mistake says where in the text it is."""
    try:
        data = files.plain(text, NAME)
        files.of_text(text, str(NAME))
    except AnimateError as error:
        shown = {**last, "view": {**last["view"], "error": {**located(error), "line": str(error)}}}
        shown["turn"] = last.get("turn", 0) + 1  # pictures that come late belong to what was there before the mistake, and do not mend it
        return Document(shown, None, str(error))
    document = of_data(dict(data), last)
    if document.error:
        number = document.value["view"]["error"]["keyframe"]
        place = "" if number is None else files.position_in(text, ("keyframes", number))
        return Document(document.value, None, f"{NAME}{place}: {document.error}")
    return Document(document.value, None, document.error)


def with_field(value: Mapping[str, Any], name: str, given: Any) -> Document:
    """The storyboard with one field of the page changed; None or an empty text: left out."""
    data, place = dict(value["story"]), FIELDS[name]
    part = data
    for step in place[:-1]:
        part[step] = part = dict(part.get(step) or {})
    part.pop(place[-1], None)
    if given not in (None, "", False):
        part[place[-1]] = given
    if not data.get("sampling", True):
        del data["sampling"]
    if name in ("frames", "fps"):
        data.pop("duration", None)  # two of the three are enough, and the fields show these two
    return of_data(data, value)


def with_picture(value: Mapping[str, Any], prompt: str, seed: int | None = None, image: str | None = None) -> Document:
    """The storyboard with a picture as one keyframe more, at its end."""
    key = {name: given for name, given in (("prompt", prompt), ("seed", seed), ("image", image)) if given not in (None, "")}
    keys = [dict(one) if isinstance(one, Mapping) else {"prompt": one} for one in value["story"].get("keyframes", [])]
    free = [{name: given for name, given in one.items() if name != "at"} for one in keys]  # evenly spread: there is a new last one
    return of_data({**value["story"], "keyframes": [*free, key]}, value)


def data_of(value: Mapping[str, Any] | None) -> Plain:
    """The storyboard of a timeline's value, as plain data. Raises AnimateError for one that is wrong, with the line that the page shows."""
    if not isinstance(value, Mapping) or not isinstance(value.get("story"), Mapping):
        raise AnimateError("there is no storyboard; load the page anew")
    view = value.get("view")
    if isinstance(view, Mapping) and isinstance(wrong := view.get("error"), Mapping):
        build(value["story"])  # its own mistakes come first; a text that is none leaves the last right storyboard in its place
        raise AnimateError(str(wrong.get("line")))
    return plain(build(value["story"]))
