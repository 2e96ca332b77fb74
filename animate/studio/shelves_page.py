"""The page of what there is: finished films and pictures, to open or delete; and files made by animate elsewhere, to open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from ..errors import AnimateError, amount, counted
from ..film import recipe
from ..media import reading, writers
from ..places import read_bytes
from ..story import files
from ..story.storyboard import Storyboard
from . import document
from .editor import QUICK, Editor
from .player import Updates
from .studio import Studio, note
from .visitor import Visitor

SMALL = "small"  # folder of the first pictures of films
OPENED = [".mp4", ".mov", ".webm", ".gif", ".webp", ".png", ".apng", ".avif", ".jpg", *files.SUFFIXES]


class LibraryPage:
    """Its components."""

    def __init__(self, studio: Studio):
        self.studio = studio
        self.upload = gr.File(label="A film, a picture or a storyboard made by animate", file_types=OPENED, elem_id="open", height=130)
        with gr.Row():
            self.open = gr.Button("Open in the editor", variant="primary", interactive=False, elem_id="library-open")
            self.delete = gr.Button("Delete", variant="stop", interactive=False, elem_id="library-delete")
        self.status = gr.HTML("", elem_id="library-status", elem_classes="animate-said")
        self.gallery = gr.Gallery(label="Films and pictures", columns=6, elem_id="library", interactive=False, allow_preview=False, height="auto")
        self.store = gr.HTML("", elem_id="library-store", elem_classes="animate-said")
        self.names = gr.State(list[str]())
        self.chosen = gr.State(None)  # name of one

    def wire(self, editor: Editor, tab: gr.Tab) -> None:
        shelf = [self.gallery, self.names, self.chosen, self.open, self.delete, self.store]
        opened = [*editor.outputs, editor.model, self.status]
        tab.select(self._listed, None, shelf, **QUICK)
        self.gallery.select(self._choose, [self.names], [self.chosen, self.open, self.delete, self.status], **QUICK)
        self.delete.click(self._delete, [self.chosen], [*shelf, self.status], **QUICK)

        def open_(name: str | None, value: Any, request: gr.Request) -> Updates:
            try:
                visitor = self.studio.visitor(request)
                return self._filled(editor, visitor.file(name or "nothing"), name or "", value, visitor)
            except AnimateError as error:
                return {self.status: note(str(error), "error")}

        def uploaded(path: str | None, value: Any, request: gr.Request) -> Updates:
            try:
                visitor = self.studio.visitor(request)
                return self._filled(editor, visitor.file(visitor.adopt(path or "", tuple(OPENED))), Path(path or "").name, value, visitor)
            except AnimateError as error:
                return {self.status: note(str(error), "error")}

        editor.edits.append(self.open.click(open_, [self.chosen, editor.timeline], opened, **QUICK))
        editor.edits.append(self.upload.upload(uploaded, [self.upload, editor.timeline], opened, **QUICK))

    def _filled(self, editor: Editor, path: Path, name: str, value: Any, visitor: Visitor) -> Updates:
        """The editor with the storyboard of a file that the visitor knows by this name. Raises AnimateError."""
        story, model = _read(path)
        data, lost = self.studio.opened(story, visitor)
        now = document.of_data(data, value)
        known = model in self.studio.models.names()
        lines = [f"{name} is in the editor: go to Film", lost, "" if known or not model else f"it was drawn by {model}; choose a model"]
        said = "".join(note(line, "note" if number else "good") for number, line in enumerate(lines))
        return {**editor.shown(now, model or "sprout"), self.status: said, editor.model: gr.update(value=model) if known else gr.skip()}

    def _choose(self, names: list[str], event: gr.SelectData) -> tuple[str, Any, Any, str]:
        return names[event.index], gr.update(interactive=True), gr.update(interactive=True), note(names[event.index])

    def _delete(self, name: str | None, request: gr.Request) -> Updates:
        try:
            visitor = self.studio.visitor(request)
            visitor.file(name or "nothing").unlink()
            return {**self._listed(request), self.status: note(f"{name} is deleted", "good")}
        except AnimateError as error:
            return {self.status: note(str(error), "error")}

    def _listed(self, request: gr.Request) -> Updates:
        visitor = self.studio.visitor(request)
        works = [path for path, _ in visitor.works()]
        shown = [(str(_small(path, visitor)), path.stem) for path in works]
        idle = gr.update(interactive=False)
        return {
            self.gallery: shown, self.names: [path.name for path in works], self.chosen: None, self.open: idle, self.delete: idle,
            self.store: self._kept(),
        }  # fmt: skip

    def _kept(self) -> str:
        """What the store of drawings holds, where that is one person's."""
        store = self.studio.models.setup.store() if self.studio.alone else None
        if store is None:
            return ""
        films = store.films()
        size = amount(store.size())
        return note(f"The store keeps the drawings of {counted(len(films), 'film')} ({size}), so that they go on or change cheaply: animate store")


def _read(path: Path) -> tuple[Storyboard, str]:
    """The storyboard of a film, a picture or a text, and the model that drew it; empty: it names none. Raises AnimateError."""
    if path.suffix.lower() in files.SUFFIXES:
        return files.of_text(files.text_of(read_bytes(path)), path.name), ""
    said = recipe.read(path)
    return said.storyboard, said.made.model


def _small(path: Path, visitor: Visitor) -> Path:
    """The picture that stands for a work: itself, or the first one of a film."""
    if path.suffix == ".png":
        return path
    folder = visitor.folder / SMALL
    folder.mkdir(exist_ok=True)
    small = folder / f"{path.name}.png"
    if not small.exists() or small.stat().st_mtime < path.stat().st_mtime:
        frames = reading.frames(path)
        writers.write_image(small, next(frames))
        frames.close()  # type: ignore[attr-defined]
    return small
